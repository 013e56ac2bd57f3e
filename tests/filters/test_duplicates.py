from __future__ import annotations

import random

import pytest
from rapidfuzz import fuzz

from remud_gen.filters import duplicates
from remud_gen.records import Verdict
from remud_gen.rules.minhash import BandHasher
from remud_gen.rules.normalise import squash
from remud_gen.rules.sameness import mean_the_same
from tests.filters.quadruplets import IMAGE, build, chinese, english


def judge_all(*records):
    judged = build("duplicates")
    for record in records:
        judged.observe(record)
    return {
        record_id: (verdict.code, verdict.evidence)
        for record_id, verdict in judged.finish()
        if verdict.code != "IMG_DUP"
    }


def test_exact_and_near_duplicates_of_one_picture_lose_against_the_first() -> None:
    found = judge_all(
        english(),
        english(id="q2", answer=english().answer.upper()),
        english(id="q3", question=english().question.replace("abnormality", "abnormalities")),
        english(id="q4", question="Which organ is shown on this ultrasound image?", answer="The gallbladder."),
    )
    assert found == {"q2": ("DUP_EXACT", "of q1"), "q3": ("DUP_NEAR", "of q1")}


def test_other_numbers_sides_and_denials_are_other_facts() -> None:
    assert not judge_all(
        english(),
        english(id="q2", answer="The gallbladder wall is thickened to 8 mm, suggesting inflammation."),
        english(id="q3", answer="The gallbladder wall is thickened to 7 cm, suggesting inflammation."),
        english(id="q4", answer="The gallbladder wall is not thickened to 7 mm, suggesting inflammation."),
        english(id="q5", answer="The gallbladder wall is thinned to 7 mm, suggesting inflammation."),
        english(id="q6", answer="The urinary bladder wall is thickened to 7 mm, suggesting inflammation."),
    )


def test_the_same_words_under_another_picture_are_new_unless_the_thinking_is_the_same_too() -> None:
    other = (IMAGE.model_copy(update={"sha256": "b"}),)
    thought = "Another image of a gallbladder with a wall of 7 mm, which is thickened and speaks for inflammation."
    assert not judge_all(english(), english(id="q2", images=other, thinking=thought))
    assert judge_all(english(), english(id="q2", images=other)) == {"q2": ("DUP_EXACT", "of q1")}


def test_both_forms_of_one_question_are_kept_and_a_third_is_not(monkeypatch) -> None:
    twins = (english(id="a", twin_id="t"), english(id="b", style="direct", thinking=None, twin_id="t"))
    for most in (duplicates.WHOLE_GROUP, 1):
        monkeypatch.setattr(duplicates, "WHOLE_GROUP", most)
        assert judge_all(*twins) == {}
        assert set(judge_all(*twins, english(id="c", style="direct", thinking=None))) == {"c"}
        assert set(judge_all(english(id="c"), *twins)) == {"c"}


def test_pictures_that_look_alike_are_one_picture() -> None:
    first, second = ((IMAGE.model_copy(update={"sha256": name, "phash": "0f3c66c19ab2d481"}),) for name in ("a", "b"))
    thinking = "Another image of a gallbladder with a wall of 7 mm, which is thickened and speaks for inflammation."
    records = english(images=first), english(id="q2", images=second, thinking=thinking)
    assert judge_all(*records) == {"q2": ("DUP_EXACT", "of q1")}


def test_text_only_records_are_compared_over_the_whole_corpus() -> None:
    question = "为什么单纯性囊肿后方会出现回声增强的现象?"
    filler = [
        chinese(id=f"f{n}", images=(), kind="qa", question=f"第{n}类组织的声速是多少?", answer=f"约为{1400 + n} m/s。")
        for n in range(60)
    ]
    first = chinese(images=(), kind="qa", question=question)
    near = chinese(id="q2", images=(), kind="qa", question=question.replace("会出现", "出现"))
    assert judge_all(first, *filler, near) == {"q2": ("DUP_NEAR", "of q1")}


def test_a_kept_record_outranks_an_earlier_one_under_review() -> None:
    doubted = english(verdicts=(Verdict(code="BLIND_LINT", severity="review"),))
    assert judge_all(doubted, english(id="q2")) == {"q1": ("DUP_EXACT", "of q2")}


def test_as_many_records_of_one_picture_as_one_likes_take_linear_time() -> None:
    records = [
        english(id=f"q{n}", question=f"What is shown in region {n} of view {n * 7919 % 1000}?", answer=f"Finding {n}.")
        for n in range(3 * duplicates.WHOLE_GROUP)
    ]
    near = english(id="r1", question=english().question.replace("abnormality", "abnormalities"))
    better = english(id="better", question=records[5].question.upper(), answer=records[5].answer)
    doubted = records[5].model_copy(update={"verdicts": (Verdict(code="BLIND_LINT", severity="review"),)})
    texts = [record.model_copy(update={"thinking": None}) for record in [*records[:5], doubted, *records[6:]]]
    found = judge_all(english(), *texts, near, better.model_copy(update={"thinking": None}))
    assert found == {"r1": ("DUP_NEAR", "of q1"), "q5": ("DUP_EXACT", "of better")}


@pytest.mark.parametrize("seed", range(4))
def test_the_order_in_which_records_come_changes_nothing(seed) -> None:
    """Equal and nearly equal ones under pictures, under pictures that look alike, and without any."""
    words = ["abnormality", "abnormalities", "abnormal finding"]
    records = []
    for n in range(90):
        images = (IMAGE.model_copy(update={"sha256": f"p{n % 7}", "phash": f"{0x0F3C66C19AB2D481 ^ (n % 4):016x}"}),)
        question = english().question.replace("abnormality", words[n % 3])
        records.append(english(id=f"q{n}", question=question, images=images if n % 3 else ()))
    shuffled = random.Random(seed).sample(records, len(records))
    assert judge_all(*shuffled) == judge_all(*records)
    assert len(judge_all(*records)) > 60


def test_a_bucket_compares_each_record_with_the_first_living_ones_as_if_it_looked_through_all() -> None:
    """Against the plain form of the rule, with few comparisons allowed, so that records that lost free places."""
    words = ["liver", "kidney", "spleen", "portal vein", "gallbladder", "pancreas", "aorta", "bladder", "thyroid"]
    records = [
        english(
            id=f"q{n}",
            images=(),
            question=f"How does sound pass the tissue of the {words[n * n % 9]} in adults and in {words[n % 7]}?",
            answer=f"It travels with the usual speed, in the {words[n * 5 % 9]} too.",
            verdicts=(Verdict(code="BLIND_LINT", severity="review"),) if n % 3 else (),
        )
        for n in range(150)
    ]
    for most in (1, 3, 20):
        judged = build("duplicates", {"max_comparisons": most})
        plain = PlainDuplicates(most)
        for record in records:
            judged.observe(record)
            plain.observe(record)
        found = {record_id: verdict.evidence for record_id, verdict in judged.finish()}
        assert found == plain.finish()
        assert len(found) > 30


class PlainDuplicates:
    """The rule for records without pictures, all in memory."""

    def __init__(self, most: int) -> None:
        self.most, self.hasher = most, BandHasher()
        self.records, self.texts, self.lost = [], [], {}

    def observe(self, record) -> None:
        self.records.append(record)
        self.texts.append(duplicates._normalise(record))
        self.hasher.add(self.texts[-1])

    def finish(self) -> dict[str, str]:
        for bucket in self.hasher.list_buckets():
            bucket.sort(key=lambda number: (self.records[number].status != "kept", self.records[number].id))
            for place, later in enumerate(bucket):
                living = [earlier for earlier in bucket[:place] if earlier not in self.lost]
                for earlier in living[: self.most]:
                    self.compare(earlier, later)
        return {self.records[loser].id: f"of {self.records[winner].id}" for loser, winner in self.lost.items()}

    def compare(self, earlier: int, later: int) -> None:
        if earlier in self.lost or later in self.lost:
            return
        first, second = self.texts[earlier], self.texts[later]
        is_near = fuzz.ratio(first, second) >= 90 and mean_the_same(first, second)
        if squash(first) == squash(second) or is_near:
            self.lost[later] = earlier

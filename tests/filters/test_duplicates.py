from __future__ import annotations

from remud_gen.records import Verdict
from tests.filters.quadruplets import IMAGE, build, chinese, english


def judge_all(*records):
    duplicates = build("duplicates")
    for record in records:
        duplicates.observe(record)
    return {record_id: (verdict.code, verdict.evidence) for record_id, verdict in duplicates.finish()}


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
    )


def test_the_same_words_under_another_picture_are_new_unless_the_thinking_is_the_same_too() -> None:
    other = (IMAGE.model_copy(update={"sha256": "b"}),)
    thought = "Another image of a gallbladder with a wall of 7 mm, which is thickened and speaks for inflammation."
    assert not judge_all(english(), english(id="q2", images=other, thinking=thought))
    assert judge_all(english(), english(id="q2", images=other)) == {"q2": ("DUP_EXACT", "of q1")}


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

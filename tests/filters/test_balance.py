from __future__ import annotations

from collections import Counter

import pytest

from remud_gen.records import CorpusVerdict, Quadruplet, Turn, Verdict
from remud_gen.rules.record_texts import lay_over
from tests.filters.quadruplets import build, chinese, choice, english, find_codes, options


def judge_all(records, **options):
    balance = build("balance", options)
    for record in records:
        balance.observe(record)
    return list(balance.finish())


def test_a_question_that_fills_the_corpus_is_for_review() -> None:
    same = [english(id=f"s{n}", answer=f"Size {n}.") for n in range(60)]
    rest = [english(id=f"r{n}", question=f"What is shown in view {n}?", answer=f"View {n}.") for n in range(40)]
    found = judge_all(same + rest)
    assert {record_id for record_id, _ in found} == {record.id for record in same}
    assert {(verdict.code, verdict.severity) for _, verdict in found} == {("NEAR_CONSTANT", "review")}


def test_small_corpora_are_not_judged() -> None:
    assert judge_all([english(id=f"s{n}") for n in range(20)]) == []


def test_skewed_keys_are_reported_where_they_are_not_to_be_fixed() -> None:
    records = [choice(id=f"c{n}", question=f"Which of {n} is it?") for n in range(60)]
    found = [pair for pair in judge_all(records, severities={"MCQ_KEY_SKEW": "info"}) if pair[1].code == "MCQ_KEY_SKEW"]
    assert len(found) == 60
    assert {(verdict.severity, verdict.evidence) for _, verdict in found} == {("info", "A in 60 of 60")}


def make_choices(count: int, language: str = "en") -> list[Quadruplet]:
    """Records whose key is always A, with the letter in thinking, answer and a later turn."""
    if language == "zh":
        return [
            chinese(
                id=f"z{n}", form="mcq", question=f"图像中第{n}处改变最可能的原因是什么?",
                options=options("急性炎症", "穿孔", "结石", "扭转"), answer_key="A", answer="A. 急性炎症",
                thinking="B超显示胆囊壁增厚,厚约7 mm,腔内未见强回声团,因此C项不符合,B和D也可排除,故选A。",
            )
            for n in range(count)
        ]  # fmt: skip
    return [
        choice(
            id=f"e{n}", question=f"Which process explains finding {n}?",
            thinking="On B-mode the wall is thickened to 7 mm. A stone is not visible, so option C is excluded, and B "
            "(Perforation) would show free fluid. The answer is A.",
            turns=(Turn(question="Why is option A right?", answer="Option A fits the thickened wall of 7 mm."),),
        )
        for n in range(count)
    ]  # fmt: skip


def lay_all(records: list[Quadruplet], **values) -> list[Quadruplet]:
    """The records with what balance found laid over them."""
    found: dict[str, list[Verdict]] = {}
    for record_id, verdict in judge_all(records, **values):
        found.setdefault(record_id, []).append(verdict)
    return [
        lay_over(record, CorpusVerdict(id=record.id, verdicts=tuple(found.get(record.id, ())))) for record in records
    ]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_skewed_keys_are_evened_out_and_every_letter_still_says_the_same(language: str) -> None:
    records = make_choices(80, language)
    judged = lay_all(records)
    keys = Counter(record.answer_key for record in judged)
    assert keys == {"A": 20, "B": 20, "C": 20, "D": 20}
    bare = [record.model_copy(update={"verdicts": ()}) for record in judged]
    assert all(find_codes(record) == find_codes(records[0]) for record in bare)
    for before, after in zip(records, judged, strict=True):
        texts = {option.key: option.text for option in after.options}
        assert texts[after.answer_key] == before.options[0].text
        assert sorted(texts.values()) == sorted(option.text for option in before.options)
        assert after.answer == f"{after.answer_key}. {before.options[0].text}"
        assert ("B-mode" in after.thinking) == (language == "en")
        assert ("B超" in after.thinking) == (language == "zh")
        if language == "en":
            assert after.thinking.endswith(f"The answer is {after.answer_key}.")
            assert ". A stone is not visible" in after.thinking
            assert (
                f"{next(key for key, text in texts.items() if text == 'Perforation')} (Perforation)" in after.thinking
            )
            assert after.turns[0].question == f"Why is option {after.answer_key} right?"
            assert after.turns[0].answer.startswith(f"Option {after.answer_key} ")
        else:
            assert after.thinking.endswith(f"故选{after.answer_key}。")
            stones = next(key for key, text in texts.items() if text == "结石")
            assert f"因此{stones}项不符合" in after.thinking


def test_a_fix_keeps_what_stood_before() -> None:
    verdicts = [verdict for _, verdict in judge_all(make_choices(80)) if verdict.code == "MCQ_KEY_SKEW"]
    assert {verdict.severity for verdict in verdicts} == {"fix"}
    assert {"options", "answer_key", "thinking", "answer"} <= {verdict.field for verdict in verdicts}
    assert all(verdict.original and verdict.replacement for verdict in verdicts)
    options_before = {verdict.original for verdict in verdicts if verdict.field == "options"}
    assert options_before == {"ABCD"}
    assert {verdict.evidence for verdict in verdicts} == {"A in 80 of 80"}


@pytest.mark.parametrize(
    "changes",
    [
        {"thinking": "The wall is 7 mm thick and so A fits best of all of the options that are given here."},
        {"thinking": "The wall is 7 mm thick, no stone is seen, and so the first option is the one that fits it."},
        {"question": "Which is it: A. Inflammation, B. Perforation, C. Gallstones or D. Torsion?"},
        {"options": options("Inflammation", "Both A and D", "Gallstones", "Torsion")},
        {"options": options("Inflammation", "None of the above options", "Gallstones", "Torsion")},
        {"turns": (Turn(question="Why not (b)?", answer="Because option b needs free fluid."),)},
    ],
)
def test_what_cannot_be_rewritten_safely_stays_and_the_skew_is_told(changes) -> None:
    records = [record.model_copy(update=changes) for record in make_choices(60)]
    judged = lay_all(records)
    assert [record.model_copy(update={"verdicts": ()}) for record in judged] == records
    told = {(v.severity, v.evidence) for record in judged for v in record.verdicts if v.code == "MCQ_KEY_SKEW"}
    assert told == {("info", "A in 60 of 60, and its letter cannot be changed safely")}


def test_balanced_keys_and_few_choices_are_left_alone() -> None:
    records = [
        choice(id=f"c{n}", options=options("One", "Two", "Three", "Four"), answer_key="ABCD"[n % 4], answer="x")
        for n in range(80)
    ]
    codes = {verdict.code for _, verdict in judge_all(records)}
    assert "MCQ_KEY_SKEW" not in codes
    assert "MCQ_KEY_SKEW" not in {verdict.code for _, verdict in judge_all(make_choices(49))}


def test_the_order_of_records_decides_nothing() -> None:
    records = make_choices(90)
    assert dict(zip_ids(lay_all(records))) == dict(zip_ids(lay_all(records[::-1])))


def zip_ids(records: list[Quadruplet]):
    return ((record.id, record.model_dump_json()) for record in records)


def test_the_longest_option_being_right_too_often_is_told() -> None:
    def make(count: int, n_long: int) -> list[Quadruplet]:
        long, short = (
            options("Inflammation of the wall", "Two", "Three", "Four"),
            options("One", "Twelve", "Three", "Four"),
        )
        return [
            choice(
                id=f"c{n}",
                question=f"{n}?",
                options=long if n < n_long else short,
                answer_key="ABCD"[n % 4],
                answer="x",
            )
            for n in range(count)
        ]

    def count(records: list[Quadruplet]) -> int:
        return sum(verdict.code == "MCQ_LONGEST_KEY" for _, verdict in judge_all(records))

    assert count(make(100, 100)) == 0  # right in a quarter of them
    records = [record.model_copy(update={"answer_key": "A"}) for record in make(100, 40)]
    assert count(records) == 40
    assert count([record.model_copy(update={"answer_key": "A"}) for record in make(100, 34)]) == 0

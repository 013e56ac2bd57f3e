from __future__ import annotations

from tests.filters.quadruplets import build, choice, english


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


def test_skewed_keys_are_reported_without_holding_anything_back() -> None:
    records = [choice(id=f"c{n}", question=f"Which of {n} is it?") for n in range(60)]
    found = judge_all(records)
    assert len(found) == 60
    assert {(verdict.code, verdict.severity, verdict.evidence) for _, verdict in found} == {
        ("MCQ_KEY_SKEW", "info", "A in 60 of 60")
    }

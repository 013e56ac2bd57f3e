"""Which records are chosen."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remud_gen.errors import InputError
from remud_gen.exporters.selection import Selector, Wish
from remud_gen.records import Claim, Quote
from remud_gen.rules.organs import name_organ
from tests.exporters.samples import OPTIONS, make_record

GROUNDED = Claim(id="c1", kind="anatomy", text="x", evidence=(Quote(span_id="cap", quote="x"),))


def choose(records, **wish):
    choice = Selector(Wish(**wish)).choose(records)
    chosen = list(choice.apply(records))
    assert len(chosen) + choice.left_out_count == len(records)
    return chosen, choice


def shelf(count=60):
    kinds = ("finding", "anatomy", "plane")
    return [
        make_record(
            n,
            document=f"d{n % 4}",
            qtype=kinds[0 if n % 6 else n % 3],
            language="zh" if n % 5 == 0 else "en",
            thinking="T" if n % 3 == 0 else None,
            claims=(GROUNDED,) if n % 2 else (),
            difficulty=1 + n % 5,
        )
        for n in range(count)
    ]


def test_without_a_wish_all_are_taken_and_none_is_read():
    assert Selector(Wish()).takes_all
    assert choose(shelf())[0] == shelf()
    choice = Selector(Wish()).choose(record for record in [1 / 0 for _ in ()])
    assert choice.taken is None


def test_conditions_are_counted_by_the_first_that_fails():
    chosen, choice = choose(shelf(), where=("language=zh", "has_thinking=true"))
    assert {(record.language, bool(record.thinking)) for record in chosen} == {("zh", True)}
    assert choice.left_out == {"where language=zh": 48, "where has_thinking=true": 8}
    assert choice.notes == ("Chosen: 4 of 60 kept records (--where language=zh, --where has_thinking=true).",)


def test_balance_gives_every_value_as_many_as_the_rarest():
    chosen, choice = choose(shelf(), balance="language")
    assert Counter(record.language for record in chosen) == {"zh": 12, "en": 12}
    assert choice.left_out == {"balance language": 36}


def test_a_value_of_few_records_stays_whole_and_sets_no_limit():
    records = [make_record(n, qtype="plane" if n == 0 else "finding" if n % 2 else "anatomy") for n in range(301)]
    chosen, _ = choose(records, balance="qtype")
    assert Counter(record.qtype for record in chosen) == {"plane": 1, "finding": 150, "anatomy": 150}


def test_balance_by_answer_evens_letters_out_and_leaves_other_forms_alone():
    records = [make_record(n) for n in range(5)] + [
        make_record(10 + n, form="mcq", options=OPTIONS, answer_key="A" if n < 12 else "BC"[n % 2]) for n in range(20)
    ]
    chosen, _ = choose(records, balance="answer")
    assert Counter(record.answer_key for record in chosen) == {None: 5, "A": 4, "B": 4, "C": 4}


def test_a_share_of_thinking_is_met():
    for share, n_with in ((0.5, 20), (0.25, 13), (1.0, 20), (0.0, 0)):
        chosen, _ = choose(shelf(), reasoning_share=share)
        assert sum(bool(record.thinking) for record in chosen) == n_with
        assert abs(sum(bool(record.thinking) for record in chosen) - share * len(chosen)) < 1


def test_a_share_that_cannot_be_met_says_so():
    with pytest.raises(InputError, match="no record with thinking"):
        choose([make_record(n) for n in range(3)], reasoning_share=0.5)


def test_the_best_come_first():
    chosen, _ = choose(shelf(), max=10, by=("quality",))
    assert all(record.claims for record in chosen)
    chosen, _ = choose(shelf(), max=12, by=("difficulty",))
    assert {record.difficulty for record in chosen} == {5}


def test_diversity_takes_from_every_document_and_kind_before_it_takes_again():
    records = shelf(600)
    strata = {(record.document_id, record.qtype, name_organ(record)) for record in records}
    chosen, _ = choose(records, max=len(strata), by=("diversity", "quality"))
    assert {(record.document_id, record.qtype, name_organ(record)) for record in chosen} == strata


def test_a_maximum_holds_the_share_of_thinking():
    chosen, choice = choose(shelf(), max=10, reasoning_share=0.5)
    assert Counter(bool(record.thinking) for record in chosen) == {True: 5, False: 5}
    assert choice.left_out == {"reasoning share 0.5": 20, "max 10": 30}


def test_a_wish_that_leaves_nothing_is_an_input_error_that_says_what_did():
    with pytest.raises(InputError) as caught:
        choose(shelf(), where=("language=zh", "language=en"))
    assert "where language=zh 48, where language=en 12" in caught.value.hint


@given(st.randoms(use_true_random=False), st.integers(1, 40), st.sampled_from([None, "qtype", "organ", "language"]))
def test_the_order_in_which_records_come_changes_nothing(draw, most, balance):
    records = shelf(40)
    mixed = draw.sample(records, len(records))
    wish = {"max": most, "balance": balance}
    assert {r.id for r in choose(records, **wish)[0]} == {r.id for r in choose(mixed, **wish)[0]}

"""Train, validation and test."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remud_gen.errors import ConfigError, RecordError
from remud_gen.exporters.splits import SPLIT_NAMES, fold_question, plan_splits
from remud_gen.records import ImageRef
from tests.exporters.samples import OPTIONS, make_record


def picture(sha256, **changes):
    return ImageRef(path=f"images/{sha256[:2]}/{sha256}.png", sha256=sha256, width_px=1, height_px=1, **changes)


def shelf(sizes):
    return [make_record(n, document=f"d{number}") for number, size in enumerate(sizes) for n in range(size)]


@given(
    sizes=st.lists(st.integers(1, 12), min_size=2, max_size=12),
    shares=st.sampled_from([(0.9, 0.1), (0.5, 0.5), (0.8, 0.1, 0.1), (0.7, 0.0, 0.3)]),
    seed=st.integers(0, 5),
)
def test_documents_stay_whole_and_no_split_is_empty(sizes, shares, seed):
    records = shelf(sizes)
    plan = plan_splits(records, shares, seed)
    assert plan.unit == "document"
    held = {record.document_id: plan.find_split(record) for record in records}
    wanted = [share for share in shares if share > 0]
    assert len(set(held.values())) == min(len(wanted), len(sizes))
    assert plan == plan_splits(reversed(records), shares, seed)
    assert any("stays empty" in note for note in plan.notes) == (len(sizes) < len(wanted))
    found = Counter(plan.find_split(record) for record in records)
    targets = dict(zip(SPLIT_NAMES, shares, strict=False))
    is_off = any(abs(found[name] / len(records) - share) > 0.1 for name, share in targets.items() if share)
    assert any("far from the shares" in note for note in plan.notes) == (is_off and len(sizes) >= len(wanted))


def test_shares_are_met_within_the_largest_document():
    records = shelf([20] * 50)
    plan = plan_splits(records, (0.8, 0.1, 0.1), 3)
    assert Counter(plan.find_split(record) for record in records) == {"train": 800, "validation": 100, "test": 100}


def test_shares_that_books_do_not_allow_are_told():
    plan = plan_splits(shelf([50, 50]), (0.9, 0.1), 0)
    (note,) = plan.notes
    assert "train 50% instead of 90% and validation 50% instead of 10%" in note
    assert "only 2 separate documents" in note


def test_a_small_book_beside_a_big_one_becomes_the_validation():
    records = shelf([95, 5])
    for seed in range(8):
        plan = plan_splits(records, (0.9, 0.1), seed)
        assert plan.split_by_unit == {"d0": "train", "d1": "validation"}


def test_another_seed_is_another_split():
    records = shelf([10] * 30)
    assert len({tuple(sorted(plan_splits(records, (0.8, 0.2), seed).split_by_unit.items())) for seed in range(5)}) > 1


def test_one_document_is_split_by_figure_and_says_so():
    records = [make_record(n, group=f"g{n // 4}") for n in range(40)]
    plan = plan_splits(records, (0.9, 0.1), 0)
    assert plan.unit == "group"
    assert Counter(plan.find_split(record) for record in records) == {"train": 36, "validation": 4}
    assert "only one document" in plan.notes[0]


def test_a_single_group_goes_to_train():
    plan = plan_splits([make_record(n, group="g") for n in range(3)], (0.5, 0.5), 0)
    assert plan.split_by_unit == {"g": "train"}
    assert "validation stays empty" in plan.notes[1]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"sha256": "a" * 64}, {"sha256": "a" * 64}),
        ({"sha256": "a" * 64, "phash": "f0e1d2c3b4a59687"}, {"sha256": "b" * 64, "phash": "F0E1D2C3B4A59687"}),
        ({"sha256": "a" * 64}, {"sha256": "b" * 64, "derived_from": "a" * 64}),
    ],
)
def test_documents_that_share_a_picture_stay_together(one, other):
    records = shelf([5] * 10)
    records[7] = records[7].model_copy(update={"images": (picture(**one),)})
    records[44] = records[44].model_copy(update={"images": (picture(**other),)})
    for seed in range(10):
        plan = plan_splits(records, (0.5, 0.5), seed)
        assert plan.find_split(records[7]) == plan.find_split(records[44])


def test_the_hash_of_a_flat_picture_ties_nothing_together():
    records = shelf([1, 1])
    flat = [
        record.model_copy(update={"images": (picture(letter * 64, phash="0000000000000001"),)})
        for record, letter in zip(records, "ab", strict=True)
    ]
    assert plan_splits(flat, (0.5, 0.5), 0).unit == "document"


def test_when_all_documents_share_pictures_figures_are_split():
    shared = picture("a" * 64)
    records = [make_record(n, document=f"d{n % 2}", images=(shared,) if n < 2 else ()) for n in range(20)]
    plan = plan_splits(records, (0.9, 0.1), 0)
    assert plan.unit == "group"
    assert plan.find_split(records[0]) == plan.find_split(records[1])
    assert "share pictures" in plan.notes[0]


@pytest.mark.parametrize("shares", [(), (0.5,), (0.0, 1.0), (0.5, 0.6), (1.2, -0.2), (0.25,) * 4, (float("nan"), 1.0)])
def test_impossible_shares_are_a_config_error(shares):
    with pytest.raises(ConfigError, match=r"export\.split"):
        plan_splits([], shares, 0)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 7), st.lists(st.integers(0, 7), max_size=2)), min_size=1))
def test_documents_tied_by_any_chain_of_figures_and_pictures_share_a_split(rows):
    records = [
        make_record(n, document=f"d{document}", group=f"g{group}", images=tuple(picture(f"{p:02}") for p in pictures))
        for n, (document, group, pictures) in enumerate(rows)
    ]
    tied = {record.document_id: {record.document_id} for record in records}
    for one in records:
        for other in records:
            if one.group_id == other.group_id or set(one.images) & set(other.images):
                whole = tied[one.document_id] | tied[other.document_id]
                tied.update(dict.fromkeys(whole, whole))
    plan = plan_splits(records, (0.5, 0.5), 0)
    if len({frozenset(documents) for documents in tied.values()}) == 1:
        assert plan.unit == "group"
        return
    assert plan.unit == "document"
    for documents in tied.values():
        assert len({plan.split_by_unit[document] for document in documents}) == 1
    assert set(plan.split_by_unit.values()) == {"train", "validation"}


@pytest.mark.parametrize(("flipped", "together"), [(0b111, True), (0b111111, True), (0b1111111111111, False)])
def test_documents_whose_pictures_look_alike_stay_together(flipped, together):
    phash = 0xF0E1D2C3B4A59687
    records = shelf([5] * 10)
    for place, letter, value in ((7, "a", phash), (44, "b", phash ^ flipped)):
        records[place] = records[place].model_copy(update={"images": (picture(letter * 64, phash=f"{value:016x}"),)})
    plans = [plan_splits(records, (0.5, 0.5), seed) for seed in range(10)]
    met = {plan.find_split(records[7]) == plan.find_split(records[44]) for plan in plans}
    assert met == ({True} if together else {True, False})


def ask(number, document, question, **changes):
    return make_record(number, document=document, question=question, **changes)


def test_documents_that_ask_the_same_stay_together_where_that_is_few():
    records = [ask(n, f"d{n // 10}", f"What of part {n}?") for n in range(1000)]
    records[15] = ask(15, "d1", "How long is a normal kidney in an adult?")
    records[995] = ask(995, "d99", "How long is the normal kidney in an adult?")
    for seed in range(8):
        plan = plan_splits(records, (0.5, 0.5), seed)
        assert plan.find_split(records[15]) == plan.find_split(records[995])
        for record in records:
            plan.check_leak(record, plan.find_split(record))


def test_where_all_ask_the_same_the_later_split_loses_the_record():
    records = [
        ask(n, f"d{n // 10}", "What is a mirror image artefact?" if n % 10 == 0 else f"What of part {n}?")
        for n in range(200)
    ]
    plan = plan_splits(records, (0.8, 0.1, 0.1), 1)
    assert Counter(plan.find_split(record) for record in records) == {"train": 160, "validation": 20, "test": 20}
    lost = []
    for record in records:
        try:
            plan.check_leak(record, plan.find_split(record))
        except RecordError as error:
            assert error.code == "SPLIT_LEAK"
            lost.append(record)
    assert len(lost) == 4
    assert {record.question for record in lost} == {"What is a mirror image artefact?"}
    assert "train" not in {plan.find_split(record) for record in lost}


def test_the_same_question_about_two_pictures_ties_nothing():
    records = [
        ask(n, f"d{n}", "What is shown?", images=(picture(f"{n:02}" * 32),), group=f"g{n}") for n in range(10, 30)
    ]
    plan = plan_splits(records, (0.5, 0.5), 0)
    assert Counter(plan.find_split(record) for record in records) == {"train": 10, "validation": 10}
    for record in records:
        plan.check_leak(record, plan.find_split(record))


def test_other_options_make_another_question():
    one, other = ask(0, "d1", "Which is right?", options=OPTIONS), ask(1, "d2", "Which is right?", options=OPTIONS[:2])
    assert fold_question(one) != fold_question(other)
    assert fold_question(one) == fold_question(ask(2, "d3", "which is  right", options=OPTIONS[::-1]))

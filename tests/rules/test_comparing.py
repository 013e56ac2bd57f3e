"""Normal forms, quotes, numbers, opposites and negation."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remud_gen.rules.comparisons import find_false_comparison, list_derived_values
from remud_gen.rules.minhash import BandHasher
from remud_gen.rules.normalise import squash
from remud_gen.rules.numbers import evaluate_chain, is_supported, read_quantities, read_sources
from remud_gen.rules.opposites import find_swap, list_sides
from remud_gen.rules.polarity import find_flip
from remud_gen.rules.quotes import is_quoted
from remud_gen.rules.words import split_sentences


@given(st.text(max_size=80))
def test_squash_is_idempotent_and_ignores_spaces(text) -> None:
    once = squash(text)
    assert squash(once) == once
    assert " " not in once


@pytest.mark.parametrize(
    ("one", "other"),
    [("9–12 cm", "9 - 12厘米"), ("15mm×9mm", "15 mm x 9 mm"), ("well-defined", "Well defined"),
     ("98厘米/秒", "98 cm/s"), ("1,250 ml", "1250毫升"),
     ("demon-\nstrated", "demonstrated"), ("回声增强。", "回声 增强")],
)  # fmt: skip
def test_two_printings_of_one_text(one, other) -> None:
    assert squash(one) == squash(other)


@given(st.text(min_size=4, max_size=120), st.integers(0, 60), st.integers(3, 60))
def test_every_piece_of_a_span_is_quoted(span, start, length) -> None:
    quote = span[start : start + length]
    if len(squash(quote)) >= 3 and squash(quote) in squash(span):
        assert is_quoted(quote, span, 95)


@pytest.mark.parametrize(
    ("quote", "expected"),
    [
        ("hypoechoic mass ... tail of the pancreas", True),
        ("tail of the pancreas ... hypoechoic mass", False),
        ("small hypoecholc mass, 20 mm in diameter", True),
        ("small hypoechoic mass, 28 mm in diameter", False),
        ("small hyperechoic mass, 20 mm in diameter", False),
        ("mass in the right tail of the pancreas", False),
        ("no", False),
        ("", False),
    ],
)
def test_quotes_against_noisy_text(quote, expected) -> None:
    span = "EUS disclosing a small hypoechoic mass, 20 mm in diameter, in the left tail of the pancreas."
    assert is_quoted(quote, span, 90) == expected


def test_numbers_share_the_unit_behind_them_and_list_marks_are_no_numbers() -> None:
    found = [(q.value, q.unit) for q in read_quantities("1. 约15×9 mm;2)9–12cm;孕22周,TI-RADS 5类,R1为1,250 ml")]
    assert found == [(15, "mm"), (9, "mm"), (9, "cm"), (12, "cm"), (22, "week"), (5, ""), (1250, "ml")]


@pytest.mark.parametrize(
    ("wanted", "source", "expected"),
    [("2.0 cm", "20 mm", True), ("20 cm", "20 mm", False), ("13.2 cm", "13.18 cm", True), ("13 cm", "13.5 cm", False),
     ("6 weeks", "six weeks", True), ("3期", "III期", True),
     ("0.5 m/s", "50 cm/s", True), ("40%", "40 mm", False),
     ("5 mm", "label R5", True), ("1 mm", "1 cm, view 1", False)],
)  # fmt: skip
def test_support_of_numbers(wanted, source, expected) -> None:
    assert is_supported(read_quantities(wanted)[0], read_sources(source)) == expected


@given(st.lists(st.integers(1, 50), min_size=2, max_size=4), st.data())
def test_chains_follow_the_usual_precedence(values, data) -> None:
    operators = [data.draw(st.sampled_from("+-*")) for _ in values[1:]]
    expected = eval("".join(f"{v}{o}" for v, o in zip(values, [*operators, ""], strict=True)))
    assert evaluate_chain(values, operators) == expected


def test_sums_and_comparisons() -> None:
    assert list_derived_values("13.2 - 9.9 = 3.3 cm; 9.9 cm × 2 = 30 cm") == {3.3}
    assert find_false_comparison("17 mm is smaller than 9 mm")
    assert not find_false_comparison("PSV为98cm/s,低于125cm/s")


@pytest.mark.parametrize(
    ("text", "source", "expected"),
    [
        ("right lobe is absent", "right lobe normal. left lobe is absent", True),
        ("left lobe is absent", "right lobe normal. left lobe is absent", False),
        ("hypoechoic mass with hyperechoic rim", "hyperechoic mass with hypoechoic rim", True),
        ("posterior enhancement", "lesion of the anterior wall", False),
        ("intrahepatic bile duct", "extrahepatic bile duct", True),
        ("约5cm左右", "右叶约5cm", False),
        ("前壁下段", "后壁下段", True),
    ],
)
def test_swapped_opposites(text, source, expected) -> None:
    assert bool(find_swap(text, source)) == expected


def test_sides() -> None:
    assert list_sides("双侧肾脏") == {"both"}
    assert list_sides("LK and right kidney") == {"left", "right"}


@given(st.sampled_from(["No nodule is seen. The lobe is normal.", "未见结节,回声均匀。", "The wall is not thickened."]))
def test_a_text_never_contradicts_itself(text) -> None:
    assert find_flip(text, text) is None
    assert find_swap(text, text) is None


def test_sentences_do_not_end_inside_numbers() -> None:
    assert split_sentences("壁厚7.5 mm。可见结石!The wall is 3.2 mm. It is thick.") == (
        "壁厚7.5 mm。", "可见结石!", "The wall is 3.2 mm.", "It is thick.",
    )  # fmt: skip


def test_bands_bring_similar_texts_together() -> None:
    hasher = BandHasher()
    for text in ["the wall of the gallbladder is thickened to 7 mm", *(f"view {n} of organ {n * 7}" for n in range(50)),
                 "the wall of the gallbladder is thickened to 7mm"]:  # fmt: skip
        hasher.add(text)
    assert any({0, 51} <= set(bucket) for bucket in hasher.list_buckets())
    assert list(BandHasher().list_buckets()) == []

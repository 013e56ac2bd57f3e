from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remud_gen.rules.measurements import (
    convert,
    find_printed_values,
    find_quantities,
    fold_unit,
    is_same_quantity,
    scale_quantity,
)


@pytest.mark.parametrize(
    ("text", "numbers", "unit"),
    [
        ("a mass of 6.6 × 3.1 cm size", (6.6, 3.1), "cm"),
        ("大小约6.6cm×3.1cm", (6.6, 3.1), "cm"),
        ("measures approx. 1.6 cm2, and", (1.6,), "cm2"),
        ("the mean gradient was >5 mm Hg", (5.0,), "mmhg"),
        ("流速120厘米/秒", (120.0,), "cm/s"),
        ("长径约为9~12cm", (9.0, 12.0), "cm"),
        ("2.3 × 1 × 0.8 cm", (2.3, 1.0, 0.8), "cm"),
        ("3.2 ± 0.4 mm", (3.2, 0.4), "mm"),
        ("体积约58ml", (58.0,), "ml"),
    ],
)
def test_quantities_of_both_languages(text: str, numbers: tuple[float, ...], unit: str) -> None:
    (found,) = find_quantities(text)
    assert (found.numbers, found.unit) == (numbers, unit)
    assert text[found.start : found.end] == found.text


@pytest.mark.parametrize("text", ["in 2019", "Grade 3", "BI-RADS 4", "T12 vertebra", "3 mmol", "A4C", "", "5 c m"])
def test_numbers_without_a_unit_are_no_quantities(text: str) -> None:
    assert find_quantities(text) == []


def test_equal_lengths_in_different_units_are_the_same() -> None:
    (first,), (second,), (third,) = (find_quantities(text) for text in ("20 mm", "2.0厘米", "20 cm"))
    assert is_same_quantity(first, second)
    assert not is_same_quantity(first, third)


def test_conversion_refuses_another_dimension() -> None:
    assert convert(2, "cm", "mm") == 20
    with pytest.raises(ValueError, match="length"):
        convert(2, "cm", "ml")
    with pytest.raises(KeyError):
        fold_unit("furlong")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Dist 9.95 cm", [("Dist", "9.95 cm")]),
        ("+ Dist 13.20 cm", [("Dist", "13.20 cm")]),  # the label does not swallow the first digit
        ("Dist 10 cm", [("Dist", "10 cm")]),
        ("1 D 13.18cm", [("1 D", "13.18cm")]),
        ("D1 13.18cm", [("D1", "13.18cm")]),
        ("+ 1.32 cm", [("+", "1.32 cm")]),
        ("RI 0.72", [("RI", "0.72")]),
        ("PSV: 45 cm/s", [("PSV", "45 cm/s")]),
        ("BPD 6.82 cm", [("BPD", "6.82 cm")]),
    ],
)
def test_values_printed_by_machines(text: str, expected: list[tuple[str, str]]) -> None:
    assert [(found.label, found.value) for found in find_printed_values(text)] == expected


@pytest.mark.parametrize(
    "text", ["MI 1.2", "TIs 0.4", "12.5 MHz", "14 cm", "D 16cm", "Gn 50", "2019-03-05 10:22:31", "L12-3"]
)
def test_settings_of_the_machine_are_no_measurements(text: str) -> None:
    assert find_printed_values(text) == []


@given(st.decimals(min_value="0.01", max_value="999", places=2), st.sampled_from(["cm", "mm", "ml", "cm2", "m/s", "%"]))
def test_what_is_printed_is_read_back(value: object, unit: str) -> None:
    (found,) = find_quantities(f"measuring {value} {unit} here")
    assert found.numbers == (float(str(value)),)
    assert found.unit == unit


def test_scaling_keeps_form_and_units() -> None:
    assert scale_quantity("6.6cm×3.1cm", 2) == "13.2cm×6.2cm"
    assert scale_quantity("1.6 cm2", 0.5) == "0.8 cm2"


@given(st.text(max_size=200))
def test_any_text_can_be_searched(text: str) -> None:
    for found in find_quantities(text):
        assert text[found.start : found.end].strip() == found.text
    find_printed_values(text)


def test_a_unit_in_letters_that_only_match_its_own_is_none() -> None:
    assert find_quantities("a rate of 72 beats/m\u0130n") == []
    (found,) = find_quantities("a rate of 72 beats/M\u0130n, a wall of 3 mm")
    assert (found.numbers, found.unit) == ((3.0,), "mm")

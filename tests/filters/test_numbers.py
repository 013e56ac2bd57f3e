from __future__ import annotations

import pytest

from tests.filters.quadruplets import claim, english, find_codes, find_rejections, spans


@pytest.mark.parametrize("size", ["17 mm", "7 cm", "0.07 cm", "8 mm", "70 mm"])
def test_changed_numbers_are_rejected(size) -> None:
    assert "NUM_UNGROUNDED" in find_rejections(english(answer=f"The wall is thickened to {size}."))


@pytest.mark.parametrize("size", ["7 mm", "0.7 cm", "7.0 mm", "seven millimetres"])
def test_the_same_size_in_another_unit_is_grounded(size) -> None:
    assert "NUM_UNGROUNDED" not in find_codes(english(answer=f"The wall is thickened to {size}."))


def test_claims_are_held_against_the_spans_they_cite() -> None:
    record = english(
        claims=(claim("wall is thickened to 15 mm", "thickened wall (7 mm)", "measurement"),),
        evidence=spans(cap=english().evidence[0].text, ctx="Another wall of 15 mm."),
    )
    assert "NUM_UNGROUNDED" in find_rejections(record)


def test_derived_values_are_recomputed() -> None:
    facts = english(
        evidence=spans(cap="Kidneys of 12 cm and 9 cm with a thickened wall (7 mm), suggesting inflammation.")
    )
    right = facts.model_copy(update={"answer": "The difference of size is 12 - 9 = 3 cm, suggesting inflammation."})
    wrong = facts.model_copy(update={"answer": "The difference of size is 12 - 9 = 4 cm, suggesting inflammation."})
    assert "NUM_UNGROUNDED" not in find_codes(right)
    assert {"NUM_UNGROUNDED", "SUM_WRONG"} <= set(find_codes(wrong))


@pytest.mark.parametrize(
    ("text", "is_false"),
    [
        ("No, 9.95 cm is outside the normal range of 9–12 cm.", True),
        ("Yes, 9.95 cm is within the normal range of 9–12 cm.", False),
        ("Its 13.2 cm exceed the normal range of 9 to 12 cm.", False),
        ("The length of 98 cm/s is higher than 125 cm/s.", True),
        ("The velocity of 98 cm/s is below 125 cm/s.", False),
        ("9.95 cm超出9~12 cm的正常范围。", True),
        ("9.95 cm在9~12 cm的正常范围内。", False),
    ],
)
def test_comparisons_with_limits_are_recomputed(text, is_false) -> None:
    assert ("RANGE_CONFLICT" in find_codes(english(answer=text))) == is_false

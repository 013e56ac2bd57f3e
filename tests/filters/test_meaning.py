from __future__ import annotations

import pytest

from tests.filters.quadruplets import chinese, choice, claim, english, find_codes, find_rejections, spans

THYROID = spans(cap="Right lobe (R) displays normal, homogeneous echotexture. Left lobe cannot be demonstrated.")
CYST = spans(cap="肝右叶囊肿:类圆形无回声区,形态规则,后方回声增强,未见血流信号。")


@pytest.mark.parametrize(
    ("said", "quote", "code"),
    [
        ("The right lobe cannot be demonstrated", "Left lobe cannot be demonstrated", "LATERALITY_CONFLICT"),
        ("The left lobe displays homogeneous echotexture", "Right lobe (R) displays normal, homogeneous echotexture",
         "LATERALITY_CONFLICT"),
        ("The right lobe displays no homogeneous echotexture", "displays normal, homogeneous echotexture",
         "POLARITY_CONFLICT"),
        ("The left lobe can be demonstrated and is heterogeneous", "homogeneous echotexture", "POLARITY_CONFLICT"),
    ],
)  # fmt: skip
def test_english_meaning_turned_round(said, quote, code) -> None:
    record = english(claims=(claim(said, quote),), answer=f"{said}.", evidence=THYROID)
    assert code in find_codes(record)


@pytest.mark.parametrize(
    ("said", "quote", "code"),
    [
        ("肝左叶囊肿", "肝右叶囊肿", "LATERALITY_CONFLICT"),
        ("后方回声无增强", "后方回声增强", "POLARITY_CONFLICT"),
        ("后方回声减弱", "后方回声增强", "POLARITY_CONFLICT"),
        ("可见血流信号", "未见血流信号", "POLARITY_CONFLICT"),
        ("类圆形高回声区", "类圆形无回声区", "POLARITY_CONFLICT"),
        ("形态不规则", "形态规则", "POLARITY_CONFLICT"),
    ],
)
def test_chinese_meaning_turned_round(said, quote, code) -> None:
    assert code in find_codes(chinese(claims=(claim(said, quote),), answer=f"{said}。", evidence=CYST))


@pytest.mark.parametrize(
    ("said", "quote"),
    [
        ("无回声区形态规则", "类圆形无回声区,形态规则"),
        ("未探及血流信号", "未见血流信号"),
        ("囊肿后方回声增强", "后方回声增强"),
    ],
)
def test_faithful_chinese_wordings(said, quote) -> None:
    record = chinese(claims=(claim(said, quote),), answer=f"{said}。", evidence=CYST)
    assert not {"LATERALITY_CONFLICT", "POLARITY_CONFLICT"} & set(find_codes(record))


@pytest.mark.parametrize("word", ["No", "Yes"])
def test_leading_yes_or_no_is_not_a_denial_by_itself(word) -> None:
    record = english(form="yesno", question="Is the wall thin on this image?", answer=f"{word}, {english().answer}")
    assert "POLARITY_CONFLICT" not in find_codes(record)


def test_options_of_a_choice_may_deny() -> None:
    assert "POLARITY_CONFLICT" not in find_codes(choice(answer="A. Inflammation, not torsion"))


def test_denial_that_nothing_supports_is_rejected() -> None:
    record = english(evidence=spans(cap="Gallbladder with a thickened wall (7 mm), suggesting inflammation."),
                     answer="The wall is thickened to 7 mm without perforation, suggesting inflammation.")  # fmt: skip
    assert "POLARITY_CONFLICT" in find_rejections(record)

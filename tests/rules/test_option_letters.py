"""Letters that name options are rewritten, letters that name something else are not, and doubts stop the rewriting."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remud_gen.rules.option_letters import LetterDoubtError, refers_by_place, rewrite_letters

EN = {"A": "Inflammation", "B": "Perforation", "C": "Gallstones", "D": "Torsion"}
ZH = {"A": "急性胆囊炎", "B": "胆囊息肉", "C": "胆囊结石", "D": "胆囊癌"}
SWAP = {"A": "B", "B": "A"}


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("The answer is A.", "The answer is B."),
        ("A", "B"),
        ("A. Inflammation", "B. Inflammation"),
        ("Inflammation (A) fits the wall of 7 mm.", "Inflammation (B) fits the wall of 7 mm."),
        ("A is correct.", "B is correct."),
        ("Options A and C are excluded, so the answer is B.", "Options B and C are excluded, so the answer is A."),
        ("B-mode shows a cyst. A mass is not seen. Choose B.", "B-mode shows a cyst. A mass is not seen. Choose A."),
        ("Hepatitis B is unlikely; choose B.", "Hepatitis B is unlikely; choose A."),
        ("The E/A ratio is normal, answer: A", "The E/A ratio is normal, answer: B"),
        ("Point A to point B is 7 mm, so option C.", "Point A to point B is 7 mm, so option C."),
        ("B (Perforation) would show free fluid.", "A (Perforation) would show free fluid."),
        ("The answer is D.", "The answer is D."),
    ],
)  # fmt: skip
def test_english(text: str, after: str) -> None:
    assert rewrite_letters(text, SWAP, EN) == after


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("因此选A。", "因此选B。"),
        ("故选B", "故选A"),
        ("答案为A。", "答案为B。"),
        ("答案是（A）急性胆囊炎", "答案是（B）急性胆囊炎"),
        ("A:急性胆囊炎", "B:急性胆囊炎"),
        ("排除B和C,正确答案是A。", "排除A和C,正确答案是B。"),
        ("A、C项不符合,B选项正确。", "B、C项不符合,A选项正确。"),
        ("B超示胆囊壁增厚,A型超声少用,选A。", "B超示胆囊壁增厚,A型超声少用,选B。"),
        ("二尖瓣A峰减低,故选D。", "二尖瓣A峰减低,故选D。"),
    ],
)
def test_chinese(text: str, after: str) -> None:
    assert rewrite_letters(text, SWAP, ZH) == after


@pytest.mark.parametrize(
    "text",
    [
        "A fits best.",
        "排除AC,故选D。",
        "ACD均不符合,故选B。",
        "A/C are out, so the answer is B.",
        "A-C are out, so the answer is D.",
        "Neither A nor B explains it.",
        "The last option is right.",
        "The former is more likely than the latter.",
        "第二项不符合,故选A。",
        "以上选项中A正确",
        "选b",
        "The answer is (b).",
        "Ａ是对的",
        "A、B两点间距为7 mm",
        "There is flow in A.",
    ],
)
def test_doubts_are_raised(text: str) -> None:
    with pytest.raises(LetterDoubtError):
        rewrite_letters(text, SWAP, ZH if any(sign > "\u3000" for sign in text) else EN)


def test_places_are_told_from_findings() -> None:
    assert refers_by_place("None of the above")
    assert refers_by_place("前两项都对")
    assert not refers_by_place("The mass lies above the kidney and below the liver.")
    assert not refers_by_place("综合以上所见,考虑炎症。")


@given(st.text(alphabet="ABCD .,、选答案项option is the 是", max_size=60))
def test_what_is_rewritten_twice_is_as_before_or_a_doubt(text: str) -> None:
    back = {"A": EN["B"], "B": EN["A"], "C": EN["C"], "D": EN["D"]}
    try:
        changed = rewrite_letters(text, SWAP, EN)
        again = rewrite_letters(changed, SWAP, back)
    except LetterDoubtError:
        return
    assert again == text
    assert len(changed) == len(text)

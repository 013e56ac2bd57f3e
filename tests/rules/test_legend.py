from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remud_gen.records import Language
from remud_gen.rules.legend import parse_legend


def read(text: str, language: Language) -> dict[str, str]:
    return {entry.label: entry.meaning for entry in parse_legend(text, language)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("LK: left kidney; RK, right kidney.", {"LK": "left kidney", "RK": "right kidney"}),
        ("AO = abdominal aorta. GB=gallbladder", {"AO": "abdominal aorta", "GB": "gallbladder"}),
        ("The left ventricle (LV) and right atrium (RA) are dilated", {"LV": "left ventricle", "RA": "right atrium"}),
        ("Normal liver with the hepatic veins (HV) running to it", {"HV": "hepatic veins"}),
        ("FA, femoral artery; FV, femoral vein.", {"FA": "femoral artery", "FV": "femoral vein"}),
    ],
)
def test_english_keys(text: str, expected: dict[str, str]) -> None:
    assert read(text, "en") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("LK：左肾；RK：右肾。", {"LK": "左肾", "RK": "右肾"}),
        ("LV—左心室 LA—左心房", {"LV": "左心室", "LA": "左心房"}),
        ("边界清楚CCA：颈总动脉；TR：气管。", {"CCA": "颈总动脉", "TR": "气管"}),
        ("左心室（LV）增大", {"LV": "左心室"}),
    ],
)
def test_chinese_keys(text: str, expected: dict[str, str]) -> None:
    assert read(text, "zh") == expected


@pytest.mark.parametrize(
    "text",
    [
        "A, Focused Intensive Care Echo: apical four-chamber view.",
        "Top: An example of polar coordinates",
        "MRI head with contrast: axial T2 image",
        "B: transverse section",
        "LK is enlarged and shows a cyst",
    ],
)
def test_panel_letters_and_sentences_are_no_keys(text: str) -> None:
    assert read(text, "en") == {}


def test_a_label_with_two_meanings_is_dropped() -> None:
    assert read("LA: left atrium; LA: left arm", "en") == {}


@given(st.text(max_size=200))
def test_entries_stand_where_they_say(text: str) -> None:
    for language in ("en", "zh"):
        for entry in parse_legend(text, language):
            assert entry.label in text[entry.start : entry.end]

"""Blanks of OCR."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remud_gen.rules.spacing import tighten


@pytest.mark.parametrize(
    ("read", "printed"),
    [
        ("1 - 1 - 3 肌疝动态观察", "1-1-3肌疝动态观察"),
        ("1- 1- 2", "1-1-2"),
        ("图1 - 4 胎儿囊肿磁共振图像", "图1-4胎儿囊肿磁共振图像"),
        ("大小约6 . 6c m×3. 1 c m", "大小约6.6cm×3. 1 cm"),
        ("图解要点：A 图为左小腿", "图解要点：A图为左小腿"),
        ("Figure 3. A 12 mm cyst in the left lobe", "Figure 3. A 12 mm cyst in the left lobe"),
        ("Dist 4.52 cm", "Dist 4.52 cm"),
        ("LK RK", "LK RK"),
        ("I am 5 m away", "I am 5 m away"),
    ],
)
def test_tighten(read: str, printed: str) -> None:
    assert tighten(read) == printed


@given(st.text(max_size=60))
def test_only_blanks_go_and_twice_is_once(text: str) -> None:
    once = tighten(text)
    assert "".join(once.split()) == "".join(text.split())
    assert tighten(once) == once

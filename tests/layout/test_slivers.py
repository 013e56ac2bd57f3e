from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from remud_gen.layout.auto import AutoDetector
from remud_gen.layout.ink import descreen, read_ink
from remud_gen.layout.setting import PageSetter
from remud_gen.layout.skew import to_grey
from remud_gen.ocr.rapidocr import RapidOcrEngine
from remud_gen.readers.image import ImagePage


@pytest.mark.parametrize("size", [(1, 1), (1, 900), (900, 3), (7, 8)])
def test_a_page_hardly_wider_than_a_line_is_looked_at_like_any_other(size):
    picture = Image.effect_noise(size, 60).convert("RGB")
    assert to_grey(picture).shape == size[::-1]
    assert np.asarray(descreen(picture)).shape[:2] == size[::-1]
    view = PageSetter(RapidOcrEngine()).set_upright(ImagePage(picture, 1, is_turned=False))
    read_ink(view, [])
    AutoDetector().detect(view, [])
    RapidOcrEngine().read(picture)

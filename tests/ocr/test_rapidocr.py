from __future__ import annotations

import sys

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from remud_gen.errors import MissingExtraError
from remud_gen.ocr.rapidocr import RapidOcrEngine
from remud_gen.ocr.rapidocr_lines import _load_engine, make_input


def write(texts, size=(900, 300), height=28):
    image = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(height)
    for row, text in enumerate(texts):
        draw.text((40, 30 + 70 * row), text, fill="black", font=font)
    return image


@pytest.fixture(scope="module")
def engine():
    return RapidOcrEngine()


def test_lines_come_top_down_with_boxes_on_the_words(engine, capfd):
    texts = ["Figure 3 Left kidney in the long axis", "Length 10.4 cm", "No dilatation of the pelvis"]
    lines = engine.read(write(texts))
    assert [line.text for line in lines] == texts
    for row, line in enumerate(lines):
        assert line.score > 0.8
        assert 30 < line.bbox[0] < 50
        assert abs((line.bbox[1] + line.bbox[3]) / 2 - (46 + 70 * row)) < 10
    assert capfd.readouterr() == ("", "")


def test_blank_and_tiny_images_hold_no_lines(engine):
    assert engine.read(Image.new("RGB", (400, 300), "white")) == []
    assert engine.read(Image.new("RGB", (3, 3), "white")) == []


def test_a_page_twice_as_large_reads_the_same(engine):
    text = "Hyperechoic lesion with posterior shadowing"
    image = write([text], (1400, 1800), 40)
    assert [line.text for line in engine.read(image)] == [text]


def test_the_line_finder_is_given_what_the_package_itself_would_give_it() -> None:
    from rapidocr.ch_ppocr_det.utils import DetPreProcess

    rng = np.random.default_rng(7)
    for height, width in ((224, 320), (250, 331)):
        pixels = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
        expected = DetPreProcess(limit_side_len=1600, limit_type="max")(pixels)
        given = make_input(pixels)
        assert given.shape == expected.shape
        assert given.dtype == np.float32
        assert np.abs(given - expected).max() < 1e-6


def test_the_engine_uses_the_lean_input() -> None:
    assert _load_engine().text_det.get_preprocess() is make_input


def test_a_machine_that_cannot_load_the_imaging_libraries_is_told_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "cv2", None)
    monkeypatch.delitem(sys.modules, "remud_gen.ocr.rapidocr_lines", raising=False)
    for use in (RapidOcrEngine().check, lambda: RapidOcrEngine().read(Image.new("RGB", (40, 40)))):
        with pytest.raises(MissingExtraError, match="cv2") as caught:
            use()
        assert "pip install" in caught.value.hint

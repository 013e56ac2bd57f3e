"""Pictures that have no dark box around them: sectors on white, bare sectors on black, strips in black and white."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from remud_gen.layout.auto import AutoDetector
from remud_gen.readers.image import ImagePage
from remud_gen.records import TextLine
from remud_gen.rules.geometry import hull, measure_iou
from tests.pdf.sheets import BODY

PAPER = (247, 245, 240)
BOX = (220, 260, 780, 700)


def make_speckle(width, height, low=40, high=230, seed=3):
    coarse = np.random.default_rng(seed).rayleigh(45, (height // 3 + 1, width // 3 + 1))
    grown = np.kron(coarse, np.ones((3, 3)))[:height, :width]
    return np.clip(low + grown, low, high)


def make_sector(width, height, ground):
    """A convex sector that fills the box, on black or on paper."""
    pixels = make_speckle(width, height)
    y, x = np.mgrid[0:height, 0:width]
    radius, angle = np.hypot(x - width / 2, y + 0.12 * height), np.arctan2(x - width / 2, y + 0.12 * height)
    inside = (np.abs(angle) < 0.62) & (radius > 0.2 * height) & (radius < 1.11 * height)
    return Image.fromarray(np.where(inside, pixels, ground).astype(np.uint8)).convert("RGB"), inside


def make_strip(width, height):
    """An M-mode strip in black and white: wavy bands, no frame."""
    y, x = np.mgrid[0:height, 0:width]
    wave = np.sin((y + 14 * np.sin(x / 40)) / 9) + np.random.default_rng(1).normal(0, 0.6, (height, width))
    return Image.fromarray(np.where(wave > 0.5, 255, 0).astype(np.uint8)).convert("RGB")


def make_page(picture):
    page = Image.new("RGB", (1000, 1400), PAPER)
    page.paste(picture, BOX[:2])
    draw = ImageDraw.Draw(page)
    lines = [TextLine(bbox=(220, 720, 700, 742), text="Figure 3. Right lobe of the liver")]
    for row in range(16):
        lines.append(TextLine(bbox=(80, 900 + 26 * row, 920, 916 + 26 * row), text="words " * 14))
    font = ImageFont.load_default(16)
    for line in lines:
        words = line.text if line.text.startswith("Figure") else BODY[: int((line.bbox[2] - line.bbox[0]) / 8)]
        draw.text(line.bbox[:2], words, fill=(40, 40, 40), font=font)
    return page, lines


def detect(picture):
    page, lines = make_page(picture)
    return [box.bbox for box in AutoDetector().detect(ImagePage(page, 1, is_turned=False), lines)]


def test_a_sector_on_white_is_one_picture():
    picture, inside = make_sector(560, 440, 246)
    rows, columns = np.nonzero(inside)
    tight = (BOX[0] + columns.min(), BOX[1] + rows.min(), BOX[0] + columns.max(), BOX[1] + rows.max())
    found = detect(picture)
    assert len(found) == 1
    assert measure_iou(found[0], tight) > 0.85


def test_a_bare_sector_on_black_is_one_picture():
    (found,) = detect(make_sector(560, 440, 2)[0])
    assert measure_iou(found, BOX) > 0.95


def test_a_strip_in_black_and_white_is_found_whole():
    found = detect(make_strip(560, 200))
    assert measure_iou(hull(found), (BOX[0], BOX[1], BOX[0] + 560, BOX[1] + 200)) > 0.9


@pytest.mark.parametrize("tone", [235, 246])
def test_a_borderless_picture_on_a_white_ground_is_found_by_what_it_shows(tone):
    pixels = np.full((440, 560), tone, dtype=np.float64)
    y, x = np.mgrid[0:440, 0:560]
    shape = ((x - 280) / 220) ** 2 + ((y - 220) / 170) ** 2 < 1
    pixels[shape] = make_speckle(560, 440)[shape]
    found = detect(Image.fromarray(pixels.astype(np.uint8)).convert("RGB"))
    tight = (BOX[0] + 60, BOX[1] + 50, BOX[0] + 500, BOX[1] + 390)
    assert len(found) == 1
    assert max(measure_iou(found[0], tight), measure_iou(found[0], BOX)) > 0.85

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from remud_gen.ocr.rapidocr import RapidOcrEngine
from remud_gen.ocr.tiles import cut_tiles


def test_strips_cover_the_page_and_every_row_has_one_owner():
    pixels = np.full((1600, 1100, 3), 250, dtype=np.uint8)
    tiles = cut_tiles(pixels)
    assert len({bottom - top for top, bottom, _, _ in tiles}) == 1
    assert (tiles[0][0], tiles[-1][1]) == (0, 1600)
    for row in range(1600):
        (own,) = [tile for tile in tiles if tile[2] <= row < tile[3]]
        assert own[0] <= max(0, row - 30)
        assert own[1] >= min(1600, row + 30)


def test_seams_run_between_lines():
    pixels = np.full((1600, 1100, 3), 250, dtype=np.uint8)
    for row in range(0, 1600, 40):
        pixels[row : row + 24, 100:1000:4] = 20
    for _, _, first, _ in cut_tiles(pixels)[1:]:
        assert 24 <= first % 40 < 40


def test_small_pictures_stay_whole():
    assert len(cut_tiles(np.zeros((600, 900, 3), dtype=np.uint8))) == 1


def test_no_line_of_a_full_page_is_lost_or_read_twice():
    page = Image.new("RGB", (1200, 1600), "white")
    draw = ImageDraw.Draw(page)
    for row in range(40):
        draw.text((90, 30 + 39 * row), f"Line {row} of the printed page", fill="black", font=ImageFont.load_default(24))
    lines = RapidOcrEngine().read(page)
    assert [line.text.replace(" ", "") for line in lines] == [f"Line{row}oftheprintedpage" for row in range(40)]

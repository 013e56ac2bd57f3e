from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from remud_gen.layout.auto import AutoDetector
from remud_gen.layout.contour import ContourDetector
from remud_gen.readers.image import ImagePage
from remud_gen.records import TextLine
from remud_gen.rules.geometry import measure_iou
from tests.pdf.sheets import make_frame, make_scan

FRAMES = [(80, 120, 460, 420), (540, 120, 920, 420)]
PRINT = [TextLine(bbox=(80, 692 + 26 * row, 910, 708 + 26 * row), text="words " * 14) for row in range(20)]


def detect(image, lines=(), detector=AutoDetector):
    return [box.bbox for box in detector().detect(ImagePage(image, 1, is_turned=False), list(lines))]


def degrade(image: Image.Image, how: str) -> Image.Image:
    pixels = np.asarray(image).astype(np.float64)
    if how == "washed out":
        pixels = 80 + pixels * (175 / 255)
    elif how == "shaded":
        pixels *= np.linspace(1.0, 0.75, pixels.shape[1])[None, :, None]
    elif how == "noisy":
        pixels += np.random.default_rng(0).normal(0, 12, pixels.shape)
    elif how == "blurred":
        return image.filter(ImageFilter.GaussianBlur(1.5))
    elif how == "dark border":
        pixels[:, :25] = pixels[:20] = 25
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


@pytest.mark.parametrize("how", ["plain", "washed out", "shaded", "noisy", "blurred", "dark border"])
def test_two_frames_of_a_scan_are_found_to_the_pixel(how):
    found = detect(degrade(make_scan(), how), PRINT)
    assert len(found) == 2
    for frame in FRAMES:
        assert max(measure_iou(box, frame) for box in found) > 0.95


def test_line_drawing_on_white_is_found_by_its_strokes():
    page = Image.new("RGB", (1000, 1400), "white")
    draw = ImageDraw.Draw(page)
    for step in range(6):
        draw.ellipse((200 + 90 * step, 300, 320 + 90 * step, 420), outline="black", width=3)
        draw.line((260 + 90 * step, 420, 300, 600), fill="black", width=3)
    (box,) = detect(page)
    assert measure_iou(box, (200, 300, 770, 600)) > 0.9


def draw_grid(draw: ImageDraw.ImageDraw) -> list[TextLine]:
    lines = []
    for row in range(6):
        draw.rectangle((150, 300 + 50 * row, 850, 350 + 50 * row), outline="black", width=2)
        for column in range(3):
            box = (180 + 230 * column, 312 + 50 * row, 340 + 230 * column, 338 + 50 * row)
            draw.rectangle((box[0], box[1] + 8, box[2], box[3] - 8), fill="black")
            lines.append(TextLine(bbox=box, text="value 12.5"))
    return lines


def test_a_ruled_table_is_no_picture():
    page = Image.new("RGB", (1000, 1400), "white")
    lines = draw_grid(ImageDraw.Draw(page))
    lines.append(TextLine(bbox=(150, 260, 500, 285), text="Table 3. Values of all patients"))
    assert detect(page, lines) == []


def test_a_tinted_banner_is_no_picture():
    page = Image.new("RGB", (1000, 1400), "white")
    draw = ImageDraw.Draw(page)
    draw.rectangle((100, 100, 900, 190), fill=(110, 120, 210))
    draw.rectangle((200, 130, 420, 160), fill="white")
    assert detect(page, [TextLine(bbox=(195, 125, 425, 165), text="Chapter 1")]) == []


def test_contours_alone_find_the_frames_too():
    found = detect(make_scan(), detector=ContourDetector)
    assert sum(max(measure_iou(box, frame) for box in found) > 0.95 for frame in FRAMES) == 2


def test_a_frame_in_a_colour_picture_on_grey_paper():
    page = Image.new("RGB", (800, 1000), (225, 222, 215))
    page.paste(make_frame(300, 260), (60, 80))
    (box,) = detect(page)
    assert measure_iou(box, (60, 80, 360, 340)) > 0.95

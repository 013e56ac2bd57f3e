"""Pages set upright: skew, quarter and half turns, spreads; and what must be left as it is."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from remud_gen.layout.setting import PageSetter, restore_view, split_spread
from remud_gen.layout.upright import UprightView, WindowView, move_box
from remud_gen.ocr.rapidocr import RapidOcrEngine
from remud_gen.readers.image import ImagePage
from tests.pdf.sheets import BODY, make_frame

FRAME = (100, 120, 480, 420)
WORDS = BODY.split()


def make_page(width=900, height=1240, number="12", with_frame=True):
    """A printed page: a frame, paragraphs, a page number."""
    page = Image.new("RGB", (width, height), (247, 245, 240))
    draw = ImageDraw.Draw(page)
    font = ImageFont.load_default(17)
    if with_frame:
        page.paste(make_frame(FRAME[2] - FRAME[0], FRAME[3] - FRAME[1]), FRAME[:2])
    y, k = (470 if with_frame else 110), 0
    while y < height - 140:
        x = 100
        while x < width - 190:
            draw.text((x, y), WORDS[k % len(WORDS)], fill=(30, 30, 30), font=font)
            x += draw.textlength(WORDS[k % len(WORDS)] + " ", font=font)
            k += 1
        y += 27
    draw.text((width / 2, height - 70), number, fill=(30, 30, 30), font=font)
    return page


def turn(image, degrees):
    """Clockwise about the middle, the sheet kept."""
    matrix = cv2.getRotationMatrix2D((image.width / 2, image.height / 2), -degrees, 1.0)
    pixels = cv2.warpAffine(np.asarray(image), matrix, image.size, flags=cv2.INTER_CUBIC, borderValue=(247, 245, 240))
    return Image.fromarray(pixels), np.vstack([matrix, [0, 0, 1]])


def view(image):
    return ImagePage(image, 1, is_turned=False)


@pytest.fixture(scope="module")
def setter():
    return PageSetter(RapidOcrEngine())


class NoOcr:
    """An upright page must be told without reading a word."""

    name = "none"

    def read(self, image):
        raise AssertionError("read")


@pytest.mark.parametrize("degrees", [-4.0, -1.0, 2.0, 5.0])
def test_a_skewed_page_is_set_straight_and_boxes_lead_back(degrees):
    image, matrix = turn(make_page(), degrees)
    upright = PageSetter(NoOcr()).set_upright(view(image))
    assert isinstance(upright, UprightView)
    assert upright.flags == ("deskewed",)
    assert (upright.width, upright.height) == image.size
    back = move_box(np.linalg.inv(np.array(upright.to_original)) @ matrix, FRAME)
    assert back == pytest.approx(FRAME, abs=3)
    straight = np.asarray(upright.render(72, FRAME).convert("L")).astype(float)
    clean = np.asarray(make_page().crop(FRAME).convert("L")).astype(float)
    assert straight.shape == clean.shape
    blurred = [cv2.GaussianBlur(pixels, (0, 0), 3) for pixels in (straight, clean)]
    assert np.corrcoef(blurred[0].ravel(), blurred[1].ravel())[0, 1] > 0.97


@pytest.mark.parametrize("degrees", [0.0, 0.15])
def test_a_straight_page_stays_as_it_is_stored(degrees):
    image, _ = turn(make_page(), degrees)
    page = view(image)
    assert PageSetter(NoOcr()).set_upright(page) is page


def test_a_bare_picture_is_never_turned():
    image, _ = turn(make_frame(800, 600), 3)
    page = view(image)
    assert PageSetter(NoOcr()).set_upright(page) is page
    assert split_spread(page) == []


@pytest.mark.parametrize("quarters", [1, 3])
def test_a_sideways_page_is_turned_to_where_its_words_read(setter, quarters):
    page = view(make_page().rotate(-90 * quarters, expand=True))
    upright = setter.set_upright(page)
    assert upright.flags == ("rotated",)
    assert upright.render(72).size == (900, 1240)
    assert np.array_equal(np.asarray(upright.render(72)), np.asarray(make_page()))


def test_an_upside_down_page_is_turned_over_after_a_poor_reading(setter):
    engine = RapidOcrEngine()
    page = view(make_page().rotate(180))
    upright = setter.turn_over(page, engine.read(page.render(72)))
    assert upright is not None
    assert np.array_equal(np.asarray(upright.render(72)), np.asarray(make_page()))
    assert setter.turn_over(view(make_page()), engine.read(make_page())) is None


def test_a_view_is_restored_from_its_matrix():
    image, _ = turn(make_page(), 3)
    page = view(image.rotate(-90, expand=True))
    upright = UprightView(page, 3, -3.0)
    again = restore_view(page, upright.to_original)
    assert np.array_equal(np.asarray(again.render(72, FRAME)), np.asarray(upright.render(72, FRAME)))
    assert restore_view(page, None) is page


def join(left, right):
    sheet = Image.new("RGB", (left.width + right.width, left.height), (247, 245, 240))
    sheet.paste(left, (0, 0))
    sheet.paste(right, (left.width, 0))
    return sheet


def test_a_spread_is_two_pages_that_keep_the_coordinates_of_the_sheet():
    sheet = join(make_page(), make_page(number="13", with_frame=False))
    left, right = split_spread(view(sheet))
    assert isinstance(left, WindowView)
    assert left.width == pytest.approx(900, abs=40)  # between the inner margins, which print fills unevenly
    assert right.shift((0, 0, 10, 10))[0] == left.width
    assert left.flags == ("spread",)
    assert np.array_equal(np.asarray(left.render(72, FRAME)), np.asarray(make_page().crop(FRAME)))


def draw_columns(width, height, gap, title=None):
    page = Image.new("RGB", (width, height), (247, 245, 240))
    draw = ImageDraw.Draw(page)
    font = ImageFont.load_default(17)
    for start in (110, width // 2 + gap // 2):
        for row in range(28):
            text = " ".join(WORDS[row : row + 40])
            while draw.textlength(text, font=font) > width // 2 - gap // 2 - 110:
                text = text.rsplit(" ", 1)[0]
            draw.text((start, 160 + 27 * row), text, fill=(30, 30, 30), font=font)
    if title:
        draw.text((width / 2 - 250, 60), title, fill=(30, 30, 30), font=ImageFont.load_default(28))
    return page


@pytest.mark.parametrize(
    ("width", "height", "gap", "title"),
    [
        (1500, 1060, 50, None),  # a landscape report in two columns
        (1500, 1060, 50, "Report of the abdominal examinations"),
        (900, 1240, 60, None),  # a portrait page in two columns
    ],
)
def test_columns_of_one_page_are_not_torn_apart(width, height, gap, title):
    assert split_spread(view(draw_columns(width, height, gap, title))) == []


def test_a_figure_across_the_middle_keeps_a_sheet_whole():
    sheet = join(make_page(with_frame=False), make_page(with_frame=False))
    sheet.paste(make_frame(900, 400), (450, 300))
    assert split_spread(view(sheet)) == []

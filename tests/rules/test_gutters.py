"""Where a guillotine may cut a picture into its panels, and where it must not."""

import pytest
from PIL import Image

from remud_gen.rules.gutters import cut_at_paper, cut_between, drop_strip, load_pixels
from tests.rules import screens
from tests.rules.plates import make_plate, make_print, write
from tests.rules.screens import HEIGHT, WIDTH


def box(x, y, width=0.02, height=0.03):
    return (x - width / 2, y - height / 2, x + width / 2, y + height / 2)


CORNERS = [box(0.05, 0.08), box(0.56, 0.08), box(0.05, 0.58), box(0.56, 0.58)]


def to_px(shares, image):
    return [round(share * side) for share, side in zip(shares, (*image.size, *image.size), strict=True)]


@pytest.mark.parametrize(("rows", "columns"), [(1, 2), (2, 1), (2, 2), (1, 3), (2, 3)])
def test_white_gutters_part_frames_to_the_pixel(rows, columns):
    plate = make_plate(rows, columns)
    cells = cut_at_paper(load_pixels(plate), rows * columns)
    wanted = [
        [c * (WIDTH + 10), r * (HEIGHT + 10), c * (WIDTH + 10) + WIDTH, r * (HEIGHT + 10) + HEIGHT]
        for r in range(rows)
        for c in range(columns)
    ]
    assert sorted(to_px(cell, plate) for cell in cells) == sorted(wanted)


def test_rows_of_unlike_numbers_are_cut_too():
    plate = Image.new("RGB", (2 * WIDTH + 10, 2 * HEIGHT + 10), "white")
    plate.paste(screens.b_mode(1).resize((2 * WIDTH + 10, HEIGHT)), (0, 0))
    plate.paste(screens.b_mode(2), (0, HEIGHT + 10))
    plate.paste(screens.b_mode(3), (WIDTH + 10, HEIGHT + 10))
    assert len(cut_at_paper(load_pixels(plate), 3)) == 3


def test_large_plates_are_cut_where_small_ones_are():
    plate = make_plate(2, 2)
    large = plate.resize((4 * plate.width, 4 * plate.height))
    for small, big in zip(cut_at_paper(load_pixels(plate), 4), cut_at_paper(load_pixels(large), 4), strict=True):
        assert small == pytest.approx(big, abs=0.004)


def test_another_number_of_cells_than_panels_is_no_cut():
    pixels = load_pixels(make_plate(2, 2))
    assert [cut_at_paper(pixels, count) for count in (2, 3, 5, 6)] == [None] * 4


def test_white_bands_of_charts_and_print_are_no_gutters():
    charts = Image.new("RGB", (810, 300), "white")
    for number in (0, 1):
        charts.paste(screens.chart(number).resize((400, 300)), (410 * number, 0))
    for picture in (make_print(), charts, screens.chart(3), make_plate(1, 2, make=screens.chart)):
        assert all(cut_at_paper(load_pixels(picture), count) is None for count in (2, 3, 4))


def test_a_frame_and_a_narrow_strip_are_not_two_panels():
    sheet = Image.new("RGB", (WIDTH + 10 + WIDTH // 5, HEIGHT), "white")
    sheet.paste(screens.b_mode(1), (0, 0))
    sheet.paste(screens.b_mode(2).crop((0, 0, WIDTH // 5, HEIGHT)), (WIDTH + 10, 0))
    assert cut_at_paper(load_pixels(sheet), 2) is None


@pytest.mark.parametrize("shade", ["black", (70, 90, 120)])
def test_gutters_that_are_not_white_need_letters(shade):
    plate = make_plate(2, 2, shade=shade)
    assert cut_at_paper(load_pixels(plate), 4) is None
    cells = cut_between(load_pixels(plate), CORNERS)
    for (x0, y0, x1, y1), letter in zip(cells, CORNERS, strict=True):
        assert x0 <= letter[0] and letter[2] <= x1 and y0 <= letter[1] and letter[3] <= y1
        assert 0.35 < x1 - x0 <= 0.52 and 0.35 < y1 - y0 <= 0.52


@pytest.mark.parametrize("make", [screens.b_mode, screens.colour_doppler, screens.dual_b_mode, screens.tomogram])
def test_two_marks_in_one_frame_are_not_two_panels(make):
    for seed in range(4):
        pixels = load_pixels(make(seed))
        assert cut_at_paper(pixels, 2) is None
        if make is not screens.dual_b_mode:
            assert cut_between(pixels, [box(0.3, 0.5), box(0.7, 0.5)]) is None


def test_letters_that_share_a_cell_are_not_parted():
    pixels = load_pixels(make_plate(1, 2))
    assert cut_between(pixels, [box(0.05, 0.1), box(0.3, 0.1)]) is None
    assert cut_between(pixels, [box(0.05, 0.1)]) is None


def test_a_letters_own_strip_of_paper_falls_away_unless_words_stand_in_it():
    plate = make_plate(1, 2, strip=30)
    letters = [box(x, 1 - 15 / plate.height, 0.03, 0.03) for x in (0.25, 0.75)]
    for name, x in (("a", 0.25), ("b", 0.75)):
        write(plate, f"({name})", x, 1 - 15 / plate.height, "black")
    pixels = load_pixels(plate)
    left, right = cut_between(pixels, letters)
    assert to_px(drop_strip(pixels, left, letters[0], []), plate) == [0, 0, WIDTH, HEIGHT]
    assert drop_strip(pixels, right, letters[1], [box(0.6, 1 - 15 / plate.height)]) == right
    assert drop_strip(pixels, left, box(0.05, 0.1), []) == left


def test_tiny_pictures_are_left_alone():
    for size in ((1, 1), (2, 3), (12, 1)):
        pixels = load_pixels(Image.new("RGB", size, "white"))
        assert cut_at_paper(pixels, 2) is None and cut_between(pixels, [box(0.2, 0.5), box(0.8, 0.5)]) is None

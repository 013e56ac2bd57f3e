import numpy as np
import pytest
from PIL import Image

from remud_gen.records import TextLine
from remud_gen.rules.burned_in import names_both_halves
from remud_gen.rules.modality import see
from tests.rules import screens
from tests.rules.screens import HEIGHT, WIDTH


@pytest.mark.parametrize("seed", range(4))
def test_two_frames_beside_each_other_are_one_dual_screen(seed):
    first, second = see(screens.dual_b_mode(seed)).screens
    assert 0 <= first[0] < first[2] <= WIDTH + 4
    assert WIDTH + 4 <= second[0] < second[2] <= 2 * WIDTH + 8
    for box in (first, second):
        assert box[3] - box[1] > 0.6 * HEIGHT


def test_a_gap_of_paper_and_a_bright_line_part_the_halves_too():
    for shade, gap in (("white", 10), ((250, 250, 250), 2)):
        image = Image.new("RGB", (2 * WIDTH + gap, HEIGHT), shade)
        image.paste(screens.b_mode(1), (0, 0))
        image.paste(screens.b_mode(3), (WIDTH + gap, 0))
        assert len(see(image).screens) == 2


def test_frames_that_touch_are_parted_at_their_seam():
    first = screens.make_speckle(1, HEIGHT, 300, level=70)
    second = screens.make_speckle(2, HEIGHT, 300, level=150)
    touching = np.concatenate([first, second], axis=1)
    touching[:40] = touching[-60:] = 4
    found = see(screens.to_image(touching)).screens
    assert len(found) == 2 and abs(found[0][2] - 300) < 6 and abs(found[1][0] - 300) < 6


@pytest.mark.parametrize("make", [screens.b_mode, screens.spectral_doppler, screens.m_mode, screens.three_d])
def test_one_frame_is_no_dual_screen(make):
    assert all(not see(make(seed)).screens for seed in range(4))


def test_a_frame_beside_its_chart_and_a_plate_of_four_are_none():
    image = Image.new("RGB", (2 * WIDTH + 10, HEIGHT), "white")
    image.paste(screens.b_mode(1), (0, 0))
    image.paste(screens.chart(1), (WIDTH + 10, 0))
    assert see(image).screens == ()
    plate = Image.new("RGB", (2 * WIDTH + 10, 2 * HEIGHT + 10), "white")
    for row in (0, 1):
        for column in (0, 1):
            plate.paste(screens.b_mode(1 + 2 * row), (column * (WIDTH + 10), row * (HEIGHT + 10)))
    assert see(plate).screens == ()


def test_charts_and_photographs_side_by_side_are_none():
    pair = np.concatenate([np.asarray(screens.photograph(1)), np.asarray(screens.photograph(2))], axis=1)
    assert see(Image.fromarray(pair)).screens == ()


def test_letters_in_both_halves_make_two_panels():
    def line(text, x):
        return TextLine(bbox=(x, 5, x + 8, 15), text=text)

    box = (0, 0, 200, 100)
    assert names_both_halves([line("(a)", 5), line("(b)", 120)], box)
    assert not names_both_halves([line("A", 5), line("LK", 120)], box)
    assert not names_both_halves([line("A", 5), line("B", 20)], box)

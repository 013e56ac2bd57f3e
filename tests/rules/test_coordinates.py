"""Boxes as models write them, and how a box is held against the ink of a page."""

from __future__ import annotations

import pytest
from PIL import Image, ImageDraw

from remud_gen.rules.box_fit import PageInk
from remud_gen.rules.coordinates import CONVENTIONS, OVERSHOOT, choose_convention, list_others
from tests.layout.test_setting import FRAME, make_page

SIZE = (840, 1176)
SAME_PLACE = {  # the box (84, 588, 420, 882) of a picture of that size
    "qwen2.5-vl": (84, 588, 420, 882),
    "pixels": (84, 588, 420, 882),
    "qwen3-vl": (100, 500, 500, 750),
    "gemini": (500, 100, 750, 500),
    "fraction": (0.1, 0.5, 0.5, 0.75),
}


@pytest.mark.parametrize("name", CONVENTIONS)
def test_each_convention_places_its_own_numbers(name) -> None:
    assert CONVENTIONS[name].place(SAME_PLACE[name], SIZE) == pytest.approx((84, 588, 420, 882))
    assert CONVENTIONS[name].measure_overshoot(SAME_PLACE[name], SIZE) == 0


def test_what_lies_beyond_the_picture_is_measured_in_its_sides() -> None:
    assert CONVENTIONS["qwen3-vl"].measure_overshoot((0, 0, 1010, 900), SIZE) == pytest.approx(0.01)
    assert CONVENTIONS["pixels"].measure_overshoot((-84, 0, 400, 900), SIZE) == pytest.approx(0.1)
    assert CONVENTIONS["pixels"].measure_overshoot((0, 0, 840, 1176), SIZE) == 0
    assert CONVENTIONS["fraction"].measure_overshoot(SAME_PLACE["qwen3-vl"], SIZE) > 100 * OVERSHOOT


def test_others_are_other_readings_and_none_twice() -> None:
    for chosen in CONVENTIONS.values():
        others = list_others(chosen)
        places = [one.place((0.2, 0.3, 0.5, 0.9), SIZE) for one in (chosen, *others)]
        assert len(set(places)) == len(places) == 4


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("Qwen/Qwen2.5-VL-72B-Instruct-AWQ", "qwen2.5-vl"),
        ("qwen2.5vl:7b", "qwen2.5-vl"),
        ("qwen3-vl-235b-a22b", "qwen3-vl"),
        ("ReMUD-7B", None),
        ("qwen-vl-max", None),
        (None, None),
    ],
)
def test_a_name_decides_only_where_it_is_sure(model, expected) -> None:
    chosen = choose_convention(None, model)
    assert (chosen.name if chosen else None) == expected
    assert choose_convention("fraction", model) is CONVENTIONS["fraction"]


@pytest.fixture(scope="module")
def ink() -> PageInk:
    return PageInk(make_page())


def test_a_box_around_a_picture_fits_and_one_beside_it_does_not(ink) -> None:
    x0, y0, x1, y1 = FRAME
    assert ink.measure_fit(FRAME) > 0.95
    assert ink.measure_fit((x0 + 6, y0 - 6, x1 + 6, y1 - 6)) > 0.9  # as well as a model draws
    for moved in ((x0 + 80, y0, x1 + 80, y1), (x0, y0 + 90, x1, y1 + 90), (x0, y0, x1 - 100, y1 - 100)):
        assert ink.measure_fit(moved) < 0.7
    assert ink.measure_fit((220, 500, 600, 800)) < 0.55  # lines of print
    assert ink.measure_fit((500, 20, 800, 100)) == 0
    assert ink.is_blank((500, 20, 800, 100))
    assert not ink.is_blank(FRAME)


def test_a_picture_that_fills_the_sheet_fits_at_its_rim() -> None:
    sheet = Image.new("L", (600, 800), 250)
    ImageDraw.Draw(sheet).rectangle((0, 0, 599, 500), fill=20)
    assert PageInk(sheet).measure_fit((0, 0, 600, 501)) > 0.95
    assert PageInk(sheet).measure_fit((0, 0, 420, 350)) < 0.6


@pytest.mark.parametrize("box", [(-50, -50, -10, -10), (0, 0, 1, 1), (2000, 10, 2100, 90), (10, 10, 5, 5)])
def test_boxes_that_are_none_fit_nothing(ink, box) -> None:
    assert ink.measure_fit(box) == 0

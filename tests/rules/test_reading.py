from __future__ import annotations

import pytest

from remud_gen.rules.reading import order_boxes

WIDTH = 600.0
CAPTION = ("caption", (50, 380, 550, 392))
TITLE = ("title", (50, 200, 550, 220))


def column(name, x0, x1, top, count):
    return [(f"{name}{k}", (x0, top + 12 * k, x1, top + 12 * k + 10)) for k in range(count)]


def read(items):
    return [items[i][0] for i in order_boxes([box for _, box in items], WIDTH)]


def names(items):
    return [name for name, _ in items]


@pytest.mark.parametrize("is_mirrored", [False, True])
def test_a_column_that_starts_beside_a_picture_is_read_whole(is_mirrored):
    left, right = (column("left", 50, 290, 420, 18), column("right", 310, 550, 600, 3))
    if not is_mirrored:
        left, right = column("left", 50, 290, 600, 3), column("right", 310, 550, 420, 18)
    assert read([CAPTION, *right, *left]) == [CAPTION[0], *names(left), *names(right)]


def test_a_short_last_line_does_not_break_the_head_of_a_column():
    right = [*column("right", 310, 550, 420, 4), ("end", (310, 468, 420, 478)), *column("next", 310, 550, 480, 14)]
    left = column("left", 50, 290, 600, 4)
    assert read([CAPTION, *right, *left]) == [CAPTION[0], *names(left), *names(right)]


def test_a_date_above_the_right_column_stays_above_both():
    date = ("date", (460, 385, 550, 395))
    left, right = column("left", 50, 290, 420, 6), column("right", 310, 550, 420, 6)
    assert read([TITLE, date, *right, *left]) == ["title", "date", *names(left), *names(right)]


def test_an_address_at_the_right_with_space_below_stays_above_both():
    address = [("street", (330, 300, 550, 310)), ("town", (330, 312, 550, 322))]
    left, right = column("left", 50, 290, 420, 6), column("right", 310, 550, 420, 6)
    assert read([TITLE, *address, *right, *left]) == ["title", "street", "town", *names(left), *names(right)]


def test_panel_letters_above_columns_stay_with_their_picture():
    letters = [("a", (160, 400, 170, 410)), ("b", (420, 400, 430, 410))]
    left, right = column("left", 50, 290, 420, 6), column("right", 310, 550, 420, 6)
    assert read([TITLE, *letters, *right, *left])[:3] == ["title", "a", "b"]


def test_full_width_boxes_divide_columns():
    upper = [*column("al", 50, 290, 100, 3), *column("ar", 310, 550, 100, 3)]
    lower = [*column("bl", 50, 290, 420, 3), *column("br", 310, 550, 420, 3)]
    assert read([*lower, CAPTION, *upper]) == [*names(upper), CAPTION[0], *names(lower)]

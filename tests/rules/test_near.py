from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from remud_gen.rules.geometry import cluster, hull, measure_gap, merge_overlapping
from remud_gen.rules.near import BoxIndex

coordinate = st.integers(-50, 700)
side = st.sampled_from([0, 1, 7, 30, 250])
boxes = st.builds(
    lambda x, y, w, h: (float(x), float(y), float(x + w), float(y + h)), coordinate, coordinate, side, side
)


@given(st.lists(boxes, max_size=25), boxes, st.sampled_from([0.0, 2.5, 40.0]))
def test_it_finds_what_a_look_at_every_box_finds(items, box, reach):
    index = BoxIndex(items)
    assert index.find(box, reach) == [i for i, item in enumerate(items) if measure_gap(item, box) <= reach]
    for number in range(0, len(items), 2):
        index.remove(number)
    found = [i for i in range(1, len(items), 2) if measure_gap(items[i], box) <= reach]
    assert index.find(box, reach) == found


def test_a_box_moves_and_goes():
    index = BoxIndex([(0, 0, 10, 10), (100, 0, 110, 10)])
    index.put(0, (100, 5, 300, 6))
    assert index.find((0, 0, 20, 20)) == []
    assert index.find((105, 0, 106, 9)) == [0, 1]
    index.remove(1)
    index.remove(1)
    assert index.find((105, 0, 106, 9)) == [0]


def test_coordinates_that_are_no_places_do_no_harm():
    index = BoxIndex([(math.nan, 0, 1, 1), (-math.inf, 0, math.inf, 1), (9, 9, 3, 3)])
    assert index.find((0, 0, 10, 10)) == [1, 2]
    assert index.find((0, math.nan, 10, 10)) == []
    assert index.find((-math.inf, -math.inf, math.inf, math.inf)) == [1, 2]


@given(st.lists(boxes, max_size=20), st.sampled_from([0.0, 12.0]))
def test_near_boxes_alone_are_asked_whether_they_belong_together(items, reach):
    def belongs(a, b):
        return measure_gap(a, b) <= reach

    groups = cluster(items, belongs)
    assert cluster(items, belongs, items, reach) == groups
    merged = merge_overlapping(items, reach)
    while len(groups) < len(items):
        items = [hull(items[i] for i in group) for group in groups]
        groups = cluster(items, belongs)
    assert merged == items

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remud_gen.rules.geometry import (
    cluster,
    grow,
    holds_centre,
    hull,
    intersect,
    measure_area,
    measure_cover,
    measure_gap,
    measure_iou,
    merge_overlapping,
)

coordinate = st.integers(0, 200)
boxes = st.builds(
    lambda x, y, w, h: (float(x), float(y), float(x + w), float(y + h)),
    coordinate,
    coordinate,
    st.integers(1, 80),
    st.integers(1, 80),
)


@given(boxes, boxes)
def test_iou_and_cover_are_shares_and_symmetric_where_they_should_be(a, b):
    assert measure_iou(a, b) == pytest.approx(measure_iou(b, a))
    assert 0 <= measure_iou(a, b) <= min(measure_cover(a, b), measure_cover(b, a)) + 1e-9 <= 1 + 1e-9
    assert measure_iou(a, a) == 1
    assert (measure_gap(a, b) > 0) <= (measure_iou(a, b) == 0)


@given(st.lists(boxes, min_size=1, max_size=12))
def test_hull_covers_and_merging_leaves_nothing_that_touches(items):
    around = hull(items)
    assert all(measure_cover(item, around) == pytest.approx(1) for item in items)
    merged = merge_overlapping(items)
    assert all(any(measure_cover(item, box) == pytest.approx(1) for box in merged) for item in items)
    assert all(measure_gap(a, b) > 0 for i, a in enumerate(merged) for b in merged[:i])


@given(st.lists(boxes, max_size=12))
def test_clusters_are_a_partition(items):
    groups = cluster(items, lambda a, b: measure_gap(a, b) == 0)
    assert sorted(i for group in groups for i in group) == list(range(len(items)))


def test_boxes_apart_have_no_common_area():
    assert measure_area(intersect((0, 0, 10, 10), (20, 20, 30, 30))) == 0
    assert grow((10, 10, 20, 20), 2, 3) == (8, 7, 22, 23)
    assert holds_centre((0, 0, 10, 10), (8, 8, 11, 11))
    assert not holds_centre((0, 0, 10, 10), (9, 9, 13, 13))

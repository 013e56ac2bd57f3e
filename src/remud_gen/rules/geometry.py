"""Boxes (x0, y0, x1, y1), origin top-left: areas, overlaps, hulls and clusters."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from remud_gen.rules.near import Box as Box
from remud_gen.rules.near import BoxIndex

Item = TypeVar("Item")


def measure_area(box: Box) -> float:
    """Area; an inverted or empty box has none."""
    return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])


def intersect(a: Box, b: Box) -> Box:
    """The common part; inverted (area 0) where the boxes are apart."""
    return (max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3]))


def measure_overlap(a: Box, b: Box) -> float:
    """Area of the common part."""
    return measure_area(intersect(a, b)) if a[0] < b[2] and b[0] < a[2] else 0.0


def measure_iou(a: Box, b: Box) -> float:
    """Intersection over union, 0 to 1."""
    common = measure_overlap(a, b)
    return common / (measure_area(a) + measure_area(b) - common) if common else 0.0


def measure_cover(inner: Box, outer: Box) -> float:
    """Share of `inner` that lies in `outer`, 0 to 1; 0 for an inner box without area."""
    area = measure_area(inner)
    return measure_overlap(inner, outer) / area if area else 0.0


def hull(boxes: Iterable[Box]) -> Box:
    """Smallest box around at least one box."""
    x0s, y0s, x1s, y1s = zip(*boxes, strict=True)
    return (min(x0s), min(y0s), max(x1s), max(y1s))


def grow(box: Box, by_x: float, by_y: float | None = None) -> Box:
    """The box widened on every side."""
    dy = by_x if by_y is None else by_y
    return (box[0] - by_x, box[1] - dy, box[2] + by_x, box[3] + dy)


def holds_centre(outer: Box, inner: Box) -> bool:
    """Whether the middle of `inner` lies in `outer`."""
    x, y = (inner[0] + inner[2]) / 2, (inner[1] + inner[3]) / 2
    return outer[0] <= x <= outer[2] and outer[1] <= y <= outer[3]


def measure_gap(a: Box, b: Box) -> float:
    """Larger of the horizontal and vertical distance; 0 where the boxes touch or overlap."""
    return max(0.0, max(a[0], b[0]) - min(a[2], b[2]), max(a[1], b[1]) - min(a[3], b[3]))


def is_beside(a: Box, b: Box, share: float = 0.5) -> bool:
    """Whether two boxes share at least that part of the smaller height."""
    common = min(a[3], b[3]) - max(a[1], b[1])
    return common > share * min(a[3] - a[1], b[3] - b[1])


def is_above_or_below(a: Box, b: Box, share: float = 0.5) -> bool:
    """Whether two boxes share at least that part of the smaller width."""
    common = min(a[2], b[2]) - max(a[0], b[0])
    return common > share * min(a[2] - a[0], b[2] - b[0])


def cluster(
    items: Sequence[Item],
    belongs: Callable[[Item, Item], bool],
    boxes: Sequence[Box] | None = None,
    reach: float = 0.0,
) -> list[list[int]]:
    """Connected components of a symmetric relation over boxes or their indexes, as index lists in input order.

    Where `boxes` are given, one for each item, only items whose boxes stand within `reach` of each other can belong
    together, and no others are asked.
    """
    parent = list(range(len(items)))

    def find(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    index = BoxIndex()
    for i, a in enumerate(items):
        for j in range(i) if boxes is None else index.find(boxes[i], reach):
            if find(i) != find(j) and belongs(a, items[j]):
                parent[find(i)] = find(j)
        if boxes is not None:
            index.put(i, boxes[i])
    groups: dict[int, list[int]] = {}
    for i in range(len(items)):
        groups.setdefault(find(i), []).append(i)
    return sorted(groups.values())


def merge_overlapping(boxes: Iterable[Box], reach: float = 0.0) -> list[Box]:
    """Hulls of all boxes that touch within `reach`, repeated until none do."""
    merged: dict[int, Box] = {}  # by the first of the boxes in each hull
    index = BoxIndex()
    for number, box in enumerate(boxes):
        first, grown = number, box
        while near := [k for k in index.find(grown, reach) if measure_gap(merged[k], grown) <= reach]:
            grown = hull([grown, *(merged.pop(k) for k in near)])
            for k in near:
                index.remove(k)
            first = min(first, *near)
        merged[first] = grown
        index.put(first, grown)
    return [merged[first] for first in sorted(merged)]


def to_pixels(box: Box, frame: Box | None, size: tuple[int, int]) -> Box:
    """A box of a page in pixels of the picture that was cut from `frame`; without a frame it is in pixels already."""
    if frame is None or frame[2] <= frame[0] or frame[3] <= frame[1]:
        return box
    across, down = size[0] / (frame[2] - frame[0]), size[1] / (frame[3] - frame[1])
    x0, y0, x1, y1 = box
    return ((x0 - frame[0]) * across, (y0 - frame[1]) * down, (x1 - frame[0]) * across, (y1 - frame[1]) * down)

"""Boxes by where they stand: what touches a box is found without a look at every other box of the page."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

Box = tuple[float, float, float, float]

FARTHEST = 1e12  # coordinates beyond this, infinite ones among them, count as this far
HAIR = 1e-6  # added to every reach: sums and differences of the same coordinates are rounded differently

LEAST_CELL = 4  # exponent of two, in a page's unit: about the size of a letter

_Shape = tuple[int, int]
_Grid = dict[int, dict[int, set[int]]]  # rows of columns of numbers


class BoxIndex:
    """Numbered boxes in grids of cells, one grid per size of box, so that a box lies in four cells at most.

    Numbers of boxes near another come in ascending order. A box with a coordinate that is no number is near nothing.
    """

    def __init__(self, boxes: Iterable[Box] = ()) -> None:
        """`boxes` are numbered from 0 in their order."""
        self._boxes: dict[int, Box] = {}
        self._grids: dict[_Shape, _Grid] = {}
        for number, box in enumerate(boxes):
            self.put(number, box)

    def put(self, number: int, box: Box) -> None:
        """Add a box, or move the one of that number."""
        self.remove(number)
        set_straight = _set_straight(box)
        if set_straight is None:
            return
        self._boxes[number] = set_straight
        shape = _measure_shape(set_straight)
        grid = self._grids.setdefault(shape, {})
        for row in _span(set_straight[1], set_straight[3], shape[1]):
            columns = grid.setdefault(row, {})
            for column in _span(set_straight[0], set_straight[2], shape[0]):
                columns.setdefault(column, set()).add(number)

    def remove(self, number: int) -> None:
        """Take a box out; nothing happens where there is none of that number."""
        box = self._boxes.pop(number, None)
        if box is None:
            return
        shape = _measure_shape(box)
        grid = self._grids[shape]
        for row in _span(box[1], box[3], shape[1]):
            columns = grid[row]
            for column in _span(box[0], box[2], shape[0]):
                columns[column].remove(number)
                if not columns[column]:
                    del columns[column]
            if not columns:
                del grid[row]
        if not grid:
            del self._grids[shape]

    def find(self, box: Box, reach: float = 0.0) -> list[int]:
        """Numbers of the boxes that touch `box` or stand within `reach` of it, and a hair beyond: test them."""
        wanted = _set_straight(box)
        if wanted is None:
            return []
        more = reach + HAIR
        x0, y0, x1, y1 = wanted[0] - more, wanted[1] - more, wanted[2] + more, wanted[3] + more
        found = set()
        for number in self._list_candidates((x0, y0, x1, y1)):
            other = self._boxes[number]
            if other[0] <= x1 and other[2] >= x0 and other[1] <= y1 and other[3] >= y0:
                found.add(number)
        return sorted(found)

    def _list_candidates(self, box: Box) -> Iterator[int]:
        for shape, grid in self._grids.items():
            across, down = _span(box[0], box[2], shape[0]), _span(box[1], box[3], shape[1])
            for row in down if len(down) <= len(grid) else [row for row in grid if row in down]:
                columns = grid.get(row)
                if columns is None:
                    continue
                for column in across if len(across) <= len(columns) else [k for k in columns if k in across]:
                    yield from columns.get(column, ())


def _set_straight(box: Box) -> Box | None:
    x0, y0, x1, y1 = box
    if x0 != x0 or y0 != y0 or x1 != x1 or y1 != y1:
        return None
    if x0 > x1:
        x0, x1 = x1, x0
    if y0 > y1:
        y0, y1 = y1, y0
    if x0 < -FARTHEST or y0 < -FARTHEST or x1 > FARTHEST or y1 > FARTHEST:
        x0, y0, x1, y1 = (min(max(value, -FARTHEST), FARTHEST) for value in (x0, y0, x1, y1))
    return (x0, y0, x1, y1)


def _measure_shape(box: Box) -> _Shape:
    """Exponents of two of a cell that is as wide and as high as the box at least, in steps of four times the side."""
    wide, high = math.frexp(box[2] - box[0])[1], math.frexp(box[3] - box[1])[1]
    return (max(LEAST_CELL, wide + wide % 2), max(LEAST_CELL, high + high % 2))


def _span(first: float, last: float, exponent: int) -> range:
    side = 1 << exponent
    return range(math.floor(first / side), math.floor(last / side) + 1)

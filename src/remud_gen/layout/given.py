"""Boxes that somebody else found, handed to the page they belong to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from remud_gen.errors import ConfigError
from remud_gen.layout.upright import Matrix, WindowView, move_box
from remud_gen.protocols import PageView, PictureBox
from remud_gen.records import TextLine
from remud_gen.rules.geometry import measure_area, measure_cover

PARTS_SHARE = 0.5  # of a box that smaller ones cover, which then are its panels
NESTED = 0.85


class GivenDetector:
    """What a vision-language model saw on the page; the pipeline asks it before the page is read."""

    name: ClassVar[str] = "vlm"

    def __init__(self) -> None:
        self._given: Sequence[PictureBox] | None = None
        self._to_original: Matrix | None = None

    def give(self, boxes: Sequence[PictureBox], to_original: Matrix | None) -> None:
        """The boxes of the page that is detected next, on a view of it from which `to_original` leads back."""
        self._given, self._to_original = boxes, to_original

    def detect(self, page: PageView, lines: Sequence[TextLine]) -> list[PictureBox]:
        """Those that lie mostly on this page or half of a spread, in its own coordinates.

        Raises:
            ConfigError: when no boxes were given.
        """
        if self._given is None:
            raise ConfigError("layout `vlm` finds nothing by itself", "run `remud extract`, which asks the model")
        boxes = [(given, self._move(given, page)) for given in self._given]
        kept = _settle_nested([(given, box) for given, box in boxes if _is_here(box, page)])
        return [PictureBox(box, given.detector, given.score, flags=given.flags) for given, box in kept]

    def _move(self, given: PictureBox, page: PageView) -> tuple[float, float, float, float]:
        """From the view it was seen on to the stored page, and from there to the page as it is read now."""
        if page.to_original == self._to_original:
            return given.bbox
        seen, read = (np.eye(3) if m is None else np.array(m) for m in (self._to_original, page.to_original))
        return move_box(np.linalg.inv(read) @ seen, given.bbox)


def _is_here(box: tuple[float, float, float, float], page: PageView) -> bool:
    # A picture across the gutter belongs to the half that holds more of it, and is cut whole.
    least = 0.5 if isinstance(page, WindowView) else 0.0
    return measure_cover(box, (0.0, 0.0, page.width, page.height)) > least


def _settle_nested(
    boxes: Sequence[tuple[PictureBox, tuple[float, float, float, float]]],
) -> list[tuple[PictureBox, tuple[float, float, float, float]]]:
    """A figure named as a whole and by its panels is its panels; a picture within a picture is part of it."""
    wholes, insets = set[int](), set[int]()
    for i, (_, outer) in enumerate(boxes):
        inside = [k for k, (_, inner) in enumerate(boxes) if k != i and measure_cover(inner, outer) > NESTED]
        inside = [k for k in inside if measure_area(boxes[k][1]) < NESTED * measure_area(outer)]
        if sum(measure_area(boxes[k][1]) for k in inside) > PARTS_SHARE * measure_area(outer):
            wholes.add(i)
        else:
            insets.update(inside)
    return [entry for i, entry in enumerate(boxes) if i not in wholes and i not in insets]

"""A page set upright: quarter turns, a small skew taken out, and the window of one half of a two-page spread.

Every view here is a PageView over another one; the page below stays as it is stored. A turned or deskewed page has
coordinates of its own, and `to_original` leads back. A half of a spread keeps the coordinates of its whole page while
it is read through a `WindowView`, whose boxes are shifted back by `shift`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import cv2
import numpy as np

from remud_gen.protocols import PageView, PictureBox
from remud_gen.records import BBox, TextLine
from remud_gen.rules.geometry import Box, holds_centre, intersect, measure_cover

if TYPE_CHECKING:
    from PIL.Image import Image

Matrix = tuple[tuple[float, float, float], ...]
MARGIN = 2.0  # units rendered beyond a box, so that resampling at its rim sees what lies outside


class UprightView:
    """A page image turned by quarter turns and then by a small angle about its middle."""

    def __init__(self, base: PageView, quarters: int, degrees: float) -> None:
        """`quarters` clockwise quarter turns and `degrees` clockwise bring the stored page upright."""
        self._base = base
        self.kind: Literal["digital", "scan", "image"] = base.kind
        self.unit: Literal["pt", "px"] = base.unit
        self.number = base.number
        self.native_dpi = base.native_dpi
        turned = (base.height, base.width) if quarters % 2 else (base.width, base.height)
        self.width, self.height = turned
        self._down = _invert(_compose(quarters % 4, degrees, base.width, base.height))
        self._is_exact = abs(degrees) < 1e-9
        self._quarters = quarters % 4
        stored = np.array(base.to_original) if base.to_original is not None else np.eye(3)
        self.to_original: Matrix | None = _freeze(stored @ self._down)
        self.flags: tuple[str, ...] = tuple(
            dict.fromkeys(
                (*base.flags, *(("rotated",) if quarters % 4 else ()), *(() if self._is_exact else ("deskewed",)))
            )
        )
        self._paper: tuple[int, int, int] | None = None

    def text_lines(self) -> Sequence[TextLine]:
        """The base page's lines, each as the upright box around it."""
        return [line.model_copy(update={"bbox": self._lift(line.bbox)}) for line in self._base.text_lines()]

    def hidden_text_lines(self) -> Sequence[TextLine]:
        """The base page's invisible lines, each as the upright box around it."""
        return [line.model_copy(update={"bbox": self._lift(line.bbox)}) for line in self._base.hidden_text_lines()]

    def picture_boxes(self) -> Sequence[PictureBox]:
        """What the file declares, each as the upright box around it."""
        return [replace(box, bbox=self._lift(box.bbox)) for box in self._base.picture_boxes()]

    def measure_dpi(self, bbox: BBox) -> float:
        """Of the stored images below the box."""
        return self._base.measure_dpi(
            intersect(move_box(self._down, bbox), (0, 0, self._base.width, self._base.height))
        )

    def render(self, dpi: float, clip: BBox | None = None) -> Image:
        """RGB pixels; paper-coloured where the turned sheet does not reach."""
        from PIL import Image as PillowImage

        box = clip or (0.0, 0.0, self.width, self.height)
        page = (0.0, 0.0, self._base.width, self._base.height)
        below = move_box(self._down, box)
        if self._is_exact:
            image = self._base.render(dpi, intersect(below, page) if clip else None)
            return PillowImage.fromarray(np.ascontiguousarray(np.rot90(np.asarray(image), -self._quarters)))
        below = intersect((below[0] - MARGIN, below[1] - MARGIN, below[2] + MARGIN, below[3] + MARGIN), page)
        scale = dpi / 72
        size = (max(1, round((box[2] - box[0]) * scale)), max(1, round((box[3] - box[1]) * scale)))
        if below[2] - below[0] < 1 or below[3] - below[1] < 1:
            return PillowImage.new("RGB", size, self._find_paper())
        pixels = np.asarray(self._base.render(dpi, below).convert("RGB"))
        # Destination pixel -> upright units -> stored units -> pixel of what was rendered.
        to_units = np.array([[1 / scale, 0, box[0]], [0, 1 / scale, box[1]], [0, 0, 1]])
        step_x, step_y = pixels.shape[1] / (below[2] - below[0]), pixels.shape[0] / (below[3] - below[1])
        to_pixels = np.array([[step_x, 0, -below[0] * step_x], [0, step_y, -below[1] * step_y], [0, 0, 1]])
        half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])  # middles of pixels, not their corners
        matrix = np.linalg.inv(half) @ to_pixels @ self._down @ to_units @ half
        warped = cv2.warpAffine(
            pixels,
            matrix[:2],
            size,
            flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=self._find_paper(),
        )
        return PillowImage.fromarray(warped)

    def _find_paper(self) -> tuple[int, int, int]:
        if self._paper is None:
            small = np.asarray(self._base.render(72 * 200 / max(self._base.width, self._base.height)).convert("RGB"))
            red, green, blue = (int(v) for v in np.percentile(small.reshape(-1, 3), 85, axis=0))
            self._paper = (red, green, blue)
        return self._paper

    def _lift(self, box: Box) -> Box:
        return move_box(_invert(self._down), box)


class WindowView:
    """One half of a spread as a page of its own; what crosses the window's rim belongs to the half it lies in."""

    def __init__(self, base: PageView, window: Box) -> None:
        self._base = base
        self.window = window
        self.kind: Literal["digital", "scan", "image"] = base.kind
        self.unit: Literal["pt", "px"] = base.unit
        self.number = base.number
        self.native_dpi = base.native_dpi
        self.width, self.height = window[2] - window[0], window[3] - window[1]
        self.flags: tuple[str, ...] = (*base.flags, "spread")
        shift = np.array([[1.0, 0, window[0]], [0, 1.0, window[1]], [0, 0, 1.0]])
        stored = np.array(base.to_original) if base.to_original is not None else np.eye(3)
        self.to_original: Matrix | None = _freeze(stored @ shift)

    def shift(self, box: Box) -> Box:
        """A box of the half in the coordinates of the whole page."""
        return (box[0] + self.window[0], box[1] + self.window[1], box[2] + self.window[0], box[3] + self.window[1])

    def shift_line(self, line: TextLine) -> TextLine:
        """A line of the half in the coordinates of the whole page."""
        return line.model_copy(update={"bbox": tuple(round(v, 2) for v in self.shift(line.bbox))})

    def text_lines(self) -> Sequence[TextLine]:
        """The visible lines whose middle lies in the window."""
        return self._select(self._base.text_lines())

    def hidden_text_lines(self) -> Sequence[TextLine]:
        """The invisible lines whose middle lies in the window."""
        return self._select(self._base.hidden_text_lines())

    def picture_boxes(self) -> Sequence[PictureBox]:
        """Declared pictures that lie mostly in the window."""
        inside = [box for box in self._base.picture_boxes() if measure_cover(box.bbox, self.window) > 0.5]
        return [replace(box, bbox=self._unshift(box.bbox)) for box in inside]

    def measure_dpi(self, bbox: BBox) -> float:
        """Of the stored images below the box."""
        return self._base.measure_dpi(self.shift(bbox))

    def render(self, dpi: float, clip: BBox | None = None) -> Image:
        """RGB pixels of the half or of a box of it."""
        return self._base.render(dpi, self.shift(clip or (0.0, 0.0, self.width, self.height)))

    def _select(self, lines: Sequence[TextLine]) -> list[TextLine]:
        inside = [line for line in lines if holds_centre(self.window, line.bbox)]
        return [line.model_copy(update={"bbox": self._unshift(line.bbox)}) for line in inside]

    def _unshift(self, box: Box) -> Box:
        x, y = self.window[0], self.window[1]
        return (box[0] - x, box[1] - y, box[2] - x, box[3] - y)


def move_box(matrix: Any, box: Box) -> Box:
    """The upright box around a box after a 3x3 matrix."""
    corners = np.array([[box[0], box[1], 1], [box[2], box[1], 1], [box[0], box[3], 1], [box[2], box[3], 1]]).T
    xs, ys, _ = np.asarray(matrix) @ corners
    return (float(xs.min()), float(ys.min()), float(xs.max()), float(ys.max()))


def _compose(quarters: int, degrees: float, width: float, height: float) -> Any:
    """Stored -> upright: clockwise quarter turns that keep the page in the positive corner, then the small angle."""
    turn = np.eye(3)
    for _ in range(quarters):
        turn = np.array([[0, -1, height], [1, 0, 0], [0, 0, 1.0]]) @ turn
        width, height = height, width
    angle = np.deg2rad(degrees)
    cos, sin = np.cos(angle), np.sin(angle)
    x, y = width / 2, height / 2
    small = np.array([[cos, -sin, x - cos * x + sin * y], [sin, cos, y - sin * x - cos * y], [0, 0, 1.0]])
    return small @ turn


def _invert(matrix: Any) -> Any:
    return np.linalg.inv(matrix)


def _freeze(matrix: Any) -> Matrix:
    return tuple((float(row[0]), float(row[1]), float(row[2])) for row in matrix)

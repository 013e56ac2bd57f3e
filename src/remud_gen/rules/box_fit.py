"""How well a box fits the ink of a page: a picture ends where paper, or something else, begins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from remud_gen.rules.geometry import Box

if TYPE_CHECKING:
    from PIL.Image import Image

INK_DEPTH = 45  # grey levels below the paper
PAPER_PERCENTILE = 90
REACH_SHARE = 0.014  # of the longer side: how far off an edge may be drawn
CLEAR = 0.012  # share of ink along a line that still counts as paper
LEAST_INK = 0.03  # more ink just inside an edge than just outside
BLANK_ROW = 0.002
TEXT_BLANK_SHARE = 0.30  # of a block of print, rows without ink
LEAST_COVER = 0.002  # of a box, below which it holds nothing


class PageInk:
    """Where a page picture is not paper."""

    def __init__(self, image: Image) -> None:
        grey = np.asarray(image.convert("L"), dtype=np.int16)
        self._ink = grey < np.percentile(grey, PAPER_PERCENTILE) - INK_DEPTH
        self._reach = max(3, round(REACH_SHARE * max(grey.shape)))

    def measure_cover(self, box: Box) -> float:
        """Share of the box that is ink, 0 to 1."""
        inside = self._cut(box)
        return float(inside.mean()) if inside.size else 0.0

    def is_blank(self, box: Box) -> bool:
        """Whether there is nothing in the box."""
        return self.measure_cover(box) < LEAST_COVER

    def measure_fit(self, box: Box) -> float:
        """0 to 1: how many sides lie where ink ends, less where the inside looks like lines of print."""
        inside = self._cut(box)
        if min(inside.shape) < 4 or inside.mean() < LEAST_COVER:
            return 0.0
        x0, y0, x1, y1 = (round(v) for v in box)
        rows, columns = self._trim(y0, y1), self._trim(x0, x1)
        across, down = self._ink[rows].mean(axis=0), self._ink[:, columns].mean(axis=1)
        ends = [self._ends_at(across, x0), self._ends_at(across[::-1], len(across) - x1)]
        ends += [self._ends_at(down, y0), self._ends_at(down[::-1], len(down) - y1)]
        blank_rows = float((inside.mean(axis=1) < BLANK_ROW).mean())
        picture = 1.0 - min(1.0, blank_rows / TEXT_BLANK_SHARE)
        return round(sum(ends) / 4 * (0.5 + 0.5 * picture), 3)

    def _ends_at(self, cover: Any, edge: int) -> bool:
        """Whether ink begins near an edge, seen along the profile from outside: paper first, or a step in the ink."""
        reach = self._reach
        around = cover[max(0, edge - reach) : max(0, edge + reach) + 1]
        inner = cover[max(0, edge - reach) : max(0, edge) + 2 * reach + 1]
        if not len(around) or not len(inner):
            return False
        least = 0.0 if edge <= reach else float(around.min())  # beyond the sheet there is no ink
        if least <= CLEAR:
            return float(inner.max()) >= LEAST_INK
        steps = around[2:] - around[:-2]
        return bool(len(steps)) and float(steps.max()) > 0.35

    def _trim(self, low: int, high: int) -> slice:
        by = max(0, round(0.04 * (high - low)))
        return slice(max(0, low + by), max(0, high - by))

    def _cut(self, box: Box) -> Any:
        x0, y0, x1, y1 = (max(0, round(v)) for v in box)
        return self._ink[y0:y1, x0:x1]

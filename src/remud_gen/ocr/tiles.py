"""Horizontal strips of a page image that overlap, cut apart where there is least ink."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import cv2
import numpy as np

TILE_PIXELS = 550_000  # finding lines takes some 250 bytes for each
OVERLAP_SHARE = 0.06  # of the height
MARGIN_PX = 40  # of overlap beyond the seam: a line whose middle lies before it is whole in its tile
STEP_PX = 32  # the network's input is a multiple; the same shape again is faster, as memory is planned once


def cut_tiles(pixels: Any) -> list[tuple[int, int, float, float]]:
    """(top, bottom, first, last) of each strip: the rows it shows, and the rows whose lines are its own."""
    height, width = pixels.shape[:2]
    count = min(-(-height * width // TILE_PIXELS), height // (8 * MARGIN_PX))
    if count < 2:
        return [(0, height, -1.0, float(height + 1))]
    tall = min(height, -(-int(height / count + OVERLAP_SHARE * height) // STEP_PX) * STEP_PX)
    tops = [round(k * (height - tall) / (count - 1)) for k in range(count)]
    seams = [
        float(_find_seam(pixels, after + MARGIN_PX, before + tall - MARGIN_PX)) for before, after in pairwise(tops)
    ]
    firsts, lasts = [-1.0, *seams], [*seams, float(height + 1)]
    return [(top, top + tall, first, last) for top, first, last in zip(tops, firsts, lasts, strict=True)]


def _find_seam(pixels: Any, low: int, high: int) -> int:
    """The row between two others that crosses the fewest strokes; near the middle among equals."""
    if high <= low:
        return (low + high) // 2
    strip = cv2.cvtColor(np.ascontiguousarray(pixels[low:high]), cv2.COLOR_BGR2GRAY)
    changes = np.abs(np.diff(strip.astype(np.int16), axis=1)) > 24
    cost = cv2.blur(changes.sum(axis=1).astype(np.float32).reshape(-1, 1), (1, 9)).ravel()
    cost += np.abs(np.arange(len(cost)) - len(cost) / 2) / len(cost)
    return low + int(cost.argmin())

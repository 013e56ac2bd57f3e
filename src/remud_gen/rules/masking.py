"""Painting over parts of a picture, and telling whether a part was painted over."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image as PillowImage

from remud_gen.records import BBox

if TYPE_CHECKING:
    from PIL.Image import Image

BLOCK_PX = 8  # JPEG codes squares of this side: one that is of one tone stays so
MARGIN = 0.25  # of a line's height: OCR boxes cut off what hangs over
LEAST_MARGIN_PX = 2.0
RING_PX = 3
EDGE = 8  # a step between neighbouring grey values that the eye sees
MOST_EDGES = 0.02  # share of pixels; letters have them at a tenth and more
Pixels = tuple[int, int, int, int]


def paint_over(image: Image, boxes: Iterable[BBox]) -> Image:
    """A copy in which every box, with a margin and out to whole JPEG squares, has the tone of what is around it."""
    pixels = np.array(image if image.mode in ("RGB", "L") else image.convert("RGB"))
    places = [_widen(box, image.size) for box in boxes]
    for place in places:
        x0, y0, x1, y1 = place
        if x1 > x0 and y1 > y0:
            pixels[y0:y1, x0:x1] = _read_tone(pixels, place)
    return PillowImage.fromarray(pixels)


def is_painted(image: Image, box: BBox) -> bool:
    """Whether a box of a picture has next to no edges, and so holds no letter; outside the picture there are none."""
    x0, y0, x1, y1 = (round(value) for value in box)
    x0, y0, x1, y1 = max(0, x0), max(0, y0), min(image.width, x1), min(image.height, y1)
    if x1 - x0 < 2 or y1 - y0 < 2:
        return True
    part = np.asarray(image.convert("L").crop((x0, y0, x1, y1)), dtype=np.int16)
    edges = (np.abs(np.diff(part, axis=0))[:, 1:] > EDGE) | (np.abs(np.diff(part, axis=1))[1:] > EDGE)
    # Not none: boxes may overlap, each painted in a tone of its own.
    return float(edges.mean()) <= MOST_EDGES


def _widen(box: BBox, size: tuple[int, int]) -> Pixels:
    margin = max(LEAST_MARGIN_PX, MARGIN * (box[3] - box[1]))
    x0, y0 = (max(0, int(value - margin)) // BLOCK_PX * BLOCK_PX for value in box[:2])
    x1, y1 = (-(-int(value + margin + 1) // BLOCK_PX) * BLOCK_PX for value in box[2:])
    return x0, y0, min(size[0], x1), min(size[1], y1)


def _read_tone(pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], place: Pixels) -> object:
    """The median of the rim around a place, so that a mask on black is black and one on paper is paper."""
    x0, y0, x1, y1 = place
    top, left = max(0, y0 - RING_PX), max(0, x0 - RING_PX)
    rim = [
        pixels[top:y0, left : x1 + RING_PX],
        pixels[y1 : y1 + RING_PX, left : x1 + RING_PX],
        pixels[y0:y1, left:x0],
        pixels[y0:y1, x1 : x1 + RING_PX],
    ]
    channels = pixels.shape[2:] or (1,)
    values = np.concatenate([part.reshape(-1, *channels) for part in rim])
    tone = np.median(values, axis=0) if len(values) else np.zeros(channels)
    return np.rint(tone).astype(np.uint8) if pixels.ndim == 3 else np.uint8(np.rint(tone)[0])

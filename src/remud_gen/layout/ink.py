"""Ink on a page image that is not text: connected parts with what tells a picture from a table or a stain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from PIL import Image as PillowImage

from remud_gen.protocols import PageView
from remud_gen.records import TextLine
from remud_gen.rules.geometry import Box

if TYPE_CHECKING:
    from PIL.Image import Image

WORK_LONG_SIDE_PX = 1200
LINK_SHARE = 0.0035  # of the page height: parts nearer than this are one
RULE_LENGTH_SHARE = 0.04
MIN_PART_SHARE = 2e-5
SPECK_SHARE = 4e-6
PAPER_TONE = 160
SLIVER_PX = 8  # a page so narrow has no paper to measure
DITHER_SHARE = 0.1  # of the page that differs from its neighbours; dense print reaches 0.07
DESCREEN_PX = 1.8
PAPER_ROUNDS = 8
PAPER_BAND = 35  # grey levels about the surface that count as paper
PAPER_SHARE = 0.15
READING_PX = 0.9  # of blur that joins dots and keeps letters
FLAT_TONES = (105, 245)  # darker may be the empty part of a washed-out frame


@dataclass(frozen=True, slots=True)
class InkPart:
    """A connected part in the page's unit. Shares are of its box."""

    bbox: Box
    fill: float  # covered by ink, holes between linked strokes included
    ink: float  # covered by ink proper
    rule: float  # part of its ink that lies in long straight lines
    flat: float  # of one and the same tone that is not black: a banner or a tinted box
    touches_edge: bool


@dataclass(frozen=True, slots=True)
class PageInk:
    """A page at working size: grey levels stretched to black 0 and paper 255."""

    grey: Any
    parts: tuple[InkPart, ...]
    light: float  # share of the page as bright as paper


def read_ink(page: PageView, lines: Sequence[TextLine]) -> PageInk:
    """Render at working size, stretch the grey levels to the page's own black and paper, and part the ink."""
    scale = WORK_LONG_SIDE_PX / max(page.width, page.height)
    image = page.render(72 * scale)
    stored = _descreen_grey(cv2.cvtColor(np.asarray(image), cv2.COLOR_RGB2GRAY))
    grey = _stretch(stored)
    scale_x, scale_y = grey.shape[1] / page.width, grey.shape[0] / page.height
    ink = (grey < 200).astype(np.uint8)
    _erase_text(ink, grey, lines, scale_x, scale_y)
    long = max(9, int(RULE_LENGTH_SHARE * max(grey.shape)))
    rules = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((1, long), np.uint8))
    rules |= cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((long, 1), np.uint8))
    thick = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((7, 7), np.uint8))
    rules &= 1 - cv2.dilate(thick, np.ones((5, 5), np.uint8))
    link = max(3, int(LINK_SHARE * grey.shape[0])) | 1
    linked = cv2.morphologyEx(ink, cv2.MORPH_CLOSE, np.ones((link, link), np.uint8))
    parts = _measure_parts(linked, ink, rules, stored, (scale_x, scale_y))
    return PageInk(grey, tuple(parts), float((stored > PAPER_TONE).mean()))


def descreen(image: Image) -> Image:
    """A page image for reading: the dots of a dithered one smoothed, any other as it is."""
    grey = cv2.cvtColor(np.asarray(image.convert("RGB")), cv2.COLOR_RGB2GRAY)
    if not _is_dithered(grey):
        return image
    return PillowImage.fromarray(cv2.GaussianBlur(grey, (0, 0), READING_PX)).convert("RGB")


def _is_dithered(grey: Any) -> bool:
    dots = np.abs(grey.astype(np.int16) - cv2.medianBlur(grey, 3)) > 50
    return bool(dots.mean() > DITHER_SHARE)


def _descreen_grey(grey: Any) -> Any:
    """Dots of a dithered page run together to the grey they stand for; any other page is left sharp."""
    return cv2.GaussianBlur(grey, (0, 0), DESCREEN_PX) if _is_dithered(grey) else grey


def _stretch(grey: Any) -> Any:
    """Shading of the paper evened out, black point and paper set to 0 and 255."""
    if min(grey.shape) < SLIVER_PX:
        return grey  # an eighth of it would be nothing
    small = cv2.resize(grey, None, fx=0.125, fy=0.125, interpolation=cv2.INTER_AREA)
    paper = float(np.percentile(small, 92))
    # Shading is slow: what is far darker than the paper around it is picture and takes the paper's own level.
    level = _fit_paper(small, paper)
    shade = np.where(small > level - 70, small, level).astype(np.uint8)
    shade = cv2.blur(cv2.dilate(shade, np.ones((5, 5), np.uint8)), (15, 15))
    level = cv2.resize(shade, (grey.shape[1], grey.shape[0]), interpolation=cv2.INTER_LINEAR).astype(np.float32)
    black = min(float(np.percentile(grey, 1)), paper - 40)
    stretched = (grey.astype(np.float32) - black) * (255.0 / np.maximum(level - black, 20))
    return np.clip(stretched, 0, 255).astype(np.uint8)


def _fit_paper(small: Any, paper: float) -> Any:
    """A smooth surface through the paper's grey levels, from where it is brightest into the shade."""
    height, width = small.shape
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    terms = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=-1)
    bright = cv2.dilate(small, np.ones((5, 5), np.uint8)).astype(np.float64)  # letters closed
    level = np.full(small.shape, paper)
    for _ in range(PAPER_ROUNDS):
        is_paper = np.abs(bright - level) < PAPER_BAND
        if is_paper.mean() < PAPER_SHARE:
            return np.full(small.shape, paper)
        weights, *_ = np.linalg.lstsq(terms[is_paper], bright[is_paper], rcond=None)
        level = terms @ weights
    return np.clip(level, paper - 150, 255)


def _erase_text(ink: Any, grey: Any, lines: Sequence[TextLine], scale_x: float, scale_y: float) -> None:
    """Blank the words printed on paper; words on a picture stay, or they would cut it up."""
    height, width = ink.shape
    for line in lines:
        x0, y0 = max(0, int(line.bbox[0] * scale_x) - 2), max(0, int(line.bbox[1] * scale_y) - 2)
        x1, y1 = min(width, int(line.bbox[2] * scale_x) + 3), min(height, int(line.bbox[3] * scale_y) + 3)
        if x1 - x0 < 3 or y1 - y0 < 3:
            continue
        rim = np.concatenate([grey[y0, x0:x1], grey[y1 - 1, x0:x1], grey[y0:y1, x0], grey[y0:y1, x1 - 1]])
        if np.median(rim) > 215:
            ink[y0:y1, x0:x1] = 0


def _measure_parts(linked: Any, ink: Any, rules: Any, stored: Any, scales: tuple[float, float]) -> list[InkPart]:
    count, labels, stats, _ = cv2.connectedComponentsWithStats(linked, connectivity=8)
    total = linked.size
    parts = []
    for k in range(1, count):
        x, y, w, h, area = (int(v) for v in stats[k])
        if w * h < MIN_PART_SHARE * total and area < SPECK_SHARE * total:
            continue
        inside = labels[y : y + h, x : x + w] == k
        own = ink[y : y + h, x : x + w].astype(bool) & inside
        strokes = max(1, int(own.sum()))
        parts.append(
            InkPart(
                bbox=(x / scales[0], y / scales[1], (x + w) / scales[0], (y + h) / scales[1]),
                fill=area / (w * h),
                ink=strokes / (w * h),
                rule=float((rules[y : y + h, x : x + w].astype(bool) & own).sum()) / strokes,
                flat=_measure_flatness(stored[y : y + h, x : x + w]),
                touches_edge=x <= 2 or y <= 2 or x + w >= linked.shape[1] - 2 or y + h >= linked.shape[0] - 2,
            )
        )
    return parts


def _measure_flatness(grey: Any) -> float:
    tone = float(np.median(grey))
    return float((np.abs(grey.astype(np.int16) - tone) < 12).mean()) if FLAT_TONES[0] < tone < FLAT_TONES[1] else 0.0

"""How a page image is turned, told from its pixels alone: the axis its text lines run along, and their small slant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

if TYPE_CHECKING:
    from PIL.Image import Image

SLIVER_PX = 8  # a page so narrow has no paper to measure
LOOK_SIDE_PX = 1000
MAX_SKEW = 6.0  # degrees
COARSE_STEP, FINE_STEP = 0.5, 0.1
MAX_POINTS = 30_000
LEAST_POINTS = 900
LEAST_GAIN = 1.12  # of the best slant's contrast over the usual one
SIDEWAYS_GAIN = 1.15
LETTER_SHARE = (0.003, 0.032)  # height of a letter, as a share of the page's longer side
EDGE_LENGTH_SHARE = 0.12
LEAST_EDGES = 3


@dataclass(frozen=True, slots=True)
class Slant:
    """`degrees` is how far the lines fall clockwise; `is_sideways` that they run down the page instead of across.

    `is_text` tells whether letters say so, or only the edges of pictures and rules.
    """

    degrees: float
    is_sideways: bool
    is_text: bool


def to_grey(image: Image) -> Any:
    """Grey levels of a small page image, its paper evened out to white."""
    grey = cv2.cvtColor(np.asarray(image.convert("RGB")), cv2.COLOR_RGB2GRAY)
    if min(grey.shape) < SLIVER_PX:
        return grey
    paper = cv2.morphologyEx(cv2.resize(grey, None, fx=0.25, fy=0.25), cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8))
    paper = cv2.resize(cv2.blur(paper, (15, 15)), (grey.shape[1], grey.shape[0]))
    return np.clip(grey.astype(np.float32) * (255.0 / np.maximum(paper, 40)), 0, 255).astype(np.uint8)


def mark_letters(grey: Any) -> Any:
    """Mask of ink the size of letters: pictures, rules and borders left out."""
    threshold, _ = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    ink = (grey < min(threshold + 20, 215)).astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    low, high = (share * max(grey.shape) for share in LETTER_SHARE)
    longest, shortest = stats[:, 2:4].max(axis=1), stats[:, 2:4].min(axis=1)
    # Touching letters make a word: long one way, never tall both ways.
    is_letter = (longest >= low) & (longest <= 5 * high) & (shortest <= high) & (stats[:, 4] >= 4)
    is_letter &= ~((longest > 1.5 * high) & (shortest < 0.2 * low + 1))
    is_letter[0] = False
    return is_letter[labels]


def measure_slant(grey: Any, letters: Any) -> Slant | None:
    """The slant that lines of letters agree on, else the edges of pictures; None where neither says anything."""
    ys, xs = np.nonzero(letters)
    if len(xs) >= LEAST_POINTS:
        keep = np.random.default_rng(0).permutation(len(xs))[:MAX_POINTS]
        x, y = xs[keep].astype(np.float32), ys[keep].astype(np.float32)
        across, across_gain, across_contrast = _fit(x, y)
        down, down_gain, down_contrast = _fit(-y, x)
        is_sideways = down_contrast > SIDEWAYS_GAIN * across_contrast and down_gain > LEAST_GAIN
        if max(across_gain, down_gain) > LEAST_GAIN:
            return Slant(down if is_sideways else across, is_sideways, is_text=True)
    degrees = _measure_edges(grey)
    return None if degrees is None else Slant(degrees, is_sideways=False, is_text=False)


def _fit(x: Any, y: Any) -> tuple[float, float, float]:
    """(slant, contrast over the usual contrast, contrast) of lines along x."""
    coarse = np.arange(-MAX_SKEW, MAX_SKEW + 1e-6, COARSE_STEP)
    scores = np.array([_measure_contrast(x, y, angle) for angle in coarse])
    middle = coarse[int(scores.argmax())]
    fine = np.arange(middle - COARSE_STEP, middle + COARSE_STEP + 1e-6, FINE_STEP)
    fine_scores = np.array([_measure_contrast(x, y, angle) for angle in fine])
    best = int(fine_scores.argmax())
    angle = float(fine[best])
    if 0 < best < len(fine) - 1:
        a, b, c = fine_scores[best - 1 : best + 2]
        angle += FINE_STEP * 0.5 * float(a - c) / float(a - 2 * b + c or 1.0)
    usual = float(np.median(scores)) or 1.0
    return angle, float(fine_scores.max()) / usual, float(fine_scores.max())


def _measure_contrast(x: Any, y: Any, degrees: float) -> float:
    """How unevenly points fall on the lines of a slant: high where lines of text and white between them line up."""
    angle = np.deg2rad(degrees)
    place = y * np.cos(angle) - x * np.sin(angle)
    counts = np.bincount((place - place.min()).astype(np.int32)).astype(np.float64)
    return float((np.diff(counts) ** 2).sum() / (counts.sum() or 1.0))


def _measure_edges(grey: Any) -> float | None:
    """Median slant of long straight edges, weighted by their length."""
    least = int(EDGE_LENGTH_SHARE * max(grey.shape))
    lines = cv2.HoughLinesP(cv2.Canny(grey, 60, 160), 1, np.pi / 1800, 120, minLineLength=least, maxLineGap=4)
    if lines is None:
        return None
    x0, y0, x1, y1 = (column.astype(np.float64) for column in lines.reshape(-1, 4).T)
    angles = (np.degrees(np.arctan2(y1 - y0, x1 - x0)) + 45) % 90 - 45
    lengths = np.hypot(x1 - x0, y1 - y0)
    near = np.abs(angles) <= MAX_SKEW
    if near.sum() < LEAST_EDGES or lengths[near].sum() < 0.7 * lengths.sum():
        return None
    order = np.argsort(angles[near])
    total = np.cumsum(lengths[near][order])
    return float(angles[near][order][int(np.searchsorted(total, total[-1] / 2))])

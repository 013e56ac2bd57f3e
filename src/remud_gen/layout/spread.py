"""Whether a landscape page image is two printed pages side by side, told by its gutter and what stands beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

ASPECTS = (1.12, 1.75)  # width by height of two portrait pages
REACH = (0.42, 0.58)  # where the gutter may lie, as a share of the width
INK_SHARE = 0.004  # of a column's height that dust may cover
LEAST_GUTTER = 0.02  # of the width
SURE_RATIO = 0.62  # gutter by both outer margins: inner margins are about as wide as outer ones
MAYBE_RATIO = 0.36
LEAST_LINES = 8  # of print in both halves together
LEAST_WIDTH_SHARE = 0.32  # of a half's print that its longer lines reach
MAX_LINE_SHARE = 0.035  # of the page height: larger letters are a slide's
SHADOW_COVER = 0.6
FOLD_SHARE = 0.75  # of the page height that the shadow of a fold must run


@dataclass(frozen=True, slots=True)
class Gutter:
    """Where a spread divides, as a share of the page's width, and by what it was told."""

    place: float
    has_fold: bool


def find_gutter(grey: Any, letters: Any, evened: Any) -> Gutter | None:
    """The gutter of a spread, or None for any other page.

    `grey` are stored levels, `evened` the same with paper at 255, `letters` the mask of letter-sized ink.
    """
    height, width = grey.shape
    if not ASPECTS[0] <= width / height <= ASPECTS[1]:
        return None
    ink = _mark_ink(evened)
    fold = _find_fold(grey)
    rows = slice(int(0.03 * height), int(0.97 * height))
    cover = ink[rows].mean(axis=0)
    if fold is not None:  # the shadow itself is no print: print never covers most of a column
        near = slice(max(0, fold - int(0.03 * width)), fold + int(0.03 * width) + 1)
        cover[near][cover[near] > SHADOW_COVER] = 0
    band = _find_band(cover, width)
    if band is None:
        return None
    place = fold if fold is not None and band[0] <= fold <= band[1] else (band[0] + band[1]) // 2
    if not _is_print(letters[:, :place]) or not _is_print(letters[:, place:]):
        return None
    lines = _measure_lines(letters[:, :place]) + _measure_lines(letters[:, place:])
    if len(lines) < LEAST_LINES or np.median(lines) > MAX_LINE_SHARE * height:
        return None
    used = np.nonzero(cover > INK_SHARE / 4)[0]  # a rule below a running head counts, too
    outer = float(used.min() + width - 1 - used.max())
    ratio = (band[1] - band[0]) / max(outer, 0.02 * width)
    has_fold = fold is not None and band[0] <= fold <= band[1]
    has_folios = _has_folios(letters, place)
    if has_fold or ratio > SURE_RATIO or (ratio > MAYBE_RATIO and has_folios):
        return Gutter(place / width, has_fold)
    return None


def _mark_ink(evened: Any) -> Any:
    ink = (evened < 190).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    keep = stats[:, 4] >= 4  # dust and dither are smaller
    keep[0] = False
    # Scanner borders touch two sides of the sheet and are thin: they are no print.
    height, width = evened.shape
    for k in range(1, count):
        x, y, w, h = (int(v) for v in stats[k, :4])
        touches = x <= 1 or y <= 1 or x + w >= width - 1 or y + h >= height - 1
        if touches and (min(w, h) < 0.06 * max(height, width) or stats[k, 4] < 0.3 * w * h):
            keep[k] = False
    return keep[labels]


def _find_band(cover: Any, width: int) -> tuple[int, int] | None:
    """Ends of the widest empty run of columns that touches the middle reach."""
    low, high = int(REACH[0] * width), int(REACH[1] * width)
    empty = cover <= INK_SHARE
    best: tuple[int, int] | None = None
    start = None
    for column in range(width + 1):
        is_empty = column < width and bool(empty[column])
        if is_empty and start is None:
            start = column
        elif not is_empty and start is not None:
            if low <= (start + column) / 2 <= high and (best is None or column - start > best[1] - best[0]):
                best = (start, column)
            start = None
    return best if best is not None and best[1] - best[0] >= LEAST_GUTTER * width else None


def _find_fold(grey: Any) -> int | None:
    """Column of a shadow or a line that runs down almost the whole sheet near its middle."""
    width = grey.shape[1]
    low, high = int(REACH[0] * width), int(REACH[1] * width)
    smooth = cv2.blur(grey, (3, 9)).astype(np.float32)
    around = np.maximum(np.roll(smooth, int(0.035 * width), axis=1), np.roll(smooth, -int(0.035 * width), axis=1))
    is_dark = (around - smooth > 18)[:, low:high]
    share = is_dark.mean(axis=0)
    column = int(share.argmax())
    if share[column] < FOLD_SHARE:
        return None
    # The fold is a narrow valley: a picture's own edge is dark on one side only.
    left = smooth[:, max(0, low + column - int(0.05 * width))].mean()
    right = smooth[:, min(width - 1, low + column + int(0.05 * width))].mean()
    here = smooth[:, low + column].mean()
    return low + column if min(left, right) - here > 12 else None


def _is_print(letters: Any) -> bool:
    """Whether a half holds more than a word or two."""
    return float(letters.mean()) > 0.0015


def _measure_lines(letters: Any) -> list[float]:
    """Heights of text lines that reach over a good part of the half's print."""
    height, width = letters.shape
    closed = cv2.morphologyEx(letters.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((1, max(3, width // 22)), np.uint8))
    closed = cv2.morphologyEx(closed, cv2.MORPH_OPEN, np.ones((2, 5), np.uint8))
    _, _, stats, _ = cv2.connectedComponentsWithStats(closed, connectivity=8)
    columns = np.nonzero(letters.any(axis=0))[0]
    span = float(columns.max() - columns.min() + 1) if len(columns) else float(width)
    wide = [float(h) for _, _, w, h, _ in stats[1:] if w > LEAST_WIDTH_SHARE * span and w > 4 * h and h < 0.05 * height]
    return wide


def _has_folios(letters: Any, place: int) -> bool:
    """Whether something short, as a page number is, stands alone at the head or the foot of both halves."""
    return _has_folio(letters[:, :place]) and _has_folio(letters[:, place:])


def _has_folio(letters: Any) -> bool:
    height, width = letters.shape
    for strip in (letters[: int(0.1 * height)], letters[int(0.9 * height) :]):
        columns = np.nonzero(strip.any(axis=0))[0]
        if len(columns) and 3 <= columns.max() - columns.min() + 1 < 0.12 * width:
            return True
    return False

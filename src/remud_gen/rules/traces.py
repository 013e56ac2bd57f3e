"""Strips whose sideways axis is time: spectral Doppler (waves over a baseline) and M-mode (streaks)."""

from __future__ import annotations

import numpy as np

from remud_gen.rules.pixels import Grid

LOWER_PART = 0.45  # where the strip under a picture begins
STREAKS_FROM = 0.4
AHEAD_PX, REACH_PX = 20, 5  # how far apart columns are compared, and how far one is moved


def score_spectral(grey: Grid) -> float:
    """How much the lower part, or the whole, looks like waves that stand on a straight line and come again."""
    return max(_score_waves(part) for part in _list_parts(grey))


def score_streaks(grey: Grid) -> float:
    """How much the lower part runs on sideways: columns far apart are alike once one is moved up or down a little.

    Speckle is not: between neighbours of a B-mode picture the likeness stays below 0.45, over time it is 0.8 and more.
    """
    strip = _find_strip(grey[int(STREAKS_FROM * grey.shape[0]) :], grey.shape[0])
    if strip is None or strip.shape[1] < 3 * AHEAD_PX:
        return 0.0
    fine = _smooth_down(strip, 1) - _smooth_down(strip, 8)
    first, second = fine[:, :-AHEAD_PX:3], fine[:, AHEAD_PX::3]
    best = np.zeros(min(first.shape[1], second.shape[1]), dtype=np.float32)
    height = fine.shape[0]
    for shift in range(-REACH_PX, REACH_PX + 1):
        a = first[max(0, shift) : height + min(0, shift), : best.size]
        b = second[max(0, -shift) : height + min(0, -shift), : best.size]
        norm = np.sqrt((a * a).sum(axis=0) * (b * b).sum(axis=0)) + np.float32(1e-3 * height)
        best = np.maximum(best, (a * b).sum(axis=0) / norm)
    return max(0.0, min(1.0, (float(np.median(best)) - 0.5) / 0.35))


def _find_strip(grey: Grid, whole_height: int) -> Grid | None:
    """The tallest run of rows that are lit across, without its edges: they are alike in any picture."""
    lit = (_smooth_down(grey, 1) > 35).mean(axis=1) > 0.55
    edges = np.flatnonzero(np.diff(np.concatenate([[0], lit.astype(np.int8), [0]])))
    spans: list[tuple[int, int]] = []
    for start, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        # Blood and fluid are black layers inside a strip.
        if spans and start - spans[-1][1] <= 0.15 * whole_height:
            start = spans.pop()[0]
        spans.append((start, end))
    start, end = max(spans, key=lambda span: span[1] - span[0], default=(0, 0))
    return grey[start + 4 : end - 4] if end - start - 8 >= max(24, 0.1 * whole_height) else None


def _smooth_down(grey: Grid, reach: int) -> Grid:
    padded = np.pad(grey, ((reach, reach), (0, 0)), mode="edge")
    total = padded[: grey.shape[0]].copy()
    for step in range(1, 2 * reach + 1):
        total += padded[step : step + grey.shape[0]]
    return np.asarray(total / np.float32(2 * reach + 1))


def _list_parts(grey: Grid) -> list[Grid]:
    coarse = grey[::2, ::2]
    return [coarse[int(LOWER_PART * coarse.shape[0]) :], coarse]


def _score_waves(grey: Grid) -> float:
    height, width = grey.shape
    if height < 24 or width < 60:
        return 0.0
    bright = grey > float(np.percentile(grey, 15)) + 40
    if not 0.05 < bright.mean() < 0.6:
        return 0.0
    return max(_stand_on_line(bright), _stand_on_line(bright[::-1]))


def _stand_on_line(bright: np.ndarray) -> float:
    """Best over all rows: how many columns rise from the row, dark below it, with heights that repeat."""
    height, width = bright.shape
    run = np.zeros(width, dtype=np.float32)
    runs = np.empty((height, width), dtype=np.float32)
    for row in range(height):
        run = np.where(bright[row], run + 1, 0)
        runs[row] = run
    depth = max(3, height // 12)
    below = np.cumsum(bright.mean(axis=1))
    best, at = 0.0, -1
    for row in range(height // 6, height - depth - 2):
        stands = float((runs[row] >= max(3.0, 0.04 * height)).mean())
        dark = 1 - float(below[row + 1 + depth] - below[row + 1]) / depth
        if stands * dark > best:
            best, at = stands * dark, row
    if best < 0.4:
        return 0.0
    tops = runs[at]
    reach = float(np.percentile(tops, 95))
    if reach < 0.12 * height or float(tops.std()) < 0.12 * reach:
        return 0.0
    return best * min(1.0, 1.6 * _measure_rhythm(tops))


def _measure_rhythm(heights: Grid) -> float:
    """Highest self-likeness at a distance of a tenth to a half of the width, after the first fall below a third."""
    kernel = np.ones(5) / 5
    wave = np.convolve(heights, kernel, mode="valid")
    wave = wave - wave.mean()
    power = float((wave * wave).sum())
    if power <= 0:
        return 0.0
    length = wave.size
    likeness = np.array([float((wave[:-lag] * wave[lag:]).sum()) / power * length / (length - lag)
                         for lag in range(1, length // 2)])  # fmt: skip
    falls = np.flatnonzero(likeness < 0.3)
    if falls.size == 0:
        return 0.0
    later = likeness[max(int(falls[0]), length // 20) :]
    return float(min(1.0, later.max())) if later.size else 0.0

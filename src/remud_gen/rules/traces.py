"""Strips whose sideways axis is time: spectral Doppler (waves over a baseline) and M-mode (streaks)."""

from __future__ import annotations

import numpy as np

from remud_gen.rules.pixels import Grid

LOWER_PART = 0.45  # where the strip under a picture begins
LEAST_LIT = 0.2


def score_spectral(grey: Grid) -> float:
    """How much the lower part, or the whole, looks like waves that stand on a straight line and come again."""
    return max(_score_waves(part) for part in _list_parts(grey))


def score_streaks(grey: Grid) -> float:
    """How much the lower part, or the whole, runs on sideways while it changes downwards."""
    return max(_score_streaks(part) for part in _list_parts(grey))


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


def _score_streaks(grey: Grid) -> float:
    height, width = grey.shape
    if height < 24 or width < 60:
        return 0.0
    if width > 8 * height or float((grey > 50).mean()) < LEAST_LIT:
        return 0.0
    lag = max(4, width // 24)
    sideways = _correlate(grey[:, :-lag], grey[:, lag:])
    down = _correlate(grey[:-lag], grey[lag:])
    return max(0.0, min(1.0, (sideways - 0.55) / 0.3)) * max(0.0, min(1.0, (sideways - down - 0.3) / 0.3))


def _correlate(first: Grid, second: Grid) -> float:
    a, b = first - first.mean(), second - second.mean()
    norm = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / norm if norm else 0.0

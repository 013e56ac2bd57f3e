"""Colour laid over grey ultrasound: flow, its scale bar, stiffness maps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from remud_gen.rules.pixels import Grid, Mask, Thumb

BAR_HEIGHT, BAR_WIDTH = 0.12, 0.07  # shares of the picture: at least so tall, at most so wide
LEAST_SHADES = 12.0
LEAST_COLOURED = 0.0005


@dataclass(frozen=True, slots=True)
class Colours:
    """Shares of all pixels, outside the bar; the bar's kind."""

    warm: float
    cold: float
    green: float
    bar: str | None  # "two" (towards and away), "one" (power), "rainbow"
    rest_chroma: float  # of the uncoloured pixels


def read_colours(thumb: Thumb) -> Colours:
    """What colours there are, thin lines and even arrows left out."""
    coloured = thumb.coloured
    rest = thumb.chroma[::2, ::2][~coloured[::2, ::2] & (thumb.brightest[::2, ::2] > 60)]
    rest_chroma = float(np.median(rest)) if rest.size else 0.0
    if coloured.mean() < LEAST_COLOURED:
        return Colours(0.0, 0.0, 0.0, None, rest_chroma)
    hue = _measure_hue(thumb.rgb)
    columns, kind = _find_bar(coloured, hue, thumb.brightest)
    body = _erode(coloured)
    body[:, columns] = False
    warm = body & ((hue < 55) | (hue > 330))
    cold = body & (hue > 180) & (hue < 280)
    green = body & (hue > 75) & (hue <= 180)
    size = coloured.size
    shares = [float(mask.sum()) / size if _has_shades(mask, thumb) else 0.0 for mask in (warm, cold, green)]
    return Colours(shares[0], shares[1], shares[2], kind, rest_chroma)


def _measure_hue(rgb: Grid) -> Grid:
    red, green, blue = rgb[..., 0], rgb[..., 1], rgb[..., 2]
    hue = np.degrees(np.arctan2(0.8660254 * (green - blue), red - (green + blue) / 2)) % 360
    return np.asarray(hue, dtype=np.float32)


def _find_bar(coloured: Mask, hue: Grid, brightest: Grid) -> tuple[Mask, str | None]:
    """Columns of a narrow upright strip of colours, and what it shows."""
    height, width = coloured.shape
    tall = coloured.sum(axis=0) >= BAR_HEIGHT * height
    edges = np.flatnonzero(np.diff(np.concatenate([[0], tall.astype(np.int8), [0]])))
    found: Mask = np.zeros(width, dtype=bool)
    kind: str | None = None
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        if not 2 <= end - start <= BAR_WIDTH * width:
            continue
        rows = coloured[:, start:end].mean(axis=1) >= 0.6
        if rows.sum() < BAR_HEIGHT * height * 0.8:
            continue
        found[start:end] = True
        kind = kind or _read_bar(hue[rows, start:end].mean(axis=1), brightest[rows, start:end].mean(axis=1))
    return found, kind


def _read_bar(hues: Grid, levels: Grid) -> str | None:
    warm = (hues < 60) | (hues > 320)
    cold = (hues > 170) & (hues < 280)
    green = (hues > 85) & (hues < 160)
    if green.mean() > 0.18 and warm.mean() > 0.1 and cold.mean() > 0.1:
        return "rainbow"
    if warm.mean() > 0.15 and cold.mean() > 0.15:
        return "two"
    return "one" if warm.mean() > 0.7 and float(np.ptp(levels)) > 50 else None


def _erode(mask: Mask) -> Mask:
    inner = mask.copy()
    inner[0] = inner[-1] = inner[:, 0] = inner[:, -1] = False
    inner[1:-1, 1:-1] &= mask[:-2, 1:-1] & mask[2:, 1:-1] & mask[1:-1, :-2] & mask[1:-1, 2:]
    return inner


def _has_shades(mask: Mask, thumb: Thumb) -> bool:
    """Flow has many shades; arrows and words have one."""
    return bool(mask.any()) and float(thumb.rgb[mask].std(axis=0).max()) >= LEAST_SHADES

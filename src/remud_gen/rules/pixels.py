"""Measures of a picture's texture and colour that tell ultrasound modes apart; all on a copy of 384 pixels at most."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

if TYPE_CHECKING:
    from PIL.Image import Image

Grid = NDArray[np.float32]
Mask = NDArray[np.bool_]
SIDE_PX = 384
LEAST_SIDE_PX = 12
LEAST_PIXELS = 200
COLOURED, LIT = 60, 90  # chroma and brightness above which a pixel is a colour, not a tint of grey
TONES = 16


@dataclass(frozen=True, slots=True)
class Thumb:
    """A small copy with what every measure needs."""

    rgb: Grid
    grey: Grid
    chroma: Grid
    brightest: Grid

    @property
    def coloured(self) -> Mask:
        """Pixels of a true colour: flow, maps, coloured words."""
        return np.asarray((self.chroma > COLOURED) & (self.brightest > LIT))


@dataclass(frozen=True, slots=True)
class Look:
    """Shares are of all pixels; see the functions for the rest."""

    dark: float
    white: float
    coloured: float
    speckle: float
    flat: float
    tint: float
    hue_deg: float
    is_one_hue: bool
    colour_spread: float


def shrink(image: Image) -> Thumb | None:
    """The working copy; None for what is too small to judge."""
    factor = max(1, max(image.size) // (2 * SIDE_PX))
    small = image.reduce(factor) if factor > 1 and image.mode in ("RGB", "L") else image
    small = small.convert("RGB")
    small.thumbnail((SIDE_PX, SIDE_PX), PillowImage.Resampling.BOX)
    if min(small.size) < LEAST_SIDE_PX:
        return None
    return make_thumb(np.asarray(small, dtype=np.float32))


def make_thumb(rgb: Grid) -> Thumb:
    """Of pixels that are small already."""
    red, green, blue = rgb[..., 0], rgb[..., 1], rgb[..., 2]
    brightest = np.maximum(np.maximum(red, green), blue)
    chroma = brightest - np.minimum(np.minimum(red, green), blue)
    grey: Grid = ((red + green + blue) / 3).astype(np.float32, copy=False)
    return Thumb(rgb, grey, chroma, brightest)


def look_at(thumb: Thumb) -> Look:
    """All measures of one picture."""
    grey, chroma = thumb.grey, thumb.chroma
    speckle, flat = _measure_texture(grey)
    tint, hue, is_one_hue, spread = _measure_tint(thumb)
    return Look(
        dark=float((grey < 50).mean()),
        white=float(((grey > 225) & (chroma < 30)).mean()),
        coloured=float(thumb.coloured.mean()),
        speckle=speckle,
        flat=flat,
        tint=tint,
        hue_deg=hue,
        is_one_hue=is_one_hue,
        colour_spread=spread,
    )


def smooth(grey: Grid, reach: int = 2) -> Grid:
    """Mean over a square of 2 * reach + 1; the border repeats."""
    for axis in (0, 1):
        pad = [(0, 0), (0, 0)]
        pad[axis] = (reach, reach)
        padded = np.pad(grey, pad, mode="edge")
        length = grey.shape[axis]
        total = (padded[:, :length] if axis else padded[:length]).copy()
        for step in range(1, 2 * reach + 1):
            total += padded[:, step : step + length] if axis else padded[step : step + length]
        grey = total / np.float32(2 * reach + 1)
    return grey


def _measure_texture(grey: Grid) -> tuple[float, float]:
    """(grain against its surroundings, share of even steps) of neither black nor white pixels.

    Ultrasound is grainy everywhere (0.05 and more); CT, MRI and photographs are smooth (0.01 to 0.04).
    """
    around = smooth(grey)
    tissue = (around > 35) & (around < 215)
    if int(tissue.sum()) < LEAST_PIXELS:
        return 0.0, 0.0
    grain = np.abs(grey - around)[tissue] / (around[tissue] + 10)
    steps = np.abs(np.diff(grey, axis=1))[tissue[:, 1:]]
    return float(np.median(grain)), float((steps < 1.5).mean())


def _measure_tint(thumb: Thumb) -> tuple[float, float, bool, float]:
    """(median saturation, mean hue in degrees, whether all share it, how far colours of one brightness lie apart).

    A grey or tinted screen has one colour per brightness; in a photograph they differ.
    """
    rgb, brightest, chroma, grey = (grid[::2, ::2] for grid in (thumb.rgb, thumb.brightest, thumb.chroma, thumb.grey))
    lit = brightest > 60
    if int(lit.sum()) < LEAST_PIXELS // 4:
        return 0.0, 0.0, False, 0.0
    red, green, blue = (rgb[..., i][lit] for i in range(3))
    tint = float(np.median(chroma[lit] / brightest[lit]))
    along, across = red - (green + blue) / 2, (green - blue) * 0.866
    length = float(np.hypot(along, across).sum())
    total = np.hypot(along.sum(), across.sum())
    hue = float(np.degrees(np.arctan2(across.sum(), along.sum()))) if length else 0.0
    return tint, hue, bool(length and total > 0.93 * length), _spread(grey[lit], red - green, green - blue)


def _spread(grey: Grid, first: Grid, second: Grid) -> float:
    bins = np.minimum((grey / 256 * TONES).astype(np.intp), TONES - 1)
    count = np.maximum(np.bincount(bins, minlength=TONES), 1)
    total = 0.0
    for difference in (first, second):
        middle = np.bincount(bins, weights=difference, minlength=TONES) / count
        total += float(np.median(np.abs(difference - middle[bins])))
    return total

"""The size at which a Qwen-VL model sees a picture, by the rule its makers publish.

A picture that has this size already is left alone by every server whose limits are no narrower: sent so, the pixels of
the model's answer are the pixels of what was sent.
"""

from __future__ import annotations

import math

MOST_ELONGATED = 200  # longer pictures the models refuse


def smart_resize(width: int, height: int, factor: int, min_pixels: int, max_pixels: int) -> tuple[int, int]:
    """(width, height) in pixels: multiples of `factor`, the area within bounds, the shape kept as far as that goes.

    Raises:
        ValueError: when one side is more than 200 times the other.
    """
    if max(width, height) > MOST_ELONGATED * min(width, height):
        raise ValueError(f"one side is more than {MOST_ELONGATED} times the other ({width} x {height})")
    # Python's own rounding, halves to even: the published code rounds so.
    wide, high = max(factor, round(width / factor) * factor), max(factor, round(height / factor) * factor)
    if wide * high > max_pixels:
        shrink = math.sqrt(width * height / max_pixels)
        wide = max(factor, math.floor(width / shrink / factor) * factor)
        high = max(factor, math.floor(height / shrink / factor) * factor)
    elif wide * high < min_pixels:
        enlarge = math.sqrt(min_pixels / (width * height))
        wide, high = math.ceil(width * enlarge / factor) * factor, math.ceil(height * enlarge / factor) * factor
    return wide, high


def fit_picture(width: float, height: float, factor: int, max_pixels: int, max_side: int) -> tuple[int, int]:
    """The largest size for a page of this shape that stays as it is when the rule is applied to it again.

    Raises:
        ValueError: as `smart_resize` does.
    """
    scale = min(math.sqrt(max_pixels / (width * height)), max_side / max(width, height))
    pixels = (max(1, round(width * scale)), max(1, round(height * scale)))
    wide, high = smart_resize(*pixels, factor, min_pixels=factor * factor, max_pixels=max_pixels)
    # A strip that is one factor wide comes out too large, and is made shorter each time the rule is applied.
    while wide * high > max_pixels and max(wide, high) > factor:
        wide, high = smart_resize(wide, high, factor, min_pixels=factor * factor, max_pixels=max_pixels)
    most = max(factor, max_side // factor * factor)
    return min(wide, most), min(high, most)

"""Whether two pictures show the same, by their pixels: small grey copies and their normalised correlation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image as PillowImage

if TYPE_CHECKING:
    from PIL.Image import Image

SIDE_PX = 256


def shrink(image: Image) -> bytes:
    """A grey copy of 256 x 256 pixels, whatever the shape was: 65,536 bytes."""
    image.draft("L", (SIDE_PX, SIDE_PX))  # a large JPEG is then decoded at a fraction of its size
    grey = image.convert("L").resize((SIDE_PX, SIDE_PX), PillowImage.Resampling.BOX)
    return grey.tobytes()


def correlate(first: bytes, second: bytes) -> float:
    """Normalised correlation of two small copies, -1 to 1; 0 where one of them is flat."""
    one, other = (np.frombuffer(data, np.uint8).astype(np.float64) for data in (first, second))
    one, other = one - one.mean(), other - other.mean()
    power = float(np.sqrt((one * one).sum() * (other * other).sum()))
    return round(float((one * other).sum()) / power, 6) if power > 0 else 0.0

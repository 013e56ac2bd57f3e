"""Whether two pictures show the same, by their pixels: small grey copies and the correlation of their tones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image as PillowImage
from PIL import ImageFilter

if TYPE_CHECKING:
    from PIL.Image import Image

    Tones = np.ndarray[tuple[int, ...], np.dtype[np.float64]]

SIDE_PX = 256
FINE_PX, COARSE_PX = 1, 8  # detail is what is larger than the one and smaller than the other
MOST_DETAIL = 12  # tones: the rim of a sector must not weigh more than what is in it


def shrink(image: Image) -> bytes:
    """A grey copy of 256 x 256 pixels, whatever the shape was: 65,536 bytes."""
    image.draft("L", (SIDE_PX, SIDE_PX))  # a large JPEG is then decoded at a fraction of its size
    grey = image.convert("L").resize((SIDE_PX, SIDE_PX), PillowImage.Resampling.BOX)
    return grey.tobytes()


def correlate(first: bytes, second: bytes) -> float:
    """Normalised correlation of two small copies, -1 to 1; 0 where one of them is flat."""
    return _correlate(*(np.frombuffer(data, np.uint8).astype(np.float64) for data in (first, second)))


def correlate_detail(first: bytes, second: bytes) -> float:
    """The same of their detail alone, light and shade over larger distances taken away.

    Two sectors of different organs correlate by 0.8 and more, for both are bright in the middle and black around it.
    Measured: pictures saved again 0.87 and more, printed and scanned 0.83, other pictures of the same shape 0.58 and
    less.
    """
    return _correlate(*(_take_detail(data) for data in (first, second)))


def _take_detail(data: bytes) -> Tones:
    image = PillowImage.frombytes("L", (SIDE_PX, SIDE_PX), data)
    fine, coarse = (np.asarray(image.filter(ImageFilter.BoxBlur(px)), np.float64) for px in (FINE_PX, COARSE_PX))
    return np.asarray(np.clip(fine - coarse, -MOST_DETAIL, MOST_DETAIL))


def _correlate(one: Tones, other: Tones) -> float:
    one, other = one - one.mean(), other - other.mean()
    power = float(np.sqrt((one * one).sum() * (other * other).sum()))
    return round(float((one * other).sum()) / power, 6) if power > 0 else 0.0

"""Ultrasound frames among the example files inside the pydicom package (MIT), cut to the picture itself.

Looked at one by one: `examples_jpeg2k` (lymph node, power Doppler; `examples_rgb_color` is the same picture, smaller),
`examples_palette` (a probe in air) and `examples_ybr_color` (a heart) are used. `ExplVR_BigEnd` is a scrap of 80 x 60
pixels, `examples_overlay` is magnetic resonance. The cuts leave out all header lines: no name, date or hospital stays.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
from numpy.typing import NDArray
from PIL import Image
from pydicom.data import get_testdata_file
from pydicom.pixels import apply_color_lut


def load_lymph_node() -> Image.Image:
    """A long lymph node with branching flow, power Doppler, dual screen; 612 x 278 pixels."""
    return Image.fromarray(_read("examples_jpeg2k.dcm").pixel_array).crop((14, 107, 626, 385))


def load_probe_in_air() -> Image.Image:
    """A curved probe without contact: bands near the surface, nothing behind; the banner is cut off."""
    data = _read("examples_palette.dcm")
    coloured = apply_color_lut(data.pixel_array, data)
    pixels: NDArray[np.uint8] = (coloured >> 8).astype(np.uint8) if coloured.dtype == np.uint16 else coloured
    return Image.fromarray(pixels).crop((308, 62, 800, 350))


def load_heart() -> Image.Image:
    """The first frame of an apical view, at twice its stored size."""
    frame = Image.fromarray(_read("examples_ybr_color.dcm").pixel_array[0]).crop((36, 16, 284, 206))
    return frame.resize((frame.width * 2, frame.height * 2), Image.Resampling.BICUBIC)


def _read(name: str) -> pydicom.FileDataset:
    path = get_testdata_file(name, download=False)
    if not isinstance(path, str) or not Path(path).is_file():
        raise FileNotFoundError(f"{name} is not among pydicom's own files; install the dev extra")
    return pydicom.dcmread(path)

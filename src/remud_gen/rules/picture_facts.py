"""Facts by which a picture is told to be blank, blurred, a chart or a photograph, or several pictures in one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from remud_gen.filter_protocols import PictureFacts
from remud_gen.rules.gutters import list_cells, load_pixels
from remud_gen.rules.modality import see, weigh

if TYPE_CHECKING:
    from PIL.Image import Image

SAMPLED_SIDE_PX = 1024  # shares need no more pixels; every n-th is taken, so that tones stay as they are
SHARP_WIDTH_PX = 256
LIT = 20  # tone above which a pixel is no background
LEAST_LIT = 200  # pixels; of fewer the whole picture is measured
LEAST_PANEL_SIDE, LEAST_PANEL_AREA = 0.15, 0.3  # of the picture's side; of the largest panel's area
PANEL_DARK, PANEL_PAPER = 0.3, 0.4  # share of dark pixels at least, of white ones at most
Grey = NDArray[np.float32]


def measure_picture(image: Image) -> PictureFacts:
    """All facts about a decoded picture of any mode."""
    colour = image.convert("RGB")
    step = max(1, -(-max(colour.size) // SAMPLED_SIDE_PX))
    pixels = np.asarray(colour)[::step, ::step].astype(np.int16)
    grey = np.asarray(colour.convert("L"))[::step, ::step]
    counts = np.bincount((grey // 4).ravel(), minlength=64)
    shares = counts[counts > 0] / grey.size
    return PictureFacts(
        width_px=image.width,
        height_px=image.height,
        grey_std=round(float(grey.std()), 2),
        entropy_bits=round(float(-(shares * np.log2(shares)).sum()), 3),
        sharpness=round(measure_sharpness(colour.convert("L")), 1),
        white_share=round(float((grey > 225).mean()), 4),
        dark_share=round(float((grey < 30).mean()), 4),
        saturated_share=round(float((pixels.max(axis=2) - pixels.min(axis=2) > 40).mean()), 4),
        ultrasound_score=round(weigh(see(colour).evidence, ()).ultrasound, 2),
        n_panels=count_panels(colour),
    )


def measure_sharpness(grey: Image) -> float:
    """Variance of the Laplacian over what is not black, at a width of 256 pixels whatever the picture's own."""
    height = max(16, round(SHARP_WIDTH_PX * grey.height / grey.width))
    is_smaller = grey.width > SHARP_WIDTH_PX
    how = PillowImage.Resampling.BOX if is_smaller else PillowImage.Resampling.BILINEAR
    small = np.asarray(grey.resize((SHARP_WIDTH_PX, min(height, 4 * SHARP_WIDTH_PX)), how), dtype=np.float32)
    around = np.pad(small, 1, mode="reflect")
    edges = around[:-2, 1:-1] + around[2:, 1:-1] + around[1:-1, :-2] + around[1:-1, 2:] - 4 * small
    lit = small > LIT
    return float((edges[lit] if int(lit.sum()) > LEAST_LIT else edges).var())


def count_panels(colour: Image) -> int:
    """How many dark pictures of like size stand between white bands; 0 or 1 for a picture by itself."""
    pixels = load_pixels(colour)
    height, width = pixels.shape[:2]
    areas = []
    for x0, y0, x1, y1 in list_cells(pixels):
        across, down = round(x1 * width) - round(x0 * width), round(y1 * height) - round(y0 * height)
        if across < LEAST_PANEL_SIDE * width or down < LEAST_PANEL_SIDE * height:
            continue
        part = pixels[round(y0 * height) : round(y1 * height), round(x0 * width) : round(x1 * width)].mean(axis=2)
        if float((part < 50).mean()) >= PANEL_DARK and float((part > 225).mean()) <= PANEL_PAPER:
            areas.append(across * down)
    return sum(area >= LEAST_PANEL_AREA * max(areas) for area in areas)

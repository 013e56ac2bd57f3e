"""Frame -> what a scanner's screen shows: labels, calipers, depth scale, colour Doppler."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from functools import cache

import numpy as np
import pymupdf
from PIL import Image, ImageDraw, ImageFont

from sample.simulator import FRAME_HEIGHT_PX, FRAME_WIDTH_PX, Frame, Mask, Probe

JPEG_QUALITY = 86
PALE, YELLOW, CYAN = (225, 225, 225), (255, 235, 90), (90, 225, 235)


@dataclass(frozen=True, slots=True)
class Caliper:
    """Two ends in centimetres; the reading is the distance between them."""

    start: tuple[float, float]
    end: tuple[float, float]
    name: str = "Dist"

    @property
    def reading(self) -> str:
        """What the screen says."""
        return f"{self.name} {math.dist(self.start, self.end):.2f} cm"


@dataclass(frozen=True, slots=True)
class Label:
    """A word written into the picture at a place in the body."""

    text: str
    place: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as the book carries it, and the words burned into it."""

    jpeg: bytes
    width_px: int
    height_px: int
    burned_in: tuple[str, ...] = ()


@cache
def screen_font(size_px: int) -> ImageFont.FreeTypeFont:
    """The sans-serif face that PyMuPDF carries."""
    return ImageFont.truetype(io.BytesIO(pymupdf.Font("hebo").buffer), size_px)


def make_screen(
    frame: Frame,
    probe: Probe,
    labels: tuple[Label, ...] = (),
    calipers: tuple[Caliper, ...] = (),
    flow: tuple[Mask, tuple[float, float, float, float]] | None = None,
) -> Image.Image:
    """Draw everything but the echoes; `flow` is a lumen in pixels and the colour box around it in centimetres."""
    image = Image.fromarray(frame.pixels).convert("RGB")
    if flow is not None:
        image = _add_flow(image, frame, *flow)
    draw = ImageDraw.Draw(image)
    draw.text((10, 8), probe.name, PALE, screen_font(17))
    draw.text((FRAME_WIDTH_PX - 68, 8), f"{probe.depth_cm:g} cm", PALE, screen_font(17))
    for centimetre in range(0, math.floor(probe.depth_cm) + 1):
        row = frame.to_px(0, centimetre)[1]
        draw.line((FRAME_WIDTH_PX - (16 if centimetre % 5 == 0 else 11), row, FRAME_WIDTH_PX - 6, row), PALE)
    for label in labels:
        draw.text(
            frame.to_px(*label.place),
            label.text,
            YELLOW,
            screen_font(26),
            anchor="mm",
            stroke_width=2,
            stroke_fill=(0, 0, 0),
        )
    for row, caliper in enumerate(calipers):
        _draw_caliper(draw, frame, caliper)
        draw.text((12, FRAME_HEIGHT_PX - 36 - 30 * row), f"+ {caliper.reading}", CYAN, screen_font(24))
    return image


def to_picture(image: Image.Image, burned_in: tuple[str, ...] = ()) -> Picture:
    """Encode; grey pictures as grey."""
    pixels = np.asarray(image.convert("RGB")).astype(int)
    is_grey = np.abs(pixels[..., 0] - pixels[..., 2]).max() < 4
    out = io.BytesIO()
    (image.convert("L") if is_grey else image).save(out, "JPEG", quality=JPEG_QUALITY, optimize=True)
    return Picture(out.getvalue(), image.width, image.height, burned_in)


def _draw_caliper(draw: ImageDraw.ImageDraw, frame: Frame, caliper: Caliper) -> None:
    start, end = frame.to_px(*caliper.start), frame.to_px(*caliper.end)
    dots = max(int(math.dist(start, end) / 7), 2)
    for step in range(dots + 1):
        x, y = (start[i] + (end[i] - start[i]) * step / dots for i in (0, 1))
        draw.point((round(x), round(y)), CYAN)
    for x, y in (start, end):
        draw.line((x - 7, y, x + 7, y), CYAN, 2)
        draw.line((x, y - 7, x, y + 7), CYAN, 2)


def _add_flow(image: Image.Image, frame: Frame, lumen: Mask, box_cm: tuple[float, float, float, float]) -> Image.Image:
    """Red towards the probe, faster in the middle of the lumen; only inside the colour box."""
    x, z = frame.places()
    inside = lumen & (x > box_cm[0]) & (z > box_cm[1]) & (x < box_cm[2]) & (z < box_cm[3])
    distance = np.zeros(lumen.shape)
    for shrink in range(1, 14):  # how deep in the lumen a pixel lies, by wearing the lumen down
        lumen = lumen & np.roll(lumen, 1, 0) & np.roll(lumen, -1, 0) & np.roll(lumen, 1, 1) & np.roll(lumen, -1, 1)
        distance[lumen] = shrink
    speed = np.clip(distance / 13, 0, 1) ** 0.7
    pixels = np.asarray(image).astype(float)
    colour = np.stack([120 + 135 * speed, 20 + 200 * speed**2, 10 + 40 * speed], axis=-1)
    pixels[inside] = colour[inside]
    painted = Image.fromarray(np.rint(pixels).astype(np.uint8))
    draw = ImageDraw.Draw(painted)
    draw.rectangle(
        (*frame.to_px(box_cm[0], box_cm[1]), *frame.to_px(box_cm[2], box_cm[3])), outline=(235, 235, 235), width=2
    )
    for row in range(90):  # the colour bar
        share = 1 - row / 89
        shade = (
            (int(255 * share), int(200 * share**2), 0)
            if share > 0.5
            else (0, int(160 * (1 - share) ** 2), int(255 * (1 - share)))
        )
        draw.line((12, 50 + row, 26, 50 + row), shade)
    return painted

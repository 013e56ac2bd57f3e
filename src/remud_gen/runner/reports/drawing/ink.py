"""Pens, colours and letters of the pictures that `inspect` draws."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from functools import cache
from itertools import pairwise

from PIL import Image, ImageDraw, ImageFont

from remud_gen.pdf.fonts import read_cjk_font
from remud_gen.records import BBox, TextRole

Colour = tuple[int, int, int]
Point = tuple[float, float]

INK: Colour = (33, 37, 41)
FAINT: Colour = (108, 117, 125)
PALE: Colour = (206, 212, 218)
PAPER: Colour = (255, 255, 255)
DESK: Colour = (241, 243, 245)
WARNING: Colour = (201, 42, 42)
ROLES: dict[TextRole, Colour] = {
    "title": (132, 94, 247),
    "section": (190, 75, 219),
    "body": (134, 142, 150),
    "caption": (25, 113, 194),
    "note": (12, 133, 153),
    "table": (155, 116, 60),
    "header": (173, 181, 189),
    "footer": (173, 181, 189),
}
FIGURES: tuple[Colour, ...] = (
    (224, 49, 49), (47, 158, 68), (232, 89, 12), (103, 65, 217), (9, 146, 104), (194, 37, 92), (16, 100, 171),
    (149, 94, 0),
)  # fmt: skip
UNPAIRED: Colour = (73, 80, 87)
SURE, DOUBTFUL = 0.8, 0.5
STOPS = tuple("，。；：、！？）”,.;:)")


@cache
def load_font(size: int) -> ImageFont.FreeTypeFont:
    """The one font, in pixels."""
    return ImageFont.truetype(io.BytesIO(_read_font()), size)


@cache
def _read_font() -> bytes:
    return read_cjk_font()


def grade_confidence(confidence: float) -> Colour:
    """Green, amber or red."""
    if confidence >= SURE:
        return (47, 158, 68)
    return (240, 140, 0) if confidence >= DOUBTFUL else WARNING


def measure_text(text: str, size: int) -> float:
    """Width in pixels."""
    return float(load_font(size).getlength(text))


def wrap_text(text: str, size: int, width: float, most: int, indent: float = 0) -> list[str]:
    """At most so many lines of a width in pixels, the first shorter by `indent`; then an ellipsis."""
    lines: list[str] = []
    rest = " ".join(text.split())
    while rest and len(lines) < most:
        room = width if lines else width - indent
        if measure_text(rest, size) <= room:
            return [*lines, rest]
        cut = _find_cut(rest, size, room)
        lines.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    if rest and lines:
        last = lines[-1]
        while last and measure_text(last + "…", size) > (width if len(lines) > 1 else width - indent):
            last = last[:-1]
        lines[-1] = last + "…"
    return lines


def _find_cut(text: str, size: int, width: float) -> int:
    low, high = 1, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if measure_text(text[:middle], size) <= width else (low, middle - 1)
    space = text.rfind(" ", 0, low + 1)
    if space > 0.6 * low:
        return space
    # Chinese, and words longer than a line, break anywhere, but not before a stop.
    return low - 1 if low > 2 and text[low : low + 1] in STOPS else low


class Pen:
    """Draws on one picture; see-through where a colour has a strength below 255."""

    def __init__(self, image: Image.Image) -> None:
        self.image = image
        self._draw = ImageDraw.Draw(image, "RGBA")

    def box(
        self, box: BBox, colour: Colour, *, width: int = 0, fill: int = 0, strength: int = 255, radius: int = 0
    ) -> None:
        """An outline `width` pixels wide, and a wash of the colour of strength `fill`."""
        x0, y0, x1, y1 = box
        self._draw.rounded_rectangle(
            (x0, y0, max(x0 + 1, x1), max(y0 + 1, y1)),
            radius,
            fill=(*colour, fill) if fill else None,
            outline=(*colour, strength) if width else None,
            width=max(width, 1),
        )

    def line(self, ends: Sequence[Point], colour: Colour, *, width: int = 2, dash: float = 0) -> None:
        """A straight line, broken into dashes of so many pixels."""
        (x0, y0), (x1, y1) = ends
        length = math.hypot(x1 - x0, y1 - y0)
        steps = max(1, round(length / dash)) if dash else 1
        for step in range(0, steps, 2 if dash else 1):
            low, high = step / steps, (step + 1) / steps
            self._draw.line(
                (x0 + (x1 - x0) * low, y0 + (y1 - y0) * low, x0 + (x1 - x0) * high, y0 + (y1 - y0) * high),
                fill=(*colour, 220),
                width=width,
            )

    def dashed_box(self, box: BBox, colour: Colour, *, width: int = 2, dash: float = 8) -> None:
        """An outline of dashes."""
        x0, y0, x1, y1 = box
        corners = [(x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0)]
        for start, end in pairwise(corners):
            self.line((start, end), colour, width=width, dash=dash)

    def dot(self, centre: Point, radius: float, colour: Colour) -> None:
        """A filled circle."""
        x, y = centre
        self._draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=(*colour, 255))

    def text(self, place: Point, text: str, size: int, colour: Colour = INK, *, is_bold: bool = False) -> None:
        """One line, its top left corner at a place."""
        x, y = place
        font = load_font(size)
        self._draw.text((x, y), text, font=font, fill=colour, stroke_width=0.5 if is_bold else 0, anchor="la")

    def tag(self, place: Point, text: str, size: int, colour: Colour) -> float:
        """White letters on a patch of the colour; returns the width in pixels."""
        x, y = place
        width, height = measure_text(text, size) + 0.7 * size, 1.5 * size
        self.box((x, y, x + width, y + height), colour, fill=255, radius=3)
        self._draw.text((x + width / 2, y + height / 2), text, font=load_font(size), fill=PAPER, anchor="mm")
        return width

    def number(self, centre: Point, number: int, size: int, colour: Colour) -> None:
        """A number in a circle."""
        text = str(number)
        self.dot(centre, max(0.75 * size, measure_text(text, size) / 2 + 0.2 * size), colour)
        self._draw.text(centre, text, font=load_font(size), fill=PAPER, anchor="mm")

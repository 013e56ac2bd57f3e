"""Screens of ultrasound machines with an invented patient's banner, and what stands where on them."""

from __future__ import annotations

import io
import random
from dataclasses import dataclass, field
from functools import cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from remud_gen.pdf.fonts import read_cjk_font
from remud_gen.records import TextLine
from scripts.privacy.identities import FIRST, LAST, Maker

Box = tuple[float, float, float, float]
SIZES = ((640, 480), (800, 600), (1024, 768))
KEPT = (("LK", 0.72, 0.3), ("Dist 3.52 cm", 0.03, 0.55), ("CBD", 0.6, 0.62), ("Depth 13.0 cm", 0.03, 0.62))


@dataclass
class Screen:
    """A picture with its lines: those that name somebody, and those that must stay."""

    image: Image.Image
    hidden: list[TextLine] = field(default_factory=list)
    kept: list[TextLine] = field(default_factory=list)

    @property
    def lines(self) -> list[TextLine]:
        """All lines, top to bottom."""
        return sorted([*self.hidden, *self.kept], key=lambda line: (line.bbox[1], line.bbox[0]))


def make_screen(seed: int, language: str | None = None) -> Screen:
    """One screen of a machine; the language of its banner by turns."""
    draw = random.Random(seed)
    width, height = draw.choice(SIZES)
    screen = Screen(_draw_sector(seed, width, height))
    size = max(15, height // 30)
    banner = _chinese(seed) if (language or ("zh", "en")[seed % 2]) == "zh" else _english(seed)
    for text, x, y in banner:
        screen.hidden.append(_write(screen.image, text, (x * width, y * height), size))
    for text, x, y in KEPT:
        screen.kept.append(_write(screen.image, text, (x * width, y * height), size))
    return screen


def _chinese(seed: int) -> list[tuple[str, float, float]]:
    m = Maker(seed)
    name, sex, age = m.chinese(), m.pick(("男", "女")), m.number(2, 88)
    forms = (
        [(f"姓名:{name}", 0.02, 0.01), (f"性别:{sex} 年龄:{age}岁", 0.3, 0.01), (f"检查号:{m.digits(8)}", 0.02, 0.06)],
        [(f"{name} {sex} {age}岁", 0.02, 0.01), (f"ID:{m.digits(8)}", 0.35, 0.01)],
        [(name, 0.02, 0.01), (f"{sex} {age}岁", 0.22, 0.01), (m.digits(8), 0.02, 0.06)],
    )
    place = [
        (f"{m.pick(('东湖', '南山', '长安'))}人民医院", 0.65, 0.01),
        (f"{m.date()} 10:2{m.number(0, 9)}:33", 0.65, 0.06),
    ]
    return [*forms[seed // 2 % len(forms)], *place]


def _english(seed: int) -> list[tuple[str, float, float]]:
    m = Maker(seed)
    first, last = m.pick(FIRST).upper(), m.pick(LAST).upper().replace(" ", "")
    forms = (
        [(f"Name: {first} {last}", 0.02, 0.01), (f"DOB: {m.date('/')}", 0.02, 0.06)],
        [(f"{last}, {first}", 0.02, 0.01), (f"{m.digits(8)}", 0.02, 0.06)],
        [(f"{last}^{first}", 0.02, 0.01), (f"MRN: {m.digits(7)}", 0.02, 0.93)],
        [(f"{last} {first}", 0.02, 0.01), (f"ID {m.digits(7)}", 0.02, 0.06)],
    )
    place = [
        ("St. Elsewhere Hospital", 0.62, 0.01),
        (f"{m.number(1, 12)}/{m.number(1, 28)}/20{m.number(10, 24)}", 0.62, 0.06),
    ]
    return [*forms[seed // 2 % len(forms)], *place]


def _write(image: Image.Image, text: str, at: tuple[float, float], size: int) -> TextLine:
    pen, font = ImageDraw.Draw(image), _load_font(size)
    box = pen.textbbox(at, text, font=font)
    pen.text(at, text, fill=(235, 235, 235), font=font)
    return TextLine(bbox=box, text=text, score=0.98)


@cache
def _load_font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(io.BytesIO(read_cjk_font()), size)


def _draw_sector(seed: int, width: int, height: int) -> Image.Image:
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    angle, reach = np.arctan2(x - width / 2, y - height * 0.1), np.hypot(x - width / 2, y - height * 0.1)
    inside = (np.abs(angle) < 0.62) & (reach > height * 0.06) & (reach < height * 0.86)
    speckle = np.clip(60 + 35 * rng.standard_normal((height, width)) + 25 * np.sin(x / 37) * np.cos(y / 29), 5, 230)
    grey = np.where(inside, speckle, 3).astype(np.uint8)
    return Image.fromarray(np.repeat(grey[..., None], 3, axis=2))

"""Books of which every figure, or every paragraph, makes one request."""

from __future__ import annotations

import io
import random
from pathlib import Path

import pymupdf
from PIL import Image

FIGURES_PER_PAGE = 4
FIGURES_PER_BOOK = 400  # no book counts to a thousand: a four-digit number reads as no figure's
PARAGRAPHS_PER_FILE = 200
ORGANS = ("liver", "left kidney", "right kidney", "spleen", "thyroid", "gallbladder", "pancreas", "bladder", "uterus")
SIGHTS = (
    "a thin-walled anechoic cyst with posterior enhancement", "a hypoechoic mass with irregular margins",
    "an echogenic focus with a clean shadow", "diffusely raised echogenicity", "a cortical scar with thinning",
    "a complex lesion with internal septa", "a solid nodule with peripheral flow", "mild dilatation of the ducts",
)  # fmt: skip
PLACES = ("upper pole", "lower pole", "hilum", "anterior margin", "posterior margin", "subcapsular zone", "isthmus")


def write_picture_books(folder: Path, n_figures: int, seed: int = 0) -> None:
    """PDFs of small JPEG pictures of about 10 KB, each different, each over its caption."""
    draw = random.Random(seed)
    for first in range(0, n_figures, FIGURES_PER_BOOK):
        numbers = range(first, min(first + FIGURES_PER_BOOK, n_figures))
        _write_picture_book(folder / f"book-{first // FIGURES_PER_BOOK:03d}.pdf", numbers, draw)


def _write_picture_book(path: Path, numbers: range, draw: random.Random) -> None:
    with pymupdf.open() as book:
        for first in range(0, len(numbers), FIGURES_PER_PAGE):
            page = book.new_page(width=420, height=640)
            for place, number in enumerate(numbers[first : first + FIGURES_PER_PAGE]):
                left, top = 30 + 190 * (place % 2), 30 + 290 * (place // 2)
                page.insert_image(pymupdf.Rect(left, top, left + 75, top + 56), stream=_make_picture(number))
                caption = f"Figure {first + place + 1}. {_describe(draw, number)}"
                page.insert_textbox(pymupdf.Rect(left, top + 62, left + 165, top + 250), caption, fontsize=8)
        book.save(path, garbage=1, deflate=False)


def write_text_books(folder: Path, n_paragraphs: int, seed: int = 0) -> None:
    """Plain text of which each paragraph, of about a thousand characters under a heading, is a passage."""
    draw = random.Random(seed)
    for first in range(0, n_paragraphs, PARAGRAPHS_PER_FILE):
        lines = []
        for number in range(first, min(first + PARAGRAPHS_PER_FILE, n_paragraphs)):
            lines += [f"## Case {number + 1}", "", " ".join(_describe(draw, number) for _ in range(7)), ""]
        (folder / f"text-{first // PARAGRAPHS_PER_FILE:03d}.md").write_text("\n".join(lines), "utf-8")


def _describe(draw: random.Random, number: int) -> str:
    organ, sight, place = draw.choice(ORGANS), draw.choice(SIGHTS), draw.choice(PLACES)
    size_mm = draw.randint(4, 60)
    return (
        f"Longitudinal scan of the {organ} shows {sight} of {size_mm} mm at the {place}, "
        f"with a depth of {number % 12 + 3} cm and no free fluid beside it."
    )


def _make_picture(number: int) -> bytes:
    noise = Image.effect_noise((156, 117), 40 + number % 20)
    fan = Image.new("L", noise.size)
    fan.paste(noise, mask=Image.radial_gradient("L").resize(noise.size).point(lambda value: 255 - value))
    fan.putpixel((number % 156, number // 156 % 117), 255)
    buffer = io.BytesIO()
    fan.save(buffer, "JPEG", quality=70)
    return buffer.getvalue()

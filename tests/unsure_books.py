"""Small PDFs whose captions the rules cannot be sure of, made when the tests run."""

from __future__ import annotations

import io
import random
from pathlib import Path

import pymupdf
from PIL import Image

BODY = (
    "The renal cortex is normally less echogenic than the liver, and the renal sinus is hyperechoic. Every structure "
    "was seen in two planes before the measurement was repeated by a second examiner who knew no earlier result. "
)
SPLEEN = "Figure 7. Transverse ultrasound view of the spleen with a calcified cyst."
LIVER = "Figure 8. Transverse ultrasound view of the liver with a large abscess."
KIDNEY = "Figure 4. Ultrasound of a kidney. (A) before treatment of a cyst; (B) after drainage of the cyst."
REMARK = "Remarks of the author: kidneys are seen best from behind."


def make_picture(seed: int) -> bytes:
    """Bright echoes on black."""
    rng = random.Random(seed)
    pixmap = pymupdf.Pixmap(pymupdf.csRGB, pymupdf.IRect(0, 0, 320, 240))
    pixmap.set_rect(pixmap.irect, (8, 8, 8))
    for _ in range(40):
        x, y, shade = rng.randrange(20, 280), rng.randrange(20, 200), rng.randrange(40, 220)
        box = pymupdf.IRect(x, y, x + rng.randrange(8, 40), y + rng.randrange(8, 30))
        pixmap.set_rect(box, (shade, shade, shade))
    return bytes(pixmap.tobytes("png"))


def make_facing(path: Path) -> Path:
    """Two pictures without words; their captions stand together on the next page, and text cites one of them."""
    with pymupdf.open() as book:
        page = book.new_page(width=420, height=595)
        page.insert_textbox((40, 30, 380, 90), BODY, fontsize=9)
        page.insert_image((60, 110, 360, 300), stream=make_picture(3))
        page.insert_image((60, 330, 360, 520), stream=make_picture(4))
        page = book.new_page(width=420, height=595)
        page.insert_textbox((40, 60, 380, 90), SPLEEN, fontsize=8)
        page.insert_textbox((40, 100, 380, 130), LIVER, fontsize=8)
        page.insert_textbox((40, 160, 380, 560), f"{BODY}The abscess in Figure 8 was drained. {BODY}", fontsize=9)
        return save(book, path)


def make_panels(path: Path) -> Path:
    """Two lettered panels, their caption far below, a remark between."""
    with pymupdf.open() as book:
        page = book.new_page(width=420, height=595)
        page.insert_textbox((40, 40, 380, 100), BODY, fontsize=9)
        for number, letter in enumerate("AB"):
            x = 60 + 160 * number
            page.insert_image((x, 120, x + 140, 225), stream=make_picture(5 + number))
            page.insert_text((x + 66, 238), letter, fontsize=9)
        page.insert_textbox((40, 248, 380, 270), REMARK, fontsize=9)
        page.insert_textbox((40, 290, 390, 312), KIDNEY, fontsize=8)
        page.insert_textbox((40, 400, 380, 560), BODY * 2, fontsize=9)
        return save(book, path)


def make_scan(source: Path, path: Path, *, degrees: float = 0.0, is_spread: bool = False) -> Path:
    """The pages of a book as pictures: turned, or two beside each other."""
    with pymupdf.open(source) as book, pymupdf.open() as scan:
        pixmaps = [page.get_pixmap(dpi=150) for page in book]
        sheets = [Image.frombytes("RGB", (pixmap.width, pixmap.height), pixmap.samples) for pixmap in pixmaps]
        if is_spread:
            joined = Image.new("RGB", (sheets[0].width + sheets[1].width + 40, sheets[0].height), "white")
            joined.paste(sheets[0], (0, 0))
            joined.paste(sheets[1], (sheets[0].width + 40, 0))
            sheets = [joined]
        for sheet in sheets:
            turned = sheet.rotate(degrees, Image.Resampling.BICUBIC, expand=True, fillcolor="white")
            data = io.BytesIO()
            turned.save(data, "JPEG", quality=90)
            page = scan.new_page(width=turned.width * 72 / 150, height=turned.height * 72 / 150)
            page.insert_image(page.rect, stream=data.getvalue())
        return save(scan, path)


def save(book: pymupdf.Document, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(book.tobytes(no_new_id=True))
    return path

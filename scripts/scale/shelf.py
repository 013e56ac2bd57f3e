"""A shelf of many small PDFs, one page with one captioned picture each, that differ in their last bytes only."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pymupdf
from PIL import Image

CAPTION = "Figure 1. Longitudinal view of the left kidney with a simple cyst measuring 4.5 cm at the upper pole."
BODY = (
    "As shown in Figure 1, a simple renal cyst is an anechoic round structure with a thin wall and posterior acoustic "
    "enhancement. The renal cortex is normally less echogenic than the liver, and the renal sinus is hyperechoic."
)


def make_shelf(folder: Path, n_documents: int) -> None:
    """Write what is missing of the shelf; every file has a hash of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    template = _make_template()
    for number in range(n_documents):
        path = folder / f"atlas_{number:05d}.pdf"
        if not path.exists():
            # After the last %%EOF a reader ignores a comment, the hash does not.
            path.write_bytes(template + b"%%unique %d\n" % number)


def _make_template() -> bytes:
    shades = np.random.default_rng(0).integers(5, 120, (24, 32), dtype=np.uint8)
    picture = io.BytesIO()
    Image.fromarray(shades).resize((320, 240), Image.Resampling.BICUBIC).save(picture, "PNG")
    with pymupdf.open() as book:
        page = book.new_page(width=420, height=595)
        page.insert_text((40, 50), "1. Cysts of the kidney", fontsize=15, fontname="hebo")
        page.insert_image(pymupdf.Rect(90, 80, 330, 260), stream=picture.getvalue())
        page.insert_textbox(pymupdf.Rect(60, 270, 360, 310), CAPTION, fontsize=9)
        page.insert_textbox(pymupdf.Rect(40, 330, 380, 560), BODY, fontsize=10)
        return bytes(book.tobytes(deflate=True, no_new_id=True))

"""Book -> the same book as a scan: grey paper, noise, a slight turn, JPEG, no text layer."""

from __future__ import annotations

import io
import math
from typing import Any

import numpy as np
import pymupdf
from PIL import Image
from scipy.ndimage import gaussian_filter

from sample.pages import HEIGHT_PT, WIDTH_PT, Book, Box

DPI = 180
TURNS_DEG = (0.4, -0.5, 0.6, -0.4, 0.5)
PAPER = (238, 236, 231)
JPEG_QUALITY = 58


def scan_book(book: Book) -> tuple[bytes, dict[str, Any]]:
    """The scan as a PDF, and the truth with its boxes turned like the pages."""
    printed = pymupdf.open(stream=book.to_bytes(), filetype="pdf")
    scanned = pymupdf.open()
    truth = book.truth()
    for index, turn in enumerate(TURNS_DEG):
        page = scanned.new_page(width=WIDTH_PT, height=HEIGHT_PT)
        page.insert_image(page.rect, stream=_scan_page(printed[index], turn, seed=200 + index))
        for figure in truth["pages"][index]["figures"]:
            figure["bbox"] = turn_box(figure["bbox"], turn)
            for panel in figure["panels"]:
                panel["bbox"] = turn_box(panel["bbox"], turn)
    scanned.set_metadata(
        {"title": book.title, "author": "The remud-gen project", "subject": "CC0 1.0; see data/README.md"}
    )
    return bytes(scanned.tobytes(garbage=4, deflate=True, no_new_id=True)), truth


def turn_box(box: Box, turn_deg: float) -> Box:
    """Upright hull of a box turned counter-clockwise about the middle of the page."""
    turn, (cx, cy) = math.radians(turn_deg), (WIDTH_PT / 2, HEIGHT_PT / 2)
    corners = [(x - cx, y - cy) for x in (box[0], box[2]) for y in (box[1], box[3])]
    xs = [cx + x * math.cos(turn) + y * math.sin(turn) for x, y in corners]
    ys = [cy - x * math.sin(turn) + y * math.cos(turn) for x, y in corners]
    return (min(xs), min(ys), max(xs), max(ys))


def _scan_page(page: Any, turn_deg: float, seed: int) -> bytes:
    pixmap = page.get_pixmap(dpi=DPI)
    sheet = Image.frombytes("RGB", (pixmap.width, pixmap.height), pixmap.samples)
    sheet = sheet.rotate(turn_deg, Image.Resampling.BICUBIC, fillcolor=(255, 255, 255))
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.standard_normal((5, 4)).astype(np.float32))
    light = np.asarray(coarse.resize((pixmap.width, pixmap.height), Image.Resampling.BICUBIC)).astype(float)
    light = 1 + 0.02 * light / np.abs(light).max()
    pixels = gaussian_filter(np.asarray(sheet).astype(float), (0.55, 0.55, 0))
    pixels = 14 + pixels * (np.array(PAPER) - 14) / 255 * light[..., None]
    pixels += rng.standard_normal((pixmap.height, pixmap.width, 1)) * 2.6
    out = io.BytesIO()
    Image.fromarray(np.clip(np.rint(pixels), 0, 255).astype(np.uint8)).save(
        out, "JPEG", quality=JPEG_QUALITY, dpi=(DPI, DPI), optimize=True
    )
    return out.getvalue()

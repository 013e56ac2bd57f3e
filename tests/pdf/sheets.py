"""Small PDFs and pictures made for tests: an ultrasound-like frame, pages with images, tiles, charts, tables, scans."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pymupdf
from PIL import Image, ImageDraw

A4 = (595, 842)
BODY = (
    "The patient was examined in supine position with a linear probe and the images were stored for later review. "
    "Findings were compared with the contralateral side and discussed among three readers before the report. "
)


def make_frame(width: int = 400, height: int = 300, seed: int = 1) -> Image.Image:
    """A dark frame with a speckled sector, no two pixels alike."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    radius = np.hypot(x - width / 2, y + 20)
    sector = (np.abs(np.arctan2(x - width / 2, y + 20)) < 0.6) & (radius > 60) & (radius < height)
    grey = np.where(sector, rng.rayleigh(45, (height, width)), rng.integers(0, 6, (height, width)))
    return Image.fromarray(np.clip(grey, 0, 255).astype(np.uint8)).convert("RGB")


def encode(image: Image.Image, kind: str = "PNG") -> bytes:
    """The bytes of a picture file."""
    buffer = io.BytesIO()
    image.save(buffer, kind)
    return buffer.getvalue()


def new_page(document: pymupdf.Document | None = None) -> tuple[pymupdf.Document, pymupdf.Page]:
    """An A4 page with a paragraph at its foot."""
    document = document or pymupdf.open()
    page = document.new_page(width=A4[0], height=A4[1])
    page.insert_textbox((60, 640, 535, 760), BODY * 3, fontsize=10)
    return document, page


def save(document: pymupdf.Document, path: Path) -> Path:
    """Write and close."""
    document.save(path)
    document.close()
    return path


def draw_chart(page: pymupdf.Page, box: tuple[float, float, float, float]) -> None:
    """Axes, ticks, a curve and tick labels below the axis."""
    x0, y0, x1, y1 = box
    shape = page.new_shape()
    shape.draw_line((x0, y0), (x0, y1))
    shape.draw_line((x0, y1), (x1, y1))
    points = [(x0 + (x1 - x0) * t / 20, y1 - (y1 - y0) * (0.5 + 0.45 * np.sin(t / 3))) for t in range(21)]
    shape.draw_polyline(points)
    shape.finish(color=(0, 0, 0), width=1)
    shape.commit()
    for t in range(0, 21, 5):
        page.insert_text((x0 + (x1 - x0) * t / 20 - 3, y1 + 9), str(t), fontsize=7)


def draw_table(page: pymupdf.Page, box: tuple[float, float, float, float], rows: int = 6) -> None:
    """A ruled grid with a word in each cell."""
    x0, y0, x1, y1 = box
    step = (y1 - y0) / rows
    for row in range(rows + 1):
        page.draw_line((x0, y0 + row * step), (x1, y0 + row * step))
    for column in range(4):
        page.draw_line((x0 + (x1 - x0) * column / 3, y0), (x0 + (x1 - x0) * column / 3, y1))
    for row in range(rows):
        for column in range(3):
            place = (x0 + (x1 - x0) * column / 3 + 4, y0 + (row + 0.7) * step)
            page.insert_text(place, f"value {row}.{column}", fontsize=9)


def make_scan(width: int = 1000, height: int = 1400) -> Image.Image:
    """A page image: two dark frames side by side, stripes as text below them."""
    page = Image.new("RGB", (width, height), (246, 244, 240))
    page.paste(make_frame(380, 300, 1), (80, 120))
    page.paste(make_frame(380, 300, 2), (540, 120))
    draw = ImageDraw.Draw(page)
    for row in range(20):
        for word in range(14):
            x = 80 + word * 60
            draw.line((x, 700 + row * 26, x + 44, 700 + row * 26), fill=(40, 40, 40), width=2)
    return page

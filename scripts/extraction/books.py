"""Long books made of short ones, to watch memory."""

from __future__ import annotations

from itertools import cycle
from pathlib import Path

import pymupdf

from scripts.extraction.measure import Pages


def make_long_book(pages: Pages, count: int, path: Path) -> Path:
    """`count` pages, the given ones over and over, each with pixels and objects of its own."""
    sources = {name: pymupdf.open(name) for name, _ in pages}
    try:
        with pymupdf.open() as book:
            for (name, number), _ in zip(cycle(pages), range(count), strict=False):
                book.insert_pdf(sources[name], from_page=number - 1, to_page=number - 1, final=0)
            book.save(path)
    finally:
        for source in sources.values():
            source.close()
    return path

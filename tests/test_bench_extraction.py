"""The book that the extraction benchmark makes is as long as asked for and repeats the pages given, in order."""

from __future__ import annotations

from pathlib import Path

import pytest

pymupdf = pytest.importorskip("pymupdf")

from scripts.extraction.books import make_long_book  # noqa: E402
from scripts.extraction.measure import spread_pages  # noqa: E402


def test_a_long_book_repeats_the_pages_given(tmp_path: Path) -> None:
    with pymupdf.open() as short:
        for number in range(3):
            short.new_page().insert_text((72, 72), f"page {number + 1}")
        short.save(tmp_path / "short.pdf")
    long = make_long_book(spread_pages([tmp_path], 3), 7, tmp_path / "long.pdf")
    with pymupdf.open(long) as book:
        said = [page.get_text().strip() for page in book]
    assert said == ["page 1", "page 2", "page 3", "page 1", "page 2", "page 3", "page 1"]

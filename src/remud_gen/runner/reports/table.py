"""Plain text tables for a terminal, aligned also where file names are Chinese."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Sequence

GAP = "  "


def measure_text(text: str) -> int:
    """Columns a terminal needs: two for wide characters, none for combining ones."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(sign) else 1 + (unicodedata.east_asian_width(sign) in ("W", "F")) for sign in text
    )


def shorten_text(text: str, most: int) -> str:
    """At most so many columns, with the end kept: files of a shelf often differ there."""
    if measure_text(text) <= most:
        return text
    while measure_text(text) > most - 1:
        text = text[1:]
    return f"…{text}"


def lay_out(headings: Sequence[str], rows: Sequence[Sequence[str]], left: Collection[str]) -> list[str]:
    """The lines of a table; columns named in `left` are text, the others are figures and end at the right."""
    widths = [max(measure_text(row[i]) for row in (headings, *rows)) for i in range(len(headings))]
    lines = []
    for row in (headings, *rows):
        cells = []
        for heading, cell, width in zip(headings, row, widths, strict=True):
            padding = " " * (width - measure_text(cell))
            cells.append(cell + padding if heading in left else padding + cell)
        lines.append(GAP.join(cells).rstrip())
    return lines

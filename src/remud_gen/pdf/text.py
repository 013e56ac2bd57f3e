"""The text layer of a PDF page as visual lines: split at column gaps, joined over font changes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pymupdf

from remud_gen.records import TextLine
from remud_gen.rules.geometry import Box

FLAGS = pymupdf.TEXT_PRESERVE_WHITESPACE | pymupdf.TEXT_MEDIABOX_CLIP | pymupdf.TEXT_CID_FOR_UNKNOWN_UNICODE
PAINTED = 16 | 32  # char_flags: filled or stroked; neither means an invisible OCR layer (render mode 3)
BOLD_FLAG = 16
SPLIT_GAP_EM = 2.0
LEAST_TURNED_CHARS = 60  # axis titles and margin marks are fewer
TURNED_SHARE = 0.75
JOIN_GAP_EM = 1.0
SPACE_GAP_EM = 0.12


@dataclass(slots=True)
class _Run:
    """Characters of one visual line."""

    box: Box | None = None  # around all letters so far; None while there are only spaces
    last_x: float = 0.0  # right edge of the last letter
    text: list[str] = field(default_factory=list)
    sizes: Counter[float] = field(default_factory=Counter)
    bold: int = 0
    is_level: bool = True
    known_size: float | None = None  # asked for at every comparison of two lines

    @property
    def bbox(self) -> Box:
        assert self.box is not None
        return self.box

    @property
    def size(self) -> float:
        if self.known_size is None:
            self.known_size = max(self.sizes.items(), key=lambda item: (item[1], item[0]))[0] if self.sizes else 1.0
        return self.known_size

    def add(self, char: str, box: Box, size: float, is_bold: bool) -> None:
        self.text.append(char)
        if not char.isspace():
            self._take_in(box)
            self.last_x = box[2]
            self.sizes[round(size, 1)] += 1
            self.bold += is_bold

    def append(self, other: _Run) -> None:
        """Take another run's letters in."""
        self.text += other.text
        self._take_in(other.bbox)
        self.last_x = other.last_x
        self.sizes += other.sizes
        self.bold += other.bold

    def _take_in(self, box: Box) -> None:
        self.known_size = None
        mine = self.box
        self.box = (
            box
            if mine is None
            else (min(mine[0], box[0]), min(mine[1], box[1]), max(mine[2], box[2]), max(mine[3], box[3]))
        )


def read_lines(page: pymupdf.Page, *, is_hidden: bool = False) -> list[TextLine]:
    """Visual lines of the painted text, or of the invisible layer; the page must be upright."""
    runs = [run for run in _read_runs(page, is_hidden) if run.box is not None]
    bounds = page.rect
    lines = []
    for run in _join_runs(runs):
        text = re.sub(r"\s+", " ", "".join(run.text)).strip()
        box = run.bbox
        middle = ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
        if text and bounds.x0 <= middle[0] <= bounds.x1 and bounds.y0 <= middle[1] <= bounds.y1:
            count = max(1, sum(run.sizes.values()))
            lines.append(TextLine(bbox=box, text=text, font_size=run.size, is_bold=2 * run.bold > count))
    return lines


def find_text_turn(page: pymupdf.Page) -> int:
    """Clockwise degrees (0, 90, 180, 270) that set most of the page's words upright."""
    chars: Counter[int] = Counter()
    for block in page.get_text("dict", flags=FLAGS)["blocks"]:
        for line in block.get("lines", ()):
            x, y = line["dir"]
            side = (0 if x > 0 else 180) if abs(x) > abs(y) else (270 if y > 0 else 90)
            chars[side] += sum(len(span["text"].strip()) for span in line["spans"])
    side, most = max(chars.items(), key=lambda item: (item[1], -item[0]), default=(0, 0))
    return side if most >= LEAST_TURNED_CHARS and most > TURNED_SHARE * chars.total() else 0


def _read_runs(page: pymupdf.Page, is_hidden: bool) -> Iterator[_Run]:
    for block in page.get_text("rawdict", flags=FLAGS)["blocks"]:
        for line in block.get("lines", ()):
            is_level = abs(line["dir"][1]) < 0.1 and line["dir"][0] > 0
            run = _Run(is_level=is_level)
            for char, box, size, is_bold in _read_chars(line, is_hidden):
                if (
                    run.box is not None
                    and is_level
                    and box[0] - run.last_x > SPLIT_GAP_EM * size
                    and not char.isspace()
                ):
                    yield run
                    run = _Run(is_level=is_level)
                run.add(char, box, size, is_bold)
            yield run


def _read_chars(line: dict[str, Any], is_hidden: bool) -> Iterator[tuple[str, Box, float, bool]]:
    for span in line["spans"]:
        painted = bool(span.get("char_flags", PAINTED) & PAINTED) and span.get("alpha", 255) > 0
        if painted == is_hidden:
            continue
        is_bold = bool(span["flags"] & BOLD_FLAG) or "bold" in span["font"].lower()
        for char in span["chars"]:
            yield char["c"], tuple(char["bbox"]), span["size"], is_bold


def _join_runs(runs: list[_Run]) -> list[_Run]:
    """Pieces of one visual line that MuPDF reports apart (tabs, super- and subscripts, font changes)."""
    joined: list[_Run] = []
    for run in sorted(runs, key=lambda r: (r.bbox[0], r.bbox[1])):
        host = next((other for other in reversed(joined) if _continues(other, run)), None)
        if host is None:
            joined.append(run)
            continue
        gap = run.bbox[0] - host.bbox[2]
        if gap > SPACE_GAP_EM * max(host.size, run.size) and not host.text[-1].isspace():
            host.text.append(" ")
        host.append(run)
    return sorted(joined, key=lambda r: (r.bbox[1], r.bbox[0]))


def _continues(left: _Run, right: _Run) -> bool:
    if not (left.is_level and right.is_level):
        return False
    a, b = left.bbox, right.bbox
    size = max(left.size, right.size)
    common = min(a[3], b[3]) - max(a[1], b[1])
    if common < 0.6 * min(a[3] - a[1], b[3] - b[1]) or not -0.5 * size < b[0] - a[2] < JOIN_GAP_EM * size:
        return False
    # A panel letter or a number beside a column is a line of its own: join equal sizes, or a true script.
    return abs(left.size - right.size) < 0.6 or min(left.size, right.size) < 0.8 * size

"""Text and figures -> PDF pages, with the truth about every figure kept while they are set."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pymupdf

from sample.screens import Picture

WIDTH_PT, HEIGHT_PT = 482.0, 680.0
LEFT_PT, RIGHT_PT, TOP_PT, BOTTOM_PT = 48.0, 434.0, 66.0, 628.0
INK, HEADING_INK, FAINT = (0, 0, 0), (0.05, 0.2, 0.4), (0.35, 0.35, 0.35)
FACES = {"regular": "tiro", "bold": "tibo", "italic": "tiit"}  # Times, which every viewer has
CJK = re.compile(r"[\u2e80-\u9fff\u3000-\u303f\uff00-\uffef]")
TOKEN = re.compile(r"[\u2e80-\u9fff\uff00-\uffef\u3000-\u303f]|[^\s\u2e80-\u9fff\u3000-\u303f\uff00-\uffef]+|\s+")
NEVER_FIRST = set("，。；：、）》？！”")

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Panel:
    """One picture of a figure. `own_words` stand in its own clause of the text, and in no other panel's."""

    picture: Picture
    letter: str | None = None
    own_words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FigureText:
    """What is printed about a figure, without its number and without the words that introduce a note."""

    number: str
    title: str | None = None
    caption: str | None = None
    note: str | None = None
    label: str = ""  # how the caption begins: "Figure 3. "


@cache
def cjk_font() -> pymupdf.Font:
    """Droid Sans Fallback, which PyMuPDF carries; Apache licence, may be embedded."""
    return pymupdf.Font("cjk")


def face_of(text: str, style: str) -> str:
    """A paragraph with one Chinese character is set in the Chinese face throughout."""
    return "F0" if CJK.search(text) else FACES[style]


def measure(text: str, face: str, size_pt: float) -> float:
    """Width of a run of text in points."""
    return float(
        cjk_font().text_length(text, size_pt) if face == "F0" else pymupdf.get_text_length(text, face, size_pt)
    )


def break_lines(text: str, face: str, size_pt: float, width_pt: float, indent_pt: float = 0.0) -> list[str]:
    """Break where the script allows: anywhere between Chinese characters, at spaces elsewhere."""
    lines, line, room = [], "", width_pt - indent_pt
    for token in TOKEN.findall(text):
        fits = measure(line + token.rstrip(), face, size_pt) <= room
        if fits or token in NEVER_FIRST or not line:
            line += token
        else:
            lines.append(line.rstrip())
            line, room = token.lstrip(), width_pt
    return [*lines, line.rstrip()] if line.strip() else lines


@dataclass
class Sheet:
    """A page being set, top to bottom in one column after the other."""

    page: Any
    number: int
    columns: tuple[tuple[float, float], ...] = ((LEFT_PT, RIGHT_PT),)
    column: int = 0
    y: float = TOP_PT
    column_top: float = TOP_PT
    figures: list[dict[str, Any]] = field(default_factory=list)
    headings: list[str] = field(default_factory=list)

    @property
    def left(self) -> float:
        """Left edge of the current column."""
        return self.columns[self.column][0]

    @property
    def right(self) -> float:
        """Right edge of the current column."""
        return self.columns[self.column][1]

    def set_columns(self, count: int, gutter_pt: float = 18.0) -> None:
        """Go on in this many columns from here down."""
        width = (RIGHT_PT - LEFT_PT - gutter_pt * (count - 1)) / count
        self.columns = tuple(
            (LEFT_PT + i * (width + gutter_pt), LEFT_PT + i * (width + gutter_pt) + width) for i in range(count)
        )
        self.column, self.column_top = 0, self.y

    def next_column(self) -> None:
        """Leave the rest of this column empty."""
        self.column, self.y = self.column + 1, self.column_top

    def write(
        self,
        text: str,
        size_pt: float = 10.0,
        *,
        style: str = "regular",
        ink: tuple[float, ...] = INK,
        align: str = "left",
        indent_pt: float = 0.0,
        after_pt: float = 5.0,
        box: tuple[float, float] | None = None,
    ) -> Box:
        """Set one paragraph and move down; the box that its ink takes comes back."""
        face = face_of(text, style)
        left, right = box or (self.left, self.right)
        leading, top = size_pt * (1.5 if face == "F0" else 1.32), self.y
        for row, line in enumerate(break_lines(text, face, size_pt, right - left, indent_pt)):
            width = measure(line, face, size_pt)
            x = left + (indent_pt if row == 0 else 0.0) if align == "left" else (left + right - width) / 2
            bold = {"render_mode": 2, "border_width": 0.03} if face == "F0" and style == "bold" else {}
            self.page.insert_text(
                (x, self.y + size_pt), line, fontname=face, fontsize=size_pt, color=ink, fill=ink, **bold
            )
            self.y += leading
        box_pt = (left, top, right, self.y)
        self.y += after_pt
        if self.y > BOTTOM_PT + after_pt + 1:
            raise ValueError(f"page {self.number} overflows at {text[:30]!r}: {self.y:.0f} pt")
        return box_pt

    def heading(self, text: str, level: int = 2) -> None:
        """A chapter (1) or section (2) heading."""
        self.y += 2 if level == 1 else 4
        self.write(text, {1: 17.0, 2: 12.5}[level], style="bold", ink=HEADING_INK, after_pt=10 if level == 1 else 4)
        self.headings.append(text)

    def paragraph(self, text: str) -> None:
        """Running text."""
        self.write(text, 10.0, indent_pt=20.0 if CJK.search(text) else 12.0)

    def place_panels(
        self, panels: list[Panel], width_pt: float, gap_pt: float = 14.0, left: float | None = None
    ) -> list[Box]:
        """Set pictures side by side, centred in the column unless `left` is given; letters stand below."""
        total = width_pt * len(panels) + gap_pt * (len(panels) - 1)
        x = (self.left + self.right - total) / 2 if left is None else left
        boxes: list[Box] = []
        for panel in panels:
            height = width_pt * panel.picture.height_px / panel.picture.width_px
            boxes.append((x, self.y, x + width_pt, self.y + height))
            self.page.insert_image(pymupdf.Rect(boxes[-1]), stream=panel.picture.jpeg)
            x += width_pt + gap_pt
        self.y = max(box[3] for box in boxes) + 3
        if any(panel.letter for panel in panels):
            top = self.y
            for panel, box in zip(panels, boxes, strict=True):
                self.y = top
                self.write(panel.letter or "", 9.5, style="bold", align="centre", box=(box[0], box[2]), after_pt=3)
        return boxes

    def record(self, text: FigureText, panels: list[Panel], boxes: list[Box], note_page: int | None = None) -> None:
        """Keep the truth about a figure."""
        hull = (min(b[0] for b in boxes), min(b[1] for b in boxes), max(b[2] for b in boxes), max(b[3] for b in boxes))
        self.figures.append({
            "number": text.number, "title": text.title, "caption": text.caption, "note": text.note,
            "note_page": note_page or (self.number if text.note else None), "bbox": hull,
            "panels": [
                {"letter": p.letter, "bbox": b, "burned_in": list(p.picture.burned_in), "own_words": list(p.own_words)}
                for p, b in zip(panels, boxes, strict=True)
            ],
        })  # fmt: skip

    def atlas_figure(
        self, text: FigureText, panels: list[Panel], width_pt: float, note_page: int | None = None
    ) -> None:
        """Atlas style: number and title above; the note for all panels below, or on a later page."""
        self.y += 3
        self.write(f"{text.number} {text.title}", 11.0, style="bold", align="centre", after_pt=4)
        boxes = self.place_panels(panels, width_pt)
        self.record(text, panels, boxes, note_page)
        if note_page is None:
            self.note(text)

    def note(self, text: FigureText) -> None:
        """The note of a figure whose pictures were set before."""
        self.write(f"图解要点：{text.note}", 9.0, after_pt=8)

    def captioned_figure(self, text: FigureText, panels: list[Panel], width_pt: float) -> None:
        """Journal style: caption below."""
        self.y += 4
        boxes = self.place_panels(panels, width_pt)
        self.write(f"{text.label}{text.caption}", 9.0, after_pt=9)
        self.record(text, panels, boxes)

    def side_captioned_figure(self, text: FigureText, panel: Panel, width_pt: float, gap_pt: float = 12.0) -> None:
        """The caption stands to the right of the picture, at its foot."""
        self.y += 4
        top = self.y
        boxes = self.place_panels([panel], width_pt, left=self.left)
        words, box = f"{text.label}{text.caption}", (boxes[0][2] + gap_pt, self.right)
        lines = len(break_lines(words, face_of(words, "regular"), 9.0, box[1] - box[0]))
        self.y = max(top, boxes[0][3] - lines * 9.0 * 1.35)
        self.write(words, 9.0, box=box)
        self.y = boxes[0][3] + 10
        self.record(text, [panel], boxes)


@dataclass
class Book:
    """A PDF being made, and the truth about it."""

    file: str
    title: str
    header: str
    document: Any = field(default_factory=pymupdf.open)
    sheets: list[Sheet] = field(default_factory=list)

    def sheet(self) -> Sheet:
        """A fresh page with its running head and its number."""
        page = self.document.new_page(width=WIDTH_PT, height=HEIGHT_PT)
        page.insert_font(fontname="F0", fontbuffer=cjk_font().buffer)
        sheet = Sheet(page, len(self.sheets) + 1)
        if self.sheets:
            sheet.y = 30.0
            sheet.write(self.header, 8.0, ink=FAINT, align="centre")
            sheet.y = 644.0
            page.insert_text((WIDTH_PT / 2 - 4, 652), str(sheet.number), fontname="tiro", fontsize=8.5, color=FAINT)
            page.draw_line((LEFT_PT, 46), (RIGHT_PT, 46), color=FAINT, width=0.5)
        sheet.y = sheet.column_top = TOP_PT
        self.sheets.append(sheet)
        return sheet

    def truth(self) -> dict[str, Any]:
        """Figures and headings, page by page; boxes in points, origin top-left."""
        pages = [
            {"page": s.number, "width": WIDTH_PT, "height": HEIGHT_PT, "headings": s.headings, "figures": s.figures}
            for s in self.sheets
        ]
        return {"file": self.file, "pages": pages}

    def to_bytes(self) -> bytes:
        """The PDF: fonts cut down to what is used, nothing in it that changes from run to run."""
        self.document.subset_fonts()
        self.document.set_metadata(
            {"title": self.title, "author": "The remud-gen project", "subject": "CC0 1.0; see data/README.md"}
        )
        return bytes(self.document.tobytes(garbage=4, deflate=True, no_new_id=True))

"""A whole document at a glance: small pages with their boxes, thirty-five on a sheet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from PIL import Image

from remud_gen.errors import RecordError
from remud_gen.protocols import OpenDocument
from remud_gen.runner.reports.drawing.groups import group_pairs, list_unpaired
from remud_gen.runner.reports.drawing.ink import (
    DESK,
    FAINT,
    INK,
    PALE,
    PAPER,
    SURE,
    UNPAIRED,
    WARNING,
    Pen,
    grade_confidence,
    wrap_text,
)
from remud_gen.runner.reports.drawing.legend import Legend
from remud_gen.runner.reports.drawing.marks import Marker
from remud_gen.runner.reports.drawing.subject import Sheet, Subject, view_sheet
from remud_gen.runner.reports.wording import count_noun

COLUMNS, ROWS = 7, 5
CELL_PX, MOST_TALL = 270, 1.6
GAP, HEAD, FOOT = 18, 70, 44


def draw_contact_sheets(subject: Subject) -> Iterator[Image.Image]:
    """Sheet by sheet; pages that cannot be drawn any more are blank and say so.

    Raises:
        InputError: when the file cannot be read.
    """
    sheets = list(subject.sheets.values())
    size = COLUMNS * ROWS
    with subject.open() as opened:
        for start in range(0, len(sheets), size):
            yield _draw(subject, opened, sheets[start : start + size], start // size + 1, -(-len(sheets) // size))


def _draw(subject: Subject, opened: OpenDocument, sheets: Sequence[Sheet], number: int, count: int) -> Image.Image:
    cells = [_draw_cell(opened, sheet) for sheet in sheets]
    columns = max(min(COLUMNS, len(cells)), 3)  # the head needs some room
    rows = [cells[i : i + columns] for i in range(0, len(cells), columns)]
    heights = [max(cell.height for cell in row) + FOOT for row in rows]
    width = columns * (CELL_PX + GAP) + GAP
    legend = Legend(width - 2 * GAP, is_small=True)
    canvas = Image.new("RGB", (width, HEAD + sum(heights) + legend.height + GAP), DESK)
    pen = Pen(canvas)
    of = f" (sheet {number} of {count})" if count > 1 else ""
    pen.text((GAP, 12), wrap_text(f"{subject.document.file}{of}", 22, width - 2 * GAP, 1)[0], 22, INK, is_bold=True)
    doubtful = sum(pair.confidence < SURE for pair in subject.pairs)
    facts = f"{count_noun(len(subject.sheets), 'page')} · {count_noun(len(subject.pairs), 'pair')}, {doubtful} doubtful"
    pen.text((GAP, 42), facts, 16, FAINT)
    top = HEAD
    for y, row in enumerate(rows):
        for x, cell in enumerate(row):
            left = GAP + x * (CELL_PX + GAP)
            canvas.paste(cell, (left, top))
            pen.box((left - 1, top - 1, left + cell.width, top + cell.height), PALE, width=1)
            _write_foot(pen, sheets[y * columns + x], left, top + cell.height + 5)
        top += heights[y]
    legend.draw(pen, GAP, top + 4)
    return canvas


def _draw_cell(opened: OpenDocument, sheet: Sheet) -> Image.Image:
    try:
        view = view_sheet(opened, sheet)
        scale = CELL_PX / view.width * min(1.0, MOST_TALL * view.width / view.height)
        # Twice as large first: small print rendered small is grit.
        large = view.render(144 * scale).convert("RGB")
    except RecordError as error:
        blank = Image.new("RGB", (CELL_PX, CELL_PX), PAPER)
        for row, line in enumerate(wrap_text(error.message, 14, CELL_PX - 20, 6)):
            Pen(blank).text((10, 10 + 19 * row), line, 14, WARNING)
        return blank
    page = large.resize((max(1, large.width // 2), max(1, large.height // 2)), Image.Resampling.LANCZOS)
    pen = Pen(page)
    marker = Marker(pen, page.width / view.width)
    marker.wash_blocks(sheet, strength=1.4)
    for figure in list_unpaired(sheet):
        scaled = page.width / view.width
        x0, y0, x1, y1 = (value * scaled for value in figure.bbox)
        pen.dashed_box((x0, y0, x1, y1), UNPAIRED, width=2, dash=5)
    for group in group_pairs(sheet.pairs):
        marker.frame_panels(group, width=2, tag=11)
    return page


def _write_foot(pen: Pen, sheet: Sheet, x: float, y: float) -> None:
    pen.text((x, y), f"page {sheet.number}", 14, INK, is_bold=True)
    told = count_noun(len(sheet.pairs), "pair") if sheet.pairs else ""
    if alone := sum(1 for _ in list_unpaired(sheet)):
        told = ", ".join(part for part in (told, f"{alone} without") if part)
    pen.text((x + 76, y), told, 14, FAINT)
    if sheet.pairs:
        worst = min(pair.confidence for pair in sheet.pairs)
        pen.dot((x + CELL_PX - 10, y + 9), 6, grade_confidence(worst))

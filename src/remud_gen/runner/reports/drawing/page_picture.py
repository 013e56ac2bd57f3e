"""One page as a picture: the page itself with its marks, cards beside it, a legend below."""

from __future__ import annotations

from PIL import Image

from remud_gen.records import TextRole
from remud_gen.runner.reports.drawing.cards import WIDTH, Card, draw_card, write_cards
from remud_gen.runner.reports.drawing.ink import (
    DESK,
    FAINT,
    FIGURES,
    INK,
    PALE,
    ROLES,
    UNPAIRED,
    Pen,
    grade_confidence,
    measure_text,
    wrap_text,
)
from remud_gen.runner.reports.drawing.marks import Marker
from remud_gen.runner.reports.drawing.subject import Sheet, Subject, choose_sheet, view_sheet
from remud_gen.runner.reports.wording import count_noun

LONG_SIDE_PX = 1500
EDGE, GAP, HEAD, LEGEND = 26, 14, 66, 40
LEGEND_ROLES: tuple[TextRole, ...] = ("title", "section", "body", "caption", "note", "table", "header")


def draw_page(subject: Subject, number: int) -> Image.Image:
    """The page with all that was read off it.

    Raises:
        ConfigError: when no such page was extracted.
        InputError: when the file cannot be read.
    """
    sheet = choose_sheet(subject, number)
    with subject.open() as opened:
        view = view_sheet(opened, sheet)
        scale = LONG_SIDE_PX / max(view.width, view.height)
        page = view.render(72 * scale).convert("RGB")
        scale = page.width / view.width
    groups = Marker(Pen(page), scale).mark(sheet, subject.pairs)
    return _lay_out(page, write_cards(sheet, groups), subject, sheet)


def _lay_out(page: Image.Image, cards: list[Card], subject: Subject, sheet: Sheet) -> Image.Image:
    stack = sum(card.height + GAP for card in cards) - GAP
    width = 3 * EDGE + page.width + WIDTH
    height = HEAD + max(page.height, stack) + LEGEND + EDGE
    canvas = Image.new("RGB", (width, height), DESK)
    canvas.paste(page, (EDGE, HEAD))
    pen = Pen(canvas)
    pen.box((EDGE - 1, HEAD - 1, EDGE + page.width, HEAD + page.height), PALE, width=1)
    _write_head(pen, subject, sheet, width)
    top = float(HEAD)
    for card in cards:
        draw_card(pen, card, 2 * EDGE + page.width, top)
        top += card.height + GAP
    draw_legend(pen, EDGE, height - LEGEND - EDGE / 4, width - EDGE)
    return canvas


def _write_head(pen: Pen, subject: Subject, sheet: Sheet, width: int) -> None:
    first = sheet.pages[0]
    flags = sorted({flag.replace("_", " ") for page in sheet.pages for flag in page.flags})
    blocks = sum(len(page.text_blocks) for page in sheet.pages)
    facts = [
        first.kind,
        {"layer": "text layer", "ocr": "text by OCR", "none": "no text"}[first.text_origin],
        count_noun(blocks, "text block"),
        count_noun(sum(len(page.figures) for page in sheet.pages), "picture"),
        count_noun(len(sheet.pairs), "pair"),
        *(["two pages side by side"] if len(sheet.pages) > 1 else []),
        *flags,
    ]
    name = f"{subject.document.file}, page {sheet.number} of {subject.document.page_count}"
    pen.text((EDGE, 10), wrap_text(name, 22, width - 2 * EDGE, 1)[0], 22, INK, is_bold=True)
    pen.text((EDGE, 39), wrap_text(" · ".join(facts), 16, width - 2 * EDGE, 1)[0], 16, FAINT)


def draw_legend(pen: Pen, x: float, y: float, right: float, *, is_small: bool = False) -> None:
    """A strip that explains colours and, unless the pages are small, lines; what does not fit is left out."""
    size = 15
    mid = y + size / 2 + 2

    def has_room(text: str, mark: float) -> bool:
        return x + mark + measure_text(text, size) <= right

    for role in LEGEND_ROLES:
        name = "header, footer" if role == "header" else role
        if has_room(name, 24):
            pen.box((x, y + 2, x + 18, y + 18), ROLES[role], fill=200, radius=3)
            pen.text((x + 24, y), name, size, FAINT)
            x += 24 + measure_text(name, size) + 16
    for told, mark in (
        ("reading order", "number"), ("figure and its words", "line"), ("cited", "dash"), ("no pair", "none"),
        ("sure", "sure"), ("doubtful", "doubtful"), ("unsure", "unsure"),
    ):  # fmt: skip
        if is_small and mark in ("number", "line", "dash"):
            continue
        if not has_room(told, 34):
            return
        if mark == "number":
            pen.number((x + 12, mid), 1, 13, ROLES["body"])
        elif mark in ("line", "dash"):
            pen.line(((x, mid), (x + 26, mid)), FIGURES[0], dash=5 if mark == "dash" else 0)
        elif mark == "none":
            pen.dashed_box((x, y + 2, x + 24, y + 18), UNPAIRED, dash=5)
        else:
            pen.dot((x + 12, mid), 7, grade_confidence({"sure": 1.0, "doubtful": 0.6, "unsure": 0.0}[mark]))
        pen.text((x + 32, y), told, size, FAINT)
        x += 32 + measure_text(told, size) + 16

"""One page as a picture: the page itself with its marks, cards beside it, a legend below."""

from __future__ import annotations

from PIL import Image

from remud_gen.runner.reports.drawing.cards import WIDTH, Card, draw_card, write_cards
from remud_gen.runner.reports.drawing.ink import (
    DESK,
    FAINT,
    INK,
    PALE,
    Pen,
    wrap_text,
)
from remud_gen.runner.reports.drawing.legend import Legend
from remud_gen.runner.reports.drawing.marks import Marker
from remud_gen.runner.reports.drawing.subject import Sheet, Subject, choose_sheet, view_sheet
from remud_gen.runner.reports.wording import count_noun

LONG_SIDE_PX = 1500
EDGE, GAP, HEAD = 26, 14, 66


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
    legend = Legend(width - 2 * EDGE)
    height = HEAD + max(page.height, stack) + legend.height + EDGE
    canvas = Image.new("RGB", (width, height), DESK)
    canvas.paste(page, (EDGE, HEAD))
    pen = Pen(canvas)
    pen.box((EDGE - 1, HEAD - 1, EDGE + page.width, HEAD + page.height), PALE, width=1)
    _write_head(pen, subject, sheet, width)
    top = float(HEAD)
    for card in cards:
        draw_card(pen, card, 2 * EDGE + page.width, top)
        top += card.height + GAP
    legend.draw(pen, EDGE, height - legend.height - EDGE / 4)
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

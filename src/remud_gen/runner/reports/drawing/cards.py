"""The margin of a drawn page: one card for each figure with what is known of it in words."""

from __future__ import annotations

from dataclasses import dataclass

from remud_gen.records import Evidence, ImageTextPair
from remud_gen.runner.reports.drawing.groups import OWN_WORDS, Group, list_unpaired, match_figure
from remud_gen.runner.reports.drawing.ink import (
    FAINT,
    INK,
    PALE,
    PAPER,
    ROLES,
    UNPAIRED,
    WARNING,
    Colour,
    Pen,
    grade_confidence,
    measure_text,
    wrap_text,
)
from remud_gen.runner.reports.drawing.subject import Sheet

WIDTH = 470
SIZE, LINE = 15, 23
PAD = 12
MOST_LINES = 3


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a card: a coloured tag, then words."""

    text: str
    colour: Colour = INK
    tag: str = ""
    tag_colour: Colour = INK
    indent: int = 0


@dataclass(frozen=True, slots=True)
class Card:
    """A figure in words."""

    colour: Colour
    lines: tuple[Line, ...]

    @property
    def height(self) -> int:
        """In pixels, with its padding."""
        return LINE * len(self.lines) + 2 * PAD


def write_cards(sheet: Sheet, groups: list[Group]) -> list[Card]:
    """A card for each figure, then one for pictures without a pair."""
    cards = [Card(group.colour, tuple(_tell_group(sheet, group))) for group in groups]
    alone = list(list_unpaired(sheet))
    if alone:
        lines = [Line("pictures without a pair", tag=str(len(alone)), tag_colour=UNPAIRED)]
        lines += [
            Line(f"{figure.detector} {figure.score:.2f}, ultrasound {figure.is_ultrasound_score:.2f}", FAINT)
            for figure in alone[:6]
        ]
        cards.append(Card(UNPAIRED, tuple(lines)))
    if not cards:
        cards.append(Card(PALE, (Line("no picture on this page", FAINT),)))
    return cards


def draw_card(pen: Pen, card: Card, x: float, y: float) -> None:
    """A card with its top left corner at a place."""
    pen.box((x, y, x + WIDTH, y + card.height), PAPER, fill=255, radius=6)
    pen.box((x, y, x + WIDTH, y + card.height), PALE, width=1, radius=6)
    pen.box((x, y, x + 6, y + card.height), card.colour, fill=255, radius=3)
    for row, line in enumerate(card.lines):
        left, top = x + PAD + 8 + line.indent, y + PAD + row * LINE
        if line.tag:
            left += pen.tag((left, top), line.tag, 12, line.tag_colour) + 7
        pen.text((left, top), line.text, SIZE, line.colour)


def _tell_group(sheet: Sheet, group: Group) -> list[Line]:
    n = len(group.pairs)
    lines = [Line("one picture" if n == 1 else f"{n} panels", tag=group.name, tag_colour=group.colour)]
    first = group.pairs[0]
    for kind in OWN_WORDS:
        text = getattr(first, kind)
        if text:
            elsewhere = _tell_elsewhere(sheet, group, kind)
            lines += _wrap(f"{text}{elsewhere}", kind, ROLES[kind])  # type: ignore[index]
    for pair in group.pairs:
        lines += _tell_panel(sheet, pair, is_alone=n == 1, colour=group.colour)
    cited = sorted({span.page_number for span in group.list_words() if span.kind == "mention" and span.page_number})
    if cited:
        pages = ", ".join(map(str, cited[:12])) + (" …" if len(cited) > 12 else "")
        lines.append(Line(f"cited on page {pages}" if len(cited) == 1 else f"cited on pages {pages}", FAINT))
    return lines


def _tell_panel(sheet: Sheet, pair: ImageTextPair, *, is_alone: bool, colour: Colour) -> list[Line]:
    figure = match_figure(sheet, pair)
    seen = f"{figure.detector} {figure.score:.2f}" if figure is not None else "cut anew from its panels"
    kind = f", {pair.modality.replace('_', ' ')} {pair.modality_score:.2f}" if pair.modality else ""
    tag = pair.panel or ("" if is_alone else "?")
    lines = [
        Line(f"confidence {pair.confidence:.2f}", grade_confidence(pair.confidence), tag, colour),
        *_plain(f"{seen}, ultrasound {pair.is_ultrasound_score:.2f}{kind}", FAINT, 2),
    ]
    for text in (pair.panel_caption, pair.panel_note):
        if text and not is_alone:
            lines += _plain(f"“{text}”", INK, 2)
    if pair.burned_in_text:
        lines += _plain("burned in: " + " | ".join(line.text for line in pair.burned_in_text), FAINT, 1)
    for flag in pair.flags:
        lines += _plain(f"! {flag.replace('_', ' ')}", WARNING, 1)
    return lines


def _wrap(text: str, tag: str, colour: Colour) -> list[Line]:
    lines = wrap_text(text, SIZE, WIDTH - 2 * PAD - 12, MOST_LINES, indent=measure_text(tag, 12) + 20)
    return [Line(line, INK, "" if i else tag, colour) for i, line in enumerate(lines)]


def _plain(text: str, colour: Colour, most: int) -> list[Line]:
    return [Line(line, colour) for line in wrap_text(text, SIZE, WIDTH - 2 * PAD - 12, most)]


def _tell_elsewhere(sheet: Sheet, group: Group, kind: str) -> str:
    spans: list[Evidence] = [span for span in group.list_words() if span.kind == kind]
    pages = sorted({span.page_number for span in spans if span.page_number not in (None, sheet.number)}, key=str)
    return f" (page {', '.join(map(str, pages))})" if pages else ""

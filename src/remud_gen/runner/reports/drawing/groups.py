"""Figures of a page as they are drawn: panels that share a number, a colour and their words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from remud_gen.records import BBox, Evidence, Figure, ImageTextPair
from remud_gen.rules.geometry import hull, measure_cover, measure_iou
from remud_gen.runner.reports.drawing.ink import FIGURES, Colour
from remud_gen.runner.reports.drawing.subject import Sheet

OWN_WORDS = ("title", "caption", "note")
SAME = 0.5  # overlap from which a pair's box is a picture's box
MOSTLY = 0.9  # of a picture that lies in a pair's box is part of it


@dataclass(frozen=True, slots=True)
class Group:
    """The panels of one figure that stand on a page."""

    name: str
    colour: Colour
    pairs: tuple[ImageTextPair, ...]

    @property
    def hull(self) -> BBox:
        """Around all panels."""
        return hull(find_box(pair) for pair in self.pairs)

    def list_words(self) -> list[Evidence]:
        """Title, caption, note and the paragraphs that cite it, each place once."""
        spans = (span for pair in self.pairs for span in pair.context if span.kind in (*OWN_WORDS, "mention"))
        return list({(span.kind, span.page_number, span.bbox): span for span in spans if span.bbox}.values())


@dataclass(frozen=True, slots=True)
class Visitor:
    """Words on a page that belong to a figure of another page."""

    span: Evidence
    name: str
    page_number: int | None


def find_box(pair: ImageTextPair) -> BBox:
    """Where a pair's picture stands."""
    return pair.source.bbox or pair.figure_bbox


def group_pairs(pairs: Sequence[ImageTextPair]) -> list[Group]:
    """Pairs of a page by figure, in their order."""
    members: dict[str, list[ImageTextPair]] = {}
    for pair in pairs:
        members.setdefault(pair.figure_id, []).append(pair)
    return [
        Group(own[0].figure_number or f"no number ({i})", FIGURES[(i - 1) % len(FIGURES)], tuple(own))
        for i, own in enumerate(members.values(), 1)
    ]


def match_figure(sheet: Sheet, pair: ImageTextPair) -> Figure | None:
    """The picture that extraction found at a pair's box, None where pairing cut it anew."""
    figures = [figure for page in sheet.pages for figure in page.figures]
    best = max(figures, key=lambda figure: measure_iou(figure.bbox, find_box(pair)), default=None)
    return best if best is not None and measure_iou(best.bbox, find_box(pair)) > SAME else None


def list_unpaired(sheet: Sheet) -> Iterator[Figure]:
    """Pictures of a page that became no pair, and are no part of one."""
    for page in sheet.pages:
        for figure in page.figures:
            if not any(measure_iou(figure.bbox, find_box(pair)) > SAME or _is_in(figure, pair) for pair in sheet.pairs):
                yield figure


def list_visitors(sheet: Sheet, pairs: Sequence[ImageTextPair]) -> list[Visitor]:
    """Words on this page of figures that stand on other pages, each once for a figure."""
    found: dict[tuple[str, BBox | None, str], Visitor] = {}
    for pair in pairs:
        if pair.source.page_number == sheet.number:
            continue
        for span in pair.context:
            if span.page_number == sheet.number and span.bbox and span.kind in (*OWN_WORDS, "mention"):
                name = pair.figure_number or "a figure"
                found.setdefault((span.kind, span.bbox, pair.figure_id), Visitor(span, name, pair.source.page_number))
    return list(found.values())


def _is_in(figure: Figure, pair: ImageTextPair) -> bool:
    return measure_cover(figure.bbox, find_box(pair)) > MOSTLY

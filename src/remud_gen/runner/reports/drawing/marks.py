"""Marks on the picture of a page: blocks with their order, pictures, panels, and lines to the words that are theirs."""

from __future__ import annotations

from collections.abc import Sequence

from remud_gen.records import BBox, Evidence, ImageTextPair
from remud_gen.rules.geometry import intersect, measure_area
from remud_gen.runner.reports.drawing.groups import Group, Visitor, find_box, group_pairs, list_unpaired, list_visitors
from remud_gen.runner.reports.drawing.ink import FAINT, ROLES, SURE, UNPAIRED, Colour, Pen, Point, grade_confidence
from remud_gen.runner.reports.drawing.subject import Sheet

TAG = 15
NUMBER = 13
WASH = {"body": 16, "header": 30, "footer": 30}


class Marker:
    """Draws the records of one page on its picture; `scale` is pixels per unit of the page."""

    def __init__(self, pen: Pen, scale: float, place: Point = (0.0, 0.0)) -> None:
        self._pen, self._scale, self._place = pen, scale, place
        self._tags: list[BBox] = []

    def mark(self, sheet: Sheet, pairs: Sequence[ImageTextPair]) -> list[Group]:
        """Everything; `pairs` are those of the whole document. Returns the figures in their colours."""
        groups = group_pairs(sheet.pairs)
        self.wash_blocks(sheet)
        for group in groups:
            self._join(group, sheet.number)
        for figure in list_unpaired(sheet):
            box = self._move(figure.bbox)
            self._pen.dashed_box(box, UNPAIRED, width=3)
            self._tag(box, "no pair", UNPAIRED)
        for group in groups:
            self.frame_panels(group, width=4, tag=TAG)
        self._number_blocks(sheet)
        for group in groups:
            for span in group.list_words():
                if span.page_number == sheet.number and span.kind != "mention":
                    self._name_words(span)
        self._show_visitors(list_visitors(sheet, pairs))
        return groups

    def wash_blocks(self, sheet: Sheet, *, strength: float = 1.0) -> None:
        """Text blocks in the colours of their roles."""
        for page in sheet.pages:
            for block in page.text_blocks:
                wash = int(WASH.get(block.role, 42) * strength)
                self._pen.box(self._move(block.bbox), ROLES[block.role], width=1, fill=wash, strength=130)

    def frame_panels(self, group: Group, *, width: int, tag: int) -> None:
        """Each panel's box with its letter and number, the figure's hull around several."""
        if len(group.pairs) > 1 and width > 2:
            self._pen.dashed_box(_grow(self._move(group.hull), 7), group.colour, width=2)
        for pair in group.pairs:
            box = self._move(find_box(pair))
            self._pen.box(box, group.colour, width=width)
            used = self._pen.tag(box[:2], _label(group, pair, is_short=width <= 2), tag, group.colour)
            self._tags.append((box[0], box[1], box[0] + used, box[1] + 1.5 * tag))
            if width > 2:
                mark = f"{pair.confidence:.2f}" + (f"  {len(pair.flags)} flags" if len(pair.flags) > 1 else "")
                mark = f"{pair.confidence:.2f}  1 flag" if len(pair.flags) == 1 else mark
                self._pen.tag((box[0] + used + 3, box[1]), mark, tag, grade_confidence(pair.confidence))
            elif pair.confidence < SURE:
                self._pen.dot((box[2] - 1, box[1] + 1), 5, grade_confidence(pair.confidence))

    def _join(self, group: Group, number: int) -> None:
        for span in group.list_words():
            if span.page_number != number or span.bbox is None:
                continue
            words = self._move(span.bbox)
            is_cited = span.kind == "mention"
            pictures = [self._move(find_box(pair)) for pair in group.pairs]
            if is_cited:
                self._pen.dashed_box(_grow(words, 2), group.colour, width=2, dash=6)
                pictures = [min(pictures, key=lambda box: _measure_way(words, box))]
            else:
                self._pen.box(_grow(words, 2), group.colour, width=2)
            for picture in pictures:
                ends = _find_ends(words, picture)
                self._pen.line(ends, group.colour, width=2, dash=6 if is_cited else 0)
                self._pen.dot(ends[0], 4, group.colour)
                self._pen.dot(ends[1], 4, group.colour)

    def _number_blocks(self, sheet: Sheet) -> None:
        number = 0
        for page in sheet.pages:
            for block in page.text_blocks:
                number += 1
                x0, y0, _, y1 = self._move(block.bbox)
                middle = y0 + min((y1 - y0) / 2, 0.8 * NUMBER)
                self._pen.number((max(x0 - NUMBER, self._place[0] + NUMBER), middle), number, NUMBER, ROLES[block.role])

    def _name_words(self, span: Evidence) -> None:
        if span.bbox is not None:
            box = _grow(self._move(span.bbox), 2)
            self._tag((box[2] - 9 * len(span.kind), box[1] - 1.5 * NUMBER, box[2], box[1]), span.kind, _colour(span))

    def _show_visitors(self, visitors: Sequence[Visitor]) -> None:
        by_box: dict[BBox, list[Visitor]] = {}
        for visitor in visitors:
            by_box.setdefault(visitor.span.bbox or (0, 0, 0, 0), []).append(visitor)
        for box, here in by_box.items():
            place = _grow(self._move(box), 2)
            self._pen.dashed_box(place, FAINT, width=2, dash=6)
            told = [f"{visitor.name} (p. {visitor.page_number})" for visitor in here]
            text = ", ".join(told[:3]) + (f" +{len(told) - 3}" if len(told) > 3 else "")
            what = "cites" if here[0].span.kind == "mention" else f"{here[0].span.kind} of"
            self._tag((place[0], place[3] + 1, place[2], place[3] + 1), f"{what} {text}", FAINT)

    def _tag(self, box: BBox, text: str, colour: Colour) -> None:
        """A tag where it hides no other tag: at the corner, else below."""
        size = NUMBER
        width, height = 0.62 * size * len(text) + size, 1.5 * size
        x, y = box[0], box[1]
        for _ in range(8):
            here = (x, y, x + width, y + height)
            if not any(measure_area(intersect(here, other)) > 0 for other in self._tags):
                break
            y += height + 2
        self._tags.append((x, y, x + self._pen.tag((x, y), text, size, colour), y + height))

    def _move(self, box: BBox) -> BBox:
        (left, top), scale = self._place, self._scale
        return (box[0] * scale + left, box[1] * scale + top, box[2] * scale + left, box[3] * scale + top)


def _label(group: Group, pair: ImageTextPair, *, is_short: bool) -> str:
    number = pair.figure_number or ("" if pair.panel else "–")
    return (pair.panel or number or "–") if is_short else " ".join(part for part in (number, pair.panel) if part)


def _colour(span: Evidence) -> Colour:
    return ROLES[span.kind] if span.kind in ("title", "caption", "note") else ROLES["body"]


def _grow(box: BBox, by: float) -> BBox:
    return (box[0] - by, box[1] - by, box[2] + by, box[3] + by)


def _find_ends(a: BBox, b: BBox) -> tuple[Point, Point]:
    """The shortest way between two boxes; through the middle of what faces each other."""
    x0, x1 = _meet(a[0], a[2], b[0], b[2])
    y0, y1 = _meet(a[1], a[3], b[1], b[3])
    return (x0, y0), (x1, y1)


def _meet(a0: float, a1: float, b0: float, b1: float) -> tuple[float, float]:
    low, high = max(a0, b0), min(a1, b1)
    if low <= high:
        return (low + high) / 2, (low + high) / 2
    return (a1, b0) if a1 < b0 else (a0, b1)


def _measure_way(a: BBox, b: BBox) -> float:
    (x0, y0), (x1, y1) = _find_ends(a, b)
    return abs(x1 - x0) + abs(y1 - y0)

"""What a model is shown of an unsure pair: a picture of the page with numbered boxes, and the words behind each."""

from __future__ import annotations

from typing import Literal

from remud_gen.record_base import BBox, Evidence, ImageRef, Record

ChoiceKind = Literal["caption", "title", "note", "text"]


class SketchFigure(Record):
    """One picture of the figure in question."""

    number: int
    pair_id: str
    page_number: int
    bbox: BBox
    panel: str | None = None


class SketchChoice(Record):
    """Words that may be the figure's; what would belong to the pair with them is kept beside them."""

    number: int
    kind: ChoiceKind  # what the rules take it for
    text: str  # as printed
    words: str  # without the figure's label or heading number
    label: str | None = None  # the figure's number as printed
    page_number: int
    bbox: BBox
    origin: Literal["layer", "ocr"] = "layer"
    reading_score: float = 1.0
    headings: tuple[Evidence, ...] = ()  # over it, outermost first
    mentions: tuple[Evidence, ...] = ()  # paragraphs that cite its number


class Sketch(Record):
    """Figures and choices share one sequence of numbers; `caption`, `title` and `note` are those the rules chose."""

    image: ImageRef | None = None  # None until it is drawn
    figures: tuple[SketchFigure, ...]
    choices: tuple[SketchChoice, ...]
    caption: int | None = None
    title: int | None = None
    note: int | None = None

    @property
    def own(self) -> tuple[int, ...]:
        """Numbers of what the rules chose as the figure's caption and title."""
        return tuple(number for number in (self.caption, self.title) if number is not None)

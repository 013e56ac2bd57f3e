"""Words that may be a figure's: its own, the captions, titles and notes near it, and small print beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from remud_gen.pairing.captions import has_own_words
from remud_gen.pairing.context import index_mentions, make_headings, make_mentions
from remud_gen.pairing.costs import is_sublabel
from remud_gen.pairing.figure_group import FigureGroup
from remud_gen.pairing.flow import Block, Flow, PageFlow
from remud_gen.pairing.groups import Grouping
from remud_gen.pairing.joining import join_lines
from remud_gen.pairing.pairs import Surroundings
from remud_gen.pairing.paragraphs import Paragraph
from remud_gen.pairing.titles import Title
from remud_gen.records import SketchChoice
from remud_gen.rules.figure_labels import is_table_label, normalise_number
from remud_gen.rules.geometry import Box, hull, measure_gap
from remud_gen.sketch_records import ChoiceKind

MOST_CHOICES = 12
REACH_EM = 4.0  # words without a label are a choice only this near
LEAST_LETTERS = 4
MOST_PRINT_LINES = 12  # of words without a label: more is running text


@dataclass(frozen=True, slots=True)
class Candidate:
    """Blocks that read as one; equal where they are the same blocks of the same kind."""

    kind: ChoiceKind
    blocks: tuple[Block, ...]

    @property
    def page(self) -> int:
        """Index of the page they begin on."""
        return self.blocks[0].page

    @property
    def bbox(self) -> Box:
        """Around the blocks of that page."""
        return hull(block.bbox for block in self.blocks if block.page == self.page)


class Candidates:
    """All that a document's figures may be called by."""

    def __init__(self, flow: Flow, grouping: Grouping, around: Surroundings) -> None:
        self._flow, self._around = flow, around
        groups = grouping.groups
        self._captions = {one.blocks: one for one in grouping.captions if one.label is not None or one.is_plain}
        self._titles: dict[tuple[Block, ...], Title] = {(title.block,): title for title in grouping.titles}
        self._notes = [tuple(group.notes) for group in groups if group.notes]
        held = {
            group.caption.blocks
            for group in groups
            if group.caption is not None and any(picture.page == group.caption.page for picture in group.pictures)
        }
        self._apart = [caption for blocks, caption in self._captions.items() if blocks not in held]
        self._place = {block: number for number, block in enumerate(flow.blocks())}

    def list_own(self, group: FigureGroup) -> tuple[Candidate | None, Candidate | None, Candidate | None]:
        """The caption, title and note that a figure has now."""
        caption = Candidate("caption", group.caption.blocks) if group.caption is not None else None
        title = Candidate("title", (group.title.block,)) if group.title is not None else None
        return caption, title, Candidate("note", tuple(group.notes)) if group.notes else None

    def find(self, group: FigureGroup) -> list[Candidate]:
        """What may be its words, in reading order: its own, and of all others the nearest."""
        own = [one for one in self.list_own(group) if one is not None]
        labelled = dict.fromkeys([*self._find_labelled(group), *self._find_apart(group)])
        rest = [one for one in labelled if one not in own]
        taken = {block for one in (*own, *rest) for block in one.blocks}
        rest += [one for one in dict.fromkeys(self._find_print(group)) if not taken & set(one.blocks)]
        rest.sort(key=lambda one: (self._measure_distance(group, one), self._place[one.blocks[0]]))
        chosen = [*own, *rest[: max(0, MOST_CHOICES - len(own))]]
        return sorted(chosen, key=lambda one: (self._place[one.blocks[0]], one.kind))

    def describe(self, one: Candidate, number: int) -> SketchChoice:
        """The record of a candidate."""
        page = self._flow.pages[one.page].page
        text = join_lines([block.text for block in one.blocks], self._flow.words)
        words, label, normal = self._read(one, text)
        found = self._mentions.get(normal, []) if normal else []
        return SketchChoice(
            number=number,
            kind=one.kind,
            text=text,
            words=words,
            label=label,
            page_number=page.source.page_number or 1,
            bbox=one.bbox,
            origin="ocr" if page.text_origin == "ocr" else "layer",
            reading_score=round(min(block.score for block in one.blocks), 3),
            headings=tuple(make_headings(self._flow, self._around.headings.get(one.blocks[0], ()))),
            mentions=tuple(make_mentions(self._flow, found, normal or "", self._around.numbers)),
        )

    def _read(self, one: Candidate, text: str) -> tuple[str, str | None, str | None]:
        """Words without the label, the number as printed, the number normalised."""
        if one.kind == "caption" and (caption := self._captions.get(one.blocks)) is not None:
            label = caption.label
            return caption.text, label.printed if label else None, label.number if label else None
        if one.kind == "title" and (title := self._titles.get(one.blocks)) is not None:
            return title.text, title.printed, normalise_number(title.number)
        return text, None, None

    @cached_property
    def _mentions(self) -> dict[str, list[Paragraph]]:
        return index_mentions(self._around.paragraphs, self._around.numbers, {})

    def _pages(self, group: FigureGroup) -> list[int]:
        return sorted({picture.page for picture in group.pictures})

    def _find_labelled(self, group: FigureGroup) -> Iterator[Candidate]:
        """Captions, titles and notes on the figure's pages."""
        pages = set(self._pages(group))
        for blocks in self._captions:
            if blocks[0].page in pages:
                yield Candidate("caption", blocks)
        for blocks in self._titles:
            if blocks[0].page in pages:
                yield Candidate("title", blocks)
        for blocks in self._notes:
            if blocks[0].page in pages:
                yield Candidate("note", blocks)

    def _find_apart(self, group: FigureGroup) -> Iterator[Candidate]:
        """Captions without a picture on their own page, where the figure's own stands or next to the figure's pages."""
        pages = self._pages(group)
        near = {pages[0] - 1, pages[-1] + 1, *([group.caption.page] if group.caption is not None else [])}
        for caption in self._apart:
            if caption.page in near and has_own_words(caption):
                yield Candidate("caption", caption.blocks)

    def _find_print(self, group: FigureGroup) -> Iterator[Candidate]:
        """Words without a label right beside a picture."""
        for picture in group.pictures:
            page = self._flow.pages[picture.page]
            for block in page.blocks:
                if measure_gap(block.bbox, picture.bbox) < REACH_EM * page.em and _may_caption(block):
                    yield Candidate("text", (block,))

    def _measure_distance(self, group: FigureGroup, one: Candidate) -> float:
        """In letter heights; other pages are farther than anything on the figure's own."""
        page: PageFlow = self._flow.pages[one.page]
        near: Sequence[Box] = [picture.bbox for picture in group.pictures if picture.page == one.page]
        return min((measure_gap(one.bbox, box) for box in near), default=page.height + page.width) / page.em


def _may_caption(block: Block) -> bool:
    letters = sum(character.isalpha() for character in block.text)
    is_short = len(block.lines) <= MOST_PRINT_LINES
    return is_short and letters >= LEAST_LETTERS and not is_sublabel(block) and not is_table_label(block.text)

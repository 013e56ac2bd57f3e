"""The pairing rule without a model: reading order, captions and titles, panels, context, passages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from remud_gen.pairing.blocks import build_flow
from remud_gen.pairing.families import Panel, cut_panels
from remud_gen.pairing.figure_group import FigureGroup
from remud_gen.pairing.flow import Block, Flow, Picture
from remud_gen.pairing.flow_document import free_of_boxes, list_places, set_pages
from remud_gen.pairing.flow_groups import group_in_order
from remud_gen.pairing.given import make_given_panels, split_given
from remud_gen.pairing.groups import Grouping, group_figures
from remud_gen.pairing.pairs import Surroundings, make_pairs, reject_marked
from remud_gen.pairing.paragraphs import read_paragraphs
from remud_gen.pairing.passages import make_passages
from remud_gen.protocols import Cropper, Unpaired
from remud_gen.records import ImageTextPair, Page, Passage, TextBlock
from remud_gen.rules.language import detect_language
from remud_gen.rules.licences import find_licence

ULTRASOUND_SCORE = 0.5  # a picture without any words is kept only above this
LEAST_SIDE = 0.08  # of the page's width: smaller pictures without words are marks and logos
REPEATS = 3  # pages on which a picture may stand at most and still be a figure


class ReadingOrderOptions(BaseModel):
    """The configuration's pair section without the name of the rule."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    min_ultrasound_score: float = 0.4
    non_ultrasound: Literal["keep", "flag", "reject"] = "flag"
    passage_min_chars: int = 80
    passage_max_chars: int = 1500


class ReadingOrderRule:
    """Pair by reading order over columns and pages, caption and title style decided per document."""

    name: ClassVar[str] = "reading_order"

    def __init__(self, options: Mapping[str, Any]) -> None:
        self.options = ReadingOrderOptions.model_validate(options)

    def pair(self, pages: Sequence[Page], cropper: Cropper) -> Iterator[tuple[str, ImageTextPair | Passage | Unpaired]]:
        """Pairs and passages of one document, page by page."""
        if not pages:
            return
        if pages[0].kind == "flow":
            flow, grouping = group_in_order(set_pages(pages), list_places(pages))
            numbered = {page.source.page_number or 0: page for page in pages}
            for page_id, found in self._pair(pages, flow, grouping, {}, cropper):
                yield page_id, free_of_boxes(found, numbered)
            return
        split = [split_given(page) for page in pages]
        given = {index: blocks for index, (_, blocks) in enumerate(split) if blocks}
        flow = build_flow([page for page, _ in split])
        yield from self._pair(pages, flow, group_figures(flow), given, cropper)

    def _pair(
        self,
        pages: Sequence[Page],
        flow: Flow,
        grouping: Grouping,
        given: Mapping[int, tuple[TextBlock, ...]],
        cropper: Cropper,
    ) -> Iterator[tuple[str, ImageTextPair | Passage | Unpaired]]:
        """`given` are the words that stand beside pictures, by the index of their page."""
        document_id = pages[0].document_id
        skipped = _collect_own_blocks(grouping)
        panels: list[Panel] = []
        for group in grouping.groups:
            if group.is_table:
                yield from (
                    (pages[p.page].id, Unpaired("TABLE", "a table that looks like a picture")) for p in group.pictures
                )
                continue
            for found in cut_panels(flow, group, skipped, cropper):
                if isinstance(found, Panel):
                    panels.append(found)
                else:
                    yield pages[found[0]].id, found[1]
        for index in sorted(given):
            panels += make_given_panels(flow, flow.pages[index], given[index])
        for kept in _judge_loose(flow, [picture for picture in grouping.loose if picture.page not in given]):
            if isinstance(kept, Panel):
                panels.append(kept)
            else:
                yield pages[kept[0]].id, kept[1]
        paragraphs, headings = read_paragraphs(flow, skipped)
        language = detect_language(" ".join(block.text for block in flow.blocks())[:20_000])
        numbers = frozenset(c.label.number for c in grouping.captions if c.label) | {t.number for t in grouping.titles}
        marks = self.options.non_ultrasound != "keep"
        around = Surroundings(paragraphs, headings, numbers, language, self.options.min_ultrasound_score, marks)
        pairs = self._revise(flow, grouping, panels, around, make_pairs(flow, document_id, panels, around))
        licence = _find_licence(pages)
        for page, pair in reject_marked(pairs) if self.options.non_ultrasound == "reject" else pairs:
            yield pages[page].id, pair if isinstance(pair, Unpaired) else pair.model_copy(update={"licence": licence})
        limits = (self.options.passage_min_chars, self.options.passage_max_chars)
        for page, passage in make_passages(flow, document_id, paragraphs, *limits):
            yield pages[page].id, passage.model_copy(update={"licence": licence})

    def _revise(
        self,
        flow: Flow,
        grouping: Grouping,
        panels: Sequence[Panel],
        around: Surroundings,
        pairs: list[tuple[int, ImageTextPair]],
    ) -> list[tuple[int, ImageTextPair]]:
        """Where a rule built on this one adds what it knows."""
        return pairs


def _find_licence(pages: Sequence[Page]) -> str | None:
    """The licence that the file names, else the one that its first or last page states."""
    stated = (block.text for page in (pages[0], pages[-1]) for block in page.text_blocks)
    return pages[0].licence or next((found for text in stated if (found := find_licence(text))), None)


def _collect_own_blocks(grouping: Grouping) -> set[Block]:
    """Everything that is a figure's own text, and no running text."""
    own = {block for caption in grouping.captions for block in caption.blocks}
    own |= {title.block for title in grouping.titles}
    return own | {block for group in grouping.groups for block in group.notes}


def _judge_loose(flow: Flow, loose: Sequence[Picture]) -> Iterator[Panel | tuple[int, Unpaired]]:
    """Pictures without words: ultrasound frames are kept and marked, everything else is named and left out."""
    repeats = Counter(picture.figure.image.sha256 for picture in flow.pictures())
    for picture in loose:
        page = flow.pages[picture.page]
        width = picture.bbox[2] - picture.bbox[0]
        if repeats[picture.figure.image.sha256] >= REPEATS:
            yield picture.page, Unpaired("REPEATED_PICTURE", "the same picture stands on many pages")
        elif picture.figure.is_ultrasound_score < ULTRASOUND_SCORE or width < LEAST_SIDE * page.width:
            message = "no caption or title in reach, and not clearly ultrasound"
            yield picture.page, Unpaired("PICTURE_WITHOUT_TEXT", message)
        else:
            group = FigureGroup(pictures=[picture], flags={"no_caption"})
            yield Panel(group, picture.page, picture.figure, flags=set(group.flags))

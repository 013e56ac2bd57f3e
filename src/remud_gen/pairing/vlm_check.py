"""Reading order, and for every unsure figure a question to a model: which of the words near it are its own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from remud_gen.pairing.candidates import Candidate, Candidates
from remud_gen.pairing.families import Panel
from remud_gen.pairing.figure_group import FigureGroup
from remud_gen.pairing.flow import Block, Flow
from remud_gen.pairing.groups import Grouping
from remud_gen.pairing.pairs import Surroundings
from remud_gen.pairing.reading_order import ReadingOrderOptions, ReadingOrderRule
from remud_gen.records import ImageTextPair, Sketch, SketchFigure, make_id

MOST_FIGURES = 24  # of one question; a figure of more panels is left as it is


class VlmCheckOptions(ReadingOrderOptions):
    """Those of reading_order, and the confidence below which a pair is looked at again."""

    check_below: float = 0.8


class VlmCheckRule(ReadingOrderRule):
    """`reading_order`; what that is unsure of is shown to a model, which chooses among numbered words or rejects all.

    This half finds the words; the `check` stage asks. Documents without pages, and pictures whose words were given
    beside them, have no place on a page to be shown: their pairs stay as they are.
    """

    name: ClassVar[str] = "vlm_check"

    def __init__(self, options: Mapping[str, Any]) -> None:
        self.options: VlmCheckOptions = VlmCheckOptions.model_validate(options)

    def _revise(
        self,
        flow: Flow,
        grouping: Grouping,
        panels: Sequence[Panel],
        around: Surroundings,
        pairs: list[tuple[int, ImageTextPair]],
    ) -> list[tuple[int, ImageTextPair]]:
        below = self.options.check_below
        if all(pair.confidence >= below for _, pair in pairs) or _has_no_pages(flow):
            return pairs
        candidates = Candidates(flow, grouping, around)
        sketches: dict[str, Sketch] = {}
        for group, members in _gather(panels, pairs):
            if any(pair.confidence < below for pair in members) and len(members) <= MOST_FIGURES:
                sketch = _make_sketch(group, members, candidates)
                sketches |= {pair.id: sketch for pair in members} if sketch is not None else {}
        return [(page, pair.model_copy(update={"sketch": sketches.get(pair.id)})) for page, pair in pairs]


def _has_no_pages(flow: Flow) -> bool:
    return any(page.page.kind == "flow" for page in flow.pages)


def _gather(
    panels: Sequence[Panel], pairs: Sequence[tuple[int, ImageTextPair]]
) -> Iterator[tuple[FigureGroup, list[ImageTextPair]]]:
    """Each group with the pairs of its panels."""
    made = {pair.id: pair for _, pair in pairs}
    members: dict[FigureGroup, list[ImageTextPair]] = defaultdict(list)
    for panel in panels:
        pair = made[make_id(next(iter(made.values())).document_id, "pair", panel.figure.id)]
        members[panel.group].append(pair)
    yield from members.items()


def _make_sketch(group: FigureGroup, members: Sequence[ImageTextPair], candidates: Candidates) -> Sketch | None:
    """The question about one figure; None where no words stand near that could be chosen."""
    if any(block.locator is not None for block in _own_blocks(group)):
        return None
    found = candidates.find(group)
    if not found:
        return None
    figures = tuple(
        SketchFigure(
            number=number,
            pair_id=pair.id,
            page_number=pair.source.page_number or 1,
            bbox=pair.source.bbox or pair.figure_bbox,
            panel=pair.panel,
        )
        for number, pair in enumerate(members, 1)
    )
    choices = tuple(candidates.describe(one, number) for number, one in enumerate(found, len(figures) + 1))
    numbers = {one: choice.number for one, choice in zip(found, choices, strict=True)}

    def number_of(wanted: Candidate | None) -> int | None:
        return numbers[wanted] if wanted is not None else None

    caption, title, note = candidates.list_own(group)
    return Sketch(
        figures=figures,
        choices=choices,
        caption=number_of(caption),
        title=number_of(title),
        note=number_of(note),
    )


def _own_blocks(group: FigureGroup) -> list[Block]:
    blocks = [*(group.caption.blocks if group.caption is not None else ()), *group.notes]
    return [*blocks, *([group.title.block] if group.title is not None else [])]

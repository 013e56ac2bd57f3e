"""Panels -> ImageTextPair records with their evidence."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from remud_gen.pairing.confidence import measure_confidence
from remud_gen.pairing.context import index_mentions, make_evidence, make_headings, make_legends, make_mentions
from remud_gen.pairing.families import Panel
from remud_gen.pairing.figure_group import FigureGroup
from remud_gen.pairing.flow import Block, Flow
from remud_gen.pairing.paragraphs import Heading, Paragraph
from remud_gen.records import BBox, Evidence, ImageTextPair, Language, make_id
from remud_gen.rules.geometry import hull
from remud_gen.rules.language import detect_language


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the document says outside its figures."""

    paragraphs: Sequence[Paragraph]
    headings: Mapping[Block, tuple[Heading, ...]]
    numbers: frozenset[str]
    language: Language
    min_ultrasound_score: float


def make_pairs(
    flow: Flow, document_id: str, panels: Sequence[Panel], around: Surroundings
) -> list[tuple[int, ImageTextPair]]:
    """(page index, pair) of all panels, each knowing its figure and its siblings."""
    mentions = index_mentions(around.paragraphs, around.numbers)
    legends = make_legends(flow, around.paragraphs)
    families: dict[str, list[Panel]] = defaultdict(list)
    for panel in panels:
        families[_identify(document_id, panel)].append(panel)
    ids = {panel: make_id(document_id, "pair", panel.figure.id) for panel in panels}
    hulls = {
        (figure_id, page): hull(panel.figure.bbox for panel in members if panel.page == page)
        for figure_id, members in families.items()
        for page in {panel.page for panel in members}
    }
    pairs = []
    for figure_id, members in families.items():
        for panel in members:
            number = panel.group.number
            context = [
                *_make_own_evidence(flow, panel),
                *make_headings(flow, _find_headings(flow, panel, around)),
                *make_mentions(flow, mentions.get(number, []) if number else [], number or "", around.numbers),
                *legends,
            ]
            siblings = tuple(ids[other] for other in members if other is not panel)
            pair = _make_pair(
                flow, document_id, panel, figure_id, hulls[figure_id, panel.page], context, siblings, around
            )
            pairs.append((panel.page, pair.model_copy(update={"id": ids[panel]})))
    return pairs


def _identify(document_id: str, panel: Panel) -> str:
    group: FigureGroup = panel.group
    while group.root is not None:
        group = group.root
    first = group.pictures[0]
    return make_id(document_id, "figure", first.figure.id)


def _make_pair(
    flow: Flow,
    document_id: str,
    panel: Panel,
    figure_id: str,
    figure_bbox: BBox,
    context: Sequence[Evidence],
    siblings: tuple[str, ...],
    around: Surroundings,
) -> ImageTextPair:
    source = flow.pages[panel.page].page.source
    group, figure = panel.group, panel.figure
    title = group.title.text if group.title is not None else None
    words = " ".join(text for text in (title, panel.caption, panel.note) if text)
    flags = {*panel.flags, *figure.flags}
    if figure.is_ultrasound_score < around.min_ultrasound_score:
        flags.add("not_ultrasound")
    return ImageTextPair(
        id="",
        document_id=document_id,
        source=source.model_copy(update={"bbox": figure.bbox}),
        figure_id=figure_id,
        figure_bbox=figure_bbox,
        image=figure.image,
        figure_number=group.printed or None,
        panel=panel.letter,
        title=title,
        caption=panel.caption or None,
        note=panel.note,
        panel_caption=panel.own_caption,
        panel_note=panel.own_note,
        burned_in_text=figure.burned_in_text,
        context=tuple(context),
        siblings=siblings,
        language=detect_language(words, around.language),
        is_ultrasound_score=figure.is_ultrasound_score,
        confidence=measure_confidence(flags, _measure_reading(group)),
        flags=tuple(sorted(flags)),
    )


def _make_own_evidence(flow: Flow, panel: Panel) -> list[Evidence]:
    group = panel.group
    found = []
    if group.title is not None:
        found.append(make_evidence(flow, "title", "title", group.title.text, [group.title.block]))
    if panel.own_caption and group.caption is not None:
        found.append(make_evidence(flow, "cap", "caption", panel.own_caption, group.caption.blocks))
    if panel.own_note:
        found.append(make_evidence(flow, "note", "note", panel.own_note, group.notes))
    lines = panel.figure.burned_in_text
    if lines:
        number = flow.pages[panel.page].page.source.page_number
        text = "\n".join(line.text for line in lines)
        box = hull(line.bbox for line in lines)
        origin = "layer" if all(line.score == 1 for line in lines) else "ocr"
        found.append(Evidence(id="ocr", kind="burned_in", text=text, page_number=number, bbox=box, origin=origin))
    return found


def _find_headings(flow: Flow, panel: Panel, around: Surroundings) -> Sequence[Heading]:
    """Headings over the title or caption, else over the last text before the picture."""
    group = panel.group
    block = group.title.block if group.title else group.caption.blocks[0] if group.caption else None
    if block is None:
        before = None
        for item in flow.items():
            if not isinstance(item, Block) and item.figure.id == panel.figure.id:
                break
            before = item if isinstance(item, Block) else before
        block = before
    return around.headings.get(block, ()) if block is not None else ()


def _measure_reading(group: FigureGroup) -> float:
    blocks = [*(group.caption.blocks if group.caption else ()), *group.notes]
    blocks += [group.title.block] if group.title else []
    return min((block.score for block in blocks), default=1.0)

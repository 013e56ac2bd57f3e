"""Panels -> ImageTextPair records with their evidence."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from remud_gen.pairing.confidence import measure_confidence
from remud_gen.pairing.context import index_mentions, make_evidence, make_headings, make_legends, make_mentions
from remud_gen.pairing.families import Panel
from remud_gen.pairing.figure_group import FigureGroup
from remud_gen.pairing.flow import Block, Flow
from remud_gen.pairing.paragraphs import Heading, Paragraph
from remud_gen.protocols import Unpaired
from remud_gen.records import BBox, BurnedIn, Evidence, ImageTextPair, Language, make_id
from remud_gen.rules import modality
from remud_gen.rules.burned_in import annotate, collect_legend, names_both_halves
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
    flags_non_ultrasound: bool = True


def make_pairs(
    flow: Flow, document_id: str, panels: Sequence[Panel], around: Surroundings
) -> list[tuple[int, ImageTextPair]]:
    """(page index, pair) of all panels, each knowing its figure and its siblings."""
    mentions = index_mentions(around.paragraphs, around.numbers, _list_lettered(panels))
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
    pairs, before = [], _find_texts_before(flow)
    for figure_id, members in families.items():
        for panel in members:
            number = panel.group.number
            context = [
                *_make_own_evidence(flow, panel),
                *make_headings(flow, _find_headings(panel, around, before)),
                *make_mentions(flow, mentions.get(number, []) if number else [], number or "", around.numbers),
                *legends,
            ]
            siblings = tuple(ids[other] for other in members if other is not panel)
            pair = _make_pair(
                flow, document_id, panel, figure_id, hulls[figure_id, panel.page], context, siblings, around
            )
            pairs.append((panel.page, pair.model_copy(update={"id": ids[panel]})))
    return pairs


def _list_lettered(panels: Sequence[Panel]) -> dict[int, list[tuple[str, set[str]]]]:
    """Per page the figures that have panels: number and printed letters."""
    letters: dict[int, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for panel in panels:
        if panel.letter and panel.group.number:
            letters[panel.page][panel.group.number].add(panel.letter.upper())
    return {page: list(figures.items()) for page, figures in letters.items()}


def reject_marked(pairs: Sequence[tuple[int, ImageTextPair]]) -> Iterator[tuple[int, ImageTextPair | Unpaired]]:
    """Pairs whose picture is not ultrasound become a reason why not, and no sibling names them any more."""
    rejected = {pair.id for _, pair in pairs if "not_ultrasound" in pair.flags}
    for page, pair in pairs:
        if pair.id in rejected:
            reasons = [f"{e.source}: {e.reason}" for e in pair.modality_evidence if e.modality == "not_ultrasound"]
            told = "; ".join(reasons) or f"score {pair.is_ultrasound_score}"
            yield page, Unpaired("NOT_ULTRASOUND", f"not an ultrasound picture ({told})")
        else:
            siblings = tuple(sibling for sibling in pair.siblings if sibling not in rejected)
            yield page, pair.model_copy(update={"siblings": siblings})


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
    language = detect_language(words, around.language)
    legend = collect_legend([panel.caption, panel.note, title, *(span.text for span in context)], language)
    annotations = annotate(figure.burned_in_text, legend, language)
    guess = _guess_modality(panel, annotations)
    flags = {*panel.flags, *figure.flags} - modality.FLAGS | set(guess.flags)
    if around.flags_non_ultrasound and guess.ultrasound < around.min_ultrasound_score:
        flags.add("not_ultrasound")
    screens = () if names_both_halves(figure.burned_in_text, figure.bbox) else figure.screens
    flags -= set() if screens else {"dual_screen"}
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
        annotations=annotations,
        modality=guess.modality,
        modality_score=guess.score,
        modality_evidence=guess.evidence,
        screens=screens,
        context=tuple(context),
        siblings=siblings,
        language=language,
        is_ultrasound_score=guess.ultrasound,
        confidence=measure_confidence(flags, _measure_reading(group)),
        flags=tuple(sorted(flags)),
    )


def _guess_modality(panel: Panel, annotations: Sequence[BurnedIn]) -> modality.Guess:
    """What the pixels said at extraction, weighed with the panel's own words, or the group's where it has none."""
    group, figure = panel.group, panel.figure
    title = group.title.text if group.title is not None else ""
    own = [panel.own_caption or "", panel.own_note or ""]
    texts = own if any(own) else [panel.caption or "", panel.note or ""]
    seen = [evidence for evidence in figure.modality_evidence if evidence.source == "pixels"]
    return modality.weigh(seen, modality.hear([*texts, title], annotations), figure.is_ultrasound_score)


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


def _find_texts_before(flow: Flow) -> dict[str | None, Block | None]:
    """The last text before each picture, by the figure's id; under None the last of all."""
    found: dict[str | None, Block | None] = {}
    last: Block | None = None
    for item in flow.items():
        if isinstance(item, Block):
            last = item
        else:
            found.setdefault(item.figure.id, last)
    return {**found, None: last}


def _find_headings(panel: Panel, around: Surroundings, before: Mapping[str | None, Block | None]) -> Sequence[Heading]:
    """Headings over the title or caption, else over the last text before the picture."""
    group = panel.group
    block = group.title.block if group.title else group.caption.blocks[0] if group.caption else None
    if block is None:
        block = before.get(panel.figure.id, before[None])
    return around.headings.get(block, ()) if block is not None else ()


def _measure_reading(group: FigureGroup) -> float:
    blocks = [*(group.caption.blocks if group.caption else ()), *group.notes]
    blocks += [group.title.block] if group.title else []
    return min((block.score for block in blocks), default=1.0)

"""Evidence around a figure: paragraphs that cite it, headings above it, the list of abbreviations."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from remud_gen.pairing.flow import Block, Flow
from remud_gen.pairing.paragraphs import Heading, Paragraph, is_question
from remud_gen.records import Evidence, EvidenceKind
from remud_gen.rules.figure_citations import cites_panels, find_citations
from remud_gen.rules.geometry import hull
from remud_gen.rules.late import compile_late
from remud_gen.rules.notes import begins_legend

MAX_MENTION_CHARS = 1500
MAX_MENTIONS = 12
_SENTENCE = compile_late(r"[^.。!?！？]*(?:[.。!?！？](?!\s|$|[\u4e00-\u9fff])[^.。!?！？]*)*[.。!?！？]*\s*")


def index_mentions(
    paragraphs: Sequence[Paragraph],
    known: Collection[str],
    beside: Mapping[int, Sequence[tuple[str, Collection[str]]]],
) -> dict[str, list[Paragraph]]:
    """Normalised figure number -> the paragraphs that cite it, in reading order.

    `beside` are the numbers and letters of the figures in panels on each page: A、B图 without any number cites the only
    one that stands on its page.
    """
    mentions: dict[str, list[Paragraph]] = {}
    for paragraph in paragraphs:
        if paragraph.is_back_matter or is_question(paragraph.text):
            continue
        numbers = dict.fromkeys(citation.number for citation in find_citations(paragraph.text, known))
        for number in numbers:
            mentions.setdefault(number, []).append(paragraph)
        near = beside.get(paragraph.blocks[0].page, ())
        if not numbers and len(near) == 1 and set(cites_panels(paragraph.text)) & set(near[0][1]):
            mentions.setdefault(near[0][0], []).append(paragraph)
    return mentions


def make_mentions(flow: Flow, paragraphs: Sequence[Paragraph], number: str, known: Collection[str]) -> list[Evidence]:
    """One span per citing paragraph, cut to whole sentences around the citation where it is very long."""
    spans = []
    for i, paragraph in enumerate(paragraphs[:MAX_MENTIONS], start=1):
        text = _cut_around(paragraph.text, number, known)
        block = _find_citing_block(paragraph, number, known)
        spans.append(make_evidence(flow, f"ctx{i}", "mention", text, [block]))
    return spans


def make_headings(flow: Flow, headings: Sequence[Heading]) -> list[Evidence]:
    """One span per heading over the figure, outermost first."""
    return [
        make_evidence(flow, f"head{i}", "heading", heading.text, [heading.block])
        for i, heading in enumerate(headings, start=1)
    ]


def make_legends(flow: Flow, paragraphs: Sequence[Paragraph]) -> list[Evidence]:
    """The document's lists of abbreviations."""
    legends = [paragraph for paragraph in paragraphs if begins_legend(paragraph.text)]
    return [
        make_evidence(flow, f"abbr{i}", "body", paragraph.text[:MAX_MENTION_CHARS], [paragraph.blocks[0]])
        for i, paragraph in enumerate(legends[:3], start=1)
    ]


def make_evidence(flow: Flow, identity: str, kind: EvidenceKind, text: str, blocks: Sequence[Block]) -> Evidence:
    """A span with the page and box of the first page its blocks stand on."""
    first = flow.pages[blocks[0].page]
    locator = "; ".join(dict.fromkeys(block.locator for block in blocks if block.locator)) or None
    return Evidence(
        id=identity,
        kind=kind,
        text=text,
        page_number=first.page.source.page_number,
        bbox=hull(block.bbox for block in blocks if block.page == first.index) if locator is None else None,
        origin="ocr" if first.page.text_origin == "ocr" and locator is None else "layer",
        locator=locator,
    )


def _find_citing_block(paragraph: Paragraph, number: str, known: Collection[str]) -> Block:
    for block in paragraph.blocks:
        if any(citation.number == number for citation in find_citations(block.text, known)):
            return block
    return paragraph.blocks[0]


def _cut_around(text: str, number: str, known: Collection[str]) -> str:
    if len(text) <= MAX_MENTION_CHARS:
        return text
    at = next((c.start for c in find_citations(text, known) if c.number == number), 0)
    sentences = [match.span() for match in _SENTENCE.finditer(text) if match.group()]
    centre = next((i for i, (start, end) in enumerate(sentences) if start <= at < end), 0)
    first = last = centre
    while sentences[last][1] - sentences[first][0] < MAX_MENTION_CHARS and (first > 0 or last < len(sentences) - 1):
        wider = (max(0, first - 1), min(len(sentences) - 1, last + 1))
        if sentences[wider[1]][1] - sentences[wider[0]][0] > MAX_MENTION_CHARS:
            break
        first, last = wider
    return text[sentences[first][0] : sentences[last][1]].strip()[: 2 * MAX_MENTION_CHARS]

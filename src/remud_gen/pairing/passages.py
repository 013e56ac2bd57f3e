"""Text-only units for QA: running text under one heading path, paragraph by paragraph."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from remud_gen.pairing.context import make_evidence
from remud_gen.pairing.flow import Flow
from remud_gen.pairing.paragraphs import Paragraph, is_question
from remud_gen.records import Evidence, Passage, Source, make_id
from remud_gen.rules.geometry import hull
from remud_gen.rules.language import HAN, detect_language
from remud_gen.rules.late import compile_late
from remud_gen.rules.notes import begins_legend

_PUBLISHING = compile_late(
    r"https?://|doi\.org|@|©|copyright|creative commons|all rights reserved|correspond(?:ence|ing author)|received:? |"
    r"accepted:? |published:? |academic editor|version of record|isbn|issn|^keywords?\b|^citation:|"
    r"^publisher.s note|^关键词|版权所有|收稿日期|通[讯信]作者|出版社",
    re.IGNORECASE,
)
_ADDRESS = compile_late(
    r"\W*\d?\s*(?:Departments?|Divisions?|Faculty|School|Institute|Hospital|University) (?:of|for)\b"
)


def make_passages(
    flow: Flow, document_id: str, paragraphs: Sequence[Paragraph], min_chars: int, max_chars: int
) -> Iterator[tuple[int, Passage]]:
    """(page index, passage) for all prose; a paragraph longer than `max_chars` is cut at sentences' ends."""
    prose = [paragraph for paragraph in paragraphs if is_prose(paragraph)]
    for _, members in groupby(prose, key=lambda paragraph: paragraph.headings):
        batch: list[tuple[Paragraph, str]] = []
        for paragraph in members:
            for text in _cut(paragraph.text, max_chars):
                if batch and sum(len(t) for _, t in batch) + len(text) > max_chars:
                    yield from _flush(flow, document_id, batch, min_chars)
                    batch = []
                batch.append((paragraph, text))
        yield from _flush(flow, document_id, batch, min_chars)


def is_prose(paragraph: Paragraph) -> bool:
    """Whether a paragraph is running text rather than a table's cells, an imprint or a question bank."""
    text = paragraph.text
    if paragraph.is_back_matter or begins_legend(text) or is_question(text):
        return False
    han = len(HAN.findall(text))
    words = len(re.findall(r"[A-Za-z]{2,}", text))
    if han < 20 and words < 10:
        return False
    if len(text) < 600 and (_PUBLISHING.search(text) or _ADDRESS.match(text)):
        return False
    capitals = len(re.findall(r"\b[A-Z][a-z]+", text))
    if words and text.count(",") > 3 and capitals > 0.6 * words:
        return False  # a list of names
    digits = sum(character.isdigit() for character in text)
    return digits < 0.2 * len(text) and re.search(r"[.。！？!?;；]", text) is not None


def _cut(text: str, max_chars: int) -> list[str]:
    if len(text) <= max_chars:
        return [text]
    pieces = [""]
    for sentence in re.split(r"(?<=[。！？])|(?<=[.!?]) (?=[A-Z])", text):
        glue = "" if not pieces[-1] or HAN.match(sentence[:1]) else " "
        if pieces[-1] and len(pieces[-1]) + len(sentence) + 1 > max_chars:
            pieces.append(sentence)
        else:
            pieces[-1] += glue + sentence
    # A "sentence" without any full stop (a run of OCR) is cut hard rather than kept beyond the limit.
    return [piece[at : at + max_chars] for piece in pieces for at in range(0, len(piece), max_chars)]


def _flush(
    flow: Flow, document_id: str, batch: Sequence[tuple[Paragraph, str]], min_chars: int
) -> Iterator[tuple[int, Passage]]:
    text = "\n".join(part for _, part in batch)
    if len(text) < min_chars:
        return
    blocks = [block for paragraph, _ in batch for block in paragraph.blocks]
    first = flow.pages[blocks[0].page]
    evidence: list[Evidence] = [
        make_evidence(flow, f"p{i}", "body", part, paragraph.blocks)
        for i, (paragraph, part) in enumerate(batch, start=1)
    ]
    source = first.page.source
    yield (
        first.index,
        Passage(
            id=make_id(document_id, "passage", source.page_number, text),
            document_id=document_id,
            source=Source(
                document_sha256=source.document_sha256,
                file=source.file,
                page_number=source.page_number,
                page_size=source.page_size,
                bbox=hull(block.bbox for block in blocks if block.page == first.index),
                unit=source.unit,
                locator=source.locator,
                to_original=source.to_original,
            ),
            heading_path=tuple(heading.text for heading in batch[0][0].headings),
            text=text,
            evidence=tuple(evidence),
            language=detect_language(text),
        ),
    )

"""What a reviewer is shown of a record, the same in every tool: its texts, what they rest on, and where that stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from remud_gen.errors import RecordError
from remud_gen.exporters.reserved import find_unfit_character
from remud_gen.records import BBox, Evidence, Quadruplet
from remud_gen.rules.content_digest import digest_content

EDITABLE = ("question", "thinking", "answer")
VERDICTS = ("accept", "fix", "reject")
GUIDELINES = (
    "Look at the picture and the evidence. accept: question, thinking and answer are right, and the evidence says so. "
    "Edit a text to mend it. fix: it has to be mended, and you leave that to others. reject: not to be used."
)


def list_fields(record: Quadruplet, split: str) -> dict[str, Any]:
    """All texts of a record for a reviewer, none of them null; `content` is the digest of what is judged.

    Raises:
        RecordError: UNFIT_CHARACTER for what a database of a review tool cannot hold.
    """
    fields = {
        "record_id": record.id,
        "content": digest_content(record),
        "split": split,
        "kind": f"{record.kind} · {record.qtype} · {record.form} · {record.style} · {record.language}",
        "question": record.question,
        "options": "\n".join(f"{option.key}. {option.text}" for option in record.options),
        "thinking": record.thinking or "",
        "answer": record.answer,
        "turns": "\n\n".join(_list_turns(record)),
        "evidence": "\n".join(tell_evidence(span) for span in record.evidence),
        "source": _tell_source(record),
        "findings": "\n".join(
            f"{verdict.code} ({verdict.severity}) {verdict.field}: {verdict.evidence}".rstrip(": ")
            for verdict in record.verdicts
        ),
    }
    for name, text in fields.items():
        if (character := find_unfit_character(text)) is not None:
            raise RecordError("UNFIT_CHARACTER", f"{name} holds the control character {character}")
    return fields


def tell_evidence(span: Evidence) -> str:
    """One span in a line: its id and kind, where it stands, its words."""
    return f"[{span.id}] {span.kind}{_tell_place(span)}: {' '.join(span.text.split())}"


def list_page_boxes(record: Quadruplet) -> list[dict[str, Any]]:
    """Boxes of the evidence on their pages, in the unit of the source."""
    return [
        {"id": span.id, "page": page, "box": list(span.bbox), "unit": record.source.unit}
        for span in record.evidence
        if span.bbox is not None and (page := span.page_number or record.source.page_number) is not None
    ]


def find_picture_boxes(record: Quadruplet) -> Iterator[tuple[Evidence, BBox]]:
    """Evidence that stands inside the one picture of a record, with its box in percent of that picture."""
    source = record.source
    frame = source.bbox
    if frame is None and source.unit == "px" and source.page_size is not None:
        frame = (0.0, 0.0, *source.page_size)
    if len(record.images) != 1 or frame is None or frame[2] <= frame[0] or frame[3] <= frame[1]:
        return
    if record.question_from is not None:  # the picture is another one than the evidence speaks of
        return
    for span in record.evidence:
        # Words that were read in the picture stand on its page, which is not told again.
        is_here = span.page_number == source.page_number or (span.kind == "burned_in" and span.page_number is None)
        if span.bbox is not None and is_here and _holds(frame, span.bbox):
            yield span, to_percent(frame, span.bbox)


def to_percent(frame: BBox, box: BBox) -> BBox:
    """A box in percent of a frame: x, y, width, height from 0 to 100."""
    width, height = frame[2] - frame[0], frame[3] - frame[1]
    x0, x1 = (min(max((value - frame[0]) / width, 0), 1) * 100 for value in (box[0], box[2]))
    y0, y1 = (min(max((value - frame[1]) / height, 0), 1) * 100 for value in (box[1], box[3]))
    return round(x0, 3), round(y0, 3), round(x1 - x0, 3), round(y1 - y0, 3)


def _holds(frame: BBox, box: BBox) -> bool:
    """Whether a box lies in a frame, but for a hundredth of the frame's side."""
    x, y = (frame[2] - frame[0]) / 100, (frame[3] - frame[1]) / 100
    is_box = box[2] > box[0] and box[3] > box[1]
    is_across = frame[0] - x <= box[0] and box[2] <= frame[2] + x
    return is_box and is_across and frame[1] - y <= box[1] and box[3] <= frame[3] + y


def _list_turns(record: Quadruplet) -> Iterator[str]:
    for turn in record.turns:
        yield "\n".join([f"— {turn.question}", *([f"({turn.thinking})"] if turn.thinking else []), turn.answer])


def _tell_place(span: Evidence) -> str:
    if span.page_number is None:
        return f", {span.locator}" if span.locator else ""
    box = f", box {_tell_box(span.bbox)}" if span.bbox else ""
    return f", page {span.page_number}{box}"


def _tell_source(record: Quadruplet) -> str:
    source = record.source
    parts = [source.file]
    if source.page_number is not None:
        parts.append(f"page {source.page_number}")
    if source.bbox is not None:
        parts.append(f"box {_tell_box(source.bbox)} {source.unit}")
    return ", ".join([*parts, *([source.locator] if source.locator else [])])


def _tell_box(box: BBox) -> str:
    return "[" + ", ".join(f"{value:g}" for value in box) + "]"


def find_text(row: Mapping[str, Any], name: str) -> str:
    """A text of a row read back.

    Raises:
        RecordError: SCHEMA_MIXED when it is not there or no text.
    """
    text = row.get(name)
    if not isinstance(text, str):
        raise RecordError("SCHEMA_MIXED", f"{name} is no text")
    return text

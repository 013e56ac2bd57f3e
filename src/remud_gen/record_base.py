"""What records are made of: frozen models, boxes, ids that follow from content, pictures and words of a source."""

from __future__ import annotations

import hashlib
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict


def make_id(parent: str, *content: object) -> str:
    """Derive a stable 20-digit hexadecimal id from a parent id and what makes the record itself."""
    joined = "\x1f".join([parent, *(str(part) for part in content)])
    return hashlib.sha256(joined.encode("utf-8")).hexdigest()[:20]


def _round_box(value: object) -> object:
    # Two decimals of a point are a 3,600th of an inch: finer digits only make files differ between machines.
    try:
        return tuple(round(float(v), 2) for v in value) if isinstance(value, list | tuple) else value
    except (TypeError, OverflowError):  # a forged record: what is no number is told by the type
        return value


BBox = Annotated[tuple[float, float, float, float], BeforeValidator(_round_box)]


class Record(BaseModel):
    """Base of everything on disk: frozen, and an unknown field is an error rather than silently dropped."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ImageRef(Record):
    """A picture in the run's image store, named by its content."""

    path: str  # below the run folder: images/<aa>/<sha256>.png|jpg
    sha256: str  # of the file's bytes
    width_px: int
    height_px: int
    phash: str | None = None  # 64-bit perceptual hash, 16 hexadecimal digits
    derived_from: str | None = None  # sha256 of the picture this one was masked or changed from


EvidenceKind = Literal["caption", "title", "note", "heading", "mention", "burned_in", "body"]


class Evidence(Record):
    """Words of a source that an answer may rest on; `id` is short (cap, note, ctx1, ocr) and unique in its record."""

    id: str
    kind: EvidenceKind
    text: str
    page_number: int | None = None
    bbox: BBox | None = None
    origin: Literal["layer", "ocr"] = "layer"
    locator: str | None = None  # of words that stand on no page

"""What every record is made of: frozen models, boxes, ids that follow from content."""

from __future__ import annotations

import hashlib
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict


def make_id(parent: str, *content: object) -> str:
    """Derive a stable 20-digit hexadecimal id from a parent id and what makes the record itself."""
    joined = "\x1f".join([parent, *(str(part) for part in content)])
    return hashlib.sha256(joined.encode("utf-8")).hexdigest()[:20]


def _round_box(value: object) -> object:
    # Two decimals of a point are a 3,600th of an inch: finer digits only make files differ between machines.
    return tuple(round(float(v), 2) for v in value) if isinstance(value, list | tuple) else value


BBox = Annotated[tuple[float, float, float, float], BeforeValidator(_round_box)]


class Record(BaseModel):
    """Base of everything on disk: frozen, and an unknown field is an error rather than silently dropped."""

    model_config = ConfigDict(frozen=True, extra="forbid")

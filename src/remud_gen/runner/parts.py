"""A part: the unit of work that is on disk whole or not at all.

RUN/<stage>/<key>.jsonl holds its records, .errors.jsonl every input that was rejected or failed, .meta.json (written
last) the fingerprint by which a later run knows whether the part is still good.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from remud_gen.errors import InputError
from remud_gen.records import RECORD_TYPES, SCHEMA_VERSION, Document, Record
from remud_gen.stages.base import InputFile, PageInput

SLICE_RECORDS = 200  # records that one part of the next stage takes; replies and crashes cost at most so many
READ_BYTES = 1 << 20


def digest(*parts: str) -> str:
    """SHA-256 over texts, each kept apart from the next."""
    return hashlib.sha256("\x1f".join(parts).encode("utf-8")).hexdigest()


def make_slug(file: str, sha256: str) -> str:
    """A name that is safe on every file system and still tells a person which book it is."""
    stem = unicodedata.normalize("NFKC", Path(file).stem)
    safe = re.sub(r"[^\w-]+", "_", stem).strip("_")[:40] or "document"
    return f"{safe}-{sha256[:8]}"


class Slice(BaseModel):
    """A run of whole lines of a record file."""

    offset: int
    size: int
    count: int
    sha256: str


class Counts(BaseModel):
    """Every input is produced, rejected or failed; what came of them is counted beside."""

    inputs: int = 0
    produced: int = 0
    rejected: int = 0
    failed: int = 0
    outputs: int = 0
    errors: int = 0  # error lines: more than `failed` where an input yielded good records and a bad one
    records: dict[str, int] = Field(default_factory=dict)  # outputs by kind of record
    codes: dict[str, int] = Field(default_factory=dict)

    def add(self, other: Counts) -> None:
        """Add another part's counts to this one."""
        for name in ("inputs", "produced", "rejected", "failed", "outputs", "errors"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for mine, theirs in ((self.records, other.records), (self.codes, other.codes)):
            for key, value in theirs.items():
                mine[key] = mine.get(key, 0) + value


class Usage(BaseModel):
    """What the records of a part rest on in model calls, whether paid now or found in the reply store."""

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float = 0.0
    unpriced_calls: int = 0  # calls of unknown cost, which must never look like free ones

    def add(self, other: Usage) -> None:
        """Add another part's usage to this one."""
        for name in type(self).model_fields:
            setattr(self, name, getattr(self, name) + getattr(other, name))


class Basis(BaseModel):
    """All that makes a part stale when it changes, kept piece by piece so that `status` can name the piece."""

    version: int
    settings: dict[str, str]  # key -> digest of its value
    libraries: dict[str, str]
    inputs: str

    def fingerprint(self, stage: str) -> str:
        """One digest over everything."""
        return digest(stage, json.dumps(self.model_dump(), sort_keys=True))

    def explain_change(self, old: Basis) -> str:
        """What differs from an older basis, in words."""
        reasons = []
        if old.version != self.version:
            reasons.append("new version of the stage")
        for name, mine, theirs in (
            ("setting", self.settings, old.settings),
            ("library", self.libraries, old.libraries),
        ):
            keys = sorted(key for key in mine.keys() | theirs.keys() if mine.get(key) != theirs.get(key))
            reasons.extend(f"{name} {key} changed" for key in keys)
        if old.inputs != self.inputs:
            reasons.append("input changed")
        return ", ".join(reasons)


class PartMeta(BaseModel):
    """The sidecar of a part. Times are not compared: the record files are."""

    model_config = ConfigDict(extra="ignore")

    schema_version: int = SCHEMA_VERSION
    stage: str
    key: str
    document: str = ""
    fingerprint: str
    basis: Basis
    counts: Counts
    usage: Usage = Field(default_factory=Usage)
    is_partial: bool = False
    sha256: str
    size: int
    mtime_ns: int
    errors_sha256: str
    slices: list[Slice]
    endings: list[tuple[Literal["p", "r", "f"], int, int]] = Field(default_factory=list)
    """Per input: produced, rejected or failed; its lines in the record file; its lines in the error file."""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class PartInput:
    """A stretch of an upstream record file, with the digest it must still have."""

    path: str  # below the run folder
    offset: int
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Inputs:
    """Where a part's inputs come from: a file of the shelf, pages of a document, or lines of earlier parts."""

    count: int
    digest: str
    file: InputFile | None = None
    document: Document | None = None
    pages: tuple[int, int] | None = None  # first and last, 1-based, inclusive
    parts: tuple[PartInput, ...] = ()


@dataclass(frozen=True, slots=True)
class PartSpec:
    """One part to be made."""

    stage: str
    key: str
    inputs: Inputs
    document: str = ""  # path of the document below the input folder, for people
    take: int | None = None  # only so many inputs: the part is then partial

    @property
    def taken(self) -> int:
        """How many inputs this part will look at."""
        return self.inputs.count if self.take is None else min(self.take, self.inputs.count)


@dataclass(frozen=True, slots=True)
class PartState:
    """What lies on disk for a planned part."""

    spec: PartSpec
    basis: Basis
    state: Literal["fresh", "stale", "partial", "missing"]
    reason: str
    meta: PartMeta | None


def part_paths(run: Path, stage: str, key: str) -> tuple[Path, Path, Path]:
    """Records, errors and meta file of a part."""
    folder = run / stage
    return folder / f"{key}.jsonl", folder / f"{key}.errors.jsonl", folder / f"{key}.meta.json"


def read_meta(path: Path) -> PartMeta | None:
    """A part's sidecar, or None when it is absent or torn, which both mean "not finished".

    Raises:
        InputError: when a newer remud-gen wrote it.
    """
    try:
        data = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    if not isinstance(data, dict):
        return None
    version = data.get("schema_version")
    if isinstance(version, int) and version > SCHEMA_VERSION:
        raise InputError(
            f"{path.name} was written by a newer remud-gen (schema {version}, this one reads {SCHEMA_VERSION})",
            "upgrade remud-gen or use another --run folder",
        )
    try:
        return PartMeta.model_validate(data)
    except ValidationError:
        return None


def examine(run: Path, spec: PartSpec, basis: Basis) -> PartState:
    """Compare a planned part with what lies on disk."""
    records, errors, meta_path = part_paths(run, spec.stage, spec.key)
    meta = read_meta(meta_path)
    if meta is None:
        return PartState(spec, basis, "missing", "not made yet", None)
    if meta.schema_version < SCHEMA_VERSION:
        return PartState(spec, basis, "stale", f"written with schema {meta.schema_version}", None)
    if meta.fingerprint != basis.fingerprint(spec.stage):
        return PartState(spec, basis, "stale", basis.explain_change(meta.basis) or "made differently", meta)
    if not _is_intact(records, meta.size, meta.mtime_ns, meta.sha256) or not errors.is_file():
        return PartState(spec, basis, "stale", "record file missing or edited", None)
    if meta.is_partial and meta.counts.inputs < spec.taken:
        return PartState(spec, basis, "partial", f"{meta.counts.inputs} of {spec.inputs.count} inputs done", meta)
    return PartState(spec, basis, "fresh", "", meta)


def _is_intact(path: Path, size: int, mtime_ns: int, sha256: str) -> bool:
    try:
        stat = path.stat()
        if stat.st_size != size:
            return False
        # An untouched file is not read again: that would make an idle rerun over a large corpus slow.
        return stat.st_mtime_ns == mtime_ns or _hash_file(path) == sha256
    except OSError:
        return False


def _hash_file(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def iterate_inputs(run: Path, inputs: Inputs) -> Iterator[InputFile | PageInput | Record]:
    """The inputs of a part, in order.

    Raises:
        InputError: when a record file no longer has the bytes it was planned with.
    """
    if inputs.file is not None:
        yield inputs.file
    elif inputs.document is not None and inputs.pages is not None:
        first, last = inputs.pages
        for number in range(first, last + 1):
            yield PageInput(f"{inputs.document.id}-p{number}", inputs.document, number)
    for part in inputs.parts:
        data = _read_verified(run / part.path, part)
        for line in data.splitlines():
            yield parse_record(json.loads(line))


def _read_verified(path: Path, part: PartInput) -> bytes:
    try:
        with path.open("rb") as stream:
            stream.seek(part.offset)
            data = stream.read(part.size)
    except OSError as error:
        raise InputError(f"{part.path} cannot be read: {error.strerror}") from None
    if hashlib.sha256(data).hexdigest() != part.sha256:
        raise InputError(f"{part.path} was changed while the run was reading it", "run the command again")
    return data


def parse_record(data: Mapping[str, Any]) -> Record:
    """A record from its JSON, by its `record` field."""
    return RECORD_TYPES[data["record"]].model_validate(data)


def locate(item: InputFile | PageInput | Record) -> tuple[str, str, int | None]:
    """Id, file and page of an input, for error lines and progress."""
    if isinstance(item, InputFile):
        return item.id, item.file, None
    if isinstance(item, PageInput):
        return item.id, item.document.file, item.number
    source = getattr(item, "source", None)
    file = source.file if source is not None else getattr(item, "file", "")
    return str(getattr(item, "id", "")), file, source.page_number if source is not None else None

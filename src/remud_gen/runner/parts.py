"""A part: the unit of work that is on disk whole or not at all.

RUN/<stage>/<key>.jsonl holds its records, .errors.jsonl every input that was rejected or failed, .calls.json (only
where models were asked) what each input rests on, .meta.json (written last) the fingerprint by which a later run knows
whether the part is still good.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from remud_gen.errors import InputError
from remud_gen.records import SCHEMA_VERSION
from remud_gen.rules.late import compile_late
from remud_gen.runner.basis import Basis, Stamp, shorten_digest
from remud_gen.runner.reading import Inputs, read_bytes_of

SLICE_RECORDS = 200  # records that one part of the next stage takes; replies and crashes cost at most so many


def make_slug(file: str, sha256: str) -> str:
    """A name that is safe on every file system and still tells a person which book it is."""
    stem = unicodedata.normalize("NFKC", PurePosixPath(file).stem)
    safe = re.sub(r"[^\w-]+", "_", stem).strip("_-")[:40] or "document"
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
    # step -> replies that could be read only by it; `none`: read as they came
    repairs: dict[str, int] = Field(default_factory=dict)

    def add(self, other: Usage) -> None:
        """Add another part's usage to this one."""
        self.calls += other.calls
        self.input_tokens += other.input_tokens
        self.output_tokens += other.output_tokens
        self.cost_usd += other.cost_usd
        self.unpriced_calls += other.unpriced_calls
        if other.repairs:
            self.repairs = add_counts(self.repairs, other.repairs)


def add_counts(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    """The sum, name by name, in the order of the names."""
    return {name: one.get(name, 0) + other.get(name, 0) for name in sorted({*one, *other})}


class PartMeta(BaseModel):
    """The sidecar of a part. Times are not compared: the record files are."""

    model_config = ConfigDict(extra="ignore")

    schema_version: int = SCHEMA_VERSION
    stage: str
    key: str
    document: str = ""
    fingerprint: str
    basis: str  # digest of the Basis kept in RUN/bases
    inputs: dict[str, str]
    counts: Counts
    usage: Usage = Field(default_factory=Usage)
    is_partial: bool = False
    sha256: str
    size: int
    mtime_ns: int
    errors_sha256: str
    errors_size: int
    errors_mtime_ns: int
    calls_size: int = 0  # of the file of calls; 0 where no model was asked
    slices: list[Slice]
    single: str | None = None  # the record itself where a document is all there is: planning then opens no other file
    endings: str = ""  # how each input ended, see reuse.py
    seconds: float = 0.0
    seal: str = ""  # digest of all of the above: an edited sidecar is no sidecar

    def make_seal(self) -> str:
        """What `seal` must be."""
        return shorten_digest(self.model_dump_json(exclude={"seal"}))


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
    stamp: Stamp
    state: Literal["fresh", "stale", "partial", "missing"]
    reason: str
    meta: PartMeta | None


@dataclass(frozen=True, slots=True)
class PartPaths:
    """The files of a part."""

    records: Path
    errors: Path
    calls: Path
    meta: Path

    @property
    def all(self) -> tuple[Path, ...]:
        """In the order in which they may be deleted: without its sidecar a part does not exist."""
        return self.meta, self.records, self.errors, self.calls


def part_paths(run: Path, stage: str, key: str) -> PartPaths:
    """Where a part lies."""
    base = f"{run}/{stage}/{key}"  # of strings: a hundred thousand of these must be cheap
    return PartPaths(*(Path(base + suffix) for suffix in (".jsonl", ".errors.jsonl", ".calls.json", ".meta.json")))


def list_parts(run: Path, stage: str) -> list[str]:
    """Keys of all parts of a stage that are on disk."""
    folder = run / stage
    if not folder.is_dir():
        return []
    ending = ".meta.json"
    # Old file systems of a Mac hand accents back as marks of their own.
    names = (unicodedata.normalize("NFC", entry.name) for entry in os.scandir(folder))
    return sorted(name.removesuffix(ending) for name in names if name.endswith(ending))


def read_meta(path: Path) -> PartMeta | None:
    """A part's sidecar, or None when it is absent or torn, which both mean "not finished".

    Raises:
        InputError: when a newer remud-gen wrote it.
    """
    try:
        data = path.read_bytes()
    except OSError:
        return None
    try:
        meta = PartMeta.model_validate_json(data)
    except ValidationError:
        _refuse_newer(path.name, data)
        return None
    if meta.schema_version > SCHEMA_VERSION:
        _refuse_newer(path.name, data)
    if meta.schema_version == SCHEMA_VERSION and meta.seal != meta.make_seal():
        return None
    return meta


def _refuse_newer(name: str, data: bytes) -> None:
    try:
        version = json.loads(data).get("schema_version")
    except (ValueError, AttributeError):
        return
    if isinstance(version, int) and version > SCHEMA_VERSION:
        raise InputError(
            f"{name} was written by a newer remud-gen (schema {version}, this one reads {SCHEMA_VERSION})",
            "upgrade remud-gen or use another --run folder",
        )


def examine(run: Path, spec: PartSpec, basis: Basis, *, is_thorough: bool = False) -> PartState:
    """Compare a planned part with what lies on disk; thoroughly means reading its files and pictures, too."""
    stamp = basis.sign(spec.inputs.digests)
    paths = part_paths(run, spec.stage, spec.key)
    meta = read_meta(paths.meta)
    if meta is None:
        is_torn = paths.meta.exists()
        reason = "its sidecar is damaged, edited or of an older version" if is_torn else "not made yet"
        return PartState(spec, stamp, "missing", reason, None)
    if meta.schema_version < SCHEMA_VERSION:
        return PartState(spec, stamp, "stale", f"written with schema {meta.schema_version}", None)
    if meta.fingerprint != stamp.fingerprint:
        reasons = [*basis.explain_change(run, meta.basis), *stamp.explain_inputs(meta.inputs)]
        return PartState(spec, stamp, "stale", ", ".join(reasons) or "made differently", meta)
    damage = find_damage(run, meta, paths, is_thorough=is_thorough)
    if damage:
        return PartState(spec, stamp, "stale", damage, None)
    if meta.is_partial and meta.counts.inputs < spec.taken:
        return PartState(spec, stamp, "partial", f"{meta.counts.inputs} of {spec.inputs.count} inputs done", meta)
    return PartState(spec, stamp, "fresh", "", meta)


def find_damage(run: Path, meta: PartMeta, paths: PartPaths, *, is_thorough: bool) -> str:
    """What is wrong with a part's files, in words; empty when nothing is."""
    files = (
        (paths.records, meta.size, meta.mtime_ns, meta.sha256),
        (paths.errors, meta.errors_size, meta.errors_mtime_ns, meta.errors_sha256),
    )
    for path, size, mtime_ns, sha256 in files:
        try:
            stat = path.stat()
            if stat.st_size != size:
                return f"{path.name} was edited or cut short"
            # An untouched file is not read again: that would make an idle rerun over a large corpus slow.
            if (is_thorough or stat.st_mtime_ns != mtime_ns) and _hash_file(path) != sha256:
                return f"{path.name} was edited"
        except OSError:
            return f"{path.name} is missing"
    if meta.calls_size and (not paths.calls.is_file() or paths.calls.stat().st_size != meta.calls_size):
        return f"{paths.calls.name} is missing or was edited"
    if is_thorough:
        for picture in _list_pictures(paths.records):
            if not _is_whole(run / picture):
                return f"{picture} is missing or damaged"
    return ""


PICTURE = compile_late(rb'"path":"(images/[0-9a-f]{2}/[0-9a-f]{64}\.(?:png|jpg))"')


def _list_pictures(records: Path) -> Iterator[str]:
    """Paths of all pictures that a record file names, each once."""
    yield from (path.decode("ascii") for path in dict.fromkeys(PICTURE.findall(read_bytes_of(records))))


def _is_whole(picture: Path) -> bool:
    """A stored picture is named by the hash of its bytes."""
    try:
        return _hash_file(picture) == picture.stem
    except OSError:
        return False


def _hash_file(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()

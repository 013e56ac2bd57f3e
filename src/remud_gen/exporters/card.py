"""What lies beside every export's data: card, manifest, description, checksums, and the list of what was left out."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from remud_gen import __version__
from remud_gen.errors import RecordError
from remud_gen.exporters.croissant import CROISSANT, describe_dataset
from remud_gen.exporters.facts import ExportFacts
from remud_gen.exporters.provenance import PROVENANCE
from remud_gen.exporters.readme import render_readme
from remud_gen.exporters.rows import encode_line, read_rows
from remud_gen.protocols import ExportSummary
from remud_gen.records import SCHEMA_VERSION

LEFT_OUT = "left_out.jsonl"
README = "README.md"
MANIFEST = "MANIFEST.json"
CHECKSUMS = "CHECKSUMS"
PAPERS = (LEFT_OUT, PROVENANCE, CROISSANT, README)  # in every export, besides MANIFEST.json and CHECKSUMS
MAKER = "remud-gen "


class FileFacts(BaseModel):
    """What a data file must be."""

    sha256: str
    bytes: int


class Manifest(BaseModel):
    """MANIFEST.json. The same records and settings give the same bytes on every machine: no times, no paths."""

    model_config = ConfigDict(extra="ignore")

    format: str
    made_by: str
    schema_version: int
    fingerprint: str
    settings: dict[str, Any]
    inputs: int  # kept records; each is in one split, not chosen, or left out by name
    counts: dict[str, int]  # per split, and `images`
    profile: dict[str, dict[str, int]]
    not_chosen: dict[str, int] = Field(default_factory=dict)  # by the wish that left them out
    left_out: dict[str, int]  # by code
    notes: tuple[str, ...]
    files: dict[str, FileFacts]  # all but MANIFEST.json, CHECKSUMS and the pictures

    @property
    def exported(self) -> int:
        """Records in any split."""
        return count_exported(self.counts)

    @property
    def statuses(self) -> tuple[str, ...]:
        """Which records it was made of: `kept`, those held back for `review`; an older manifest means kept ones."""
        stored = self.settings.get("statuses")
        return tuple(map(str, stored)) if isinstance(stored, list) and stored else ("kept",)


def count_exported(counts: Mapping[str, int]) -> int:
    """Records in any split, from the counts of a summary or manifest."""
    return sum(count for name, count in counts.items() if name != "images")


def read_manifest(folder: Path) -> Manifest:
    """The manifest of an export.

    Raises:
        RecordError: BAD_MANIFEST when it is absent, damaged or not written by remud-gen.
    """
    try:
        manifest = Manifest.model_validate_json((folder / MANIFEST).read_bytes())
    except (OSError, ValidationError) as error:
        raise RecordError("BAD_MANIFEST", f"{folder / MANIFEST}: {str(error).splitlines()[0]}") from None
    if not manifest.made_by.startswith(MAKER):
        raise RecordError("BAD_MANIFEST", f"{folder / MANIFEST} was made by {manifest.made_by}")
    return manifest


def read_summary(folder: Path, manifest: Manifest) -> ExportSummary:
    """What an export on disk says of itself.

    Raises:
        RecordError: BAD_MANIFEST when left_out.jsonl does not hold what the manifest counts.
    """
    try:
        left_out = tuple((str(row["id"]), sys.intern(str(row["reason"]))) for row in read_rows(folder / LEFT_OUT))
    except (OSError, KeyError, RecordError) as error:
        raise RecordError("BAD_MANIFEST", f"{folder / LEFT_OUT}: {error}") from None
    files = tuple(file for file in manifest.files if file not in PAPERS)
    if manifest.exported + len(left_out) + sum(manifest.not_chosen.values()) != manifest.inputs:
        raise RecordError("BAD_MANIFEST", f"{folder / LEFT_OUT} and {MANIFEST} do not add up")
    return ExportSummary(files, manifest.counts, left_out, manifest.profile, manifest.notes, manifest.not_chosen)


def write_papers(folder: Path, facts: ExportFacts, sums: Callable[[str], str | None]) -> None:
    """Write left_out.jsonl, README.md, croissant.json, MANIFEST.json and CHECKSUMS.

    Args:
        folder: the export, with all of its data.
        facts: what they tell.
        sums: the SHA-256 of a picture's path where it is known, so that it need not be read again.
    """
    with (folder / LEFT_OUT).open("wb") as stream:
        for record_id, reason in facts.summary.left_out:
            stream.write(encode_line({"id": record_id, "reason": reason}))
    own = {file: _describe_file(folder / file) for file in sorted({*facts.summary.files, LEFT_OUT, PROVENANCE})}
    _write_json(folder / CROISSANT, describe_dataset(facts, own))
    (folder / README).write_bytes(render_readme(facts).encode("utf-8", "replace"))
    manifest = Manifest(
        format=facts.name,
        made_by=f"{MAKER}{__version__}",
        schema_version=SCHEMA_VERSION,
        fingerprint=facts.fingerprint,
        settings=dict(facts.settings),
        inputs=facts.exported + len(facts.summary.left_out) + sum(facts.summary.not_chosen.values()),
        counts=dict(facts.summary.counts),
        profile={field: dict(values) for field, values in facts.summary.profile.items()},
        not_chosen=dict(facts.summary.not_chosen),
        left_out=dict(facts.left_out),
        notes=facts.summary.notes,
        files={**own, **{file: _describe_file(folder / file) for file in (CROISSANT, README)}},
    )
    _write_json(folder / MANIFEST, manifest.model_dump())
    write_checksums(folder, {file: one.sha256 for file, one in manifest.files.items()}, sums)


def write_checksums(folder: Path, known: Mapping[str, str], sums: Callable[[str], str | None]) -> None:
    """CHECKSUMS for `sha256sum -c`: every file of the export but itself, in the order of their names."""
    with (folder / CHECKSUMS).open("wb") as stream:
        for path in list_files(folder):
            if path != CHECKSUMS:
                digest = known.get(path) or sums(path) or hash_file(folder / path)
                stream.write(f"{digest}  {path}\n".encode())


def list_files(folder: Path) -> Iterator[str]:
    """All files below a folder, relative, in order, holding the names of one folder at a time."""
    stack = [""]
    while stack:
        below = stack.pop()
        if below and not below.endswith("/"):
            yield below
            continue
        with os.scandir(folder / below) as entries:
            names = [f"{below}{one.name}{'/' if one.is_dir(follow_symlinks=False) else ''}" for one in entries]
        stack += sorted(names, reverse=True)


def hash_file(path: Path) -> str:
    """The SHA-256 of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _describe_file(path: Path) -> FileFacts:
    return FileFacts(sha256=hash_file(path), bytes=path.stat().st_size)


def _write_json(path: Path, data: object) -> None:
    text = json.dumps(data, indent=2, ensure_ascii=False) + "\n"
    path.write_bytes(text.encode("utf-8", "backslashreplace"))

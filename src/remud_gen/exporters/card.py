"""What lies beside every export's data: README.md, MANIFEST.json and the list of what was left out."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from remud_gen import __version__
from remud_gen.errors import RecordError
from remud_gen.exporters.rows import encode_line, read_rows
from remud_gen.protocols import ExportSummary
from remud_gen.records import SCHEMA_VERSION

LEFT_OUT = "left_out.jsonl"
README = "README.md"
MANIFEST = "MANIFEST.json"
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
    inputs: int  # records that came; each is in one split or left out
    counts: dict[str, int]  # per split, and `images`
    profile: dict[str, dict[str, int]]
    left_out: dict[str, int]  # by code
    notes: tuple[str, ...]
    files: dict[str, FileFacts]  # all but MANIFEST.json and the pictures

    @property
    def exported(self) -> int:
        """Records in any split."""
        return count_exported(self.counts)


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
        left_out = tuple((str(row["id"]), str(row["reason"])) for row in read_rows(folder / LEFT_OUT))
    except (OSError, KeyError, RecordError) as error:
        raise RecordError("BAD_MANIFEST", f"{folder / LEFT_OUT}: {error}") from None
    files = tuple(file for file in manifest.files if file not in (LEFT_OUT, README))
    if manifest.exported + len(left_out) != manifest.inputs:
        raise RecordError("BAD_MANIFEST", f"{folder / LEFT_OUT} and {MANIFEST} do not add up")
    return ExportSummary(files, manifest.counts, left_out, manifest.profile, manifest.notes)


def write_card(
    folder: Path,
    name: str,
    purpose: str,
    summary: ExportSummary,
    settings: Mapping[str, object],
    fingerprint: str,
) -> None:
    """Write README.md, MANIFEST.json (counts, settings, SHA-256 of each file but pictures) and left_out.jsonl."""
    lines = [encode_line({"id": record_id, "reason": reason}) for record_id, reason in summary.left_out]
    (folder / LEFT_OUT).write_bytes(b"".join(lines))
    codes = dict(sorted(Counter(reason.partition(":")[0] for _, reason in summary.left_out).items()))
    (folder / README).write_bytes(_render_readme(name, purpose, summary, codes).encode("utf-8", "replace"))
    manifest = Manifest(
        format=name,
        made_by=f"{MAKER}{__version__}",
        schema_version=SCHEMA_VERSION,
        fingerprint=fingerprint,
        settings=dict(settings),
        inputs=count_exported(summary.counts) + len(summary.left_out),
        counts=dict(summary.counts),
        profile={field: dict(values) for field, values in summary.profile.items()},
        left_out=codes,
        notes=summary.notes,
        files={file: _describe_file(folder / file) for file in sorted((*summary.files, LEFT_OUT, README))},
    )
    text = json.dumps(manifest.model_dump(), indent=2, ensure_ascii=False) + "\n"
    (folder / MANIFEST).write_bytes(text.encode("utf-8", "backslashreplace"))


def _describe_file(path: Path) -> FileFacts:
    with path.open("rb") as stream:
        return FileFacts(sha256=hashlib.file_digest(stream, "sha256").hexdigest(), bytes=path.stat().st_size)


def _render_readme(name: str, purpose: str, summary: ExportSummary, codes: Mapping[str, int]) -> str:
    lines = [
        f"# Ultrasound fine-tuning data ({name})",
        "",
        purpose[:1].upper() + purpose[1:] + ".",
        "",
        "Questions, thinking and answers are synthetic: a program or a model wrote them from books. "
        "They are for training and evaluating models, not for clinical use.",
        "",
        "| | records |",
        "|---|---|",
        *(f"| {split} | {count} |" for split, count in summary.counts.items() if split != "images"),
        *(
            f"| {field}: {_escape(value)} | {count} |"
            for field, values in summary.profile.items()
            for value, count in values.items()
        ),
        "",
        f"{summary.counts.get('images', 0)} distinct pictures lie in `images/`, named by their SHA-256 in the run.",
    ]
    if codes:
        reasons = ", ".join(f"{code} {count}" for code, count in codes.items())
        lines.append(f"Records that this format cannot hold are named in `{LEFT_OUT}` ({reasons}).")
    lines += [*summary.notes, "", "`MANIFEST.json` holds the counts and the SHA-256 of every data file.", ""]
    return "\n".join(lines)


def _escape(value: str) -> str:
    return " ".join(value.split()).replace("|", "\\|")

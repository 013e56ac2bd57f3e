"""What lies beside every export's data: README.md, MANIFEST.json and the list of what was left out."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from remud_gen import __version__
from remud_gen.exporters.rows import encode_line
from remud_gen.protocols import ExportSummary
from remud_gen.records import SCHEMA_VERSION

LEFT_OUT = "left_out.jsonl"


def write_card(folder: Path, name: str, purpose: str, summary: ExportSummary, settings: Mapping[str, object]) -> None:
    """Write README.md, MANIFEST.json (counts, settings, SHA-256 of each file but pictures) and left_out.jsonl."""
    lines = [encode_line({"id": record_id, "reason": reason}) for record_id, reason in summary.left_out]
    (folder / LEFT_OUT).write_bytes(b"".join(lines))
    codes = dict(sorted(Counter(reason.partition(":")[0] for _, reason in summary.left_out).items()))
    (folder / "README.md").write_bytes(_render_readme(name, purpose, summary, codes).encode("utf-8", "replace"))
    manifest = {
        "format": name,
        "made_by": f"remud-gen {__version__}",
        "schema_version": SCHEMA_VERSION,
        "settings": settings,
        "counts": summary.counts,
        "profile": summary.profile,
        "left_out": codes,
        "notes": summary.notes,
        "files": {file: _describe_file(folder / file) for file in sorted((*summary.files, LEFT_OUT, "README.md"))},
    }
    text = json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"
    (folder / "MANIFEST.json").write_bytes(text.encode("utf-8", "backslashreplace"))


def _describe_file(path: Path) -> Mapping[str, object]:
    with path.open("rb") as stream:
        return {"sha256": hashlib.file_digest(stream, "sha256").hexdigest(), "bytes": path.stat().st_size}


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

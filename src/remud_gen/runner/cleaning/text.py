"""What `remud clean` found or removed -> text or JSON on stdout."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from remud_gen.runner.cleaning.sweeper import Finding

KINDS = {
    "temporaries": "half-written files",
    "half_exports": "half-written exports",
    "gone_parts": "parts of gone inputs",
    "replaced_parts": "replaced parts",
    "stray_files": "files of unfinished parts",
    "bases": "bases of no part",
    "pictures": "pictures of no record",
    "replies": "replies of no part",
    "cached_inputs": "cached hashes of gone files",
}


@dataclass(frozen=True, slots=True)
class Cleaning:
    """What was found, or removed, and what was kept back and why."""

    run: Path
    findings: dict[str, Finding]
    kept: list[str]
    is_applied: bool

    @property
    def size_bytes(self) -> int:
        """What the disk gets, or got, back."""
        return sum(finding.size_bytes for finding in self.findings.values())


def to_json(cleaning: Cleaning) -> str:
    """Everything a script may want, on one line; every kind is there."""
    found = {kind: cleaning.findings.get(kind, Finding()) for kind in KINDS}
    data = {
        "run": str(cleaning.run),
        "is_applied": cleaning.is_applied,
        "bytes": cleaning.size_bytes,
        "found": {
            kind: {"count": one.count, "bytes": one.size_bytes, "names": one.names} for kind, one in found.items()
        },
        "kept": cleaning.kept,
    }
    return json.dumps(data, ensure_ascii=False)


def to_text(cleaning: Cleaning) -> str:
    """A table of the kinds, what was kept back, and a last line that says whether anything was removed."""
    lines = []
    if cleaning.findings:
        lines.append(f"{'not needed':<27}  {'count':>9}  {'size':>9}  first names")
    for kind in (kind for kind in KINDS if kind in cleaning.findings):
        one = cleaning.findings[kind]
        names = ", ".join(one.names) + (", …" if one.count > len(one.names) else "")
        lines.append(f"{KINDS[kind]:<27}  {one.count:>9}  {_tell_size(one.size_bytes):>9}  {names}")
    lines += ["", *cleaning.kept] if cleaning.kept else []
    size = _tell_size(cleaning.size_bytes)
    if not cleaning.findings:
        last = "Nothing to remove."
    elif cleaning.is_applied:
        last = f"Removed; {size} freed."
    else:
        last = f"Nothing was removed. `remud clean --run {cleaning.run} --apply` removes this and frees about {size}."
    return "\n".join([*lines, "", last] if lines else [last])


def _tell_size(size_bytes: int) -> str:
    size, unit = float(size_bytes), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if size < 1000:
            break
        size, unit = size / 1000, larger
    return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"

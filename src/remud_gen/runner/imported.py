"""Imported records: parts that no input of this run leads to, that no stage makes anew, and that none takes away.

RUN/imported/<export>-n0001.jsonl and so on hold judged records as another run exported them, each a part as any other.
RUN/imported/<export>.json, written last, says how many parts there are: without it an import was cut short.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from remud_gen.rules.late import compile_late
from remud_gen.runner.basis import Stamp, digest, shorten_digest
from remud_gen.runner.files import write_atomically
from remud_gen.runner.parts import PartMeta, PartSpec, PartState, find_damage, part_paths, read_meta
from remud_gen.runner.reading import Inputs

STAGE = "imported"
KEY = compile_late(r"(raw-[0-9a-f]{8})-n\d{4,}")
AGAIN = "import the same folder again"


def name_import(sha256: str) -> str:
    """What the parts of one export are called, by the digest of its data."""
    return f"raw-{sha256[:8]}"


def make_part(name: str, sha256: str, number: int) -> tuple[PartSpec, Stamp]:
    """A part of an import, with a fingerprint of its own: nothing that this run is configured by changes it."""
    digests = {"exported data": shorten_digest(sha256)}
    spec = PartSpec(STAGE, f"{name}-n{number:04d}", Inputs(0, digests), name)
    return spec, Stamp(fingerprint=digest(STAGE, sha256, str(number)), basis="", inputs=digests)


def list_imported(run: Path, *, is_thorough: bool = False) -> list[PartState]:
    """All imported parts as they lie on disk, import by import."""
    return [_examine(run, name, key, is_thorough=is_thorough) for name, key in _list_keys(run)]


def count_records(states: Sequence[PartState]) -> int:
    """Records in parts that can be read."""
    return sum(state.meta.counts.outputs for state in states if state.meta is not None)


def describe_faults(states: Sequence[PartState]) -> Iterator[str]:
    """What of the imported records is damaged or lacking, in whole sentences."""
    for reason in dict.fromkeys(state.reason for state in states if state.reason):
        keys = [state.spec.key for state in states if state.reason == reason]
        more = f" and {len(keys) - 1} more" if len(keys) > 1 else ""
        yield f"Incomplete: imported/{keys[0]}{more}: {reason}; {AGAIN}."


def read_ledger(run: Path, name: str) -> Mapping[str, Any] | None:
    """What is known of a finished import; None where it was cut short."""
    try:
        data = json.loads((run / STAGE / f"{name}.json").read_bytes())
    except (OSError, ValueError):
        return None
    return data if isinstance(data, dict) and isinstance(data.get("parts"), int) else None


def write_ledger(run: Path, name: str, sha256: str, n_parts: int, n_records: int, n_lacking: int) -> None:
    """Mark an import as finished; `n_lacking` records may come another time, when their pictures are there."""
    data = {"exported_data_sha256": sha256, "parts": n_parts, "records": n_records, "lacking_pictures": n_lacking}
    write_atomically(run / STAGE / f"{name}.json", json.dumps(data, indent=1).encode("ascii"))


def _list_keys(run: Path) -> Iterator[tuple[str, str]]:
    """(import, part) of all that are there or ought to be."""
    folder = run / STAGE
    if not folder.is_dir():
        return
    names = sorted(path.name for path in folder.iterdir())
    keys = {key for name in names if KEY.fullmatch(key := name.partition(".")[0])}
    for name in names:
        if name.endswith(".json") and not name.endswith(".meta.json"):
            ledger = read_ledger(run, name.removesuffix(".json")) or {"parts": 0}
            keys |= {f"{name.removesuffix('.json')}-n{number:04d}" for number in range(1, ledger["parts"] + 1)}
    for key in sorted(keys):
        found = KEY.fullmatch(key)
        if found is not None:
            yield found[1], key


def _examine(run: Path, name: str, key: str, *, is_thorough: bool) -> PartState:
    paths = part_paths(run, STAGE, key)
    meta = read_meta(paths.meta)
    spec, stamp = _describe(name, key, meta)
    if meta is None:
        return PartState(spec, stamp, "missing", "its sidecar is missing or damaged", None)
    damage = find_damage(run, meta, paths, is_thorough=is_thorough)
    if damage:
        return PartState(spec, stamp, "missing", damage, None)
    if read_ledger(run, name) is None:
        return PartState(spec, stamp, "partial", "the import was cut short", meta)
    return PartState(spec, stamp, "fresh", "", meta)


def _describe(name: str, key: str, meta: PartMeta | None) -> tuple[PartSpec, Stamp]:
    inputs = meta.inputs if meta is not None else {}
    spec = PartSpec(STAGE, key, Inputs(0, inputs), name)
    return spec, Stamp(fingerprint=meta.fingerprint if meta is not None else "", basis="", inputs=inputs)

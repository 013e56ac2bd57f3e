"""A renamed book: its pages are those read before, only the name in their sources is another."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from remud_gen.records import Page
from remud_gen.runner.parts import PartMeta, PartState, read_meta
from remud_gen.runner.reading import parse_line
from remud_gen.runner.reuse import OldOutcome

NAME = "file name"  # the only input that may differ


def find_namesake(run: Path, state: PartState) -> PartMeta | None:
    """A finished part of the same pages of the same bytes, made in the same way when the book had another name."""
    spec = state.spec
    tail = spec.key[spec.key.rindex("-", 0, spec.key.rindex("-p")) :]  # -<sha8>-p00001-00016
    wanted = {name: value for name, value in state.stamp.inputs.items() if name != NAME}
    for path in sorted((run / spec.stage).glob(f"*{tail}.meta.json")):
        meta = None if path.name == f"{spec.key}.meta.json" else read_meta(path)
        if meta is None or meta.is_partial or meta.basis != state.stamp.basis:
            continue
        if {name: value for name, value in meta.inputs.items() if name != NAME} == wanted:
            return meta
    return None


def rename_outcome(old: OldOutcome, file: str) -> OldOutcome:
    """The same outcome under the book's present name."""
    records = tuple(_rename_line(line, file) for line in old.records)
    return replace(old, records=records, errors=tuple({**error, "file": file} for error in old.errors))


def _rename_line(line: bytes, file: str) -> bytes:
    record = parse_line(line)
    if isinstance(record, Page):
        record = record.model_copy(update={"source": record.source.model_copy(update={"file": file})})
    return record.model_dump_json().encode("utf-8") + b"\n"

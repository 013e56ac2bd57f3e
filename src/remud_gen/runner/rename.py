"""A renamed book: its pages are those read before, only the name in their sources is another."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from remud_gen.records import Page, PageRendition
from remud_gen.runner.parts import PartMeta, PartState, find_damage, list_parts, part_paths, read_meta
from remud_gen.runner.reading import parse_line
from remud_gen.runner.reuse import OldOutcome

NAME = "file name"  # the only input that may differ


class Namesakes:
    """Finished parts of a stage by the pages they hold, whatever the book was called."""

    def __init__(self, run: Path, stage: str, *, is_thorough: bool) -> None:
        self._run, self._stage, self._is_thorough = run, stage, is_thorough
        self._keys: dict[str, list[str]] | None = None  # listed once: a stage may have very many parts

    def find(self, state: PartState) -> PartMeta | None:
        """A whole part without failures of the same pages, made in the same way when the book had another name."""
        if self._keys is None:
            self._keys = {}
            for key in list_parts(self._run, self._stage):
                self._keys.setdefault(_tail(key), []).append(key)
        wanted = {name: value for name, value in state.stamp.inputs.items() if name != NAME}
        for key in self._keys.get(_tail(state.spec.key), ()):
            paths = part_paths(self._run, self._stage, key)
            meta = read_meta(paths.meta) if key != state.spec.key else None
            if meta is None or meta.is_partial or meta.counts.errors or meta.basis != state.stamp.basis:
                continue
            if {name: value for name, value in meta.inputs.items() if name != NAME} != wanted:
                continue
            if not find_damage(self._run, meta, paths, is_thorough=self._is_thorough):
                return meta
        return None


def _tail(key: str) -> str:
    """What a key says besides the book's name: -<sha8>-p00001-00016."""
    head, mark, pages = key.rpartition("-p")
    return head[-9:] + mark + pages


def rename_outcome(old: OldOutcome, file: str) -> OldOutcome:
    """The same outcome under the book's present name."""
    records = tuple(_rename_line(line, file) for line in old.records)
    return replace(old, records=records, errors=tuple({**error, "file": file} for error in old.errors))


def _rename_line(line: bytes, file: str) -> bytes:
    record = parse_line(line)
    if isinstance(record, Page | PageRendition):
        record = record.model_copy(update={"source": record.source.model_copy(update={"file": file})})
    if isinstance(record, PageRendition):
        record = record.model_copy(update={"document": record.document.model_copy(update={"file": file})})
    return record.model_dump_json().encode("utf-8") + b"\n"

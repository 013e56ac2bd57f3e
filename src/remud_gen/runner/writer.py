"""Outcomes of a part -> its three files, counted as they come."""

from __future__ import annotations

import hashlib
import io
import json
import time
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import jsonlines

from remud_gen.records import Record
from remud_gen.runner.files import open_atomically, write_atomically
from remud_gen.runner.parts import SLICE_RECORDS, Basis, Counts, PartMeta, PartSpec, Slice, Usage, part_paths
from remud_gen.runner.reuse import Ending, OldOutcome
from remud_gen.stages.base import Failure, Rejection

Outcome = Record | Failure | Rejection[Any]


class PartWriter:
    """Collects a part's outcomes input by input; `commit` makes the part exist."""

    def __init__(self, run: Path, spec: PartSpec, basis: Basis) -> None:
        self._run, self._spec, self._basis = run, spec, basis
        self._paths = part_paths(run, spec.stage, spec.key)
        self._stack = ExitStack()
        self._started = time.monotonic()
        self._hash = hashlib.sha256()
        self._slice_hash = hashlib.sha256()
        self._slice_start = self._size = self._slice_count = 0
        self._slices: list[Slice] = []
        self._errors: list[dict[str, object]] = []
        self._endings: list[tuple[Ending, int, int]] = []
        self._n_ended = (0, 0)  # record and error lines up to the last input
        self.counts = Counts()
        self.usage = Usage()

    def __enter__(self) -> PartWriter:
        self._records = self._stack.enter_context(open_atomically(self._paths[0]))
        return self

    def add(self, where: tuple[str, str, int | None], outcomes: Iterable[Outcome]) -> None:
        """Write what came of one input; the input counts once, as produced, rejected or failed."""
        n_records = n_failures = n_rejections = 0
        for outcome in outcomes:
            if isinstance(outcome, Failure):
                n_failures += 1
                self._note(where, "failed", outcome.code, outcome.message, outcome.hint)
            elif isinstance(outcome, Rejection):
                n_rejections += 1
                if outcome.record is not None:
                    self._write(outcome.record)
                    self._count_code(outcome.code)
                else:
                    self._note(where, "rejected", outcome.code, outcome.message, "")
            else:
                n_records += 1
                self._write(outcome)
        if not (n_records or n_failures or n_rejections):
            n_failures = 1
            self._note(where, "failed", "NOTHING_PRODUCED", "the stage said nothing about this input", "")
        self._end_input("p" if n_records else "f" if n_failures else "r")

    def copy(self, old: OldOutcome) -> None:
        """Take over what an earlier version of this part made of one input."""
        for line in old.records:
            self._write_line(line, json.loads(line)["record"])
        for error in old.errors:
            self._errors.append(error)
            self._count_code(error["code"])
            self.counts.errors += error["outcome"] == "failed"
        self._end_input(old.ending)

    def add_overlay(self, record: Record) -> None:
        """Write a record that belongs to the corpus rather than to one input."""
        self._write(record)

    def commit(self, *, is_partial: bool) -> PartMeta:
        """Publish records, errors and, last, the meta file."""
        self._close_slice()
        self._records.flush()
        self._stack.close()
        errors = io.StringIO()
        with jsonlines.Writer(errors, dumps=_dump_line) as lines:
            lines.write_all(self._errors)
        error_bytes = errors.getvalue().encode("utf-8")
        write_atomically(self._paths[1], error_bytes)
        meta = PartMeta(
            stage=self._spec.stage,
            key=self._spec.key,
            document=self._spec.document,
            fingerprint=self._basis.fingerprint(self._spec.stage),
            basis=self._basis,
            counts=self.counts,
            usage=self.usage,
            is_partial=is_partial,
            sha256=self._hash.hexdigest(),
            size=self._size,
            mtime_ns=self._paths[0].stat().st_mtime_ns,
            errors_sha256=hashlib.sha256(error_bytes).hexdigest(),
            slices=self._slices,
            endings=self._endings,
            seconds=round(time.monotonic() - self._started, 3),
        )
        write_atomically(self._paths[2], meta.model_dump_json().encode("utf-8"))
        return meta

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        # After a commit the stack is empty; before it, the half-written file must go.
        self._stack.__exit__(kind or _Abandoned, error or _Abandoned(), None)

    def _end_input(self, ending: Ending) -> None:
        self.counts.inputs += 1
        self.counts.produced += ending == "p"
        self.counts.rejected += ending == "r"
        self.counts.failed += ending == "f"
        self._endings.append((ending, self.counts.outputs - self._n_ended[0], len(self._errors) - self._n_ended[1]))
        self._n_ended = (self.counts.outputs, len(self._errors))

    def _count_code(self, code: str) -> None:
        self.counts.codes[code] = self.counts.codes.get(code, 0) + 1

    def _write(self, record: Record) -> None:
        line = record.model_dump_json().encode("utf-8") + b"\n"
        self._write_line(line, str(getattr(record, "record", "record")))

    def _write_line(self, line: bytes, kind: str) -> None:
        self._records.write(line)
        self._hash.update(line)
        self._slice_hash.update(line)
        self._size += len(line)
        self._slice_count += 1
        self.counts.outputs += 1
        self.counts.records[kind] = self.counts.records.get(kind, 0) + 1
        if self._slice_count == SLICE_RECORDS:
            self._close_slice()

    def _close_slice(self) -> None:
        if self._slice_count:
            self._slices.append(
                Slice(
                    offset=self._slice_start,
                    size=self._size - self._slice_start,
                    count=self._slice_count,
                    sha256=self._slice_hash.hexdigest(),
                )
            )
        self._slice_start, self._slice_count, self._slice_hash = self._size, 0, hashlib.sha256()

    def _note(self, where: tuple[str, str, int | None], outcome: str, code: str, message: str, hint: str) -> None:
        identity, file, page = where
        line: dict[str, object] = {"id": identity, "outcome": outcome, "code": code, "message": message, "hint": hint}
        self._errors.append({**line, "file": file, "page_number": page})
        self._count_code(code)
        self.counts.errors += outcome == "failed"


class _Abandoned(BaseException):
    """Marks a part that was left before its commit."""


def _dump_line(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)

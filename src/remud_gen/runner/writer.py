"""Outcomes of a part -> its files, counted as they come."""

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
from pydantic import BaseModel, Field
from pydantic_core import PydanticSerializationError

from remud_gen.records import Document, Record
from remud_gen.runner.basis import Stamp
from remud_gen.runner.files import open_atomically, write_atomically
from remud_gen.runner.parts import SLICE_RECORDS, Counts, PartMeta, PartSpec, Slice, Usage, part_paths
from remud_gen.runner.reuse import Ending, OldOutcome, encode_ending
from remud_gen.stages.base import Failure, Rejection

Outcome = Record | Failure | Rejection[Any]


class Calls(BaseModel):
    """What one input of an async stage rests on: its requests by hash, and what they cost.

    Inputs that ask the same share a reply, which is paid for once: each holds its cost, their part counts it once.
    """

    requests: list[str] = Field(default_factory=list)
    usage: Usage = Field(default_factory=Usage)
    each: list[Usage] = Field(default_factory=list)  # request by request, without repairs

    def add(self, request_sha256: str, usage: Usage) -> None:
        """Note one request and what it took."""
        self.requests.append(request_sha256)
        self.each.append(usage)
        self.usage.add(usage)

    def count_new(self, counted: set[str]) -> Usage:
        """What was taken by requests that are not among those counted before, which they join."""
        if len(self.each) != len(self.requests):
            return self.usage  # written before requests were told apart
        if len(self.requests) == 1 and self.requests[0] not in counted:  # as nearly always
            counted.add(self.requests[0])
            return self.usage
        new = Usage()
        for request, usage in zip(self.requests, self.each, strict=True):
            if request not in counted:
                counted.add(request)
                new.add(usage)
        # Repairs are of the replies, so those of replies that were counted before were counted, too.
        return new.model_copy(update={"repairs": self.usage.repairs}) if new.calls else new


class PartWriter:
    """Collects a part's outcomes input by input; `commit` makes the part exist."""

    def __init__(self, run: Path, spec: PartSpec, stamp: Stamp) -> None:
        self._spec, self._stamp = spec, stamp
        self._paths = part_paths(run, spec.stage, spec.key)
        self._stack = ExitStack()
        self._started = time.monotonic()
        self._lines = LineWriter()
        self._errors: list[dict[str, object]] = []
        self._endings: list[str] = []
        self._calls: list[Calls] = []
        self._counted: set[str] = set()  # requests whose cost is in `usage`
        self._n_ended = (0, 0)  # record and error lines up to the last input
        self._single: str | None = None
        self.counts = Counts()
        self.usage = Usage()

    def __enter__(self) -> PartWriter:
        self._lines.stream = self._stack.enter_context(open_atomically(self._paths.records))
        return self

    def add(self, where: tuple[str, str, int | None], outcomes: Iterable[Outcome], calls: Calls | None = None) -> None:
        """Write what came of one input; the input counts once, as produced, rejected or failed."""
        n_records = n_failures = 0
        codes: list[str] = []
        n_rejections = 0
        for outcome, text in map(_encode, outcomes):
            if isinstance(outcome, Failure):
                n_failures += 1
                self._note(where, "failed", outcome, outcome.hint, outcome.replies)
            elif isinstance(outcome, Rejection):
                n_rejections += 1
                if outcome.record is not None:
                    self._write(outcome.record, text)
                    self._count_code(outcome.code)
                    codes.append(outcome.code)
                else:
                    self._note(where, "rejected", outcome)
            else:
                n_records += 1
                self._write(outcome, text)
        if not (n_records or n_failures or n_rejections):
            n_failures = 1
            silence = Failure("NOTHING_PRODUCED", "the stage said nothing about this input")
            self._note(where, "failed", silence)
        if calls is not None:
            self._add_calls(calls)
        self._end_input("p" if n_records else "f" if n_failures else "r", tuple(codes))

    def copy(self, old: OldOutcome) -> None:
        """Take over what an earlier version of this part made of one input."""
        for line in old.records:
            self._write_line(line, json.loads(line)["record"])
        for error in old.errors:
            self._errors.append(error)
            self._count_code(error["code"])
            self.counts.errors += error["outcome"] == "failed"
        for code in old.codes:
            self._count_code(code)
        if old.calls is not None:
            self._add_calls(Calls.model_validate(old.calls))
        self._end_input(old.ending, old.codes)

    def add_overlay(self, record: Record) -> None:
        """Write a record that belongs to the corpus rather than to one input."""
        self._write(record, record.model_dump_json())

    def commit(self, *, is_partial: bool) -> PartMeta:
        """Publish records, errors, calls and, last, the sidecar."""
        slices = self._lines.close()
        self._stack.close()
        errors = io.StringIO()
        with jsonlines.Writer(errors, dumps=_dump_line) as lines:
            lines.write_all(self._errors)
        error_bytes = errors.getvalue().encode("utf-8", "backslashreplace")
        write_atomically(self._paths.errors, error_bytes)
        call_bytes = b""
        if self._calls:
            dumped = [calls.model_dump(exclude_defaults=True) for calls in self._calls]
            call_bytes = json.dumps(dumped).encode("ascii")
            write_atomically(self._paths.calls, call_bytes)
        stat = self._paths.errors.stat()
        meta = PartMeta(
            stage=self._spec.stage,
            key=self._spec.key,
            document=self._spec.document,
            fingerprint=self._stamp.fingerprint,
            basis=self._stamp.basis,
            inputs=self._stamp.inputs,
            counts=self.counts,
            usage=self.usage,
            is_partial=is_partial,
            sha256=self._lines.sha256,
            size=self._lines.size,
            mtime_ns=self._paths.records.stat().st_mtime_ns,
            errors_sha256=hashlib.sha256(error_bytes).hexdigest(),
            errors_size=stat.st_size,
            errors_mtime_ns=stat.st_mtime_ns,
            calls_size=len(call_bytes),
            slices=slices,
            single=self._single if self.counts.outputs == 1 else None,
            endings=" ".join(self._endings),
            seconds=round(time.monotonic() - self._started, 3),
        )
        meta.seal = meta.make_seal()
        write_atomically(self._paths.meta, meta.model_dump_json().encode("utf-8"))
        return meta

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        # After a commit the stack is empty; before it, the half-written file must go.
        self._stack.__exit__(kind or _Abandoned, error or _Abandoned(), None)

    def _add_calls(self, calls: Calls) -> None:
        self._calls.append(calls)
        self.usage.add(calls.count_new(self._counted))

    def _end_input(self, ending: Ending, codes: tuple[str, ...]) -> None:
        self.counts.inputs += 1
        self.counts.produced += ending == "p"
        self.counts.rejected += ending == "r"
        self.counts.failed += ending == "f"
        n_records, n_errors = self.counts.outputs - self._n_ended[0], len(self._errors) - self._n_ended[1]
        self._endings.append(encode_ending(ending, n_records, n_errors, codes))
        self._n_ended = (self.counts.outputs, len(self._errors))

    def _count_code(self, code: str) -> None:
        self.counts.codes[code] = self.counts.codes.get(code, 0) + 1

    def _write(self, record: Record, text: str) -> None:
        if isinstance(record, Document):
            self._single = text
        self._write_line(text.encode("utf-8") + b"\n", str(getattr(record, "record", "record")))

    def _write_line(self, line: bytes, kind: str) -> None:
        self._lines.write(line)
        self.counts.outputs += 1
        self.counts.records[kind] = self.counts.records.get(kind, 0) + 1

    def _note(
        self,
        where: tuple[str, str, int | None],
        outcome: str,
        said: Failure | Rejection[Any],
        hint: str = "",
        replies: tuple[str, ...] = (),
    ) -> None:
        identity, file, page = where
        line: dict[str, object] = {"id": identity, "outcome": outcome, "code": said.code, "message": said.message}
        line.update(hint=hint, file=file, page_number=page)
        self._errors.append({**line, "replies": list(replies)} if replies else line)
        self._count_code(said.code)
        self.counts.errors += outcome == "failed"


def _encode(outcome: Outcome) -> tuple[Outcome, str]:
    """An outcome and its record's text; a record with half a character in it is a failure of its input."""
    record = outcome.record if isinstance(outcome, Rejection) else outcome
    if not isinstance(record, Record):
        return outcome, ""
    try:
        return outcome, record.model_dump_json()
    except (PydanticSerializationError, UnicodeEncodeError):
        hint = "the text of the source is damaged; please report it with the file"
        return Failure("NOT_UNICODE", "a text holds half a character and cannot be written", hint), ""


class LineWriter:
    """Lines -> a file, hashed as a whole and in slices that later parts take as their inputs."""

    def __init__(self) -> None:
        self.stream: Any = None
        self.size = 0
        self._hash, self._slice_hash = hashlib.sha256(), hashlib.sha256()
        self._slice_start = self._slice_count = 0
        self._slices: list[Slice] = []

    @property
    def sha256(self) -> str:
        """Digest of all that was written."""
        return self._hash.hexdigest()

    def write(self, line: bytes) -> None:
        """Write one line with its line end."""
        self.stream.write(line)
        self._hash.update(line)
        self._slice_hash.update(line)
        self.size += len(line)
        self._slice_count += 1
        if self._slice_count == SLICE_RECORDS:
            self._close_slice()

    def close(self) -> list[Slice]:
        """End the last slice; flushing and closing the file is its opener's."""
        self._close_slice()
        return self._slices

    def _close_slice(self) -> None:
        if self._slice_count:
            size = self.size - self._slice_start
            sha256 = self._slice_hash.hexdigest()
            self._slices.append(Slice(offset=self._slice_start, size=size, count=self._slice_count, sha256=sha256))
        self._slice_start, self._slice_count, self._slice_hash = self.size, 0, hashlib.sha256()


class _Abandoned(BaseException):
    """Marks a part that was left before its commit."""


def _dump_line(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)

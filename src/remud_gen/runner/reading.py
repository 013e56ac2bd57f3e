"""The inputs of a part: read back from where earlier parts lie, and never other bytes than were planned with."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from remud_gen.errors import InputError, RecordError
from remud_gen.records import RECORD_TYPES, Document, Record
from remud_gen.rules.late import compile_late
from remud_gen.stages.base import InputFile, PageInput

RECORD_NAME = compile_late(rb'\{"record":"(\w+)"')


@dataclass(frozen=True, slots=True)
class PartInput:
    """A stretch of an upstream record file, with the digest it must still have."""

    path: str  # below the run folder
    offset: int
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Inputs:
    """Where a part's inputs come from: a file of the shelf, pages of a document, or lines of earlier parts."""

    count: int
    digests: Mapping[str, str]  # what they are, by name: a change of one is told by its name
    file: InputFile | None = None
    document: Document | None = None
    pages: tuple[int, int] | None = None  # first and last, 1-based, inclusive
    parts: tuple[PartInput, ...] = field(default=())


class DamagedPart(InputError):  # noqa: N818 - names what is wrong, like the errors of the design
    """A record file does not hold the bytes that its sidecar promises; the part must be made again."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path} {reason}", "run the same command again: the part is made anew")
        self.path, self.reason = path, reason

    def __reduce__(self) -> tuple[object, ...]:
        return (type(self), (self.path, self.reason))

    def invalidate(self, run: Path) -> None:
        """Take the part's sidecar away, so that the next plan makes it anew."""
        (run / self.path).with_suffix(".meta.json").unlink(missing_ok=True)


def iterate_inputs(run: Path, inputs: Inputs) -> Iterator[InputFile | PageInput | Record]:
    """The inputs of a part, in order.

    Raises:
        DamagedPart: when a record file no longer has the bytes it was planned with.
    """
    if inputs.file is not None:
        yield inputs.file
    elif inputs.document is not None and inputs.pages is not None:
        first, last = inputs.pages
        chosen = inputs.document.pages
        for number in range(first, last + 1) if chosen is None else (n for n in chosen if first <= n <= last):
            yield PageInput(f"{inputs.document.id}-p{number}", inputs.document, number)
    for part in inputs.parts:
        for line in read_verified(run, part).splitlines():
            yield parse_line(line)


def read_verified(run: Path, part: PartInput) -> bytes:
    """The bytes of a stretch, which must be those it was planned with."""
    try:
        with (run / part.path).open("rb") as stream:
            stream.seek(part.offset)
            data = stream.read(part.size)
    except FileNotFoundError:
        raise DamagedPart(part.path, "is gone") from None
    except OSError as error:
        raise InputError(f"{part.path} cannot be read: {error.strerror}") from None
    if hashlib.sha256(data).hexdigest() != part.sha256:
        raise DamagedPart(part.path, "was changed after it was written")
    return data


def read_bytes_of(path: Path) -> bytes:
    """A whole file of the run; nothing when it is gone, which whoever asks has noticed before.

    Raises:
        InputError: when it is there and cannot be read: no fault of the book that is being worked on.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}", "look at the disk of the run folder") from None


def parse_line(line: bytes) -> Record:
    """A record from its line; the type is read off the start of the line, which spares building a dictionary."""
    name = RECORD_NAME.match(line)
    if name is None:
        return parse_record(json.loads(line))
    return RECORD_TYPES[name[1].decode("ascii")].model_validate_json(line)


def parse_record(data: Mapping[str, Any]) -> Record:
    """A record from its JSON, by its `record` field."""
    return RECORD_TYPES[data["record"]].model_validate(data)


def locate(item: InputFile | PageInput | Record) -> tuple[str, str, int | None]:
    """Id, file and page of an input, for error lines and progress."""
    if isinstance(item, InputFile):
        return item.id, item.file, None
    if isinstance(item, PageInput):
        return item.id, item.document.file, item.number
    source = getattr(item, "source", None)
    file = source.file if source is not None else getattr(item, "file", "")
    return str(getattr(item, "id", "")), file, source.page_number if source is not None else None


def read_errors(path: Path) -> list[dict[str, Any]]:
    """The error lines of a part.

    Raises:
        RecordError: PART_DAMAGED when the file cannot be read or holds something else.
    """
    try:
        return [json.loads(line) for line in path.read_bytes().split(b"\n") if line]
    except (OSError, ValueError) as error:
        raise RecordError("PART_DAMAGED", f"{path.name} cannot be read: {error}") from None

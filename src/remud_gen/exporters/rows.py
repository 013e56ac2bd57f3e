"""JSON files of an export: written in one pass, read back for the validator."""

from __future__ import annotations

import json
import shutil
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, ClassVar

from remud_gen.errors import RecordError

# Legal inside JSON strings, yet line ends to str.splitlines() and to some readers of "one object per line".
_LINE_ENDS = {"\u2028": "\\u2028", "\u2029": "\\u2029", "\x85": "\\u0085"}


def encode_line(row: Mapping[str, Any], *, as_ascii: bool = False) -> bytes:
    """One row as a UTF-8 line that no reader splits in two; in ASCII for readers that use the locale's encoding."""
    return protect_line(json.dumps(row, ensure_ascii=as_ascii, allow_nan=False))


def protect_line(text: str) -> bytes:
    """A JSON text as one UTF-8 line; a lone surrogate becomes its JSON escape."""
    for character, escape in _LINE_ENDS.items():
        text = text.replace(character, escape)
    return text.encode("utf-8", "backslashreplace") + b"\n"


def read_rows(path: Path) -> Iterator[dict[str, Any]]:
    """Every row of a JSON Lines file.

    Raises:
        RecordError: BAD_JSON with the line number.
    """
    with path.open("rb") as stream:
        for number, line in enumerate(stream, 1):
            yield _parse_line(line, f"{path.name} line {number}")


def read_array(path: Path) -> Iterator[dict[str, Any]]:
    """Every row of a JSON array that has one element on each line.

    Raises:
        RecordError: BAD_JSON with the line number.
    """
    number, before = 0, b"["
    with path.open("rb") as stream:
        for number, line in enumerate(stream, 1):
            text = line.strip()
            # The first line opens the array, every element but the last ends in a comma, and the last line closes it.
            is_end = text == b"]"
            if (number == 1) != (text == b"[") or before == b"]" or (number > 2 and before.endswith(b",") == is_end):
                raise RecordError("BAD_JSON", f"{path.name} line {number} breaks the array")
            if number > 1 and not is_end:
                yield _parse_line(text.removesuffix(b","), f"{path.name} line {number}")
            before = text
    if before != b"]":
        raise RecordError("BAD_JSON", f"{path.name} line {number}: the array is not closed")


def _parse_line(line: bytes, place: str) -> dict[str, Any]:
    try:
        row = json.loads(line.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise RecordError("BAD_JSON", f"{place}: {error}") from None
    if not isinstance(row, dict):
        raise RecordError("BAD_JSON", f"{place} is not an object")
    return row


@dataclass(slots=True)
class _OpenFile:
    stream: BinaryIO
    size: int = 0
    leaders: dict[str, tuple[int, int]] = field(default_factory=dict)  # column -> place of the first row that fills it


class RowFiles:
    """Writes `<stem>.jsonl` files; a context manager that closes and orders them.

    `datasets` takes a file's column types from its first 10 MB: if those rows have `"images": []` only, the first
    picture after them breaks the load. So the first rows that fill such columns become the first rows of their file.
    """

    suffix: ClassVar[str] = ".jsonl"

    def __init__(self, folder: Path, *, as_ascii: bool = False) -> None:
        self._folder = folder
        self._as_ascii = as_ascii
        self._files: dict[str, _OpenFile] = {}

    def encode(self, row: Mapping[str, Any]) -> bytes:
        """A row as `add` takes it, for several files."""
        return encode_line(row, as_ascii=self._as_ascii)

    def add(self, stem: str, line: bytes, *, filled: Collection[str] = ()) -> None:
        """Append a line to a file, which is created by its first line.

        Args:
            stem: the file's path below the folder, without its ending.
            line: from `encode`.
            filled: the columns that are empty in other rows of the file, and hold something in this one.
        """
        if stem not in self._files:
            path = self._folder / f"{stem}{self.suffix}"
            path.parent.mkdir(parents=True, exist_ok=True)
            self._files[stem] = _OpenFile(path.open("wb"))
        file = self._files[stem]
        for column in filled:
            file.leaders.setdefault(column, (file.size, len(line)))
        file.stream.write(line)
        file.size += len(line)

    @property
    def stems(self) -> tuple[str, ...]:
        """The files begun, in the order of their first line."""
        return tuple(self._files)

    @property
    def files(self) -> tuple[str, ...]:
        """Their paths below the folder, sorted."""
        return tuple(sorted(f"{stem}{self.suffix}" for stem in self._files))

    def __enter__(self) -> RowFiles:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with ExitStack() as stack:  # on a full disk every close may fail, and all have to be tried
            for file in self._files.values():
                stack.callback(file.stream.close)
        for stem, file in self._files.items():
            leaders = sorted(set(file.leaders.values()))
            if error is None and leaders and leaders[-1][0] > 0:
                _move_to_front(self._folder / f"{stem}{self.suffix}", leaders)


class ArrayFiles(RowFiles):
    """Writes `<stem>.json` files: one JSON array each, an element a line, never held in memory."""

    suffix: ClassVar[str] = ".json"

    def add(self, stem: str, line: bytes, *, filled: Collection[str] = ()) -> None:
        """Append an element; its readers take the file as a whole, so no row has to lead it."""
        is_first = stem not in self._files
        super().add(stem, (b"[\n" if is_first else b",\n") + line.removesuffix(b"\n"))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with ExitStack() as stack:
            stack.callback(super().__exit__, kind, error, trace)
            for file in self._files.values():
                file.stream.write(b"\n]\n")


def _move_to_front(path: Path, leaders: Collection[tuple[int, int]]) -> None:
    """Put the lines at these (offset, length), in ascending order, before all others."""
    ordered = path.with_suffix(".ordered")
    with path.open("rb") as old, ordered.open("wb") as new:
        for offset, length in leaders:
            old.seek(offset)
            new.write(old.read(length))
        start = 0
        for offset, length in leaders:
            old.seek(start)
            for at in range(start, offset, 1 << 20):
                new.write(old.read(min(1 << 20, offset - at)))
            start = offset + length
        old.seek(start)
        shutil.copyfileobj(old, new)
    ordered.replace(path)

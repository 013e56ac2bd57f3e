"""JSON Lines files of an export: written in one pass, read back for the validator."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

from remud_gen.errors import RecordError

# Legal inside JSON strings, yet line ends to str.splitlines() and to some readers of "one object per line".
_LINE_ENDS = {"\u2028": "\\u2028", "\u2029": "\\u2029", "\x85": "\\u0085"}


def encode_line(row: Mapping[str, Any]) -> bytes:
    """One row as a UTF-8 line that no reader splits in two."""
    return protect_line(json.dumps(row, ensure_ascii=False, allow_nan=False))


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
            try:
                row = json.loads(line.decode("utf-8"))
            except ValueError as error:
                raise RecordError("BAD_JSON", f"{path.name} line {number}: {error}") from None
            if not isinstance(row, dict):
                raise RecordError("BAD_JSON", f"{path.name} line {number} is not an object")
            yield row


@dataclass(slots=True)
class _OpenFile:
    stream: BinaryIO
    size: int = 0
    leader: tuple[int, int] | None = None  # offset and length of the first row that holds a picture


class RowFiles:
    """Writes `<stem>.jsonl` files; a context manager that closes and orders them.

    `datasets` takes a file's column types from its first 10 MB: if those rows have `"images": []` only, the first
    picture after them breaks the load. So the first row with a picture becomes the first row of its file.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, _OpenFile] = {}

    def add(self, stem: str, line: bytes, *, holds_picture: bool = False) -> None:
        """Append a line to a file, which is created by its first line."""
        if stem not in self._files:
            self._files[stem] = _OpenFile((self._folder / f"{stem}.jsonl").open("wb"))
        file = self._files[stem]
        if holds_picture and file.leader is None:
            file.leader = (file.size, len(line))
        file.stream.write(line)
        file.size += len(line)

    @property
    def stems(self) -> tuple[str, ...]:
        """The files written, in the order of their first line."""
        return tuple(self._files)

    def __enter__(self) -> RowFiles:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with ExitStack() as stack:  # on a full disk every close may fail, and all have to be tried
            for file in self._files.values():
                stack.callback(file.stream.close)
        for stem, file in self._files.items():
            if error is None and file.leader is not None and file.leader[0] > 0:
                _move_to_front(self._folder / f"{stem}.jsonl", *file.leader)


def _move_to_front(path: Path, offset: int, length: int) -> None:
    ordered = path.with_suffix(".ordered")
    with path.open("rb") as old, ordered.open("wb") as new:
        old.seek(offset)
        new.write(old.read(length))
        old.seek(0)
        for start in range(0, offset, 1 << 20):
            new.write(old.read(min(1 << 20, offset - start)))
        old.seek(offset + length)
        shutil.copyfileobj(old, new)
    ordered.replace(path)

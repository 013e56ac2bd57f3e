"""What all conversation formats share: render, check, place the pictures, write, read back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Protocol

from remud_gen.errors import RecordError
from remud_gen.exporters.conversation import Conversation, render_conversation
from remud_gen.exporters.ledger import Ledger
from remud_gen.exporters.rows import RowFiles, read_rows
from remud_gen.exporters.splits import SPLIT_NAMES
from remud_gen.exporters.validate import check_row
from remud_gen.protocols import ExportedRow, ExportSummary, PackedPicture, PictureShelf
from remud_gen.records import Quadruplet
from remud_gen.rules.digests import DigestTable, digest_text

Messages = tuple[tuple[str, str], ...]
Parse = Callable[[Mapping[str, Any]], ExportedRow]
Rows = Iterator[ExportedRow]
PLACEHOLDER = "<image>"
VIEWS = ("_think", "_nothink")


@dataclass(frozen=True, slots=True)
class Chat:
    """One record as (role, text) messages with placeholders, and the pictures they stand for."""

    record: Quadruplet
    conversation: Conversation
    messages: Messages
    images: tuple[str, ...] = ()  # paths, where the format has its pictures beside the data
    packed: tuple[PackedPicture, ...] = ()  # the pictures, where it has them in the data

    @property
    def id(self) -> str:
        """The record's id."""
        return self.record.id

    @property
    def has_thinking(self) -> bool:
        """Whether any thinking is written."""
        return self.conversation.has_thinking

    @property
    def filled(self) -> tuple[str, ...]:
        """The columns that are empty in other rows."""
        return ("images",) if self.record.images else ()


class RowSink(Protocol):
    """Files that rows are added to: JSON Lines, JSON arrays, Parquet."""

    def encode(self, row: Mapping[str, Any]) -> Any:
        """A row as `add` takes it, for several files."""
        ...

    def add(self, stem: str, line: Any, *, filled: Collection[str] = ()) -> None:
        """Append it to a file, which is created by its first row; `filled` are columns that are empty elsewhere."""
        ...

    @property
    def stems(self) -> tuple[str, ...]:
        """The files begun, without their endings."""
        ...

    @property
    def files(self) -> tuple[str, ...]:
        """The files written, below the folder."""
        ...

    def __enter__(self) -> RowSink: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class ChatExporter(ABC):
    """A mixed file per split; with `has_views` its rows once more as `_think` and `_nothink`, told apart."""

    name: ClassVar[str]
    summary: ClassVar[str]
    placeholder: ClassVar[str] = PLACEHOLDER  # with the line end that the trainer expects after it
    stem: ClassVar[str] = "{split}"
    thinking_modes: ClassVar[tuple[str, ...]] = ("qwen", "remud", "none")
    needs_rgb: ClassVar[bool] = True
    packs_images: ClassVar[bool] = False
    holds_pointers: ClassVar[bool] = False
    has_views: ClassVar[bool] = False
    max_images: ClassVar[int | None] = None  # of a record

    def __init__(self, thinking: str) -> None:
        self.thinking = thinking

    @abstractmethod
    def to_row(self, chat: Chat) -> Mapping[str, Any]:
        """The trainer's row; every row has the same keys."""

    @abstractmethod
    def to_messages(self, row: Mapping[str, Any]) -> Messages:
        """(role, text) of a row read back, in our role names, with `<image>` for whatever stands for a picture."""

    def write_settings(self, folder: Path, stems: Sequence[str]) -> Sequence[str]:
        """Write what the trainer needs beside the data, and return the file names."""
        return ()

    def to_images(self, row: Mapping[str, Any]) -> tuple[str, ...]:
        """Picture paths of a row read back."""
        return tuple(row["images"])

    def to_packed(self, row: Mapping[str, Any]) -> tuple[bytes, ...]:
        """Pictures inside a row read back."""
        return ()

    def to_content(self, row: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """What of a row must have the same keys and types in all rows of a file."""
        return row

    def open_files(self, folder: Path) -> RowSink:
        """Where rows go."""
        return RowFiles(folder)

    def read_file(self, path: Path) -> Iterator[dict[str, Any]]:
        """The rows of one file."""
        return read_rows(path)

    def note(self) -> Sequence[str]:
        """What a user should know of what was written, in whole sentences."""
        return ()

    def write(self, records: Iterable[tuple[str, Quadruplet]], folder: Path, pictures: PictureShelf) -> ExportSummary:
        """Write all files of the format in one pass."""
        ledger, images = Ledger(), DigestTable()
        with self.open_files(folder) as files:
            for split, _, chat in ledger.sift(records, lambda _, record: self.make_chat(record, pictures)):
                self.add_rows(files, split, chat)
                for name in chat.images or (picture.name for picture in chat.packed):
                    images.setdefault(digest_text(name))
        settings = self.write_settings(folder, files.stems)
        return ledger.to_summary([*files.files, *settings], len(images), self.note())

    def add_rows(self, files: RowSink, split: str, chat: Chat) -> None:
        """Write all rows of a record."""
        line, stem = files.encode(self.to_row(chat)), self.stem.format(split=split)
        files.add(stem, line, filled=chat.filled)
        if self.has_views and self.thinking != "none":
            files.add(stem + (VIEWS[0] if chat.has_thinking else VIEWS[1]), line, filled=chat.filled)

    def read_back(self, folder: Path) -> Iterator[ExportedRow]:
        """Every row of the mixed files and of their halves."""
        for split in SPLIT_NAMES:
            stem = self.stem.format(split=split)
            yield from self.read_stem(folder, stem, split, self._parse)
            for view in VIEWS if self.has_views else ():
                yield from self.read_stem(folder, stem + view, split, self._parse, is_view=True)

    def read_stem(self, folder: Path, stem: str, split: str, parse: Parse, *, is_view: bool = False) -> Rows:
        """The rows of a stem's files, if it was written; `parse` sees to all but file, split and view."""
        for path in self.list_files(folder, stem):
            file = path.relative_to(folder).as_posix()
            yield from parse_rows(self.read_file(path), file, split, parse, is_view=is_view)

    def list_files(self, folder: Path, stem: str) -> Sequence[Path]:
        """The files of a stem that are on the disk."""
        path = folder / f"{stem}{RowFiles.suffix}"
        return [path] if path.exists() else []

    def make_chat(self, record: Quadruplet, pictures: PictureShelf) -> Chat:
        """Render and check a record and place its pictures.

        Raises:
            RecordError: the rule that keeps it out of this format.
        """
        if self.max_images is not None and len(record.images) > self.max_images:
            detail = f"{len(record.images)} pictures; the {self.name} format holds {self.max_images} in a record"
            raise RecordError("TOO_MANY_IMAGES", detail)
        conversation = render_conversation(record, self.thinking)
        messages = conversation.to_messages(self.placeholder, len(record.images))
        expected = ExportedRow("", record.id, "", messages, ("",) * len(record.images))
        for code, detail in check_row(expected, self.thinking):
            raise RecordError(code, detail)
        if self.packs_images:
            return Chat(record, conversation, messages, packed=pictures.pack(record.images))
        return Chat(record, conversation, messages, pictures.place(record.images))

    def _parse(self, row: Mapping[str, Any]) -> ExportedRow:
        return ExportedRow(
            "",
            row["id"],
            "",
            self.to_messages(row),
            self.to_images(row),
            self.to_content(row),
            False,
            self.to_packed(row),
        )


def parse_rows(rows: Iterable[Mapping[str, Any]], file: str, split: str, parse: Parse, *, is_view: bool) -> Rows:
    """The rows of one file in common terms.

    Raises:
        RecordError: SCHEMA_MIXED or NULL_VALUE with the place, where a row is not what the format writes.
    """
    for number, row in enumerate(rows, 1):
        try:
            exported = parse(row)
        except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
            raise RecordError("SCHEMA_MIXED", f"{file} row {number}: {type(error).__name__}: {error}") from None
        texts = (exported.id, *exported.images, *(text for turn in exported.messages or () for text in turn))
        if not all(isinstance(text, str) for text in texts):
            raise RecordError("NULL_VALUE", f"{file} row {number}: a role, text, path or id is not a string")
        yield replace(exported, file=file, split=split, is_view=is_view)

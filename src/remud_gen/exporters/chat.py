"""What all JSON Lines conversation formats share: render, check, place the pictures, write, read back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from remud_gen.errors import RecordError
from remud_gen.exporters.conversation import render_conversation
from remud_gen.exporters.ledger import Ledger
from remud_gen.exporters.rows import RowFiles, encode_line, read_rows
from remud_gen.exporters.splits import SPLIT_NAMES
from remud_gen.exporters.validate import check_row
from remud_gen.protocols import ExportedRow, ExportSummary, PictureShelf
from remud_gen.records import Quadruplet
from remud_gen.rules.digests import DigestTable, digest_text

Messages = tuple[tuple[str, str], ...]
VIEWS = ("_think", "_nothink")


@dataclass(frozen=True, slots=True)
class Chat:
    """One record as (role, text) messages with placeholders, and the pictures they stand for."""

    id: str
    messages: Messages
    images: tuple[str, ...]
    has_thinking: bool


class ChatExporter(ABC):
    """A mixed file per split, and the same rows again as `_think` and `_nothink`, for trainers that want them apart."""

    name: ClassVar[str]
    placeholder: ClassVar[str]  # with the line end that the trainer expects after it
    stem: ClassVar[str] = "{split}"
    thinking_modes: ClassVar[tuple[str, ...]] = ("qwen", "remud", "none")
    needs_rgb: ClassVar[bool] = True
    packs_images: ClassVar[bool] = False
    holds_pointers: ClassVar[bool] = False

    def __init__(self, thinking: str) -> None:
        self.thinking = thinking

    @abstractmethod
    def to_row(self, chat: Chat) -> Mapping[str, Any]:
        """The trainer's row; every row has the same keys."""

    @abstractmethod
    def to_messages(self, row: Mapping[str, Any]) -> Messages:
        """(role, text) of a row read back, in our role names."""

    @abstractmethod
    def write_settings(self, folder: Path, stems: Sequence[str]) -> Sequence[str]:
        """Write what the trainer needs beside the data, and return the file names."""

    def write(self, records: Iterable[tuple[str, Quadruplet]], folder: Path, pictures: PictureShelf) -> ExportSummary:
        """Write all files of the format in one pass."""
        ledger, images = Ledger(), DigestTable()
        with RowFiles(folder) as files:
            for split, record in records:
                try:
                    ledger.check_new(record)
                    chat = self._make_chat(record, pictures)
                except RecordError as error:
                    ledger.leave_out(record, error)
                    continue
                line = encode_line(self.to_row(chat))
                stem = self.stem.format(split=split)
                for view in ("", VIEWS[0] if chat.has_thinking else VIEWS[1]):
                    if view == "" or self.thinking != "none":
                        files.add(stem + view, line, filled=("images",) if chat.images else ())
                for path in chat.images:
                    images.setdefault(digest_text(path))
                ledger.keep(split, record)
        settings = self.write_settings(folder, files.stems)
        return ledger.to_summary([*(f"{stem}.jsonl" for stem in sorted(files.stems)), *settings], len(images))

    def read_back(self, folder: Path) -> Iterator[ExportedRow]:
        """Every row of the mixed files and of their halves."""
        for split in SPLIT_NAMES:
            for view in ("", *VIEWS):
                path = folder / f"{self.stem.format(split=split)}{view}.jsonl"
                if not path.exists():
                    continue
                for number, row in enumerate(read_rows(path), 1):
                    yield self._read_row(row, f"{path.name} line {number}", path.name, split, is_view=bool(view))

    def _make_chat(self, record: Quadruplet, pictures: PictureShelf) -> Chat:
        conversation = render_conversation(record, self.thinking)
        messages = conversation.to_messages(self.placeholder, len(record.images))
        expected = ExportedRow("", record.id, "", messages, ("",) * len(record.images))
        for code, detail in check_row(expected, self.thinking):
            raise RecordError(code, detail)
        return Chat(record.id, messages, pictures.place(record.images), conversation.has_thinking)

    def _read_row(self, row: Mapping[str, Any], place: str, file: str, split: str, *, is_view: bool) -> ExportedRow:
        try:
            messages, images = self.to_messages(row), tuple(row["images"])
            is_text = all(
                isinstance(text, str) for text in (row["id"], *images, *(t for pair in messages for t in pair))
            )
        except (KeyError, TypeError) as error:
            raise RecordError("SCHEMA_MIXED", f"{place}: {type(error).__name__}: {error}") from None
        if not is_text:
            raise RecordError("NULL_VALUE", f"{place}: a role, text, path or id is not a string")
        return ExportedRow(file, row["id"], split, messages, images, row, is_view)

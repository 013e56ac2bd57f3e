"""Hugging Face datasets: Parquet with Image columns, and the same rows once more as an image folder."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from remud_gen.exporters.chat import Chat, Messages, RowSink, parse_rows
from remud_gen.exporters.parquet_chat import ParquetChatExporter
from remud_gen.exporters.parquet_rows import IMAGE, NUMBER, TEXT, Features, list_of, to_cells
from remud_gen.exporters.rows import RowFiles, read_rows
from remud_gen.exporters.splits import SPLIT_NAMES
from remud_gen.protocols import ExportedRow, ExportSummary, PackedPicture, PictureShelf
from remud_gen.records import Quadruplet
from remud_gen.rules.digests import DigestTable, digest_text

_COLUMNS: Features = {
    "question": TEXT,
    "options": list_of({"key": TEXT, "text": TEXT}),
    "thinking": TEXT,
    "answer": TEXT,
    "answer_key": TEXT,
    "messages": list_of({"role": TEXT, "content": TEXT}),
    "kind": TEXT,
    "qtype": TEXT,
    "form": TEXT,
    "style": TEXT,
    "language": TEXT,
    "difficulty": NUMBER,
    "document_id": TEXT,
    "page_number": NUMBER,
    "licence": TEXT,
}
_FOLDER = "imagefolder/{split}"
_METADATA = f"{_FOLDER}/metadata"
_FILES = "images_file_names"  # by this name `datasets` knows the paths, and makes them a column `images`


class HfExporter(ParquetChatExporter):
    """`data/<split>-….parquet` for `load_dataset(FOLDER)`, and `imagefolder/` for `load_dataset(FOLDER/imagefolder)`.

    One row a record: the record's own question, thinking and answer in columns, and the whole conversation as the
    thinking mode writes it in `messages`. What is not known is an empty text or 0. Needs `remud-gen[parquet]`.
    """

    name: ClassVar[str] = "hf"
    summary: ClassVar[str] = "Hugging Face datasets and Hub: Parquet with Image columns, and an image folder"
    placeholder: ClassVar[str] = "<image>\n"
    thinking_modes: ClassVar[tuple[str, ...]] = ("qwen", "remud", "field", "none")

    @property
    def features(self) -> Features:
        """The columns of both forms."""
        return {"id": TEXT, "images": list_of(IMAGE), **_COLUMNS}

    def write(self, records: Iterable[tuple[str, Quadruplet]], folder: Path, pictures: PictureShelf) -> ExportSummary:
        """Write both forms in one pass."""
        with RowFiles(folder) as self._metadata:
            self._pictures = _Pictures(folder)
            summary = super().write(records, folder, pictures)
        return replace(summary, files=(*summary.files, *self._metadata.files))

    def to_row(self, chat: Chat) -> Mapping[str, Any]:
        """A row for Parquet."""
        return {"id": chat.id, "images": to_cells(chat.packed), **self._describe(chat)}

    def to_messages(self, row: Mapping[str, Any]) -> Messages:
        """Roles have the same names here."""
        return tuple((turn["role"], turn["content"]) for turn in row["messages"])

    def add_rows(self, files: RowSink, split: str, chat: Chat) -> None:
        """The Parquet row, and the one of the image folder, whose pictures must lie below its own file."""
        super().add_rows(files, split, chat)
        names = [self._pictures.place(_FOLDER.format(split=split), picture) for picture in chat.packed]
        described = self._describe(chat)
        line = self._metadata.encode({"id": chat.id, _FILES: names, **described})
        filled = [name for name in (_FILES, "options") if (names if name == _FILES else described[name])]
        self._metadata.add(_METADATA.format(split=split), line, filled=filled)

    def read_back(self, folder: Path) -> Iterator[ExportedRow]:
        """The Parquet rows, and those of the image folder as their view."""
        yield from super().read_back(folder)
        for split in SPLIT_NAMES:
            file = f"{_METADATA.format(split=split)}.jsonl"
            if (folder / file).exists():
                below = partial(self._parse_metadata, _FOLDER.format(split=split))
                yield from parse_rows(read_rows(folder / file), file, split, below, is_view=True)

    def _parse_metadata(self, below: str, row: Mapping[str, Any]) -> ExportedRow:
        images = tuple(f"{below}/{name}" for name in row[_FILES])
        return ExportedRow("", row["id"], "", self.to_messages(row), images, row)

    def _describe(self, chat: Chat) -> Mapping[str, Any]:
        record = chat.record
        thinking = "" if self.thinking == "none" else (record.thinking or "").strip()
        return {
            "question": chat.conversation.exchanges[0].prompt,
            "options": [{"key": option.key, "text": option.text} for option in record.options],
            "thinking": thinking,
            "answer": record.answer.strip(),
            "answer_key": record.answer_key or "",
            "messages": [{"role": role, "content": text} for role, text in chat.messages],
            "kind": record.kind,
            "qtype": record.qtype,
            "form": record.form,
            "style": record.style,
            "language": record.language,
            "difficulty": record.difficulty or 0,
            "document_id": record.document_id,
            "page_number": record.source.page_number or 0,
            "licence": record.licence or "",
        }


class _Pictures:
    """Writes pictures beside the metadata of their split, each once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._written = DigestTable()

    def place(self, below: str, picture: PackedPicture) -> str:
        """The picture's path below the split's folder."""
        path = f"images/{picture.name[:2]}/{picture.name}"
        digest = digest_text(below, path)
        if digest not in self._written:
            target = self._folder / below / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(picture.data)
            self._written.setdefault(digest)
        return path

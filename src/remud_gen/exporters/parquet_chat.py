"""Conversation formats in Parquet, with the pictures inside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from remud_gen.exporters.chat import ChatExporter
from remud_gen.exporters.parquet_rows import (
    Features,
    ParquetFiles,
    check_pyarrow,
    list_pictures,
    list_shards,
    read_parquet,
)


class ParquetChatExporter(ChatExporter):
    """`data/<split>-00000-of-00001.parquet`, which `datasets` (4 and later) finds by itself, pictures as pictures."""

    stem: ClassVar[str] = "data/{split}"
    packs_images: ClassVar[bool] = True

    def __init__(self, thinking: str) -> None:
        """Raise MissingExtraError without the library that writes Parquet, before any work is done."""
        check_pyarrow(self.name)
        super().__init__(thinking)

    @property
    def features(self) -> Features:
        """The columns, as `datasets` describes them."""
        raise NotImplementedError

    def open_files(self, folder: Path) -> ParquetFiles:
        """Row groups that are written as they fill."""
        return ParquetFiles(folder, self.features)

    def list_files(self, folder: Path, stem: str) -> Sequence[Path]:
        """The shards of a split."""
        return list_shards(folder, stem)

    def read_file(self, path: Path) -> Iterator[dict[str, Any]]:
        """The rows of one shard."""
        return read_parquet(path)

    def to_images(self, row: Mapping[str, Any]) -> tuple[str, ...]:
        """No picture lies beside the data."""
        return ()

    def to_packed(self, row: Mapping[str, Any]) -> tuple[bytes, ...]:
        """The bytes in the column of pictures."""
        return list_pictures(row["images"])

    def to_content(self, row: Mapping[str, Any]) -> None:
        """The file itself says of which type its columns are."""
        return None

"""Parquet files of an export: row groups written as they fill, read back in small batches.

Columns are described as Hugging Face `datasets` describes them; the Arrow types follow from that, and the description
goes into the file, so that `datasets` opens pictures as pictures.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

from remud_gen.errors import MissingExtraError, RecordError
from remud_gen.protocols import PackedPicture

Features = Mapping[str, Any]
TEXT: Features = {"dtype": "string", "_type": "Value"}
NUMBER: Features = {"dtype": "int64", "_type": "Value"}
IMAGE: Features = {"_type": "Image"}

GROUP_BYTES = 32 << 20  # of a row group, which is held in memory
GROUP_ROWS = 10_000
FILE_BYTES = 500 << 20  # after which the next file begins
READ_ROWS = 32


def list_of(feature: Features) -> Features:
    """A column of lists."""
    return {"feature": feature, "_type": "List"}


def check_pyarrow(name: str) -> None:
    """Raise MissingExtraError unless the library that writes Parquet is installed; `name` is the format."""
    if importlib.util.find_spec("pyarrow") is None:
        raise MissingExtraError(
            f"the format {name} is written with pyarrow, which is not installed", 'pip install "remud-gen[parquet]"'
        )


def to_cells(pictures: Sequence[PackedPicture]) -> list[dict[str, object]]:
    """Pictures as an Image column holds them."""
    return [{"bytes": picture.data, "path": picture.name} for picture in pictures]


class ParquetFiles:
    """Writes `<stem>-00000-of-00001.parquet` files; a context manager that closes and names them.

    Of each stem one row group is in memory. Files of `FILE_BYTES` follow each other; how many there are stands in their
    names, which they therefore get at the end.
    """

    def __init__(self, folder: Path, features: Features) -> None:
        self._folder = folder
        self._schema = _make_schema(features)
        self._writers: dict[str, _ShardWriter] = {}
        self._files: tuple[str, ...] = ()

    def encode(self, row: Mapping[str, Any]) -> Mapping[str, Any]:
        """A row as `add` takes it."""
        return row

    def add(self, stem: str, row: Mapping[str, Any], *, filled: Collection[str] = ()) -> None:
        """Append a row; every feature is a key of it. Which columns it fills does not matter: they have their types."""
        if stem not in self._writers:
            (self._folder / stem).parent.mkdir(parents=True, exist_ok=True)
            self._writers[stem] = _ShardWriter(self._folder / stem, self._schema)
        self._writers[stem].add(row)

    @property
    def stems(self) -> tuple[str, ...]:
        """The stems written, in the order of their first row."""
        return tuple(self._writers)

    @property
    def files(self) -> tuple[str, ...]:
        """Paths below the folder, sorted; known once the writer is closed."""
        return self._files

    def __enter__(self) -> ParquetFiles:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with ExitStack() as stack:  # on a full disk every close may fail, and all have to be tried
            for writer in self._writers.values():
                stack.callback(writer.close, is_whole=error is None)
        paths = [path for writer in self._writers.values() for path in writer.name_files()]
        self._files = tuple(sorted(path.relative_to(self._folder).as_posix() for path in paths))


class _ShardWriter:
    """The files of one stem."""

    def __init__(self, stem: Path, schema: Any) -> None:
        self._stem = stem
        self._schema = schema
        self._rows: list[Mapping[str, Any]] = []
        self._group_bytes = 0
        self._file_bytes = 0
        self._shards: list[Path] = []
        self._writer: Any = None

    def add(self, row: Mapping[str, Any]) -> None:
        self._rows.append(row)
        self._group_bytes += _measure(row)
        if self._group_bytes >= GROUP_BYTES or len(self._rows) >= GROUP_ROWS:
            self._flush()

    def close(self, *, is_whole: bool) -> None:
        try:
            if is_whole and self._rows:
                self._flush()
        finally:
            self._close_file()

    def name_files(self) -> Iterator[Path]:
        """Give the files the names that say how many there are."""
        for number, shard in enumerate(self._shards):
            name = f"{self._stem.name}-{number:05}-of-{len(self._shards):05}.parquet"
            yield shard.rename(shard.with_name(name))

    def _flush(self) -> None:
        import pyarrow
        import pyarrow.parquet

        if self._writer is None:
            path = self._stem.with_name(f"{self._stem.name}-{len(self._shards):05}.parquet")
            # Pictures do not repeat within a row group: a dictionary of them would only be built and thrown away.
            self._writer = pyarrow.parquet.ParquetWriter(path, self._schema, use_dictionary=False)
            self._shards.append(path)
        self._writer.write_table(pyarrow.Table.from_pylist(self._rows, schema=self._schema))
        self._file_bytes += self._group_bytes
        self._rows, self._group_bytes = [], 0
        if self._file_bytes >= FILE_BYTES:
            self._close_file()

    def _close_file(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._writer, self._file_bytes = None, 0


def read_parquet(path: Path) -> Iterator[dict[str, Any]]:
    """Every row of a Parquet file, a few at a time.

    Raises:
        RecordError: BAD_PARQUET when it is none or is damaged.
    """
    import pyarrow
    import pyarrow.parquet

    try:
        # Read group by group: read ahead, a file of large pictures would take its whole size in memory.
        with pyarrow.parquet.ParquetFile(path, pre_buffer=False) as file:
            for group in range(file.num_row_groups):
                for batch in file.read_row_group(group, use_threads=False).to_batches(READ_ROWS):
                    yield from batch.to_pylist()
    except (pyarrow.ArrowException, OSError) as error:
        raise RecordError("BAD_PARQUET", f"{path.name}: {str(error).splitlines()[0]}") from None


def list_shards(folder: Path, stem: str) -> Sequence[Path]:
    """The files of a stem that are on the disk, in order."""
    place = folder / stem
    return sorted(place.parent.glob(f"{place.name}-?????-of-?????.parquet"))


def list_pictures(cells: object) -> tuple[bytes, ...]:
    """The bytes in an Image column's list.

    Raises:
        TypeError, KeyError: it is something else.
    """
    if not isinstance(cells, list):
        raise TypeError(f"pictures are a {type(cells).__name__}")
    found = tuple(cell["bytes"] for cell in cells)
    if not all(isinstance(data, bytes) for data in found):
        raise TypeError("a picture has no bytes")
    return found


def _make_schema(features: Features) -> Any:
    import pyarrow

    described = json.dumps({"info": {"features": features}})
    fields = [pyarrow.field(name, _to_arrow(feature)) for name, feature in features.items()]
    return pyarrow.schema(fields, metadata={"huggingface": described})


def _to_arrow(feature: Features) -> Any:
    import pyarrow

    kind = feature.get("_type")
    if kind == "Value":
        return {"string": pyarrow.string(), "int64": pyarrow.int64()}[feature["dtype"]]
    if kind == "List":
        return pyarrow.list_(_to_arrow(feature["feature"]))
    if kind == "Image":
        return pyarrow.struct({"bytes": pyarrow.binary(), "path": pyarrow.string()})
    return pyarrow.struct({name: _to_arrow(inner) for name, inner in feature.items()})


def _measure(value: object) -> int:
    """About how many bytes a value takes in memory."""
    if isinstance(value, str | bytes):
        return len(value)
    if isinstance(value, Mapping):
        return sum(_measure(inner) for inner in value.values())
    if isinstance(value, Collection):
        return sum(_measure(inner) for inner in value)
    return 8

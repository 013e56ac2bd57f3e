"""Parquet files."""

from __future__ import annotations

import importlib.util
import json

import pytest

from remud_gen.errors import MissingExtraError, RecordError
from remud_gen.exporters import parquet_rows
from remud_gen.exporters.parquet_rows import (
    IMAGE,
    NUMBER,
    TEXT,
    ParquetFiles,
    check_pyarrow,
    list_of,
    list_pictures,
    list_shards,
    read_parquet,
    to_cells,
)
from remud_gen.protocols import PackedPicture

pytest.importorskip("pyarrow")
FEATURES = {"id": TEXT, "n": NUMBER, "images": list_of(IMAGE), "messages": list_of({"role": TEXT, "text": TEXT})}


def make_row(number, size=3):
    pictures = [PackedPicture(f"{number}.png", bytes([number % 256]) * size)] * (number % 3)
    return {
        "id": f"r{number} 肾😀",
        "n": number,
        "images": to_cells(pictures),
        "messages": [{"role": "user", "text": "שלום\u2028"}],
    }


def test_rows_read_back_and_carry_the_description_of_their_columns(tmp_path):
    import pyarrow.parquet

    rows = [make_row(number) for number in range(100)]
    with ParquetFiles(tmp_path, FEATURES) as files:
        for row in rows:
            files.add("data/train", row)
        files.add("data/test", rows[0])
    assert files.files == ("data/test-00000-of-00001.parquet", "data/train-00000-of-00001.parquet")
    assert list(read_parquet(tmp_path / files.files[1])) == rows
    assert list_pictures(rows[2]["images"]) == (b"\x02\x02\x02",) * 2
    schema = pyarrow.parquet.read_schema(tmp_path / files.files[1])
    assert json.loads(schema.metadata[b"huggingface"])["info"]["features"] == FEATURES
    assert str(schema.field("images").type) == "list<element: struct<bytes: binary, path: string>>"


def test_groups_and_files_are_cut_where_they_are_full(tmp_path, monkeypatch):
    import pyarrow.parquet

    monkeypatch.setattr(parquet_rows, "GROUP_BYTES", 3000)
    monkeypatch.setattr(parquet_rows, "FILE_BYTES", 9000)
    rows = [make_row(number, 1000) for number in range(30)]
    with ParquetFiles(tmp_path, FEATURES) as files:
        for row in rows:
            files.add("train", row)
    shards = list_shards(tmp_path, "train")
    assert [shard.name for shard in shards] == list(files.files)
    assert files.files[0] == "train-00000-of-00004.parquet"
    assert [row for shard in shards for row in read_parquet(shard)] == rows
    assert pyarrow.parquet.ParquetFile(shards[0]).num_row_groups == 3


def test_same_rows_give_the_same_bytes(tmp_path):
    for name in ("one", "two"):
        with ParquetFiles(tmp_path / name, FEATURES) as files:
            for number in range(10):
                files.add("train", make_row(number))
    one, two = (tmp_path / name / "train-00000-of-00001.parquet" for name in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()


def test_a_damaged_file_is_named(tmp_path):
    (tmp_path / "x.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(RecordError, match=r"x\.parquet") as caught:
        list(read_parquet(tmp_path / "x.parquet"))
    assert caught.value.code == "BAD_PARQUET"


def test_without_the_library_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match="trl") as caught:
        check_pyarrow("trl")
    assert "remud-gen[parquet]" in caught.value.hint

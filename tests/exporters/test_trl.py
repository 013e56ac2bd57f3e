"""The exact rows that TRL reads."""

from __future__ import annotations

import ast
import importlib.util
import json

import pytest

from remud_gen.errors import MissingExtraError, RecordError
from remud_gen.exporters.parquet_rows import ParquetFiles, list_shards, read_parquet
from remud_gen.exporters.pictures import PictureFolder
from remud_gen.exporters.trl import TrlExporter
from remud_gen.records import Turn
from tests.exporters.samples import make_picture, make_record, make_store

pytest.importorskip("pyarrow")


def write(tmp_path, records, thinking="qwen"):
    (tmp_path / "out").mkdir()
    pictures = PictureFolder(tmp_path / "out", make_store(tmp_path / "run"))
    return TrlExporter(thinking).write([("train", record) for record in records], tmp_path / "out", pictures)


def read(tmp_path):
    return [row for path in list_shards(tmp_path / "out", "data/train") for row in read_parquet(path)]


def test_golden_rows(tmp_path):
    store = make_store(tmp_path / "run")
    one, two = make_picture(store, 1), make_picture(store, 2)
    records = [make_record(0, question="Why?"), make_record(1, images=(one, two), question="Q?", thinking="T")]
    summary = write(tmp_path, records)
    assert summary.files == ("data/train-00000-of-00001.parquet", "train_trl.py")
    picture = {"type": "image", "text": None}
    assert read(tmp_path) == [
        {
            "id": "d1-q0000",
            "images": [],
            "messages": [
                {"role": "user", "content": [{"type": "text", "text": "Why?"}]},
                {"role": "assistant", "content": [{"type": "text", "text": "The kidney (0)."}]},
            ],
        },
        {
            "id": "d1-q0001",
            "images": [{"bytes": store.path(ref).read_bytes(), "path": f"{ref.sha256}.png"} for ref in (one, two)],
            "messages": [
                {"role": "user", "content": [picture, picture, {"type": "text", "text": "Q?"}]},
                {
                    "role": "assistant",
                    "content": [{"type": "text", "text": "<think>\nT\n</think>\n\nThe kidney (1)."}],
                },
            ],
        },
    ]


def test_no_part_has_a_key_that_templates_take_for_a_picture(tmp_path):
    import pyarrow.parquet

    write(tmp_path, [make_record(0)])
    schema = pyarrow.parquet.read_schema(tmp_path / "out" / "data/train-00000-of-00001.parquet")
    part = schema.field("messages").type.value_type.field("content").type.value_type
    assert [field.name for field in part] == ["type", "text"]
    described = json.loads(schema.metadata[b"huggingface"])["info"]["features"]
    assert described["images"] == {"feature": {"_type": "Image"}, "_type": "List"}


def test_golden_row_with_thinking_as_a_field(tmp_path):
    turns = (Turn(question="Q2", thinking="T2", answer="A2"),)
    records = [
        make_record(0, images=(make_picture(make_store(tmp_path / "run"), 1),)),
        make_record(1, question="Q1", thinking="T1", answer="A1", turns=turns),
    ]
    summary = write(tmp_path, records, "field")
    reason = "TOO_MANY_IMAGES: templates of vision models drop thinking that is a field"
    assert summary.left_out == (("d1-q0000", reason),)
    assert read(tmp_path) == [
        {
            "id": "d1-q0001",
            "messages": [
                {"role": "user", "content": "Q1", "reasoning_content": None},
                {"role": "assistant", "content": "A1", "reasoning_content": None},
                {"role": "user", "content": "Q2", "reasoning_content": None},
                {"role": "assistant", "content": "A2", "reasoning_content": "T2"},
            ],
        }
    ]
    assert "Qwen/Qwen3-8B" in (tmp_path / "out" / "train_trl.py").read_text("utf-8")


def test_the_script_is_python(tmp_path):
    write(tmp_path, [make_record(0)])
    text = (tmp_path / "out" / "train_trl.py").read_text("utf-8")
    ast.parse(text)
    assert "@" not in text


@pytest.mark.parametrize(
    "part", [{"type": "image", "text": ""}, {"type": "video", "text": None}, {"type": None, "text": None}]
)
def test_parts_that_are_no_pictures_are_caught(tmp_path, part):
    exporter = TrlExporter("qwen")
    turns = [{"role": "user", "content": [part]}]
    with ParquetFiles(tmp_path, exporter.features) as files:
        files.add("data/train", {"id": "x", "images": [], "messages": turns})
    with pytest.raises(RecordError, match="row 1"):
        list(exporter.read_back(tmp_path))


def test_a_picture_without_bytes_is_caught(tmp_path):
    exporter = TrlExporter("qwen")
    with ParquetFiles(tmp_path, exporter.features) as files:
        files.add("data/train", {"id": "x", "images": [{"bytes": None, "path": "a.png"}], "messages": []})
    with pytest.raises(RecordError, match="a picture has no bytes"):
        list(exporter.read_back(tmp_path))


def test_without_pyarrow_the_format_says_what_to_install(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError) as caught:
        TrlExporter("qwen")
    assert caught.value.hint == 'pip install "remud-gen[parquet]"'

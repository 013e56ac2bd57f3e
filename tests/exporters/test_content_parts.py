"""Formats whose messages are lists of parts: Axolotl and Unsloth."""

from __future__ import annotations

import ast
import json

import pytest
import yaml

from remud_gen.errors import RecordError
from remud_gen.exporters.axolotl import AxolotlExporter
from remud_gen.exporters.parts import to_part_messages
from remud_gen.exporters.pictures import PictureFolder
from remud_gen.exporters.rows import read_rows
from remud_gen.exporters.unsloth import UnslothExporter
from tests.exporters.mixed_records import make_mixed_corpus
from tests.exporters.samples import make_picture, make_record, make_store, run_export

EXPORTERS = {"axolotl": (AxolotlExporter, "path"), "unsloth": (UnslothExporter, "image")}


@pytest.mark.parametrize("name", EXPORTERS)
def test_golden_rows(tmp_path, name):
    kind, key = EXPORTERS[name]
    store = make_store(tmp_path / "run")
    one, two = make_picture(store, 1), make_picture(store, 2)
    records = [make_record(0, question="Why?"), make_record(1, images=(one, two), question="Q?", thinking="T")]
    (tmp_path / "out").mkdir()
    kind("qwen").write([("train", each) for each in records], tmp_path / "out", PictureFolder(tmp_path / "out", store))
    pictures = [{"type": "image", key: f"images/{ref.sha256[:2]}/{ref.sha256}.png"} for ref in (one, two)]
    reply = "<think>\nT\n</think>\n\nThe kidney (1)."
    assert list(read_rows(tmp_path / "out" / "train.jsonl")) == [
        {
            "id": "d1-q0001",
            "messages": [
                {"role": "user", "content": [*pictures, {"type": "text", "text": "Q?"}]},
                {"role": "assistant", "content": [{"type": "text", "text": reply}]},
            ],
        },
        {
            "id": "d1-q0000",
            "messages": [
                {"role": "user", "content": [{"type": "text", "text": "Why?"}]},
                {"role": "assistant", "content": [{"type": "text", "text": "The kidney (0)."}]},
            ],
        },
    ]


@pytest.mark.parametrize("name", EXPORTERS)
@pytest.mark.parametrize("thinking", ["qwen", "remud", "none"])
def test_the_mixed_corpus_passes_the_validator(tmp_path, name, thinking):
    store = make_store(tmp_path / "run")
    records = make_mixed_corpus(store)
    (summary,) = run_export(records, store, tmp_path / "out", formats=[name], thinking=thinking).values()
    assert not summary.left_out
    rows = [row for path in (tmp_path / "out" / name).glob("*.jsonl") for row in read_rows(path) if "messages" in row]
    assert {row["id"] for row in rows} == {record.id for record in records}


BROKEN = {
    "an empty key": {"type": "text", "text": "Q?", "path": None},
    "no text": {"type": "text"},
    "a number": {"type": "text", "text": 3},
    "a video": {"type": "video", "path": "images/x.mp4"},
    "a picture under another key": {"type": "image", "image": "images/x.png"},
}


@pytest.mark.parametrize("part", BROKEN.values(), ids=BROKEN)
def test_parts_that_the_trainer_would_misread_are_caught(tmp_path, part):
    turns = [{"role": "user", "content": [part]}, {"role": "assistant", "content": [{"type": "text", "text": "A"}]}]
    (tmp_path / "train.jsonl").write_text(json.dumps({"id": "x", "messages": turns}) + "\n", "utf-8")
    with pytest.raises(RecordError, match="row 1"):
        list(AxolotlExporter("qwen").read_back(tmp_path))


def test_every_placeholder_becomes_the_next_picture():
    made = to_part_messages((("user", "<image><image>Q"), ("assistant", "A")), [{"n": 1}, {"n": 2}])
    assert made[0]["content"] == [{"n": 1}, {"n": 2}, {"type": "text", "text": "Q"}]


def test_the_configurations_name_the_files_that_are_there(tmp_path):
    store = make_store(tmp_path / "run")
    run_export(make_mixed_corpus(store), store, tmp_path / "out", formats=["axolotl", "unsloth"])
    text = (tmp_path / "out" / "axolotl" / "axolotl.yaml").read_text("utf-8")
    settings = yaml.safe_load(text)
    assert settings["processor_type"] == "AutoProcessor"
    assert settings["chat_template"] == "qwen2_vl"
    flags = ("skip_prepare_dataset", "remove_unused_columns", "sample_packing")
    assert [settings[name] for name in flags] == [True, False, False]
    for key, path in (("datasets", "train.jsonl"), ("test_datasets", "validation.jsonl")):
        assert settings[key] == [{"path": path, "ds_type": "json", "type": "chat_template", "split": "train"}]
        assert (tmp_path / "out" / "axolotl" / path).exists()
    ast.parse((tmp_path / "out" / "unsloth" / "train_unsloth.py").read_text("utf-8"))

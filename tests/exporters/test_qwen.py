"""The exact rows that qwen-vl-finetune reads."""

from __future__ import annotations

import json
import runpy
import sys
import types

import pytest

from remud_gen.errors import RecordError
from remud_gen.exporters.pictures import PictureFolder
from remud_gen.exporters.qwen import QwenExporter
from remud_gen.exporters.rows import read_rows
from tests.exporters.samples import make_picture, make_record, make_store


def write(tmp_path, records):
    out = tmp_path / "an export's folder"
    out.mkdir()
    pictures = PictureFolder(out, make_store(tmp_path / "run"))
    return out, QwenExporter("qwen").write(records, out, pictures)


def test_golden_rows(tmp_path):
    store = make_store(tmp_path / "run")
    one, two = make_picture(store, 1), make_picture(store, 2)
    records = [
        make_record(0, question="Why?", answer="So."),
        make_record(1, images=(one,), question="哪个器官？", thinking="T", answer="肾 😀"),
        make_record(2, images=(one, two), question="Both?", answer="Yes."),
    ]
    out, _ = write(tmp_path, [("train", record) for record in records])
    paths = [f"images/{ref.sha256[:2]}/{ref.sha256}.png" for ref in (one, two)]
    expected = [
        {
            "id": "d1-q0001",
            "image": paths[:1],
            "conversations": [
                {"from": "human", "value": "<image>\n哪个器官？"},
                {"from": "gpt", "value": "<think>\nT\n</think>\n\n肾 😀"},
            ],
        },
        {
            "id": "d1-q0000",
            "conversations": [{"from": "human", "value": "Why?"}, {"from": "gpt", "value": "So."}],
        },
        {
            "id": "d1-q0002",
            "image": paths,
            "conversations": [
                {"from": "human", "value": "<image>\n<image>\nBoth?"},
                {"from": "gpt", "value": "Yes."},
            ],
        },
    ]
    assert list(read_rows(out / "train.jsonl")) == expected
    assert (out / "train.jsonl").read_bytes().isascii()


@pytest.mark.parametrize("image", [None, [], "images/x.png", 7])
def test_an_image_that_the_loader_would_stumble_over_is_caught(tmp_path, image):
    row = {"id": "x", "image": image, "conversations": []}
    (tmp_path / "train.jsonl").write_text(json.dumps(row) + "\n", "utf-8")
    with pytest.raises(RecordError, match="row 1"):
        list(QwenExporter("qwen").read_back(tmp_path))


def test_the_script_registers_every_file_and_starts_the_training(tmp_path, monkeypatch):
    records = [("train", make_record(0, thinking="T")), ("validation", make_record(1, document="d2"))]
    out, summary = write(tmp_path, records)
    # A stand-in for the trainer's folder shows what it would be given.
    trainer = tmp_path / "qwen-vl-finetune"
    (trainer / "qwenvl" / "train").mkdir(parents=True)
    program = "import json\nfrom pathlib import Path\nfrom qwenvl.data import data_dict\n"
    program += "Path('seen').write_text(json.dumps(data_dict), 'utf-8')\n"
    (trainer / "qwenvl" / "train" / "train_qwen.py").write_text(program, "utf-8")
    data = types.ModuleType("qwenvl.data")
    data.data_dict = {}
    monkeypatch.setitem(sys.modules, "qwenvl", types.ModuleType("qwenvl"))
    monkeypatch.setitem(sys.modules, "qwenvl.data", data)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.chdir(trainer)
    runpy.run_path(str(out / "train_qwen.py"), run_name="__main__")
    stems = ["train", "train_think", "validation", "validation_nothink"]
    assert json.loads((trainer / "seen").read_text("utf-8")) == {
        f"remud_{stem}": {"annotation_path": str(out / f"{stem}.jsonl"), "data_path": str(out)} for stem in stems
    }
    assert {f"{stem}.jsonl" for stem in stems} < set(summary.files)

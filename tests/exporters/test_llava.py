"""The exact file that LLaVA reads."""

from __future__ import annotations

import json
import subprocess

import pytest

from remud_gen.errors import RecordError
from remud_gen.exporters.llava import LlavaExporter
from remud_gen.exporters.pictures import PictureFolder
from tests.exporters.samples import make_picture, make_record, make_store


def write(tmp_path, records):
    (tmp_path / "out").mkdir()
    pictures = PictureFolder(tmp_path / "out", make_store(tmp_path / "run"))
    return LlavaExporter("qwen").write([("train", record) for record in records], tmp_path / "out", pictures)


def test_golden_array(tmp_path):
    store = make_store(tmp_path / "run")
    one = make_picture(store, 1)
    records = [
        make_record(0, question="Why?", answer="So."),
        make_record(1, images=(one,), question="哪？", answer="肾。"),
    ]
    summary = write(tmp_path, records)
    data = (tmp_path / "out" / "train.json").read_bytes()
    assert data.isascii()
    assert json.loads(data) == [
        {
            "id": "d1-q0000",
            "conversations": [{"from": "human", "value": "Why?"}, {"from": "gpt", "value": "So."}],
        },
        {
            "id": "d1-q0001",
            "image": f"images/{one.sha256[:2]}/{one.sha256}.png",
            "conversations": [{"from": "human", "value": "<image>\n哪？"}, {"from": "gpt", "value": "肾。"}],
        },
    ]
    assert summary.files == ("train.json", "run_llava.sh")
    subprocess.run(["/bin/sh", "-n", str(tmp_path / "out" / "run_llava.sh")], check=True)


def test_a_record_of_two_pictures_is_left_out_by_name_and_places_none(tmp_path):
    store = make_store(tmp_path / "run")
    two = make_record(1, images=(make_picture(store, 1), make_picture(store, 2)))
    summary = write(tmp_path, [make_record(0), two])
    assert summary.left_out == (("d1-q0001", "TOO_MANY_IMAGES: 2 pictures; the llava format holds 1 in a record"),)
    assert not (tmp_path / "out" / "images").exists()


def test_several_pictures_in_a_row_are_caught(tmp_path):
    row = {"id": "x", "image": ["a.png", "b.png"], "conversations": []}
    (tmp_path / "train.json").write_text(f"[\n{json.dumps(row)}\n]\n", "utf-8")
    with pytest.raises(RecordError, match="row 1") as caught:
        list(LlavaExporter("qwen").read_back(tmp_path))
    assert caught.value.code == "NULL_VALUE"

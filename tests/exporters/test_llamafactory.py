"""The exact files that LLaMA-Factory reads."""

from __future__ import annotations

import json

import pytest
import yaml

from remud_gen.errors import RecordError
from remud_gen.exporters.llamafactory import LlamaFactoryExporter
from remud_gen.exporters.pictures import PictureFolder
from remud_gen.exporters.rows import read_rows
from remud_gen.records import Option, Turn
from tests.exporters.samples import make_mixed, make_picture, make_record, make_store

TAGS = {"role_tag": "from", "content_tag": "value", "user_tag": "human", "assistant_tag": "gpt", "system_tag": "system"}
COLUMNS = {"messages": "conversations", "images": "images"}
ALPACA_COLUMNS = {
    "prompt": "instruction",
    "query": "input",
    "response": "output",
    "system": "system",
    "history": "history",
    "images": "images",
}


def write(tmp_path, records, thinking="qwen"):
    (tmp_path / "out").mkdir()
    store = make_store(tmp_path / "run")
    pictures = PictureFolder(tmp_path / "out", store)
    return LlamaFactoryExporter(thinking).write(records, tmp_path / "out", pictures)


def read_lines(tmp_path, name):
    return (tmp_path / "out" / name).read_text("utf-8").split("\n")


def test_golden_rows(tmp_path):
    store = make_store(tmp_path / "run")
    one, two = make_picture(store, 1), make_picture(store, 2)
    options = (Option(key="A", text="肝脏"), Option(key="B", text="肾脏"))
    records = [
        make_record(0, question="Why?", thinking="Because.", answer="So."),
        make_record(1, images=(one, two), question="哪个器官？", options=options, form="mcq", answer="B"),
    ]
    write(tmp_path, [("train", record) for record in records])
    paths = f'"images/{one.sha256[:2]}/{one.sha256}.png", "images/{two.sha256[:2]}/{two.sha256}.png"'
    with_pictures = (
        '{"id": "d1-q0001", "conversations": '
        '[{"from": "human", "value": "<image>\\n<image>\\n哪个器官？\\nA. 肝脏\\nB. 肾脏"}, '
        '{"from": "gpt", "value": "B"}], "images": [' + paths + "]}"
    )
    text_only = (
        '{"id": "d1-q0000", "conversations": [{"from": "human", "value": "Why?"}, '
        '{"from": "gpt", "value": "<think>\\nBecause.\\n</think>\\n\\nSo."}], "images": []}'
    )
    assert read_lines(tmp_path, "remud_train.jsonl") == [with_pictures, text_only, ""]
    assert read_lines(tmp_path, "remud_train_think.jsonl") == [text_only, ""]
    assert read_lines(tmp_path, "remud_train_nothink.jsonl") == [with_pictures, ""]


def test_golden_alpaca_rows(tmp_path):
    store = make_store(tmp_path / "run")
    turns = (Turn(question="And why?", thinking="T2", answer="A2"), Turn(question="Then?", thinking="T3", answer="A3"))
    dialogue = make_record(
        1, images=(make_picture(store, 1),), question="Q", thinking="T1", answer="A1", turns=turns, form="dialogue"
    )
    write(tmp_path, [("train", make_record(0, question="Why?", answer="So.")), ("train", dialogue)])
    rows = list(read_rows(tmp_path / "out" / "remud_train_alpaca.jsonl"))
    assert rows == [
        {
            "id": "d1-q0001",
            "instruction": "Then?",
            "input": "",
            "output": "<think>\nT3\n</think>\n\nA3",
            "system": "",
            "history": [["<image>\nQ", "A1"], ["And why?", "A2"]],
            "images": [f"images/{dialogue.images[0].sha256[:2]}/{dialogue.images[0].sha256}.png"],
        },
        {
            "id": "d1-q0000",
            "instruction": "Why?",
            "input": "",
            "output": "So.",
            "system": "",
            "history": [],
            "images": [],
        },
    ]
    back = {row.file: row.messages for row in LlamaFactoryExporter("qwen").read_back(tmp_path / "out") if row.images}
    assert back["remud_train_alpaca.jsonl"] == back["remud_train.jsonl"]


def test_dataset_info_names_every_file_in_ascii(tmp_path):
    records = make_mixed(make_store(tmp_path / "run"))
    write(tmp_path, [("train" if record.document_id == "d1" else "validation", record) for record in records])
    data = (tmp_path / "out" / "dataset_info.json").read_bytes()
    assert data.isascii()
    info = json.loads(data)
    assert sorted(f"{name}.jsonl" for name in info) == sorted(path.name for path in (tmp_path / "out").glob("*.jsonl"))
    for name, entry in info.items():
        sharegpt = {"file_name": f"{name}.jsonl", "formatting": "sharegpt", "columns": COLUMNS, "tags": TAGS}
        alpaca = {"file_name": f"{name}.jsonl", "formatting": "alpaca", "columns": ALPACA_COLUMNS}
        assert entry == (alpaca if "alpaca" in name else sharegpt)


def test_training_files_have_the_template_that_keeps_thinking(tmp_path):
    write(tmp_path, [("train", make_record(0)), ("validation", make_record(1))])
    files = {path.name: yaml.safe_load(path.read_text("utf-8")) for path in (tmp_path / "out").glob("*.yaml")}
    templates = {name: (one["template"], one.get("enable_thinking", True)) for name, one in files.items()}
    assert templates == {
        "train_qwen2.5_vl.yaml": ("qwen2_vl", True),
        "train_qwen3_vl_instruct.yaml": ("qwen3_vl_nothink", True),
        "train_qwen3_vl_thinking.yaml": ("qwen3_vl", None),
    }
    for one in files.values():
        assert (one["dataset"], one["eval_dataset"], one["dataset_dir"]) == ("remud_train", "remud_validation", ".")


def test_without_validation_no_training_file_asks_for_it(tmp_path):
    write(tmp_path, [("train", make_record(0))])
    for path in (tmp_path / "out").glob("*.yaml"):
        assert not [key for key in yaml.safe_load(path.read_text("utf-8")) if "eval" in key]


def test_thinking_none_writes_one_file_without_any(tmp_path):
    summary = write(tmp_path, [("train", make_record(0, thinking="secret"))], thinking="none")
    names = [name for name in summary.files if name.endswith(".jsonl")]
    assert names == ["remud_train.jsonl", "remud_train_alpaca.jsonl"]
    assert not [name for name in names if "secret" in "".join(read_lines(tmp_path, name))]


def test_what_cannot_be_held_is_left_out_by_name_and_nothing_of_it_is_written(tmp_path):
    store = make_store(tmp_path / "run")
    records = [
        make_record(0, question="Where is the <image> token?"),
        make_record(1, images=(make_picture(store, 1),), answer="stop <|im_end|>"),
        make_record(2, images=(make_picture(store, 2), make_picture(store, 3))),
        make_record(3),
    ]
    store.path(records[2].images[1]).unlink()
    summary = write(tmp_path, [("train", record) for record in records])
    assert [(name, reason.split(":")[0]) for name, reason in summary.left_out] == [
        ("d1-q0000", "RESERVED_TOKEN"),
        ("d1-q0001", "RESERVED_TOKEN"),
        ("d1-q0002", "IMAGE_MISSING"),
    ]
    assert "question holds <image>" in summary.left_out[0][1]
    assert summary.counts == {"train": 1, "images": 0}
    assert not (tmp_path / "out" / "images").exists()


def test_mode_field_is_not_offered():
    assert "field" not in LlamaFactoryExporter.thinking_modes


def test_read_back_refuses_rows_that_are_not_its_own(tmp_path):
    write(tmp_path, [("train", make_record(0))])
    (tmp_path / "out" / "remud_train.jsonl").write_text('{"id": "x", "conversations": 3, "images": []}\n', "utf-8")
    with pytest.raises(RecordError, match=r"remud_train\.jsonl row 1"):
        list(LlamaFactoryExporter("qwen").read_back(tmp_path / "out"))


def test_the_training_files_leave_room_for_the_longest_record(tmp_path):
    words = "The cortex is thin and the pelvis is wide. " * 800
    write(tmp_path, [("train", make_record(0, answer="So.")), ("train", make_record(1, answer=words.strip()))])
    settings = yaml.safe_load((tmp_path / "out" / "train_qwen2.5_vl.yaml").read_text("utf-8"))
    assert settings["cutoff_len"] > 8192  # the words alone are 8,000 tokens
    assert settings["cutoff_len"] % 1024 == 0


def test_short_records_leave_the_usual_length(tmp_path):
    write(tmp_path, [("train", make_record(0))])
    settings = yaml.safe_load((tmp_path / "out" / "train_qwen2.5_vl.yaml").read_text("utf-8"))
    assert settings["cutoff_len"] == 8192

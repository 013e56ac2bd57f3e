"""The exact rows that OpenAI's service takes."""

from __future__ import annotations

import base64
import json

import pytest
from openai.types.chat import ChatCompletionContentPartParam, ChatCompletionMessageParam
from pydantic import TypeAdapter

from remud_gen.errors import RecordError
from remud_gen.exporters import openai_chat
from remud_gen.exporters.openai_chat import OpenAIExporter
from remud_gen.exporters.pictures import PictureFolder
from remud_gen.exporters.rows import read_rows
from tests.exporters.mixed_records import make_mixed_corpus
from tests.exporters.samples import make_picture, make_record, make_store


def write(tmp_path, records):
    (tmp_path / "out").mkdir()
    pictures = PictureFolder(tmp_path / "out", make_store(tmp_path / "run"))
    return OpenAIExporter("qwen").write([("train", record) for record in records], tmp_path / "out", pictures)


def test_golden_rows_and_their_ids(tmp_path):
    store = make_store(tmp_path / "run")
    png, jpeg = make_picture(store, 1), make_picture(store, 2, is_photographic=True)
    records = [make_record(0, question="Why?", answer="So."), make_record(1, images=(png, jpeg), question="Both?")]
    summary = write(tmp_path, records)
    urls = [
        f"data:image/{kind};base64,{base64.b64encode(store.path(ref).read_bytes()).decode()}"
        for ref, kind in ((png, "png"), (jpeg, "jpeg"))
    ]
    assert list(read_rows(tmp_path / "out" / "train.jsonl")) == [
        {
            "messages": [
                {"role": "user", "content": [{"type": "text", "text": "Why?"}]},
                {"role": "assistant", "content": "So."},
            ]
        },
        {
            "messages": [
                {
                    "role": "user",
                    "content": [
                        *({"type": "image_url", "image_url": {"url": url, "detail": "high"}} for url in urls),
                        {"type": "text", "text": "Both?"},
                    ],
                },
                {"role": "assistant", "content": "The kidney (1)."},
            ]
        },
    ]
    assert [row["id"] for row in read_rows(tmp_path / "out" / "train_ids.jsonl")] == ["d1-q0000", "d1-q0001"]
    assert not (tmp_path / "out" / "images").exists()
    assert summary.counts == {"train": 2, "images": 2}


def test_every_message_has_the_types_of_the_services_own_library(tmp_path):
    write(tmp_path, make_mixed_corpus(make_store(tmp_path / "run")))
    message, part = TypeAdapter(ChatCompletionMessageParam), TypeAdapter(ChatCompletionContentPartParam)
    rows = list(read_rows(tmp_path / "out" / "train.jsonl"))
    assert len(rows) == 14
    for turn in [turn for row in rows for turn in row["messages"]]:
        message.validate_python(turn)
        for each in turn["content"] if turn["role"] == "user" else ():
            part.validate_python(each)  # content is an iterable there, which is not looked into


def test_too_large_a_picture_is_left_out_by_name(tmp_path, monkeypatch):
    store = make_store(tmp_path / "run")
    ref = make_picture(store, 1)
    monkeypatch.setattr(openai_chat, "MAX_IMAGE_BYTES", store.path(ref).stat().st_size - 1)
    summary = write(tmp_path, [make_record(0, images=(ref,)), make_record(1)])
    assert [(name, reason.partition(":")[0]) for name, reason in summary.left_out] == [("d1-q0000", "IMAGE_TOO_LARGE")]


def test_limits_of_whole_files_are_notes(tmp_path, monkeypatch):
    monkeypatch.setattr(openai_chat, "MAX_IMAGE_EXAMPLES", 1)
    monkeypatch.setattr(openai_chat, "MAX_FILE_BYTES", 100)
    ref = make_picture(make_store(tmp_path / "run"), 1)
    notes = write(tmp_path, [make_record(number, images=(ref,)) for number in range(3)]).notes
    assert [note.split(";")[0] for note in notes] == [
        "train.jsonl has 3 examples",
        "train.jsonl has 3 examples with pictures",
        "train.jsonl has 0 MiB",
    ]


def test_a_set_within_the_limits_has_no_note(tmp_path):
    assert write(tmp_path, [make_record(number) for number in range(10)]).notes == ()


ANSWER = {"role": "assistant", "content": "A"}
BROKEN = {
    "unknown key": {"messages": [{"role": "user", "content": [], "name": "x"}, ANSWER]},
    "another top key": {"messages": [ANSWER], "id": 1, "note": "x"},
    "picture by path": {
        "messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "images/x.png"}}]}, ANSWER]
    },
    "gif": {
        "messages": [
            {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/gif;base64,AA=="}}]}
        ]
    },
    "no base64": {
        "messages": [
            {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,é"}}]}
        ]
    },
}


@pytest.mark.parametrize("row", BROKEN.values(), ids=BROKEN)
def test_rows_that_the_service_would_refuse_are_caught(tmp_path, row):
    (tmp_path / "train.jsonl").write_text(json.dumps(row) + "\n", "utf-8")
    (tmp_path / "train_ids.jsonl").write_text('{"id": "x"}\n', "utf-8")
    with pytest.raises(RecordError, match="row 1"):
        list(OpenAIExporter("qwen").read_back(tmp_path))


@pytest.mark.parametrize("count", [0, 2])
def test_rows_and_ids_must_match(tmp_path, count):
    write(tmp_path, [make_record(0)])
    (tmp_path / "out" / "train_ids.jsonl").write_text('{"id": "x"}\n' * count, "utf-8")
    with pytest.raises(RecordError, match="rows than ids"):
        list(OpenAIExporter("qwen").read_back(tmp_path / "out"))

"""The exact rows of the Hugging Face export."""

from __future__ import annotations

import pytest

from remud_gen.exporters.hf import HfExporter
from remud_gen.exporters.parquet_rows import list_shards, read_parquet
from remud_gen.exporters.pictures import PictureFolder
from remud_gen.exporters.rows import read_rows
from tests.exporters.samples import OPTIONS, make_picture, make_record, make_store

pytest.importorskip("pyarrow")


def write(tmp_path, records, thinking="qwen"):
    (tmp_path / "out").mkdir()
    pictures = PictureFolder(tmp_path / "out", make_store(tmp_path / "run"))
    summary = HfExporter(thinking).write([("train", record) for record in records], tmp_path / "out", pictures)
    rows = [row for path in list_shards(tmp_path / "out", "data/train") for row in read_parquet(path)]
    return summary, rows, list(read_rows(tmp_path / "out" / "imagefolder" / "train" / "metadata.jsonl"))


def test_golden_rows_of_both_forms(tmp_path):
    store = make_store(tmp_path / "run")
    one, two = make_picture(store, 1), make_picture(store, 2)
    asked = {"question": "Which?", "options": OPTIONS, "form": "mcq", "answer_key": "B", "answer": "B. Right kidney"}
    records = [
        make_record(0, question="Why?", thinking="T", answer="So."),
        make_record(1, images=(one, two), difficulty=3, licence="CC0-1.0", qtype="anatomy", **asked),
    ]
    summary, rows, metadata = write(tmp_path, records)
    assert summary.files == ("data/train-00000-of-00001.parquet", "imagefolder/train/metadata.jsonl")
    assert summary.counts == {"train": 2, "images": 2}
    prompt = "Which?\nA. Liver\nB. Right kidney\nC. Spleen"
    expected = {
        "question": prompt,
        "options": [{"key": option.key, "text": option.text} for option in OPTIONS],
        "thinking": "",
        "answer": "B. Right kidney",
        "answer_key": "B",
        "messages": [
            {"role": "user", "content": f"<image>\n<image>\n{prompt}"},
            {"role": "assistant", "content": "B. Right kidney"},
        ],
        "kind": "vqa",
        "qtype": "anatomy",
        "form": "mcq",
        "style": "direct",
        "language": "en",
        "difficulty": 3,
        "document_id": "d1",
        "page_number": 1,
        "licence": "CC0-1.0",
    }
    cells = [{"bytes": store.path(ref).read_bytes(), "path": f"{ref.sha256}.png"} for ref in (one, two)]
    assert rows[1] == {"id": "d1-q0001", "images": cells, **expected}
    names = [f"images/{ref.sha256[:2]}/{ref.sha256}.png" for ref in (one, two)]
    assert metadata[0] == {"id": "d1-q0001", "images_file_names": names, **expected}
    for name, cell in zip(names, cells, strict=True):
        assert (tmp_path / "out" / "imagefolder" / "train" / name).read_bytes() == cell["bytes"]
    assert (metadata[1]["id"], metadata[1]["images_file_names"], metadata[1]["options"]) == ("d1-q0000", [], [])
    assert (rows[0]["thinking"], rows[0]["answer"], rows[0]["difficulty"]) == ("T", "So.", 0)
    assert rows[0]["messages"][1]["content"] == "<think>\nT\n</think>\n\nSo."


@pytest.mark.parametrize(("mode", "column", "reply"), [("field", "T", "A"), ("none", "", "A")])
def test_thinking_is_a_column_or_dropped(tmp_path, mode, column, reply):
    _, rows, metadata = write(tmp_path, [make_record(0, thinking=" T\n", answer="A")], mode)
    for row in (rows[0], metadata[0]):
        assert (row["thinking"], row["messages"][1]["content"]) == (column, reply)


def test_a_picture_of_many_records_is_one_file(tmp_path):
    shared = make_picture(make_store(tmp_path / "run"), 1)
    summary, _, metadata = write(tmp_path, [make_record(number, images=(shared,)) for number in range(5)])
    assert summary.counts == {"train": 5, "images": 1}
    assert len({name for row in metadata for name in row["images_file_names"]}) == 1
    assert len([path for path in (tmp_path / "out" / "imagefolder").rglob("*.png")]) == 1

"""The exact files that ms-swift reads."""

from __future__ import annotations

import json
import subprocess
import sys
import types

import pytest

from remud_gen.exporters.boxes import find_printed_boxes
from remud_gen.exporters.pictures import PictureFolder
from remud_gen.exporters.rows import read_rows
from remud_gen.exporters.swift import SwiftExporter
from remud_gen.exporters.swift_files import REWARD
from remud_gen.exporters.validate import check_row
from remud_gen.records import Evidence, Source, Turn
from tests.exporters.mixed_records import make_mixed_corpus
from tests.exporters.samples import OPTIONS, make_picture, make_record, make_store, run_export


def test_golden_row_and_start_script(tmp_path):
    store = make_store(tmp_path / "run")
    one, two = make_picture(store, 1), make_picture(store, 2)
    out = tmp_path / "an export's folder"
    out.mkdir()
    record = make_record(1, images=(one, two), question="Q?", thinking="T", answer="A")
    SwiftExporter("qwen").write([("train", record)], out, PictureFolder(out, store))
    row = json.loads((out / "train.jsonl").read_text("utf-8"))
    assert row == {
        "id": "d1-q0001",
        "messages": [
            {"role": "user", "content": "<image><image>Q?"},
            {"role": "assistant", "content": "<think>\nT\n</think>\n\nA"},
        ],
        "images": [f"images/{ref.sha256[:2]}/{ref.sha256}.png" for ref in (one, two)],
    }
    root, _, *arguments = start(tmp_path, out / "run_swift.sh", "--max_steps", "2")
    assert root == str(out)
    arguments = " ".join(arguments)
    assert arguments.startswith(f"sft --model Qwen/Qwen3-VL-8B-Instruct --dataset {out}/train.jsonl --strict true")
    assert arguments.endswith("--max_steps 2")
    assert "val_dataset" not in arguments


def start(tmp_path, script, *arguments, **variables):
    """What a script would start: picture folder, form of boxes, arguments, told by a stand-in for swift."""
    program = tmp_path / "bin" / "swift"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\nprintf "%s\\n" "$ROOT_IMAGE_DIR" "$QWENVL_BBOX_FORMAT" "$@"\n', "utf-8")
    program.chmod(0o755)
    done = subprocess.run(
        ["/bin/sh", str(script), *arguments],
        env={"PATH": f"{program.parent}:/usr/bin:/bin", **variables},
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout.split("\n")[:-1]


def write(tmp_path, records, thinking="qwen"):
    out = tmp_path / "out"
    out.mkdir()
    summary = SwiftExporter(thinking).write(records, out, PictureFolder(out, make_store(tmp_path / "run")))
    return out, summary


def test_golden_grpo_row_and_what_gets_none(tmp_path):
    one = make_picture(make_store(tmp_path / "run"), 1)
    choice = {"options": OPTIONS, "form": "mcq", "answer": "B. Right kidney"}
    records = [
        make_record(0, images=(one,), question="Which?", answer_key="B", thinking="T", **choice),
        make_record(1, question="Which?", answer_key="C", **{**choice, "answer": "C. Spleen"}),
        make_record(2, question="Which?", **choice),
        make_record(3, question="Which?"),
        make_record(4, question="Which?", answer_key="A", turns=(Turn(question="And?", answer="So."),), **choice),
        make_record(5, question="Which?", answer_key="C", **choice),  # whose answer says another
    ]
    out, summary = write(tmp_path, [("train", record) for record in records])
    prompt = "Which?\nA. Liver\nB. Right kidney\nC. Spleen"
    assert list(read_rows(out / "train_grpo.jsonl")) == [
        {
            "id": "d1-q0000",
            "messages": [{"role": "user", "content": f"<image>{prompt}"}],
            "images": [f"images/{one.sha256[:2]}/{one.sha256}.png"],
            "solution": "<answer>B</answer>",
        },
        {
            "id": "d1-q0001",
            "messages": [{"role": "user", "content": prompt}],
            "images": [],
            "solution": "<answer>C</answer>",
        },
    ]
    assert {"run_grpo.sh", "reward_remud.py", "train_grpo.jsonl"} <= set(summary.files)
    root, _, *arguments = start(tmp_path, out / "run_grpo.sh")
    assert root == str(out)
    values = dict(zip(arguments[1::2], arguments[2::2], strict=False))
    assert values["--rlhf_type"] == "grpo"
    assert values["--dataset"] == f"{out}/train_grpo.jsonl"
    assert values["--external_plugins"] == f"{out}/reward_remud.py"
    assert "remud_choice" in arguments


def test_without_choices_and_boxes_no_file_speaks_of_them(tmp_path):
    out, summary = write(tmp_path, [("train", make_record(0))])
    assert set(summary.files) == {"train.jsonl", "train_nothink.jsonl", "run_swift.sh"}
    assert "grounding" not in (out / "run_swift.sh").read_text("utf-8").lower()


@pytest.mark.parametrize(
    ("reply", "right", "reward"),
    [
        ("<think>x</think><answer>B</answer>", "B", 1.0),
        ("<think>x</think>\n<answer> b. Right kidney</answer>", "B", 1.0),
        ("<answer>(B)</answer>", "B", 1.0),
        ("<answer>A</answer> no, <answer>B</answer>", "B", 1.0),
        ("<answer>C</answer>", "B", 0.0),
        ("<answer>Bladder</answer>", "B", 0.0),
        ("B", "B", 0.0),
        ("<answer></answer>", "B", 0.0),
    ],
)
def test_the_shipped_reward_compares_letters(monkeypatch, reply, right, reward):
    stand_in = types.ModuleType("swift.rewards")
    stand_in.ORM, stand_in.orms = object, {}
    monkeypatch.setitem(sys.modules, "swift", types.ModuleType("swift"))
    monkeypatch.setitem(sys.modules, "swift.rewards", stand_in)
    exec(compile(REWARD, "reward_remud.py", "exec"), {})
    measure = stand_in.orms["remud_choice"]()
    assert measure(completions=[reply], solution=[f"<answer>{right}</answer>"], images=[None]) == [reward]


def make_labelled(store, **changes):
    """A record whose picture of 24 x 16 pixels was cut out of a page at (10, 20), half a point a pixel."""
    spans = [
        Evidence(id="ocr1", kind="burned_in", text="RK（右肾）", bbox=(12, 22, 14.5, 23)),
        Evidence(id="ocr2", kind="burned_in", text="11 cm", bbox=(15, 25, 18, 26)),
        Evidence(id="ocr3", kind="burned_in", text="RK", bbox=(18, 22, 20, 23)),
        Evidence(id="cap", kind="caption", text="Right kidney", bbox=(12, 22, 14, 23)),
        Evidence(id="ocr4", kind="burned_in", text="cut of", bbox=(10, 22, 12, 23)),
        Evidence(id="ocr5", kind="burned_in", text="<bbox>", bbox=(12, 22, 14, 23)),
    ]
    source = Source(document_sha256="a" * 64, file="d1.pdf", page_number=1, bbox=(10, 20, 22, 28))
    fields = {"images": (make_picture(store, 1),), "source": source, "evidence": spans, "language": "zh", **changes}
    return make_record(0, **fields)


def test_golden_grounding_rows(tmp_path):
    store = make_store(tmp_path / "run")
    record = make_labelled(store)
    again = record.model_copy(update={"id": "d1-q0009"})
    out, _ = write(tmp_path, [("train", record), ("train", again)])
    box = '{"bbox_2d": <bbox>, "label": "<ref-object>"}'
    common = {"images": [f"images/{record.images[0].sha256[:2]}/{record.images[0].sha256}.png"]}
    ask = {"role": "user", "content": "<image>在图像中找出印有的文字<ref-object>，以JSON格式给出其边框。"}
    assert list(read_rows(out / "train_grounding.jsonl")) == [
        {
            "id": "d1-q0000-box1",
            "messages": [ask, {"role": "assistant", "content": f"[{box}, {box}]"}],
            **common,
            "objects": {
                "ref": ["RK", "RK", "RK"],
                "bbox": [[4, 4, 9, 6], [16, 4, 20, 6]],
                "bbox_type": "real",
                "image_id": [0, 0],
            },
        },
        {
            "id": "d1-q0000-box2",
            "messages": [ask, {"role": "assistant", "content": f"[{box}]"}],
            **common,
            "objects": {"ref": ["11 cm", "11 cm"], "bbox": [[10, 10, 16, 12]], "bbox_type": "real", "image_id": [0]},
        },
    ]
    rows = [row for row in SwiftExporter("qwen").read_back(out) if row.file == "train_grounding.jsonl"]
    assert rows[0].messages == (
        ("user", "<image>在图像中找出印有的文字RK，以JSON格式给出其边框。"),
        (
            "assistant",
            '[{"bbox_2d": [4, 4, 9, 6], "label": "RK"}, {"bbox_2d": [16, 4, 20, 6], "label": "RK"}]',
        ),
    )
    assert not [problem for row in rows for problem in check_row(row, "qwen")]
    root, form, *arguments = start(tmp_path, out / "run_swift.sh", GROUNDING="1")
    assert (root, form) == (str(out), "new")
    assert arguments[3:7] == ["--dataset", f"{out}/train.jsonl", f"{out}/train_grounding.jsonl", "--strict"]


@pytest.mark.parametrize(
    "changes",
    [
        {"source": Source(document_sha256="a" * 64, file="d1.docx", locator="paragraph 3")},
        {"source": Source(document_sha256="a" * 64, file="d1.pdf", page_number=1, bbox=(10, 20, 22, 50))},
        {"question_from": "another pair"},
        {"evidence": ()},
    ],
)
def test_boxes_that_are_not_in_the_pictures_own_pixels_are_not_used(tmp_path, changes):
    store = make_store(tmp_path / "run")
    assert find_printed_boxes(make_labelled(store))
    assert not find_printed_boxes(make_labelled(store, **changes))
    both = make_labelled(store, images=(make_picture(store, 1), make_picture(store, 2)))
    assert not find_printed_boxes(both)


@pytest.mark.parametrize("thinking", ["qwen", "remud", "none"])
def test_the_mixed_corpus_passes_the_validator(tmp_path, thinking):
    store = make_store(tmp_path / "run")
    records = [*make_mixed_corpus(store), make_labelled(store, document="zz")]
    run_export(records, store, tmp_path / "out", formats=["swift"], thinking=thinking)
    files = {path.name for path in (tmp_path / "out" / "swift").glob("*.jsonl")}
    assert {"train_grpo.jsonl", "train.jsonl", "validation.jsonl"} <= files

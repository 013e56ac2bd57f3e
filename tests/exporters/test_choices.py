"""verl and EasyR1: prompts and letters, no answers, and rewards that cannot be talked into a point."""

from __future__ import annotations

import ast
import importlib.util
import subprocess
import sys

import pytest

from remud_gen.errors import RecordError
from remud_gen.exporters.choices import INSTRUCTION
from remud_gen.exporters.conversation import find_choice
from remud_gen.exporters.parquet_rows import read_parquet
from remud_gen.exporters.rows import read_rows
from remud_gen.exporters.shipped_scripts import HERE
from remud_gen.exporters.verl import VerlExporter
from tests.exporters.mixed_records import make_mixed_corpus
from tests.exporters.samples import OPTIONS, make_record, make_store, read_tree, run_export

BOTH = ["verl", "easyr1"]
PLACES = {"verl": "{split}-00000-of-00001.parquet", "easyr1": "{split}/part-00000-of-00001.parquet"}


@pytest.fixture
def store(tmp_path):
    return make_store(tmp_path / "run")


def read_all(folder, name):
    return [
        row
        for split in ("train", "validation", "test")
        for path in [folder / name / PLACES[name].format(split=split)]
        if path.exists()
        for row in read_parquet(path)
    ]


def test_choices_arrive_and_all_others_are_left_out_by_name(tmp_path, store):
    records = make_mixed_corpus(store)
    chosen = {record.id: record for record in records if record.options}
    summaries = run_export(records, store, tmp_path / "out", formats=BOTH)
    for name in BOTH:
        left_out = dict(summaries[name].left_out)
        assert left_out.keys() == {record.id for record in records} - chosen.keys()
        assert all(reason.startswith("NOT_A_CHOICE: ") for reason in left_out.values())
        rows = read_all(tmp_path / "out", name)
        assert len(rows) == len(chosen) == 5
    for row in read_all(tmp_path / "out", "easyr1"):
        record = chosen[row["id"]]
        assert row["problem"].startswith("<image>" * len(record.images) + record.question)
        assert row["answer"] == record.answer_key
        assert [cell["bytes"][:3] in (b"\xff\xd8\xff", b"\x89PN") for cell in row["images"]] == [True] * len(
            record.images
        )
    for row in read_all(tmp_path / "out", "verl"):
        record = chosen[row["extra_info"]["id"]]
        assert [turn["role"] for turn in row["prompt"]] == ["system", "user"]
        assert row["prompt"][1]["content"].count("<image>") == len(row["images"]) == len(record.images)
        assert row["reward_model"] == {"style": "rule", "ground_truth": record.answer_key}


def test_neither_thinking_nor_answer_stands_in_a_prompt(tmp_path, store):
    record = make_record(0, options=OPTIONS, answer_key="B", answer="B. SECRET", thinking="HIDDEN trace", form="mcq")
    run_export([record], store, tmp_path / "out", formats=BOTH, split=[1.0])
    for name in BOTH:
        told = repr(read_all(tmp_path / "out", name))
        assert "SECRET" not in told
        assert "HIDDEN" not in told
        assert "B. Right kidney" in told


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, "no options"),
        ({"options": OPTIONS, "answer_key": "BC"}, "has no letter"),
        ({"options": OPTIONS, "answer_key": None}, "has no letter"),
        ({"options": OPTIONS, "answer_key": "A", "turns": ({"question": "And?", "answer": "No."},)}, "a dialogue"),
    ],
)
def test_the_reason_says_what_it_is(tmp_path, store, changes, reason):
    good = make_record(1, options=OPTIONS, answer_key="A", answer="A")
    for summary in run_export(
        [make_record(0, **changes), good], store, tmp_path / "out", formats=BOTH, split=[1.0]
    ).values():
        ((record_id, told),) = summary.left_out
        assert record_id == "d1-q0000"
        assert reason in told


def test_the_same_records_give_the_same_bytes(tmp_path, store):
    records = make_mixed_corpus(store)
    for place in ("one", "two"):
        run_export(records, store, tmp_path / place, formats=BOTH)
    assert read_tree(tmp_path / "one") == read_tree(tmp_path / "two")


def test_the_format_prompt_keeps_the_question_and_asks_for_the_tags(tmp_path, store):
    run_export(make_mixed_corpus(store), store, tmp_path / "out", formats=["easyr1"])
    text = (tmp_path / "out/easyr1/format_prompt.jinja").read_text("utf-8")
    assert text == "{{ content | trim }}\n\n" + INSTRUCTION + "\n"
    assert text.count("<image>") == 0


def test_another_instruction_is_told(tmp_path, store):
    record = make_record(0, options=OPTIONS, answer_key="B", answer="B")
    run_export([record], store, tmp_path / "out", formats=["verl"], split=[1.0])
    exporter = VerlExporter("qwen")
    row = read_all(tmp_path / "out", "verl")[0]
    row["prompt"][0]["content"] = "Answer B."
    exporter.read_file = lambda path: iter([row])
    with pytest.raises(RecordError) as caught:
        list(exporter.read_back(tmp_path / "out/verl"))
    assert caught.value.code == "SCHEMA_MIXED"


@pytest.mark.parametrize("name", BOTH)
def test_a_start_script_is_sound_shell(tmp_path, store, name):
    run_export(make_mixed_corpus(store), store, tmp_path / "out", formats=[name])
    subprocess.run(["sh", "-n", str(tmp_path / "out" / name / f"run_{name}.sh")], check=True)


def load_script(name):
    spec = importlib.util.spec_from_file_location(name, HERE / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


REPLIES = [  # reply, right letter B: (right, form)
    ("<think>A bean shape.</think><answer>B</answer>", (1, 1)),
    ("<think>\nA bean shape.\n</think>\n\n<answer>\nB\n</answer>\n", (1, 1)),
    ("<think>x</think><answer>B. Right kidney</answer>", (1, 1)),
    ("<think>x</think><answer>(b) 右肾</answer>", (1, 1)),
    ("<think>x</think><answer>B、右肾</answer>", (1, 1)),
    ("<think>x</think><answer>B选项</answer>", (1, 1)),
    ("<think>x</think><answer>C</answer>", (0, 1)),
    ("<think>x</think><answer>A or B</answer>", (0, 1)),
    ("<think>x</think><answer>B or C</answer>", (0, 1)),
    ("<think>x</think><answer>B, C</answer>", (0, 1)),
    ("<think>x</think><answer>B和C</answer>", (0, 1)),
    ("<think>x</think><answer>Both</answer>", (0, 1)),
    ("<think>x</think><answer></answer>", (0, 1)),
    ("<answer>B</answer>", (1, 0)),
    ("<think>x</think>B", (1, 0)),
    ("B", (1, 0)),
    ("It may be B", (0, 0)),
    ("<think>x</think><answer>A</answer><answer>B</answer>", (1, 0)),
    ("<think>x</think><answer>B</answer><answer>A</answer>", (0, 0)),
    ("<think><think>x</think></think><answer>B</answer>", (1, 0)),
    ("<think>x</think><answer>B</answer> and more", (1, 0)),
    ("<answer>B</answer><think>x</think>", (1, 0)),
    ("<think>the answer is <answer>B</answer></think><answer>C</answer>", (0, 0)),
    ("", (0, 0)),
]


@pytest.mark.parametrize(("reply", "expected"), REPLIES)
def test_rewards_give_points_for_the_one_right_letter_and_the_form(reply, expected):
    right, form = expected
    verl, easyr1 = load_script("verl_reward"), load_script("easyr1_reward")
    score = verl.compute_score("remud/mcq", reply, "B", {"index": 0})
    assert (score["acc"], score["format"]) == expected
    assert score["score"] == pytest.approx(0.9 * right + 0.1 * form)
    one = easyr1.compute_score({"response": reply, "response_length": 3, "ground_truth": "B"}, format_weight=0.5)
    assert one == {"overall": pytest.approx((right + form) / 2), "format": form, "accuracy": right}
    assert easyr1.compute_score([{"response": reply, "ground_truth": "B"}])[0]["accuracy"] == right


@pytest.mark.parametrize(
    ("answer", "key"),
    [
        ("B. Right kidney", "B"),
        ("B", "B"),
        ("Right kidney.", "B"),
        ("A kidney, on the right side", "B"),
        ("It is the right kidney.", "B"),
        ("C. Spleen", None),
        ("(C) Spleen", None),
        ("C", None),
        ("Spleen.", None),
    ],
)
def test_no_reward_for_a_key_that_the_answer_denies(answer, key):
    assert find_choice(make_record(0, options=OPTIONS, answer_key="B", answer=answer, form="mcq")) == key


def test_a_mended_answer_takes_its_question_out_of_reinforcement(tmp_path, store):
    good = make_record(1, options=OPTIONS, answer_key="A", answer="A. Liver", form="mcq")
    bad = make_record(2, options=OPTIONS, answer_key="B", answer="C. Spleen", form="mcq")
    made = run_export([good, bad], store, tmp_path / "out", formats=["verl", "easyr1", "swift"], split=[1.0])
    for name in ("verl", "easyr1"):
        ((left, reason),) = made[name].left_out
        assert left == bad.id
        assert "its answer is another than its key B" in reason
    rows = list(read_rows(tmp_path / "out" / "swift" / "train_grpo.jsonl"))
    assert [row["id"] for row in rows] == [good.id]
    assert made["swift"].counts["train"] == 2


@pytest.mark.parametrize("path", sorted(HERE.glob("*.py")), ids=lambda path: path.name)
def test_a_script_that_goes_along_needs_nothing_of_this_package(path):
    imported = [
        node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    names = {getattr(node, "module", None) or alias.name for node in imported for alias in node.names}
    assert not [name for name in names if name.startswith("remud_gen")]

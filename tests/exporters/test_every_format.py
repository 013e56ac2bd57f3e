"""The mixed corpus through every training format: all of it arrives, or is left out by name."""

from __future__ import annotations

import hashlib

import pytest

from remud_gen import registry
from remud_gen.errors import ConfigError
from remud_gen.exporters.conversation import render_conversation, render_prompt
from remud_gen.records import Option, Turn
from tests.exporters.mixed_records import make_mixed_corpus
from tests.exporters.samples import make_picture, make_record, make_store, read_tree, run_export

pytest.importorskip("pyarrow")
TRAINING = ["axolotl", "hf", "llamafactory", "llava", "openai", "qwen", "swift", "trl", "unsloth"]
MODES = ["qwen", "remud", "field", "none"]
HOLDS_FIELD = {"hf", "trl"}
CASES = [(name, mode) for name in TRAINING for mode in MODES if mode != "field" or name in HOLDS_FIELD]


def name_left_out(name, mode, records):
    if name == "llava":
        return {record.id for record in records if len(record.images) > 1}
    if (name, mode) == ("trl", "field"):
        return {record.id for record in records if record.images}
    return set()


@pytest.mark.parametrize(("name", "mode"), CASES)
def test_every_record_arrives_as_it_was_rendered_with_its_pictures(tmp_path, name, mode):
    store = make_store(tmp_path / "run")
    records = {record.id: record for record in make_mixed_corpus(store)}
    (summary,) = run_export(
        records.values(), store, tmp_path / "out", formats=[name], thinking=mode, split=[0.6, 0.2, 0.2]
    ).values()
    left_out = name_left_out(name, mode, records.values())
    assert {record_id for record_id, _ in summary.left_out} == left_out
    assert all(reason.startswith("TOO_MANY_IMAGES: ") for _, reason in summary.left_out)
    exporter = registry.load("exporters", name)(mode)
    rows = {row.id: row for row in exporter.read_back(tmp_path / "out" / name) if not row.is_view}
    assert rows.keys() == records.keys() - left_out
    if (name, mode) != ("trl", "field"):  # which holds few of them
        assert {row.split for row in rows.values()} == {"train", "validation", "test"}
    for record_id, row in rows.items():
        record = records[record_id]
        expected = render_conversation(record, mode).to_messages(exporter.placeholder, len(record.images))
        assert row.messages == expected
        pictures = [*((tmp_path / "out" / name / path).read_bytes() for path in row.images), *row.packed]
        stored = [store.path(ref).read_bytes() for ref in record.images]
        for picture, own in zip(pictures, stored, strict=True):
            is_grey = hashlib.sha256(own).hexdigest() in {ref.sha256 for ref in find_grey(store, record)}
            assert is_grey or picture == own


def find_grey(store, record):
    return [
        ref for ref in record.images if b"\xff\xc0\x00\x0b" in store.path(ref).read_bytes()
    ]  # JPEG of one component


@pytest.mark.parametrize(("name", "mode"), CASES)
def test_thinking_stands_in_the_last_turn_only_and_options_in_the_prompt(tmp_path, name, mode):
    store = make_store(tmp_path / "run")
    options = (Option(key="A", text="肝"), Option(key="B", text="Kidney 😀"))
    turns = (Turn(question="Q2", thinking="T2", answer="A2"), Turn(question="Q3", thinking="T3", answer="A3"))
    record = make_record(0, question="Q1", options=options, form="mcq", thinking="T1", answer="A1", turns=turns)
    run_export([record], store, tmp_path / "out", formats=[name], thinking=mode, split=[1.0])
    exporter = registry.load("exporters", name)(mode)
    (row,) = [row for row in exporter.read_back(tmp_path / "out" / name) if not row.is_view]
    texts = [text for _, text in row.messages]
    assert texts[0] == render_prompt("Q1", options) == "Q1\nA. 肝\nB. Kidney 😀"
    last = {"qwen": "<think>\nT3\n</think>\n\nA3", "remud": "<think>T3</think><answer>A3</answer>"}.get(mode, "A3")
    wrap = (lambda text: f"<answer>{text}</answer>") if mode == "remud" else str
    assert texts[1:] == [wrap("A1"), "Q2", wrap("A2"), "Q3", last]


@pytest.mark.parametrize("name", TRAINING)
def test_same_records_give_the_same_bytes_and_no_path_of_this_machine(tmp_path, name):
    store = make_store(tmp_path / "run")
    records = make_mixed_corpus(store)
    for folder in ("one", "two"):
        run_export(records, store, tmp_path / folder, formats=[name])
    assert read_tree(tmp_path / "one") == read_tree(tmp_path / "two")
    assert str(tmp_path).encode() not in b"".join(read_tree(tmp_path / "one").values())


@pytest.mark.parametrize("name", [name for name in TRAINING if name not in HOLDS_FIELD])
def test_thinking_as_a_field_is_refused_where_the_trainer_would_drop_it(tmp_path, name):
    with pytest.raises(ConfigError, match=f"{name} cannot hold export.thinking: field"):
        run_export([make_record()], make_store(tmp_path / "run"), tmp_path / "out", formats=[name], thinking="field")


@pytest.mark.parametrize("name", TRAINING)
def test_many_pictures_arrive_in_order_or_the_record_is_left_out(tmp_path, name):
    store = make_store(tmp_path / "run")
    many = make_record(0, images=tuple(make_picture(store, shade) for shade in range(12)))
    few = make_record(1, images=(make_picture(store, 99),))
    (summary,) = run_export([many, few], store, tmp_path / "out", formats=[name], split=[1.0]).values()
    limit = {"llava": 1, "openai": 10}.get(name)
    if limit is not None:
        reason = f"TOO_MANY_IMAGES: 12 pictures; the {name} format holds {limit} in a record"
        assert summary.left_out == ((many.id, reason),)
        return
    exporter = registry.load("exporters", name)("qwen")
    (row,) = [row for row in exporter.read_back(tmp_path / "out" / name) if row.id == many.id and not row.is_view]
    assert row.messages[0][1].count("<image>") == 12
    pictures = [*((tmp_path / "out" / name / path).read_bytes() for path in row.images), *row.packed]
    assert pictures == [store.path(ref).read_bytes() for ref in many.images]


@pytest.mark.parametrize("name", TRAINING)
def test_each_format_says_in_a_line_what_it_is_for(name):
    summary = registry.load("exporters", name).summary
    assert 20 < len(summary) <= 100
    assert "\n" not in summary

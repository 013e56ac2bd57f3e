"""The export stage as a whole."""

from __future__ import annotations

import hashlib
import json

import pytest
from PIL import Image

from remud_gen.config import Config
from remud_gen.errors import ConfigError, InputError, RecordError
from remud_gen.exporters import chat
from remud_gen.exporters.card import read_manifest, read_summary
from remud_gen.exporters.llamafactory import LlamaFactoryExporter
from remud_gen.exporters.raw import read_records
from remud_gen.exporters.rows import read_rows
from remud_gen.records import Option, Verdict
from remud_gen.stages.export import ExportStage, Origin
from tests.exporters.samples import make_mixed, make_picture, make_record, make_store, read_tree, run_export

ALL = ["llamafactory", "raw", "swift"]


@pytest.fixture
def store(tmp_path):
    return make_store(tmp_path / "run")


def test_every_kept_record_arrives_in_every_format(tmp_path, store):
    records = make_mixed(store)
    summaries = run_export(records, store, tmp_path / "out", formats=ALL)
    assert list(summaries) == ALL
    for name, stem in (("llamafactory", "remud_{}"), ("swift", "{}"), ("raw", "{}")):
        rows = {
            split: list(read_rows(tmp_path / "out" / name / f"{stem.format(split)}.jsonl"))
            for split in ("train", "validation")
        }
        assert {row["id"] for split in rows for row in rows[split]} == {record.id for record in records}
        assert {split: len(rows[split]) for split in rows} == {
            split: summaries[name].counts[split] for split in ("train", "validation")
        }


def test_same_records_give_the_same_bytes(tmp_path, store):
    records = make_mixed(store)
    for name in ("one", "two"):
        run_export(records, store, tmp_path / name, formats=ALL)
    assert read_tree(tmp_path / "one") == read_tree(tmp_path / "two")
    assert str(tmp_path).encode() not in b"".join(read_tree(tmp_path / "one").values())


def test_documents_are_not_split_and_raw_keeps_the_given_order(tmp_path, store):
    records = [make_record(number, document=f"d{number // 5}") for number in range(50)]
    run_export(records, store, tmp_path / "out", formats=["raw"], split=[0.8, 0.1, 0.1])
    held = {
        split: list(read_records(tmp_path / "out" / "raw" / f"{split}.jsonl"))
        for split in ("train", "validation", "test")
    }
    documents = [{record.document_id for record in held[split]} for split in held]
    assert sum(len(one) for one in documents) == len(set.union(*documents)) == 10
    assert {split: len(held[split]) for split in held} == {"train": 40, "validation": 5, "test": 5}
    assert held["train"] == [record for record in records if record in held["train"]]


def test_one_document_is_split_by_figure_and_the_summary_says_so(tmp_path, store):
    records = [make_record(number, group=f"g{number // 2}") for number in range(20)]
    summary = run_export(records, store, tmp_path / "out", formats=["llamafactory"])["llamafactory"]
    assert (summary.counts["train"], summary.counts["validation"]) == (18, 2)
    assert "only one document" in summary.notes[0]
    assert "only one document" in (tmp_path / "out" / "llamafactory" / "README.md").read_text("utf-8")


def test_records_that_were_not_kept_are_not_exported(tmp_path, store):
    rejected = make_record(1, verdicts=(Verdict(code="X", severity="reject"),))
    review = make_record(2, verdicts=(Verdict(code="Y", severity="review"),))
    fixed = make_record(3, verdicts=(Verdict(code="Z", severity="fix"),))
    run_export([make_record(0), rejected, review, fixed], store, tmp_path / "out", formats=["raw"], split=[1.0])
    assert [record.id for record in read_records(tmp_path / "out" / "raw" / "train.jsonl")] == ["d1-q0000", "d1-q0003"]


def test_the_manifest_resolves_every_file_and_names_what_was_left_out(tmp_path, store):
    records = [*make_mixed(store), make_record(7, document="d2", answer="<|endoftext|>")]
    run_export(records, store, tmp_path / "out", formats=ALL)
    for name in ALL:
        folder = tmp_path / "out" / name
        manifest = json.loads((folder / "MANIFEST.json").read_text("utf-8"))
        for file, facts in manifest["files"].items():
            assert hashlib.sha256((folder / file).read_bytes()).hexdigest() == facts["sha256"]
        on_disk = {path for path in read_tree(folder) if not path.startswith("images/")}
        assert on_disk == {*manifest["files"], "MANIFEST.json", "CHECKSUMS"}
        left_out = [row["id"] for row in read_rows(folder / "left_out.jsonl")]
        assert left_out == ([] if name == "raw" else ["d2-q0007"])
        assert sum(manifest["left_out"].values()) == len(left_out)
        assert len(read_tree(folder / "images")) == manifest["counts"]["images"] == 3


def test_nothing_kept_is_an_input_error(tmp_path, store):
    with pytest.raises(InputError, match="no record was kept"):
        run_export([], store, tmp_path / "out", formats=["raw"])


def test_a_format_that_holds_none_says_why(tmp_path, store):
    with pytest.raises(InputError) as caught:
        run_export([make_record(0, question="<image>")], store, tmp_path / "out", formats=["llamafactory"])
    assert "RESERVED_TOKEN" in caught.value.hint


def test_a_second_record_of_the_same_id_is_left_out_by_name(tmp_path, store):
    records = [make_record(0), make_record(1), make_record(1, answer="another")]
    for summary in run_export(records, store, tmp_path / "out", formats=ALL, split=[1.0]).values():
        assert summary.left_out == (("d1-q0001", "DUPLICATE_ID: a record with this id was already written"),)


def test_an_exporter_that_breaks_a_rule_publishes_nothing(tmp_path, store, monkeypatch):
    monkeypatch.setattr(LlamaFactoryExporter, "placeholder", "")
    monkeypatch.setattr(chat, "check_row", lambda row, thinking: ())
    records = [make_record(0), make_record(1, images=(make_picture(store, 1),))]
    with pytest.raises(RecordError, match="d1-q0001: PLACEHOLDER_COUNT") as caught:
        run_export(records, store, tmp_path / "out", formats=["llamafactory"], split=[1.0])
    assert (caught.value.code, caught.value.exit_code) == ("EXPORT_INVALID", 1)
    assert not (tmp_path / "out" / "llamafactory" / "MANIFEST.json").exists()


def test_the_same_pixels_stored_in_grey_and_in_colour_do_not_stop_an_export(tmp_path, store):
    grey, colour = make_picture(store, 9, mode="L"), make_picture(store, 9, mode="L")
    with Image.open(store.path(grey)) as image:
        colour = store.save(image.convert("RGB"), is_photographic=False)
    records = [make_record(0, images=(grey,)), make_record(1, document="d2", images=(colour,))]
    summary = run_export(records, store, tmp_path / "out", formats=["llamafactory"])["llamafactory"]
    assert summary.counts == {"train": 1, "validation": 1, "images": 2}


def test_a_lone_surrogate_is_named_and_stops_nothing(tmp_path, store):
    half = make_record(1).model_copy(update={"options": (Option(key="\ud83d", text="x"),)})
    for summary in run_export([make_record(0), half], store, tmp_path / "out", formats=ALL, split=[1.0]).values():
        assert [record_id for record_id, _ in summary.left_out] == ["d1-q0001"]


def test_pictures_are_shared_with_the_store_and_between_formats(tmp_path, store):
    shared = make_picture(store, 1)
    records = [make_record(number, images=(shared,)) for number in range(5)]
    run_export(records, store, tmp_path / "out", formats=ALL)
    assert store.path(shared).stat().st_nlink == 1 + len(ALL)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"formats": ["llamafactori"]}, "llamafactori"),
        ({"formats": []}, "no export format"),
        ({"formats": ["raw", "llamafactory"], "thinking": "field"}, "llamafactory cannot hold"),
        ({"split": [0.5, 0.6]}, "export.split"),
    ],
)
def test_an_impossible_configuration_is_refused_before_any_work(settings, words):
    with pytest.raises(ConfigError, match=words):
        ExportStage(Config.model_validate({"export": settings}))


def test_a_stream_is_enough(tmp_path, store):
    """The stage never asks for a list: each call is a fresh one-way stream."""
    calls = []

    def start():
        calls.append(1)
        return (make_record(number, document=f"d{number % 3}") for number in range(30))

    (tmp_path / "out").mkdir()
    dict(ExportStage(Config.model_validate({"export": {"formats": ALL}})).export(start, store, tmp_path / "out"))
    assert len(calls) == 1 + len(ALL)


def test_the_manifest_accounts_for_every_record_and_names_what_it_was_made_from(tmp_path, store):
    records = [*make_mixed(store), make_record(7, document="d2", answer="<|endoftext|>")]
    stage = ExportStage(Config.model_validate({"export": {"formats": ["llamafactory"]}}))
    origin = Origin("digest of the records", None, ("Incomplete: 1 of 2 parts of filter is missing.",))
    (tmp_path / "out").mkdir()
    ((name, summary),) = stage.export(lambda: iter(records), store, tmp_path / "out", origin)
    manifest = read_manifest(tmp_path / "out" / name)
    assert (manifest.inputs, manifest.exported, manifest.left_out) == (6, 5, {"RESERVED_TOKEN": 1})
    assert manifest.fingerprint == stage.fingerprint(name, origin)
    assert manifest.notes[0] == summary.notes[0] == origin.notes[0]
    again = read_summary(tmp_path / "out" / name, manifest)
    assert (again.counts, again.left_out, again.notes) == (summary.counts, summary.left_out, summary.notes)
    assert sorted(again.files) == sorted(summary.files)


@pytest.mark.parametrize(
    ("settings", "origin"),
    [
        ({}, Origin("other", None, ("note",))),
        ({}, Origin("digest", 5, ("note",))),
        ({}, Origin("digest", None, ())),
        ({"thinking": "none"}, Origin("digest", None, ("note",))),
        ({"split": [0.8, 0.2]}, Origin("digest", None, ("note",))),
        ({"seed": 1}, Origin("digest", None, ("note",))),
    ],
)
def test_a_fingerprint_changes_with_all_that_shapes_an_export(settings, origin):
    def fingerprint(settings, origin, name="raw"):
        return ExportStage(Config.model_validate({"export": {"formats": ALL, **settings}})).fingerprint(name, origin)

    base = Origin("digest", None, ("note",))
    assert fingerprint({}, base) == fingerprint({}, Origin("digest", None, ("note",)))
    assert fingerprint(settings, origin) != fingerprint({}, base)
    assert fingerprint({}, base, "swift") != fingerprint({}, base)


@pytest.mark.parametrize("damage", [b"", b"{}", b'{"made_by": "someone else"}'])
def test_a_manifest_of_others_or_a_damaged_one_is_not_taken_for_ours(tmp_path, store, damage):
    run_export([make_record(0)], store, tmp_path / "out", formats=["raw"], split=[1.0])
    manifest = read_manifest(tmp_path / "out" / "raw")
    (tmp_path / "out" / "raw" / "MANIFEST.json").write_bytes(damage or manifest.model_dump_json().encode()[:-9])
    with pytest.raises(RecordError, match=r"MANIFEST\.json"):
        read_manifest(tmp_path / "out" / "raw")
    (tmp_path / "out" / "raw" / "left_out.jsonl").write_bytes(b'{"id": "x", "reason": "made up"}\n')
    with pytest.raises(RecordError, match="do not add up"):
        read_summary(tmp_path / "out" / "raw", manifest)

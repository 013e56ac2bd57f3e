"""Under which terms an export is made: licences, pointers, how pictures are kept, what is chosen, what would leak."""

from __future__ import annotations

import pytest

from remud_gen import registry
from remud_gen.config import Config
from remud_gen.errors import ConfigError, InputError, RecordError
from remud_gen.exporters.pictures import PictureFolder
from remud_gen.exporters.raw import RawExporter, read_records
from remud_gen.exporters.rights import LicenceRow, LicenceTable
from remud_gen.exporters.rows import read_rows
from remud_gen.exporters.validate import Validator
from remud_gen.records import ImageRef
from remud_gen.stages.export import ExportStage, Origin
from tests.exporters.mixed_records import make_mixed_corpus
from tests.exporters.samples import OPTIONS, make_picture, make_record, make_store, read_tree, run_export

OPEN = LicenceTable((LicenceRow("open.pdf", "CC-BY-4.0"), LicenceRow("nd.pdf", "CC BY-ND 4.0")))


@pytest.fixture
def store(tmp_path):
    return make_store(tmp_path / "run")


def export(records, store, target, origin=None, **settings):
    target.mkdir(parents=True)
    stage = ExportStage(Config.model_validate({"export": settings}))
    return dict(stage.export(lambda: iter(records), store, target, origin or Origin()))


def shelf(store):
    """A record with a picture and one without, of an open, a no-derivatives and an unknown source."""
    return [
        make_record(number, document=document, images=(make_picture(store, 10 * place + 1),) if number == 0 else ())
        for place, document in enumerate(("open", "nd", "unknown"))
        for number in range(2)
    ]


def test_raw_holds_pointers_in_the_place_of_pictures_that_may_not_be_passed_on(tmp_path, store):
    records = shelf(store)
    summary = export(
        records, store, tmp_path / "out", Origin(licences=OPEN), formats=["raw"], licence_policy="research", split=[1.0]
    )["raw"]
    folder = tmp_path / "out" / "raw"
    assert (summary.counts, summary.left_out) == ({"train": 6, "images": 1}, ())
    assert [path for path in read_tree(folder) if path.startswith("images/")] == [records[0].images[0].path]
    pointers = list(read_rows(folder / "pointers.jsonl"))
    assert [row["id"] for row in pointers] == [records[2].id, records[4].id]
    for row, record in zip(pointers, (records[2], records[4]), strict=True):
        assert row["document_sha256"] == record.source.document_sha256
        assert (row["page"], row["bbox"]) == (record.source.page_number, list(record.source.bbox))
        assert row["image_sha256"] == record.images[0].sha256
    licences = [record.licence for record in read_records(folder / "train.jsonl")]
    assert licences == ["CC-BY-4.0"] * 2 + ["CC BY-ND 4.0"] * 2 + [None] * 2
    assert "The pictures of 2 records stand as pointers" in (folder / "README.md").read_text("utf-8")


@pytest.mark.parametrize("name", [name for name in registry.names("exporters") if name not in ("verl", "easyr1")])
def test_formats_without_pointers_leave_such_records_out_by_name(tmp_path, store, name):
    if name in ("hf", "trl"):
        pytest.importorskip("pyarrow")
    summary = export(
        shelf(store), store, tmp_path / "out", Origin(licences=OPEN), formats=[name], licence_policy="research",
        split=[1.0],
    )[name]  # fmt: skip
    if registry.load("exporters", name).holds_pointers:
        assert (summary.counts["train"], summary.counts["images"]) == (6, 1)
    else:
        assert [(record_id, reason.partition(":")[0]) for record_id, reason in summary.left_out] == [
            ("nd-q0000", "LICENCE_FORBIDS"),
            ("unknown-q0000", "LICENCE_FORBIDS"),
        ]
        assert (summary.counts["train"], summary.counts["images"]) == (4, 1)


def test_a_split_that_loses_all_its_records_says_so(tmp_path, store):
    records = [make_record(number, document="open") for number in range(9)]
    records.append(make_record(0, document="nd", images=(make_picture(store, 1),)))
    summary = export(
        records, store, tmp_path / "out", Origin(licences=OPEN), formats=["swift"], licence_policy="research"
    )
    assert summary["swift"].counts == {"train": 9, "images": 0}
    assert "validation stays empty: each of its records was left out." in summary["swift"].notes


def test_the_private_policy_keeps_all(tmp_path, store):
    summary = export(shelf(store), store, tmp_path / "out", formats=["raw", "swift"], split=[1.0])
    assert [one.counts for one in summary.values()] == [{"train": 6, "images": 3}] * 2


def test_another_table_of_licences_is_another_fingerprint():
    stage = ExportStage(Config.model_validate({"export": {"formats": ["raw"]}}))
    assert stage.fingerprint("raw", Origin(licences=OPEN)) != stage.fingerprint("raw", Origin())


@pytest.mark.parametrize(("images", "links"), [("link", 2), ("copy", 1)])
def test_pictures_are_linked_or_copied(tmp_path, store, images, links):
    run_export(make_mixed_corpus(store), store, tmp_path / "out", formats=["raw"], images=images)
    files = [path for path in (tmp_path / "out" / "raw" / "images").rglob("*") if path.is_file()]
    assert {path.stat().st_nlink for path in files} == {links}


def test_only_formats_that_hold_pictures_inside_pack_them(tmp_path, store):
    with pytest.raises(ConfigError, match="raw keeps pictures beside its data"):
        run_export([make_record(0)], store, tmp_path / "out", formats=["raw"], images="pack")
    packing = [name for name in registry.names("exporters") if registry.load("exporters", name).packs_images]
    assert {"trl", "verl", "webdataset"} <= set(packing)
    pytest.importorskip("pyarrow")
    (summary,) = run_export(
        make_mixed_corpus(store), store, tmp_path / "packed", formats=["trl"], images="pack"
    ).values()
    assert summary.counts["images"] > 0
    assert not (tmp_path / "packed" / "trl" / "images").exists()


def test_a_choice_is_the_same_in_every_format(tmp_path, store):
    records = make_mixed_corpus(store)
    summaries = run_export(
        records, store, tmp_path / "out", formats=["raw", "swift"], where=["kind=vqa"], max=4, split=[1.0]
    )
    kept = {name: [row["id"] for row in read_rows(tmp_path / "out" / name / "train.jsonl")] for name in summaries}
    assert len(kept["raw"]) == 4
    assert sorted(kept["raw"]) == sorted(kept["swift"])
    assert all(sum(one.not_chosen.values()) == len(records) - 4 for one in summaries.values())


def test_a_condition_on_no_field_is_refused_before_any_work():
    with pytest.raises(ConfigError, match="no field `colour`"):
        ExportStage(Config.model_validate({"export": {"where": ["colour=red"]}}))


def test_a_choice_of_nothing_is_an_input_error(tmp_path, store):
    with pytest.raises(InputError, match="none is chosen"):
        run_export([make_record(0)], store, tmp_path / "out", formats=["raw"], where=["language=zh"])


def test_a_question_that_training_asks_is_left_out_of_the_other_splits(tmp_path, store):
    records = [
        make_record(n, document=f"d{n // 5}", question="What is a mirror artefact?" if n % 5 == 0 else f"Part {n}?")
        for n in range(100)
    ]
    summary = run_export(records, store, tmp_path / "out", formats=["swift"], split=[0.8, 0.2])["swift"]
    assert {reason.partition(":")[0] for _, reason in summary.left_out} == {"SPLIT_LEAK"}
    assert len(summary.left_out) == 4
    assert summary.counts["train"] == 80


def picture(letter, phash):
    return ImageRef(path=f"images/{letter}", sha256=letter * 64, width_px=1, height_px=1, phash=f"{phash:016x}")


PHASH = 0xF0E1D2C3B4A59687
LEAKS = {
    "document": (make_record(0), make_record(1), "document d1"),
    "figure": (make_record(0, group="g"), make_record(1, document="d2", group="g"), "figure or passage g"),
    "picture": (
        make_record(0, images=(picture("a", 1),)),
        make_record(1, document="d2", images=(picture("a", 1),)),
        "picture aaa",
    ),
    "picture that looks alike": (
        make_record(0, images=(picture("a", PHASH),)),
        make_record(1, document="d2", images=(picture("b", PHASH ^ 0b1011),)),
        "a picture that looks like its own",
    ),
    "picture group": (
        make_record(0, image_groups=("x",)),
        make_record(1, document="d2", image_groups=("x",)),
        "picture group x",
    ),
    "question": (make_record(0), make_record(0, document="d2"), "its question"),
    "question much alike": (
        make_record(0, question="How long is a normal kidney of an adult?"),
        make_record(1, document="d2", question="How long is the normal kidney of an adult?"),
        "nearly its question",
    ),
}


@pytest.mark.parametrize("name", LEAKS)
def test_the_validator_sees_what_two_splits_share(tmp_path, name):
    one, other, told = LEAKS[name]
    validator = Validator("qwen", is_split_by_document=True)
    assert len(list(validator.watch([("train", one), ("validation", other)]))) == 2
    with pytest.raises(RecordError, match="SPLIT_OVERLAP") as caught:
        validator.check(RawExporter("qwen"), tmp_path, 2)
    assert f"{other.id}: SPLIT_OVERLAP: {told}" in caught.value.message


def test_the_validator_sees_options_that_never_reached_the_prompt(tmp_path, store):
    record = make_record(0, form="mcq", options=OPTIONS, answer_key="B", answer="B")
    exporter = registry.load("exporters", "swift")("qwen")
    validator = Validator("qwen", is_split_by_document=True)
    bare = [("train", record.model_copy(update={"options": (), "form": "open"}))]
    list(validator.watch([("train", record)]))
    exporter.write(bare, tmp_path, PictureFolder(tmp_path, store))
    with pytest.raises(RecordError, match="OPTIONS_MISSING: option A does not stand in the prompt"):
        validator.check(exporter, tmp_path, 0)

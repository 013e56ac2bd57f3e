"""A raw export goes into a run and comes out of it as it was."""

from __future__ import annotations

import hashlib
import json
import os
import shutil

import pytest

from remud_gen.errors import ConfigError, InputError
from remud_gen.exporters.rows import read_rows
from remud_gen.pipeline import PIPELINE
from remud_gen.runner.command import run_stages
from remud_gen.runner.imported import describe_faults, list_imported
from remud_gen.runner.importing.command import import_path, is_fruitless, to_json, to_text
from remud_gen.runner.options import Options
from remud_gen.runner.reports.inspection import find_record
from remud_gen.runner.reports.status import status_json
from remud_gen.runner.reports.status_text import status_text
from remud_gen.runner.survey import survey
from tests.exporters.mixed_records import make_mixed_corpus
from tests.exporters.samples import make_record, make_store, read_tree, run_export

SETTINGS = ("export.formats=[raw]", "export.split=[0.6, 0.2, 0.2]")


@pytest.fixture
def exported(tmp_path):
    store = make_store(tmp_path / "origin")
    run_export(make_mixed_corpus(store), store, tmp_path / "out", formats=["raw"], split=[0.6, 0.2, 0.2])
    return tmp_path / "out" / "raw"


def export_again(run, out):
    run_stages(PIPELINE, Options(run, assignments=SETTINGS, is_quiet=True, out=out), "export")
    return out / "raw"


def data_of(folder):
    """Records and pictures: all but what speaks of the run they come from."""
    return {
        name: data for name, data in read_tree(folder).items() if name.startswith("images/") or name[-6:] == ".jsonl"
    }


def test_raw_import_raw_is_identical_and_so_is_every_export_after_it(exported, tmp_path):
    done = import_path(PIPELINE, exported, Options(tmp_path / "one"))
    assert (done.imported, done.parts, done.left_out.total) == (14, 1, 0)
    second = export_again(tmp_path / "one", tmp_path / "out2")
    assert {"train.jsonl", "validation.jsonl", "test.jsonl"} <= data_of(exported).keys()
    assert data_of(second) == data_of(exported)
    import_path(PIPELINE, tmp_path / "out2", Options(tmp_path / "two"))
    third = export_again(tmp_path / "two", tmp_path / "out3")
    assert read_tree(third) == read_tree(second)


def test_the_same_export_again_changes_nothing(exported, tmp_path):
    run = tmp_path / "run"
    import_path(PIPELINE, exported, Options(run))
    before = read_tree(run / "imported")
    again = import_path(PIPELINE, exported, Options(run))
    assert (again.is_known, again.imported) == (True, 14)
    assert "in the run already" in to_text(again)
    assert read_tree(run / "imported") == before


def test_what_was_imported_stands_in_the_status_and_can_be_looked_at(exported, tmp_path):
    run = tmp_path / "run"
    import_path(PIPELINE, exported, Options(run))
    export_again(run, run / "export")
    result = survey(PIPELINE, Options(run))
    assert "imported: 14 records in 1 part" in status_text(result)
    told = json.loads(status_json(result))
    assert told["imported"] == {"records": 14, "parts": 1, "faults": []}
    assert (told["exports"], told["faults"]) == ({"raw": "up to date"}, [])
    assert [record.id for record in find_record(run, ["pair", "filter"], "atlas-en-q01")] == ["atlas-en-q01"]


def test_records_that_the_run_has_stay_and_are_named(exported, tmp_path):
    run, store = tmp_path / "run", make_store(tmp_path / "origin")
    import_path(PIPELINE, exported, Options(run))
    newer = [make_record(1, document="atlas-en"), make_record(0).model_copy(update={"id": "atlas-en-q01"})]
    run_export(newer, store, tmp_path / "newer", formats=["raw"], split=[1.0])
    done = import_path(PIPELINE, tmp_path / "newer", Options(run))
    assert (done.imported, done.left_out.codes) == (1, {"ALREADY_THERE": 1})
    assert "atlas-en-q01: ALREADY_THERE" in to_text(done)
    assert json.loads(to_json(done))["left_out"] == {"ALREADY_THERE": 1}


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/etc/passwd", "IMAGE_PATH"),
        ("images/../../../etc/passwd", "IMAGE_PATH"),
        ("images/aa/" + "b" * 64 + ".png", "IMAGE_PATH"),
        ("images/ee/" + "e" * 64 + ".png", "IMAGE_PATH"),  # not the name of its bytes
    ],
)
def test_a_record_cannot_name_a_path(exported, tmp_path, path, code):
    rows = [json.loads(line) for line in (exported / "train.jsonl").read_text("utf-8").split("\n") if line]
    row = next(row for row in rows if row["images"])
    row["images"][0]["path"] = path
    (exported / "train.jsonl").write_text(json.dumps(row) + "\n", "utf-8")
    done = import_path(PIPELINE, exported, Options(tmp_path / "run"))
    assert done.left_out.codes == {code: 1}
    found = {name for name in read_tree(tmp_path / "run") if name.startswith("images/")}
    assert found <= {name for name in read_tree(exported) if name.startswith("images/")}


def test_changed_and_missing_pictures_and_broken_lines_are_named(exported, tmp_path):
    one, two, *_ = sorted((exported / "images").rglob("*.png"))
    one.unlink()
    two.write_bytes(b"another picture")
    with (exported / "train.jsonl").open("ab") as stream:
        stream.write(b'{"record": "quadruplet"}\n[]\n')
    done = import_path(PIPELINE, exported, Options(tmp_path / "run"))
    assert done.left_out.codes.keys() == {"BAD_JSON", "IMAGE_MISSING", "IMAGE_CHANGED"}
    assert done.imported + done.left_out.total == 16
    assert not is_fruitless(done)


def test_an_import_that_is_cut_short_or_damaged_is_told_and_mended(exported, tmp_path):
    run = tmp_path / "run"
    import_path(PIPELINE, exported, Options(run))
    (ledger,) = (run / "imported").glob("raw-????????.json")
    (part,) = (run / "imported").glob("*-n0001.jsonl")
    kept = ledger.read_bytes()
    ledger.unlink()
    assert "cut short" in next(describe_faults(list_imported(run)))
    ledger.write_bytes(kept)
    part.write_bytes(part.read_bytes()[:-10])
    result = survey(PIPELINE, Options(run))
    assert "import the same folder again" in status_text(result)
    import_path(PIPELINE, exported, Options(run))
    assert [state.state for state in list_imported(run, is_thorough=True)] == ["fresh"]
    assert data_of(export_again(run, tmp_path / "out2")) == data_of(exported)


def test_what_is_no_raw_export_is_refused_with_a_hint(exported, tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        import_path(PIPELINE, tmp_path / "nowhere", Options(tmp_path / "run"))
    with pytest.raises(InputError, match="no raw export"):
        import_path(PIPELINE, tmp_path / "origin", Options(tmp_path / "run"))
    (exported / "MANIFEST.json").write_text("{}", "utf-8")
    with pytest.raises(InputError) as caught:
        import_path(PIPELINE, exported, Options(tmp_path / "run"))
    assert caught.value.hint == "export it again with --format raw"
    assert not (tmp_path / "run").exists()


def test_a_run_without_inputs_and_without_imports_still_asks_for_some(tmp_path, exported):
    run = tmp_path / "run"
    with pytest.raises(InputError, match="no inputs yet"):
        run_stages(PIPELINE, Options(run, is_quiet=True), "export")
    import_path(PIPELINE, exported, Options(run))
    with pytest.raises(InputError, match="no inputs yet"):
        run_stages(PIPELINE, Options(run, is_quiet=True), "extract")
    shutil.rmtree(run / "imported")
    with pytest.raises((InputError, ConfigError)):
        run_stages(PIPELINE, Options(run, is_quiet=True), "export")


def test_records_whose_pictures_may_not_be_passed_on_come_as_pointers(tmp_path):
    store = make_store(tmp_path / "origin")
    policy = {"licence_policy": "permissive", "split": [1.0]}
    run_export(make_mixed_corpus(store), store, tmp_path / "out", formats=["raw"], **policy)
    exported = tmp_path / "out" / "raw"
    assert "notes-en-q04" in (exported / "pointers.jsonl").read_text("utf-8")
    done = import_path(PIPELINE, exported, Options(tmp_path / "run"))
    assert (done.imported, done.withheld, done.left_out.total) == (14, 1, 0)
    assert "without pictures, which the export may not pass on: 1 record" in to_text(done)
    settings = ("export.formats=[raw]", "export.split=[1.0]", "export.licence_policy=permissive")
    options = Options(tmp_path / "run", assignments=settings, is_quiet=True, out=tmp_path / "again")
    run_stages(PIPELINE, options, "export")
    assert data_of(tmp_path / "again" / "raw") == data_of(exported)
    # What has no picture here cannot go where one must stand.
    options = Options(tmp_path / "run", assignments=("export.licence_policy=private",), is_quiet=True)
    publication = run_stages(PIPELINE, options, "export").exports["raw"]
    assert [(name, reason.partition(":")[0]) for name, reason in publication.summary.left_out] == [
        ("notes-en-q04", "IMAGE_MISSING")
    ]
    (exported / "pointers.jsonl").unlink()
    assert import_path(PIPELINE, exported, Options(tmp_path / "other")).left_out.codes == {"IMAGE_MISSING": 1}


def test_pictures_that_are_none_and_numbers_that_json_cannot_hold_stay_outside(exported, tmp_path):
    rows = [row for split in ("train", "validation", "test") for row in read_rows(exported / f"{split}.jsonl")]
    pictured = [row for row in rows if row["images"]]
    text, hollow, sound, *_ = (row for row in rows if not row["images"])
    note = b"<html>no picture</html>"
    sha256 = hashlib.sha256(note).hexdigest()
    path = f"images/{sha256[:2]}/{sha256}.png"
    (exported / path).parent.mkdir(exist_ok=True)
    (exported / path).write_bytes(note)
    pictured[0]["images"][0] |= {"path": path, "sha256": sha256}
    pictured[1]["images"][0]["width_px"] = 10**9
    text["source"]["bbox"] = [0, 0, float("inf"), 1]
    hollow["source"]["bbox"] = [None, 0, 1, 1]
    for split in ("validation", "test"):
        (exported / f"{split}.jsonl").unlink()
    lines = [json.dumps(row).replace("Infinity", "1e999") for row in (*pictured[:2], text, hollow, sound)]
    (exported / "train.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    done = import_path(PIPELINE, exported, Options(tmp_path / "run"))
    assert done.left_out.codes == {"IMAGE_UNREADABLE": 2, "NOT_LOSSLESS": 1, "BAD_JSON": 1}
    assert not (tmp_path / "run" / path).exists()
    assert [state.state for state in list_imported(tmp_path / "run", is_thorough=True)] == ["fresh"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_pipe_in_the_place_of_a_picture_and_bottomless_notes_stop_nothing(exported, tmp_path):
    one, *_ = sorted((exported / "images").rglob("*.png"))
    one.unlink()
    os.mkfifo(one)
    (exported / "provenance.jsonl").write_bytes(b'{"split":' + b"[" * 200_000 + b"\n")
    done = import_path(PIPELINE, exported, Options(tmp_path / "run"))
    assert done.left_out.codes.keys() == {"IMAGE_MISSING"}
    assert done.imported + done.left_out.total == 14


def test_pictures_that_come_later_bring_their_records(exported, tmp_path):
    one, *_ = sorted((exported / "images").rglob("*.png"))
    one.rename(tmp_path / "aside.png")
    first = import_path(PIPELINE, exported, Options(tmp_path / "run"))
    assert first.left_out.codes.keys() == {"IMAGE_MISSING"}
    again = import_path(PIPELINE, exported, Options(tmp_path / "run"))
    assert (again.is_known, again.left_out.total) == (False, first.left_out.total)  # told again, not passed over
    (tmp_path / "aside.png").rename(one)
    last = import_path(PIPELINE, exported, Options(tmp_path / "run"))
    assert (last.imported, last.left_out.total) == (14, 0)
    assert import_path(PIPELINE, exported, Options(tmp_path / "run")).is_known


def test_an_id_cannot_speak_to_the_terminal(exported, tmp_path):
    row = json.loads((exported / "train.jsonl").read_text("utf-8").split("\n")[0])
    row |= {"id": "\x1b[2Jgone", "images": [{"path": "x", "sha256": "0", "width_px": 1, "height_px": 1}]}
    (exported / "train.jsonl").write_text(json.dumps(row) + "\n", "utf-8")
    told = to_text(import_path(PIPELINE, exported, Options(tmp_path / "run")))
    assert "\ufffd[2Jgone: IMAGE_PATH" in told
    assert "\x1b" not in told

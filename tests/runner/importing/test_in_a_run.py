"""Imported records beside those that a run makes itself, through the command line."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from remud_gen.exporters.raw import read_records
from remud_gen.pipeline import PIPELINE
from remud_gen.records import CorpusVerdict, Verdict
from remud_gen.runner.basis import Stamp
from remud_gen.runner.cleaning.clean import clean
from remud_gen.runner.command import run_stages
from remud_gen.runner.imported import list_imported
from remud_gen.runner.importing.command import import_path
from remud_gen.runner.judged import read_judged
from remud_gen.runner.options import Options
from remud_gen.runner.parts import PartSpec, PartState
from remud_gen.runner.reading import Inputs
from remud_gen.runner.reports.status import status_json
from remud_gen.runner.survey import survey
from remud_gen.runner.writer import PartWriter
from tests.e2e.command import remud
from tests.exporters.mixed_records import make_mixed_corpus
from tests.exporters.samples import make_store, read_tree, run_export

TEXT = """# Kidney

The renal cortex is normally less echogenic than the liver, and the renal sinus is hyperechoic. A simple cyst is an
anechoic round structure with a thin wall and posterior acoustic enhancement.

# Spleen

The spleen lies in the left upper quadrant, and its normal length in an adult is below 12 cm. Its echo texture is even.
"""
SETTINGS = ("generate.client=extractive", "runner.executor=serial", "export.formats=[raw]", "export.split=[1.0]")


@pytest.fixture
def exported(tmp_path):
    store = make_store(tmp_path / "origin")
    run_export(make_mixed_corpus(store), store, tmp_path / "out", formats=["raw"], split=[1.0])
    return tmp_path / "out" / "raw"


def make(run, last="export", **options):
    return run_stages(PIPELINE, Options(run, assignments=SETTINGS, is_quiet=True, **options), last)


def read_ids(run):
    return Counter(record.id for record in read_records(run / "export/raw/train.jsonl"))


def test_imported_records_stay_whatever_the_run_does(tmp_path, exported):
    run, book = tmp_path / "run", tmp_path / "books" / "kidney.md"
    book.parent.mkdir()
    book.write_text(TEXT, "utf-8")
    make(run, inputs=(book.parent,))
    own = read_ids(run)
    assert own
    import_path(PIPELINE, exported, Options(run))
    before = read_tree(run / "imported")
    result = make(run)
    assert {report.name: report.n_run for report in result.reports if report.n_run} == {}
    assert read_ids(run) == own + Counter(record.id for record in read_records(exported / "train.jsonl"))
    told = json.loads(status_json(survey(PIPELINE, Options(run))))
    assert (told["is_up_to_date"], told["faults"], told["imported"]["records"]) == (True, [], 14)

    cleaned = clean(PIPELINE, Options(run), is_applied=True)
    assert "pictures" not in cleaned.findings
    book.write_text(TEXT.replace("12 cm", "13 cm"), "utf-8")
    make(run)
    assert read_tree(run / "imported") == before
    assert sum(read_ids(run).values()) >= 14
    assert {name for name in read_tree(exported) if name.startswith("images/")} <= read_tree(run).keys()


def test_what_the_run_makes_itself_is_not_taken_twice(tmp_path, exported):
    run, book = tmp_path / "run", tmp_path / "books" / "kidney.md"
    book.parent.mkdir()
    book.write_text(TEXT, "utf-8")
    make(run, inputs=(book.parent,))
    own = read_ids(run)
    done = import_path(PIPELINE, run / "export", Options(run))
    assert (done.imported, done.left_out.codes) == (0, {"ALREADY_THERE": sum(own.values())})
    # Imported first and made afterwards: the imported one stands, the other is left out of exports by name.
    other = tmp_path / "other"
    import_path(PIPELINE, run / "export", Options(other))
    make(other, inputs=(book.parent,))
    assert read_ids(other) == own


def test_what_this_run_finds_over_its_corpus_is_not_said_of_imported_records(tmp_path, exported):
    run = tmp_path / "run"
    import_path(PIPELINE, exported, Options(run))
    (run / "corpus").mkdir()
    spec = PartSpec("corpus", "corpus", Inputs(0, {}))
    with PartWriter(run, spec, Stamp(fingerprint="f", basis="b", inputs={})) as writer:
        reject = Verdict(code="DUP_EXACT", severity="reject", filter="duplicates")
        writer.add_overlay(CorpusVerdict(id="atlas-en-q01", verdicts=(reject,)))
        meta = writer.commit(is_partial=False)
    corpus = [PartState(spec, Stamp(fingerprint="f", basis="b", inputs={}), "fresh", "", meta)]
    read = list(read_judged(run, list_imported(run), corpus))
    assert read == list(read_records(exported / "train.jsonl"))


def test_the_command_line_says_what_it_did_and_how_it_ended(tmp_path, exported):
    run = tmp_path / "run"
    first = remud("import", exported, "--run", run)
    assert first.returncode == 0, first.stderr
    assert "imported: 14 records and 7 new pictures" in first.stdout
    assert f"`remud export --run {run}`" in first.stdout
    nothing = remud("import", tmp_path / "nowhere", "--run", run)
    assert (nothing.returncode, nothing.stdout) == (3, "")
    assert nothing.stderr.startswith("error: ")

    sent = remud("export", "--run", run, "--format", "labelstudio", "--quiet", "--set", "export.split=[1.0]")
    assert sent.returncode == 0, sent.stderr
    tasks = json.loads((run / "export/labelstudio/tasks_text-00001.json").read_text("utf-8"))
    verdict = {"from_name": "verdict", "to_name": "question", "type": "choices", "value": {"choices": ["reject"]}}
    for task in tasks:
        task["annotations"] = [{"completed_by": {"email": "reviewer@example.org"}, "result": [verdict]}]
    tasks[0]["data"]["record_id"] = "unknown"
    (tmp_path / "reviewed.json").write_text(json.dumps(tasks), "utf-8")
    back = remud("import", tmp_path / "reviewed.json", "--run", run)
    assert back.returncode == 0, back.stderr
    assert "taken: 3 decisions (reject 3)" in back.stdout
    assert "unknown: UNKNOWN_ID" in back.stdout
    (tmp_path / "reviewed.json").write_text(json.dumps(tasks[:1]), "utf-8")
    assert remud("import", tmp_path / "reviewed.json", "--run", run).returncode == 3
    assert all(b"reviewer@example.org" not in data for data in read_tree(run).values())

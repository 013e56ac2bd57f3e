"""Exports for reviewers: the run does not remember that one was asked for, the manifest of the export does."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from remud_gen.cli import app
from remud_gen.exporters.card import read_manifest
from remud_gen.pipeline import PIPELINE
from remud_gen.records import Verdict
from remud_gen.runner.importing.command import import_path
from remud_gen.runner.options import Options
from remud_gen.runner.reports.export_state import ExportStanding, list_remakes
from tests.exporters.samples import make_record, make_store, read_tree, run_export

DOUBT = Verdict(code="LENGTH_SHORT", severity="review", field="answer", evidence="short", filter="text")
FOR_REVIEW = ("--format", "labelstudio", "--split", "1", "--statuses", "kept,review")
LOST = "  The export before it held records for review, too; --statuses kept,review makes it again."


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of five records, two of them held back for review."""
    base = tmp_path_factory.mktemp("imported")
    store = make_store(base / "origin")
    records = [make_record(number, verdicts=(DOUBT,) * (number in (1, 3))) for number in range(5)]
    run_export(records, store, base / "given", formats=["raw"], split=[1.0], statuses=["kept", "review"])
    import_path(PIPELINE, base / "given", Options(base / "run"))
    return base / "run"


@pytest.fixture
def run(imported: Path, tmp_path: Path) -> Path:
    shutil.copytree(imported, tmp_path / "run")
    return tmp_path / "run"


def command(name: str, run: Path, *words: str) -> str:
    done = CliRunner().invoke(app, [name, "--run", str(run), *words])
    assert done.exit_code == 0, done.output
    return done.output


def export(run: Path, *words: str) -> str:
    return command("export", run, "-q", *words)


def count(run: Path, name: str = "labelstudio") -> int:
    return read_manifest(run / "export" / name).exported


def conclude(run: Path) -> str:
    return command("status", run).splitlines()[-1]


def test_an_export_for_reviewers_is_up_to_date_and_made_again_as_it_was(run: Path) -> None:
    told = export(run, *FOR_REVIEW)
    assert count(run) == 5
    assert "validation stays empty" not in told
    status = command("status", run)
    assert "export labelstudio: up to date" in status
    assert status.splitlines()[-1] == "Up to date, no errors."
    assert json.loads(command("status", run, "--json"))["exports"] == {"labelstudio": "up to date"}
    thinking = ("--set", "export.thinking=none")
    assert "export labelstudio: out of date" in command("status", run, *thinking)
    told = command("status", run, *thinking).splitlines()[-1]
    assert told == f"An export is not up to date: run `remud export --statuses kept,review --run {run}`."
    assert "labelstudio is up to date" in export(run, "--statuses", "kept,review")


def test_a_damaged_one_is_made_again_with_its_records_for_review(run: Path) -> None:
    export(run, *FOR_REVIEW)
    before = read_tree(run / "export")
    (run / "export" / "labelstudio" / "README.md").write_text("cut", "utf-8")
    assert "export labelstudio: damaged" in command("status", run)
    assert "`remud export --statuses kept,review --run" in conclude(run)
    export(run, "--statuses", "kept,review")
    assert read_tree(run / "export") == before


def test_an_export_of_another_format_leaves_it_alone(run: Path) -> None:
    export(run, *FOR_REVIEW)
    before = read_tree(run / "export" / "labelstudio")
    told = export(run, "--format", "raw")
    assert "held records" not in told
    assert (read_tree(run / "export" / "labelstudio"), count(run, "raw")) == (before, 3)


def test_a_plain_export_over_it_says_what_is_gone(run: Path) -> None:
    export(run, *FOR_REVIEW)
    told = export(run, "--format", "labelstudio").splitlines()
    assert count(run) == 3
    assert LOST in told
    assert conclude(run) == "Up to date, no errors."
    assert LOST not in export(run).splitlines()  # nothing is replaced any more
    export(run, *FOR_REVIEW)
    assert count(run) == 5
    (note,) = json.loads(export(run, "--format", "labelstudio", "--split", "1", "--json"))["exports"]["labelstudio"][
        "notes"
    ]
    assert note == LOST.strip()
    assert LOST.strip() not in (run / "export" / "labelstudio" / "README.md").read_text("utf-8")


def test_more_records_than_before_are_no_loss(run: Path) -> None:
    export(run, "--format", "labelstudio", "--split", "1")
    assert "held records" not in export(run, *FOR_REVIEW)


def test_one_without_records_for_review_is_out_of_date_where_they_are_configured(run: Path) -> None:
    export(run, "--format", "labelstudio", "--split", "1")
    wanted = ("--set", "export.statuses=[kept, review]")
    assert "export labelstudio: out of date" in command("status", run, *wanted)


@pytest.mark.parametrize("stored", [{}, {"statuses": "kept"}, {"statuses": []}, {"statuses": ["kept"]}])
def test_a_manifest_that_does_not_say_so_is_of_kept_records(run: Path, stored: dict[str, object]) -> None:
    export(run, "--format", "labelstudio", "--split", "1")
    path = run / "export" / "labelstudio" / "MANIFEST.json"
    data = json.loads(path.read_bytes())
    del data["settings"]["statuses"]
    data["settings"] |= stored
    path.write_text(json.dumps(data), "utf-8")
    assert read_manifest(path.parent).statuses == ("kept",)
    assert "export labelstudio: up to date" in command("status", run)


def test_exports_of_different_records_have_a_command_each() -> None:
    reviewed, both = ("labelstudio", "argilla"), ("kept", "review")
    exports = {name: ExportStanding("out of date", both) for name in reviewed}
    assert list_remakes(exports) == ["export --statuses kept,review"]
    exports["raw"] = ExportStanding("up to date", ("kept",))
    assert list_remakes(exports) == ["export --format labelstudio,argilla --statuses kept,review"]
    exports["raw"] = ExportStanding("missing", ("kept",))
    assert list_remakes(exports)[1:] == ["export --format raw"]
    assert list_remakes({"raw": ExportStanding("up to date", ("kept",))}) == ["export"]
    assert list_remakes({}) == []


def test_a_split_that_the_run_remembers_is_said(run: Path) -> None:
    note = "  validation stays empty: export.split is [1] in this run (config.yaml)."
    export(run, *FOR_REVIEW)
    told = export(run, "--format", "openai,raw").splitlines()
    assert told.count(note) == 1
    assert export(run, "--format", "openai,raw").splitlines().count(note) == 1  # left alone, and still without
    assert note.strip() not in (run / "export" / "raw" / "README.md").read_text("utf-8")
    for words in (("--split", "1"), ("--set", "export.split=[1.0]"), ("--split", "0.6,0.4"), ()):  # () of 0.6, 0.4
        assert note not in export(run, "--format", "raw", *words).splitlines()
    export(run, "--format", "raw", "--split", "0.6,0,0.4")
    assert "  validation stays empty: export.split is [0.6, 0, 0.4] in this run (config.yaml)." in export(run)

"""`remud export` from the command line, on a run that was filled by an import."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from remud_gen import registry
from remud_gen.cli import app
from tests.exporters.mixed_records import make_mixed_corpus
from tests.exporters.samples import make_store, read_tree, run_export


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("imported")
    store = make_store(base / "first")
    run_export(make_mixed_corpus(store), store, base / "out", formats=["raw"])
    done = CliRunner().invoke(app, ["import", str(base / "out" / "raw"), "--run", str(base / "run")])
    assert done.exit_code == 0, done.output
    return base / "run"


@pytest.fixture
def run(imported: Path, tmp_path: Path) -> Path:
    shutil.copytree(imported, tmp_path / "run")
    return tmp_path / "run"


def export(run: Path, *words: object) -> str:
    done = CliRunner().invoke(app, ["export", "--run", str(run), "-q", *map(str, words)])
    assert done.exit_code == 0, done.output
    return done.output


def read_manifest(folder: Path) -> dict[str, object]:
    return json.loads((folder / "MANIFEST.json").read_text("utf-8"))


def test_list_names_every_format_and_what_it_is_for() -> None:
    done = CliRunner().invoke(app, ["export", "--list"])
    lines = done.output.splitlines()
    assert [line.split()[0] for line in lines] == registry.names("exporters")
    assert all(len(line) > 30 for line in lines)


def test_every_option_reaches_the_export(run: Path, tmp_path: Path) -> None:
    table = tmp_path / "terms.csv"
    table.write_text("file,licence\n*,CC0-1.0\n", "utf-8")
    told = export(
        run, "--format", "raw,swift", "--split", "0.6,0.2,0.2", "--thinking", "remud", "--images", "copy",
        "--where", "language=en", "--where", "question~e", "--balance", "language", "--reasoning-share", "0.5",
        "--max", "6", "--by", "difficulty,quality", "--licence-policy", "permissive", "--licences", table,
        "--out", tmp_path / "there",
    )  # fmt: skip
    assert "; not chosen: " in told
    for name in ("raw", "swift"):
        manifest = read_manifest(tmp_path / "there" / name)
        settings = manifest["settings"]
        assert isinstance(settings, dict)
        assert settings["split"] == [0.6, 0.2, 0.2]
        assert settings["where"] == ["language=en", "question~e"]
        assert (settings["thinking"], settings["images"], settings["balance"]) == ("remud", "copy", "language")
        assert (settings["max"], settings["by"]) == (6, ["difficulty", "quality"])
        assert (settings["reasoning_share"], settings["licence_policy"]) == (0.5, "permissive")
        assert manifest["profile"]["licence"] == {"cc0-1.0": 6}  # type: ignore[index]
        assert manifest["profile"]["style"] == {"direct": 3, "reasoning": 3}  # type: ignore[index]


def test_an_export_elsewhere_has_the_same_bytes_and_a_rerun_leaves_it_alone(run: Path, tmp_path: Path) -> None:
    for place in ("one", "two"):
        export(run, "--format", "raw,llamafactory,llava", "--out", tmp_path / place)
    assert read_tree(tmp_path / "one") == read_tree(tmp_path / "two")
    assert "raw is up to date" in export(run, "--format", "raw,llamafactory,llava", "--out", tmp_path / "one")


@pytest.mark.parametrize("gone", ["CHECKSUMS", "croissant.json", "provenance.jsonl"])
def test_an_export_that_lacks_a_paper_is_written_anew(run: Path, gone: str) -> None:
    export(run, "--format", "raw")
    before = read_tree(run / "export" / "raw")
    (run / "export" / "raw" / gone).unlink()
    assert "exported raw" in export(run, "--format", "raw")
    assert read_tree(run / "export" / "raw") == before


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--split", "most"), "not numbers"),
        (("--split", "0.9,0.2"), "sum to 1"),
        (("--where", "colour=red"), "fields of a record: "),
        (("--where", "language"), "FIELD=VALUE"),
        (("--balance", "colour"), "'qtype', 'organ', 'language' or 'answer'"),
        (("--by", "price"), "'quality', 'diversity' or 'difficulty'"),
        (("--licence-policy", "open"), "'permissive', 'research' or 'private'"),
        (("--licences", "nowhere.csv"), "no table of licences"),
        (("--images", "pack"), "cannot pack them"),
        (("--reasoning-share", "2"), "less than or equal to 1"),
    ],
)
def test_what_cannot_be_meant_is_a_configuration_error(run: Path, words: tuple[str, ...], told: str) -> None:
    before = read_tree(run)
    done = CliRunner().invoke(app, ["export", "--run", str(run), "-q", "--format", "swift", *words])
    assert done.exit_code == 2, done.output
    assert told in done.output
    assert not (run / "export").exists()
    assert read_tree(run).keys() == before.keys()


def test_a_review_is_no_habit_and_what_is_remembered_is_said(run: Path) -> None:
    export(run, "--format", "labelstudio", "--statuses", "kept,review", "--max", "5", "--thinking", "none")
    assert "kept,review" in (run / "export" / "labelstudio" / "README.md").read_text("utf-8")
    told = export(run, "--format", "raw")
    assert read_manifest(run / "export" / "raw")["settings"]["statuses"] == ["kept"]
    assert "(--max 5 --by quality,diversity)" in told
    assert "Without thinking (--thinking none)." in told
    assert "for review (--statuses" not in told

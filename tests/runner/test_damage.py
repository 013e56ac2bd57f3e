"""What lies on disk is never trusted blindly: a clear error or a clean redo, never a wrong record."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from remud_gen.errors import InputError
from remud_gen.runner.driver import Wish
from remud_gen.runner.folder import RunFolder
from tests.runner.bench import bring_up, error_lines, make_shelf, n_run, reasons, record_files, settings, survey


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    return make_shelf(tmp_path / "shelf")


@pytest.fixture
def run(tmp_path: Path, shelf: Path) -> Path:
    bring_up(tmp_path / "run", shelf, settings())
    return tmp_path / "run"


def find(run: Path, pattern: str) -> Path:
    return next(path for path in sorted(run.glob(pattern)) if not path.name.endswith(".errors.jsonl"))


def edit_unnoticed(path: Path, old: bytes, new: bytes) -> None:
    """Same size, same modification time: only the bytes tell."""
    stat = path.stat()
    data = path.read_bytes()
    assert len(old) == len(new)
    assert old in data
    path.write_bytes(data.replace(old, new))
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def test_an_edit_that_hides_is_found_when_the_next_stage_reads_it(tmp_path: Path, shelf: Path, run: Path) -> None:
    before = record_files(run)
    edit_unnoticed(find(run, "extract/first*p00003*.jsonl"), b'"height_pt":3', b'"height_pt":9')
    reports = bring_up(run, shelf, settings("serial", "pair.rule=other"))
    assert n_run(reports) == {"documents": 0, "extract": 1, "pair": 2}
    assert record_files(run) == before


def test_an_edit_that_hides_is_found_by_verify(shelf: Path, run: Path) -> None:
    before = record_files(run)
    edit_unnoticed(find(run, "pair/first*.jsonl"), b"xxxxxxx", b"xxxyxxx")
    assert n_run(bring_up(run, shelf, settings()))["pair"] == 0
    assert "was edited" in "".join(reasons(survey(run, shelf, settings(), is_thorough=True), "pair"))
    reports = bring_up(run, shelf, settings(), Wish("pair", is_thorough=True))
    assert n_run(reports) == {"documents": 0, "extract": 0, "pair": 1}
    assert record_files(run) == before


def test_an_edited_error_file_is_redone(tmp_path: Path, shelf: Path) -> None:
    (shelf / "first.txt").write_text("good\nbad", "utf-8")
    run = tmp_path / "run"
    bring_up(run, shelf, settings())
    before = record_files(run)
    errors = run / "extract" / find(run, "extract/first*.meta.json").name.replace(".meta.json", ".errors.jsonl")
    errors.write_text(errors.read_text("utf-8").replace("BAD_LINE", "OK"), "utf-8")
    assert reasons(survey(run, shelf, settings()), "extract") == {f"{errors.name} was edited or cut short"}
    bring_up(run, shelf, settings())
    assert record_files(run) == before


def test_a_torn_last_line_is_redone_not_read(shelf: Path, run: Path) -> None:
    before = record_files(run)
    victim = find(run, "extract/first*p00001*.jsonl")
    victim.write_bytes(victim.read_bytes()[:-20])
    reports = bring_up(run, shelf, settings())
    assert n_run(reports) == {"documents": 0, "extract": 1, "pair": 0}
    assert record_files(run) == before


@pytest.mark.parametrize("schema", [0, 99])
def test_parts_of_another_schema(shelf: Path, run: Path, schema: int) -> None:
    before = record_files(run)
    for meta in run.glob("*/*.meta.json"):
        data = json.loads(meta.read_text("utf-8"))
        meta.write_text(json.dumps({**data, "schema_version": schema}), "utf-8")
    if schema > 1:
        with pytest.raises(InputError, match="newer remud-gen"):
            bring_up(run, shelf, settings())
        assert record_files(run) == before
    else:
        assert reasons(survey(run, shelf, settings()), "documents") == {"written with schema 0"}
        assert n_run(bring_up(run, shelf, settings())) == {"documents": 2, "extract": 6, "pair": 2}
        assert record_files(run) == before


def test_a_sidecar_of_an_older_form_is_redone(shelf: Path, run: Path) -> None:
    before = record_files(run)
    meta = find(run, "pair/first*.meta.json")
    meta.write_text(json.dumps({"schema_version": 1, "stage": "pair", "key": "x"}), "utf-8")
    assert "damaged, edited or of an older version" in "".join(reasons(survey(run, shelf, settings()), "pair"))
    assert n_run(bring_up(run, shelf, settings()))["pair"] == 1
    assert record_files(run) == before


def test_an_edited_sidecar_is_redone(shelf: Path, run: Path) -> None:
    before = record_files(run)
    meta = find(run, "extract/first*p00001*.meta.json")
    data = json.loads(meta.read_text("utf-8"))
    meta.write_text(json.dumps({**data, "counts": {**data["counts"], "failed": 1}}), "utf-8")
    assert reasons(survey(run, shelf, settings()), "extract") == {
        "its sidecar is damaged, edited or of an older version"
    }
    assert n_run(bring_up(run, shelf, settings())) == {"documents": 0, "extract": 1, "pair": 0}
    assert record_files(run) == before


def test_a_run_of_an_older_schema_is_taken_over(shelf: Path, run: Path) -> None:
    (run / "run.json").write_text('{"schema_version": 0}', "utf-8")
    bring_up(run, shelf, settings())
    assert json.loads((run / "run.json").read_text("utf-8"))["schema_version"] == 1


@pytest.mark.parametrize("executor", ["serial", "processes"])
@pytest.mark.parametrize(("what", "code"), [("vanish", "FILE_VANISHED"), ("rewrite", "FILE_CHANGED")])
def test_a_book_that_goes_or_differs_meanwhile(
    tmp_path: Path, shelf: Path, executor: str, what: str, code: str
) -> None:
    (shelf / "zz.txt").write_text("one\ntwo\nthree", "utf-8")
    # The first page read takes the last book away, or writes into it.
    (shelf / "a.txt").write_text(f"{what}={shelf / 'zz.txt'}", "utf-8")
    reports = bring_up(tmp_path / "run", shelf, settings(executor, "runner.workers=1"))
    assert reports["extract"].counts.codes == {code: 3}
    assert reports["extract"].counts.failed == 3
    hints = {error["hint"] for error in error_lines(tmp_path / "run", "extract")}
    assert hints <= {"put it back and add --retry-errors", "run the command again"}
    if what == "rewrite":
        again = bring_up(tmp_path / "run", shelf, settings())
        assert again["extract"].counts.failed == 0
        assert again["extract"].counts.produced == 7 + 3 + 1 + 3


def test_a_full_disk_is_a_clear_error_and_costs_nothing(
    tmp_path: Path, shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"
    bring_up(tmp_path / "reference", shelf, settings())
    written = 0
    real_fsync = os.fsync

    def fill_up(descriptor: int) -> None:
        nonlocal written
        written += 1
        if written >= 12:
            raise OSError(28, "No space left on device")
        real_fsync(descriptor)

    monkeypatch.setattr(os, "fsync", fill_up)
    with pytest.raises(InputError, match="No space left on device") as caught:
        bring_up(run, shelf, settings())
    assert "make room" in caught.value.hint
    assert not list(run.rglob(".tmp-*"))
    monkeypatch.undo()
    bring_up(run, shelf, settings())
    assert record_files(run) == record_files(tmp_path / "reference")


def test_a_run_folder_on_a_path_through_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", "utf-8")
    with pytest.raises(InputError, match=r"not a folder|cannot write"):
        RunFolder(tmp_path / "file" / "run").open(settings())

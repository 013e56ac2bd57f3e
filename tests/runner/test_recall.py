"""Files that are not there are planned as they were when last seen, from the run folder alone."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from remud_gen.errors import InputError
from remud_gen.runner.away import HINT, find_away, look_for_roots
from remud_gen.runner.driver import Driver
from remud_gen.runner.folder import RunFolder
from remud_gen.runner.interrupt import Interruption
from remud_gen.runner.recall import recall_files, remembers_licences
from remud_gen.runner.reports.report import StageReport
from remud_gen.runner.reports.unnamed import tell_unused
from tests.runner.bench import ROWS, bring_up, settings, survey


def look_away(run: Path, *more: str) -> dict[str, StageReport]:
    with Interruption(lambda text: None) as interruption:
        driver = Driver(RunFolder(run), settings("serial", *more), ROWS, interruption, is_quiet=True)
        return {report.name: report for report in driver.survey(None)}


def states(reports: dict[str, StageReport]) -> dict[str, list[tuple[str, str, str]]]:
    return {
        name: [(state.spec.key, state.state, state.reason) for state in report.states]
        for name, report in reports.items()
    }


def orphans(reports: dict[str, StageReport]) -> dict[str, list[str]]:
    return {name: report.orphans for name, report in reports.items()}


def test_the_plan_without_the_files_is_the_plan_with_them(run: Path, shelf: Path) -> None:
    (shelf / "first.txt").rename(shelf / "prime.txt")
    (shelf / "copy.txt").write_bytes((shelf / "第二册.txt").read_bytes())
    (shelf / "third.txt").write_text("one", "utf-8")
    bring_up(run, shelf, settings())
    (shelf / "third.txt").unlink()
    bring_up(run, shelf, settings())
    more = "extract.pages_per_part=3"
    there, there_changed = survey(run, shelf, settings()), survey(run, shelf, settings("serial", more))
    shutil.move(shelf, shelf.with_name("gone"))
    assert states(look_away(run)) == states(there)
    assert orphans(look_away(run)) == orphans(there)
    assert any("third" in key for key in orphans(there)["documents"])
    assert states(look_away(run, more)) == states(there_changed)


def test_a_book_renamed_back_is_told_by_its_last_name(run: Path, shelf: Path) -> None:
    for one, other in (("first", "prime"), ("prime", "first")):
        (shelf / f"{one}.txt").rename(shelf / f"{other}.txt")
        bring_up(run, shelf, settings())
    assert {spec.document for spec in recall_files(run, "documents")} == {"first.txt", "第二册.txt"}


def test_a_file_that_was_never_worked_on_is_still_to_be_made(run: Path) -> None:
    for path in (run / "documents").glob("first*"):
        path.unlink()
    documents = look_away(run)["documents"]
    assert {state.spec.document: state.state for state in documents.states} == {
        "first.txt": "missing",
        "第二册.txt": "fresh",
    }


def test_without_the_inventory_all_parts_count(run: Path) -> None:
    (run / "inputs.json").unlink()
    assert {state.state for report in look_away(run).values() for state in report.states} == {"fresh"}


def test_folders_that_are_away_are_refused_with_a_hint_or_noted(
    run: Path, shelf: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = RunFolder(run)
    assert look_for_roots(folder, [], must_be_there=True) == [shelf.resolve()]
    shelf.rename(shelf.with_name("gone"))
    with pytest.raises(InputError, match="does not exist") as missing:
        look_for_roots(folder, [], must_be_there=True)
    assert missing.value.hint == HINT
    assert look_for_roots(folder, []) is None
    assert f"note: {shelf.resolve()} does not exist; " in capsys.readouterr().err
    shelf.mkdir()
    with pytest.raises(InputError, match="no files in") as empty:
        look_for_roots(folder, [], must_be_there=True)
    assert empty.value.hint == HINT
    assert look_for_roots(folder, [shelf.with_name("gone")]) == [shelf.with_name("gone")]
    assert find_away([], run) is None


def test_a_table_of_licences_is_remembered(run: Path, shelf: Path) -> None:
    assert not remembers_licences(run, "documents")
    (shelf / "licences.csv").write_text("file,licence\nfirst.txt,private\n", "utf-8")
    bring_up(run, shelf, settings())
    assert remembers_licences(run, "documents")


def test_files_that_were_not_named_are_told_apart_from_gone_ones(run: Path, shelf: Path) -> None:
    folder = RunFolder(run)
    second = shelf / "第二册.txt"
    folder.remember_roots([second])
    assert folder.recall_former_roots() == [shelf.resolve()]
    report = bring_up(run, second, settings())["documents"]
    (told,) = tell_unused(run, "documents", report.orphans)
    assert told == (
        "documents: 1 part of files that were not named this time, kept on disk, not used; "
        f"to have them back, name {shelf.resolve()} as well"
    )
    (shelf / "first.txt").unlink()
    assert list(tell_unused(run, "documents", report.orphans)) == [
        "documents: 1 part of inputs that are gone, kept on disk, not used"
    ]
    folder.remember_roots([shelf])
    assert folder.recall_former_roots() == []

"""The runner as a whole, on small real stages, in both executors."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from remud_gen import registry
from remud_gen.errors import InputError, TooManyErrors
from remud_gen.runner.driver import Wish
from remud_gen.runner.folder import RunFolder
from remud_gen.runner.inventory import take_inventory
from remud_gen.runner.plan import Request, StageRow, plan_stage
from remud_gen.runner.pool import WorkerPool
from remud_gen.runner.run import Bench, Job, load_stage
from tests.runner.bench import ROWS, TOY, bring_up, error_lines, make_shelf, n_run, record_files, settings


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    return make_shelf(tmp_path / "shelf")


@pytest.mark.parametrize("executor", registry.names("executors"))
def test_all_executors_write_the_same_bytes(tmp_path: Path, shelf: Path, executor: str) -> None:
    bring_up(tmp_path / "reference", shelf, settings("serial"))
    reports = bring_up(tmp_path / "run", shelf, settings(executor))
    assert record_files(tmp_path / "run") == record_files(tmp_path / "reference")
    assert reports["extract"].counts.inputs == 10
    assert reports["extract"].counts.produced == 10


def test_a_second_run_does_nothing(tmp_path: Path, shelf: Path) -> None:
    bring_up(tmp_path / "run", shelf, settings())
    assert n_run(bring_up(tmp_path / "run", shelf, settings())) == {"documents": 0, "extract": 0, "pair": 0}


def test_a_new_book_runs_its_own_parts_only(tmp_path: Path, shelf: Path) -> None:
    bring_up(tmp_path / "run", shelf, settings())
    (shelf / "third.txt").write_text("one\ntwo\nthree", "utf-8")
    assert n_run(bring_up(tmp_path / "run", shelf, settings())) == {"documents": 1, "extract": 2, "pair": 1}


def test_a_setting_makes_its_stage_and_what_follows_stale(tmp_path: Path, shelf: Path) -> None:
    bring_up(tmp_path / "run", shelf, settings())
    reports = bring_up(tmp_path / "run", shelf, settings("serial", "extract.min_dpi=200"))
    # The toy pages do not depend on the setting: the same bytes come out, so pairing has nothing to redo.
    assert n_run(reports) == {"documents": 0, "extract": 6, "pair": 0}


def test_an_edited_checkpoint_is_redone(tmp_path: Path, shelf: Path) -> None:
    run = tmp_path / "run"
    bring_up(run, shelf, settings())
    before = record_files(run)
    victim = next((run / "extract").glob("first*p00003-00004.jsonl"))
    victim.write_text(victim.read_text("utf-8").replace('"height_pt":3', '"height_pt":9'), "utf-8")
    assert n_run(bring_up(run, shelf, settings())) == {"documents": 0, "extract": 1, "pair": 0}
    assert record_files(run) == before


@pytest.mark.parametrize("damage", ["truncate", "remove_meta", "tear_meta", "remove_errors"])
def test_a_damaged_part_is_redone(tmp_path: Path, shelf: Path, damage: str) -> None:
    run = tmp_path / "run"
    bring_up(run, shelf, settings())
    before = record_files(run)
    records = next(path for path in (run / "pair").glob("first*.jsonl") if "errors" not in path.name)
    meta = records.with_name(records.name.replace(".jsonl", ".meta.json"))
    if damage == "truncate":
        records.write_bytes(records.read_bytes()[:-5])
    elif damage == "remove_meta":
        meta.unlink()
    elif damage == "tear_meta":
        meta.write_bytes(meta.read_bytes()[:40])
    else:
        records.with_name(records.name.replace(".jsonl", ".errors.jsonl")).unlink()
    assert n_run(bring_up(run, shelf, settings()))["pair"] == 1
    assert record_files(run) == before


def test_failures_are_named_and_counted_once(tmp_path: Path, shelf: Path) -> None:
    (shelf / "first.txt").write_text("good\nbad\nunfit\nbug\ngood", "utf-8")
    report = bring_up(tmp_path / "run", shelf, settings())["extract"]
    counts = report.counts
    assert (counts.inputs, counts.produced, counts.rejected, counts.failed) == (8, 5, 1, 2)
    assert counts.codes == {"BAD_LINE": 1, "UNEXPECTED": 1, "UNFIT": 1}
    lines = [
        json.loads(line)
        for path in (tmp_path / "run" / "extract").glob("*.errors.jsonl")
        for line in path.read_text("utf-8").splitlines()
    ]
    bad = next(line for line in lines if line["code"] == "BAD_LINE")
    assert bad["file"] == "first.txt"
    assert bad["page_number"] == 2
    assert bad["hint"] == "mend it"


@pytest.mark.parametrize(
    ("word", "code", "more"),
    [
        ("segfault", "WORKER_DIED", []),
        ("hang", "TIMED_OUT", ["runner.part_timeout_s=4"]),
        ("grow", "TOO_MUCH_MEMORY", ["runner.worker_memory_mb=300"]),
    ],
)
def test_a_deadly_page_costs_itself_only(tmp_path: Path, shelf: Path, word: str, code: str, more: list[str]) -> None:
    (shelf / "first.txt").write_text(f"a\nb\n{word}\nd\ne\nf", "utf-8")
    report = bring_up(tmp_path / "run", shelf, settings("processes", *more))["extract"]
    assert report.counts.codes == {code: 1}
    assert (report.counts.produced, report.counts.failed) == (8, 1)
    (error,) = error_lines(tmp_path / "run", "extract")
    assert (error["file"], error["page_number"], error["code"]) == ("first.txt", 3, code)
    assert "--retry-errors" in error["hint"]
    assert not list((tmp_path / "run").rglob(".tmp-*"))


def test_a_part_that_kills_every_worker_is_given_up(tmp_path: Path, shelf: Path) -> None:
    (shelf / "first.txt").write_text("segfault\n" * 6 + "good\n", "utf-8")
    config = settings("processes", "extract.pages_per_part=6")
    report = bring_up(tmp_path / "run", shelf, config)["extract"]
    assert report.counts.codes == {"WORKER_DIED": 6}
    assert (report.counts.inputs, report.counts.produced, report.counts.failed) == (10, 4, 6)


def test_a_worker_that_dies_over_a_whole_document_costs_the_document(tmp_path: Path, shelf: Path) -> None:
    (shelf / "first.txt").write_text("a\nb\n", "utf-8")
    rows = (*ROWS[:2], StageRow("pair", f"{TOY}:DeadlyPassages", "document", "page"))
    report = bring_up(tmp_path / "run", shelf, settings("processes"), rows=rows)["pair"]
    assert report.counts.codes == {"WORKER_DIED": 2}
    assert (report.counts.produced, report.counts.failed) == (3, 2)


def test_library_chatter_stays_off_the_screen(tmp_path: Path, shelf: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (shelf / "first.txt").write_text("chatty\nchatty", "utf-8")
    bring_up(tmp_path / "run", shelf, settings("processes"))
    assert capfd.readouterr() == ("", "")


def test_a_limited_part_is_partial_and_completed_later(tmp_path: Path, shelf: Path) -> None:
    run = tmp_path / "run"
    limited = bring_up(run, shelf, settings(), Wish("pair", limits={"extract": 3}))
    assert limited["extract"].counts.inputs == 3
    assert limited["extract"].n_partial == 1
    assert bring_up(run, shelf, settings(), Wish("pair", limits={"extract": 3}))["extract"].n_run == 0
    full = bring_up(run, shelf, settings())
    assert full["extract"].counts.inputs == 10
    assert full["extract"].n_partial == 0
    bring_up(tmp_path / "reference", shelf, settings())
    assert record_files(run) == record_files(tmp_path / "reference")


def test_only_leaves_earlier_stages_alone(tmp_path: Path, shelf: Path) -> None:
    run = tmp_path / "run"
    bring_up(run, shelf, settings())
    (shelf / "third.txt").write_text("one", "utf-8")
    reports = bring_up(run, shelf, settings(), Wish("pair", frozenset({"pair"})))
    assert n_run(reports) == {"documents": 0, "extract": 0, "pair": 0}
    assert reports["documents"].n_stale == 1


def test_retry_errors_redoes_parts_with_failures_only(tmp_path: Path, shelf: Path) -> None:
    log = tmp_path / "touched"
    (shelf / "first.txt").write_text(f"good logged={log}\nbad logged={log}\ngood\ngood", "utf-8")
    bring_up(tmp_path / "run", shelf, settings())
    before = record_files(tmp_path / "run")
    assert bring_up(tmp_path / "run", shelf, settings())["extract"].n_run == 0
    assert log.read_text("utf-8").split() == ["1", "2"]
    report = bring_up(tmp_path / "run", shelf, settings(), Wish("pair", retries_errors=True))["extract"]
    assert report.n_run == 1
    assert log.read_text("utf-8").split() == ["1", "2", "2"]
    assert record_files(tmp_path / "run") == before
    assert (report.counts.inputs, report.counts.produced, report.counts.failed) == (7, 6, 1)


def test_too_many_errors_stop_the_run(tmp_path: Path, shelf: Path) -> None:
    log = tmp_path / "touched"
    (shelf / "first.txt").write_text("\n".join([f"bad logged={log}"] * 30), "utf-8")
    with pytest.raises(TooManyErrors, match="18 of 18 pages failed in extract; the rest was not tried") as caught:
        bring_up(tmp_path / "run", shelf, settings("serial", "runner.max_error_rate=0.5"))
    assert "BAD_LINE" in caught.value.hint
    assert len(log.read_text("utf-8").split()) == 18  # more than half of the 33 pages: the rest cannot save it


def test_a_shelf_of_unreadable_files_is_an_input_error(tmp_path: Path) -> None:
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    (shelf / "empty.txt").write_text("", "utf-8")
    with pytest.raises(InputError, match="the one file cannot be read") as caught:
        bring_up(tmp_path / "run", shelf, settings())
    assert "ZERO_PAGES" in caught.value.hint


def test_identical_copies_are_one_document(tmp_path: Path, shelf: Path) -> None:
    (shelf / "a_copy.txt").write_bytes((shelf / "first.txt").read_bytes())
    reports = bring_up(tmp_path / "run", shelf, settings())
    assert reports["documents"].counts.inputs == 2
    line = json.loads(
        next((tmp_path / "run" / "documents").glob("a_copy-????????.jsonl")).read_text("utf-8").splitlines()[0]
    )
    assert line["file"] == "a_copy.txt"
    assert line["copies"] == ["first.txt"]


def test_parts_of_a_removed_book_are_orphans(tmp_path: Path, shelf: Path) -> None:
    bring_up(tmp_path / "run", shelf, settings())
    (shelf / "first.txt").unlink()
    reports = bring_up(tmp_path / "run", shelf, settings())
    assert {name: report.n_orphans for name, report in reports.items()} == {"documents": 1, "extract": 4, "pair": 1}
    assert reports["pair"].counts.inputs == 3


def test_record_files_hold_no_path_of_this_machine(tmp_path: Path, shelf: Path) -> None:
    bring_up(tmp_path / "run", shelf, settings())
    for name, data in record_files(tmp_path / "run").items():
        assert str(tmp_path).encode() not in data, name


def test_two_runs_at_once_get_a_clear_error(tmp_path: Path) -> None:
    first = RunFolder(tmp_path / "run").open(settings())
    try:
        with pytest.raises(InputError, match="in use"):
            RunFolder(tmp_path / "run").open(settings())
    finally:
        first.close()
    RunFolder(tmp_path / "run").open(settings()).close()


def test_a_run_of_a_newer_schema_is_refused(tmp_path: Path) -> None:
    RunFolder(tmp_path / "run").open(settings()).close()
    (tmp_path / "run" / "run.json").write_text('{"schema_version": 99}', "utf-8")
    with pytest.raises(InputError, match="newer remud-gen"):
        RunFolder(tmp_path / "run").open(settings())


def test_a_foreign_folder_is_not_taken_for_a_run(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work", "utf-8")
    with pytest.raises(InputError, match="not a run folder"):
        RunFolder(tmp_path).open(settings())


def test_a_limit_never_makes_a_finished_result_smaller(tmp_path: Path, shelf: Path) -> None:
    run = tmp_path / "run"
    bring_up(run, shelf, settings())
    before = record_files(run)
    reports = bring_up(run, shelf, settings(), Wish("pair", limits={"extract": 1}))
    assert n_run(reports) == {"documents": 0, "extract": 0, "pair": 0}
    assert record_files(run) == before


def test_many_folders_with_files_of_the_same_name_lose_none(tmp_path: Path) -> None:
    roots = []
    for number in "123":
        roots.append(tmp_path / number / "scans")
        roots[-1].mkdir(parents=True)
        (roots[-1] / "page.txt").write_text(f"page of {number}", "utf-8")
    names = [entry.file for entry in take_inventory(roots, tmp_path / "run", is_writable=False)]
    assert len(set(names)) == 3


def test_a_file_name_of_a_foreign_encoding_is_read(tmp_path: Path, shelf: Path) -> None:
    name = "图谱.txt".encode("gb18030")
    try:
        Path(os.fsdecode(os.fsencode(shelf) + b"/" + name)).write_text("one", "utf-8")
    except OSError:
        pytest.skip("this file system refuses such names")
    reports = bring_up(tmp_path / "run", shelf, settings())
    assert reports["pair"].counts.produced == 11


def test_what_a_killed_run_left_is_cleared(tmp_path: Path) -> None:
    RunFolder(tmp_path / "run").open(settings()).close()
    for place in (tmp_path / "run", tmp_path / "run" / "pair", tmp_path / "run" / "images"):
        place.mkdir(exist_ok=True)
        (place / ".tmp-abc").write_text("{", "utf-8")
    RunFolder(tmp_path / "run").open(settings()).close()
    assert not list((tmp_path / "run").rglob(".tmp-*"))


def test_an_idle_worker_that_died_is_replaced(tmp_path: Path, shelf: Path) -> None:
    bring_up(tmp_path / "reference", shelf, settings())
    folder = RunFolder(tmp_path / "run").open(settings())
    files = take_inventory([shelf], folder.path, is_writable=True)
    bench = Bench(folder.path, settings(), {file.sha256: file.place for file in files})
    rows = {row.name: row for row in ROWS}
    stage = load_stage(rows["documents"].target, bench.config)
    states = plan_stage(Request(folder.path, bench.config, files), rows["documents"], stage, [])
    jobs = [Job(rows["documents"].target, state.spec, state.stamp) for state in states]
    pool = WorkerPool(bench, bench.config.runner, 1)
    try:
        assert len(list(pool.map(jobs[:1], lambda n: None, lambda: False))) == 1
        worker = pool._workers[0]
        worker.process.kill()
        worker.process.join()
        assert len(list(pool.map(jobs[1:], lambda n: None, lambda: False))) == 1
    finally:
        pool.close(is_urgent=True)
        folder.close()


def test_the_line_separator_of_unicode_in_an_error_does_not_break_a_retry(tmp_path: Path, shelf: Path) -> None:
    (shelf / "odd\u2028name.txt").write_text("good\nbad", "utf-8")
    bring_up(tmp_path / "run", shelf, settings())
    report = bring_up(tmp_path / "run", shelf, settings(), Wish("pair", retries_errors=True))["extract"]
    assert report.counts.codes == {"BAD_LINE": 1}

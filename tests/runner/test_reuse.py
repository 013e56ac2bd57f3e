"""What was done is kept: within a part, under a book's new name, beside failed inputs; and a change is told by name."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from remud_gen.errors import Interrupted
from remud_gen.runner.basis import Basis, flatten_settings
from remud_gen.runner.driver import Driver, Wish
from remud_gen.runner.folder import RunFolder
from remud_gen.runner.interrupt import Interruption
from tests.runner.bench import (
    ROWS,
    bring_up,
    error_lines,
    make_shelf,
    n_run,
    reasons,
    record_files,
    settings,
    survey,
)


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    return make_shelf(tmp_path / "shelf")


def write_logged(path: Path, log: Path, n_lines: int, words: dict[int, str] | None = None) -> None:
    """A document whose pages note that they were read."""
    lines = [f"{(words or {}).get(number, 'good')} logged={log}" for number in range(1, n_lines + 1)]
    path.write_text("\n".join(lines), "utf-8")


@pytest.mark.parametrize("executor", ["serial", "processes"])
def test_a_wish_to_stop_keeps_the_pages_read(tmp_path: Path, executor: str) -> None:
    shelf, run, log = tmp_path / "shelf", tmp_path / "run", tmp_path / "log"
    shelf.mkdir()
    write_logged(shelf / "book.txt", log, 8, dict.fromkeys(range(1, 9), "slow"))
    config = settings(executor, "extract.pages_per_part=8", "runner.workers=1")
    folder = RunFolder(run).open(config)
    told: list[str] = []
    try:
        with Interruption(told.append) as interruption, pytest.raises(Interrupted):

            class Impatient(Driver):
                """Asks for a stop as soon as the second page was begun."""

                def _run_row(self, row, *rest, **more):
                    if row.name == "extract":
                        watch_log(log, interruption)
                    return super()._run_row(row, *rest, **more)

            Impatient(folder, config, ROWS, interruption, is_quiet=True).bring_up_to(Wish("pair"), [shelf])
    finally:
        folder.close()
    n_read = len(log.read_text("utf-8").split())
    assert 2 <= n_read < 8
    report = survey(run, shelf, config)["extract"]
    assert report.n_partial == 1
    assert report.counts.inputs == n_read
    assert reasons(survey(run, shelf, config), "extract") == {f"{n_read} of 8 inputs done"}
    bring_up(run, shelf, config)
    assert log.read_text("utf-8").split() == [str(number) for number in range(1, 9)]  # none was read twice
    bring_up(tmp_path / "reference", shelf, config)
    assert record_files(run) == record_files(tmp_path / "reference")


def watch_log(log: Path, interruption: Interruption) -> None:
    import threading
    import time

    def wait() -> None:
        while not log.exists() or len(log.read_text("utf-8").split()) < 2:
            time.sleep(0.05)
        interruption.is_requested = True

    threading.Thread(target=wait, daemon=True).start()


def test_a_renamed_book_is_not_read_again(tmp_path: Path, shelf: Path) -> None:
    run, log = tmp_path / "run", tmp_path / "log"
    write_logged(shelf / "first.txt", log, 5, {2: "bad", 4: "unfit"})
    bring_up(run, shelf, settings())
    (shelf / "first.txt").rename(shelf / "atlas.txt")
    reports = bring_up(run, shelf, settings())
    assert n_run(reports) == {"documents": 1, "extract": 3, "pair": 1}
    assert reports["extract"].n_orphans == 3
    # Of three parts of two pages one holds a failure: that one is read anew, which may have been the name's fault.
    assert log.read_text("utf-8").split()[5:] == ["1", "2"]
    assert {error["file"] for error in error_lines(run, "extract") if error["code"] == "UNFIT"} == {
        "first.txt",
        "atlas.txt",
    }
    bring_up(tmp_path / "reference", shelf, settings())
    renamed = {name: data for name, data in record_files(run).items() if "/first-" not in name}
    assert renamed == record_files(tmp_path / "reference")


def test_a_copy_beside_a_book_costs_no_page(tmp_path: Path, shelf: Path) -> None:
    run, log = tmp_path / "run", tmp_path / "log"
    write_logged(shelf / "first.txt", log, 5)
    bring_up(run, shelf, settings())
    (shelf / "zz").mkdir()
    shutil.copy(shelf / "first.txt", shelf / "zz" / "copy.txt")
    reports = bring_up(run, shelf, settings())
    assert n_run(reports) == {"documents": 1, "extract": 0, "pair": 0}
    assert len(log.read_text("utf-8").split()) == 5
    line = json.loads(next((run / "documents").glob("first-????????.jsonl")).read_text("utf-8").splitlines()[0])
    assert line["copies"] == ["zz/copy.txt"]


def test_a_part_with_rejections_is_retried_without_losing_their_codes(tmp_path: Path, shelf: Path) -> None:
    run, log = tmp_path / "run", tmp_path / "log"
    write_logged(shelf / "first.txt", log, 2, {1: "odd", 2: "bad"})
    before = bring_up(run, shelf, settings())["extract"].counts
    assert before.codes == {"ODD": 1, "BAD_LINE": 1}
    after = bring_up(run, shelf, settings(), Wish("pair", retries_errors=True))["extract"].counts
    assert after == before
    assert log.read_text("utf-8").split() == ["1", "2", "2"]


def test_the_reason_of_a_stale_part_is_named(tmp_path: Path, shelf: Path) -> None:
    run = tmp_path / "run"
    bring_up(run, shelf, settings())
    changed = survey(run, shelf, settings("serial", "extract.min_dpi=200", "pair.rule=other"))
    assert reasons(changed, "extract") == {"setting min_dpi changed"}
    assert reasons(changed, "pair") == {"setting rule changed"}
    for meta in (run / "extract").glob("第二册*.meta.json"):
        meta.unlink()
    (shelf / "first.txt").write_text("only one line", "utf-8")
    bring_up(run, shelf, settings(), Wish("extract"))
    told = survey(run, shelf, settings())
    assert any(reason == "not made yet" for reason in reasons(told, "pair"))


def test_an_input_that_changed_is_named(tmp_path: Path, shelf: Path) -> None:
    run = tmp_path / "run"
    bring_up(run, shelf, settings())
    (shelf / "第二册.txt").write_text("甲\n乙\n丙\n丁", "utf-8")
    bring_up(run, shelf, settings(), Wish("extract"))
    # The toy's pairs of the other book do not change; those of this one have other pages now.
    told = survey(run, shelf, settings())["pair"]
    assert [state.reason for state in told.states if state.spec.document == "第二册.txt"] == ["not made yet"]
    config = settings("serial", "extract.min_dpi=200")
    bring_up(run, shelf, config, Wish("extract"))
    assert reasons(survey(run, shelf, config), "pair") == {"not made yet"}


def test_nested_settings_are_told_apart() -> None:
    mine = flatten_settings({"prompts": {"vqa.zh@1": "a"}, "leaks": {"version": 1, "options": {"most": 3}}, "seed": 0})
    assert sorted(mine) == ["leaks.options.most", "leaks.version", "prompts.vqa.zh@1", "seed"]
    other = flatten_settings({"prompts": {"vqa.zh@1": "b"}, "leaks": {"version": 1, "options": {"most": 4}}, "seed": 0})
    assert [key for key in mine if mine[key] != other[key]] == ["prompts.vqa.zh@1", "leaks.options.most"]


def test_a_basis_explains_itself(tmp_path: Path) -> None:
    old = Basis(stage="pair", version=1, settings={"a": "1"}, libraries={"numpy": "2.0"})
    new = Basis(stage="pair", version=2, settings={"a": "2", "b": "3"}, libraries={"numpy": "2.1"})
    old.save(tmp_path)
    assert new.explain_change(tmp_path, old.sha) == [
        "version of the stage changed (1 -> 2)",
        "setting a changed",
        "setting b changed",
        "library numpy changed (2.0 -> 2.1)",
    ]
    assert new.explain_change(tmp_path, new.sha) == []
    assert new.explain_change(tmp_path, "f" * 16) == ["settings, libraries or version changed"]


def stop_when(log: Path, n_lines: int, interruption: Interruption) -> None:
    import threading
    import time

    def wait() -> None:
        while not log.exists() or len(log.read_text("utf-8").split()) < n_lines:
            time.sleep(0.02)
        interruption.is_requested = True

    threading.Thread(target=wait, daemon=True).start()


def run_stopped(run: Path, shelf: Path, wish: Wish, config, log: Path, n_lines: int) -> None:
    """Bring up, with a wish to stop once so many pages were begun."""
    folder = RunFolder(run).open(config)
    try:
        with Interruption(lambda text: None) as interruption, pytest.raises(Interrupted):
            stop_when(log, n_lines, interruption)
            Driver(folder, config, ROWS, interruption, is_quiet=True).bring_up_to(wish, [shelf])
    finally:
        folder.close()


def test_a_stopped_retry_keeps_what_the_part_held(tmp_path: Path) -> None:
    shelf, run, log = tmp_path / "shelf", tmp_path / "run", tmp_path / "log"
    shelf.mkdir()
    write_logged(shelf / "book.txt", log, 8, {2: "slow bad", 5: "slow bad", 7: "slow bad"})
    config = settings("serial", "extract.pages_per_part=8")
    before = bring_up(run, shelf, config, Wish("extract"))["extract"].counts
    files = record_files(run)
    run_stopped(run, shelf, Wish("extract", retries_errors=True), config, log, 9)
    report = survey(run, shelf, config)["extract"]
    assert report.counts == before
    assert {name: data for name, data in record_files(run).items() if "extract" in name} == {
        name: data for name, data in files.items() if "extract" in name
    }
    assert len(log.read_text("utf-8").split()) < 8 + 3


def test_a_stopped_resume_never_shrinks(tmp_path: Path) -> None:
    shelf, run, log = tmp_path / "shelf", tmp_path / "run", tmp_path / "log"
    shelf.mkdir()
    write_logged(shelf / "book.txt", log, 8, dict.fromkeys(range(7, 9), "slow"))
    config = settings("serial", "extract.pages_per_part=8")
    bring_up(run, shelf, config, Wish("extract", limits={"extract": 6}))
    run_stopped(run, shelf, Wish("extract"), config, log, 7)
    assert survey(run, shelf, config)["extract"].counts.inputs >= 6


def test_a_smaller_limit_with_a_retry_never_shrinks(tmp_path: Path) -> None:
    shelf, run, log = tmp_path / "shelf", tmp_path / "run", tmp_path / "log"
    shelf.mkdir()
    write_logged(shelf / "book.txt", log, 8, {2: "bad"})
    config = settings("serial", "extract.pages_per_part=8")
    bring_up(run, shelf, config, Wish("extract", limits={"extract": 6}))
    again = bring_up(run, shelf, config, Wish("extract", retries_errors=True, limits={"extract": 3}))["extract"]
    assert again.counts.inputs == 6
    assert log.read_text("utf-8").split() == [
        "1",
        "2",
        "3",
        "4",
        "5",
        "6",
        "2",
    ]  # the failed one of a partial part, too


def test_bytes_that_were_changed_are_not_taken_over(tmp_path: Path, shelf: Path) -> None:
    run, log = tmp_path / "run", tmp_path / "log"
    write_logged(shelf / "first.txt", log, 4)
    bring_up(run, shelf, settings())
    victim = next((run / "extract").glob("first*p00001-00002.jsonl"))
    victim.write_text(victim.read_text("utf-8").replace('"height_pt":1', '"height_pt":9'), "utf-8")
    (shelf / "first.txt").rename(shelf / "atlas.txt")
    bring_up(run, shelf, settings())
    bring_up(tmp_path / "reference", shelf, settings())
    kept = {name: data for name, data in record_files(run).items() if "/first-" not in name}
    assert kept == record_files(tmp_path / "reference")


def test_what_kills_again_when_left_out_ends_the_part(tmp_path: Path, shelf: Path) -> None:
    (shelf / "first.txt").write_text("good\nhalf\ngood", "utf-8")
    report = bring_up(tmp_path / "run", shelf, settings("processes", "extract.pages_per_part=8"))["extract"]
    assert (report.counts.inputs, report.counts.produced, report.counts.failed) == (6, 5, 1)
    assert report.counts.codes == {"NOT_UNICODE": 1}


def test_crashes_in_a_retry_cost_no_good_page(tmp_path: Path, shelf: Path) -> None:
    gate = tmp_path / "gate"
    lines = ["good"] * 4 + [f"gated={gate}"] * 4
    (shelf / "first.txt").write_text("\n".join(lines), "utf-8")
    config = settings("processes", "extract.pages_per_part=8")
    before = bring_up(tmp_path / "run", shelf, config)["extract"].counts
    assert (before.produced, before.failed) == (7, 4)
    gate.write_text("deadly", "utf-8")
    after = bring_up(tmp_path / "run", shelf, config, Wish("pair", retries_errors=True))["extract"].counts
    assert (after.produced, after.failed, after.codes) == (7, 4, {"WORKER_DIED": 4})

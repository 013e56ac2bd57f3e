"""What every executor must hold to: it maps picklable jobs over workers and changes nothing of what comes out.

Runs over every registered executor, and over one written here as an outsider would write it: an executor on another
engine joins as one file. This one is on the standard library's pool and gets everything as pickled bytes, as it would
from another machine.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

import pytest

from remud_gen import registry
from remud_gen.config import RunnerConfig
from remud_gen.errors import InputError, Interrupted
from remud_gen.runner.driver import Wish
from remud_gen.runner.executors.base import Executor
from remud_gen.runner.executors.processes import ProcessExecutor
from remud_gen.runner.folder import RunFolder
from remud_gen.runner.interrupt import Interruption
from remud_gen.runner.inventory import take_inventory
from remud_gen.runner.plan import Request, plan_stage
from remud_gen.runner.run import Bench, Job, JobResult, Tick, Workbench, load_stage
from tests.runner.bench import ROWS, bring_up, error_lines, make_shelf, n_run, record_files, settings


def run_far_away(luggage: bytes) -> bytes:
    bench, job = pickle.loads(luggage)
    return pickle.dumps(Workbench(bench).run(job, lambda n: None))


class PoolExecutor(Executor):
    """An outsider's executor."""

    name, survives_crashes = "pool", False

    def __init__(self, bench: Bench, options: RunnerConfig, interruption: Interruption) -> None:
        self._bench, self._interruption = bench, interruption
        self._pool = ProcessPoolExecutor(2, mp_context=get_context("spawn"))

    def close(self, *, is_urgent: bool) -> None:
        self._pool.shutdown(wait=True, cancel_futures=is_urgent)

    def map(self, jobs: Sequence[Job], tick: Tick) -> Iterator[JobResult]:
        self._interruption.raise_if_requested()
        waiting = {self._pool.submit(run_far_away, pickle.dumps((self._bench, job))) for job in jobs}
        for future in as_completed(waiting):
            if self._interruption.is_requested:
                for other in waiting:
                    other.cancel()
            if future.cancelled():
                continue
            result: JobResult = pickle.loads(future.result())
            tick(result.meta.counts.inputs)
            yield result
        self._interruption.raise_if_requested()


@pytest.fixture(params=[*registry.names("executors"), "pool"])
def executor(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    table = {**registry.table("executors"), "pool": f"{__name__}:PoolExecutor"}
    monkeypatch.setattr(registry, "table", lambda kind: table if kind == "executors" else TABLES(kind))
    return request.param


TABLES = registry.table


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    return make_shelf(tmp_path / "shelf")


@pytest.fixture
def bench(tmp_path: Path, shelf: Path) -> Iterator[tuple[Bench, list[Job]]]:
    """Jobs of the first stage over seven files, with all they need."""
    for number in range(5):
        (shelf / f"more{number}.txt").write_text(f"{number}\n", "utf-8")
    folder = RunFolder(tmp_path / "run").open(settings())
    files = take_inventory([shelf], folder.path, is_writable=True)
    bench = Bench(folder.path, settings(), {file.sha256: file.place for file in files})
    states = plan_stage(
        Request(folder.path, bench.config, files), ROWS[0], load_stage(ROWS[0].target, bench.config), []
    )
    yield bench, [Job(ROWS[0].target, state.spec, state.stamp, is_divisible=True) for state in states]
    folder.close()


def make(name: str, bench: Bench, interruption: Interruption) -> Executor:
    made = registry.load("executors", name)(bench, bench.config.runner, interruption)
    assert isinstance(made, Executor)
    return made


def silent() -> Interruption:
    return Interruption(lambda text: None)


def test_what_travels_survives_pickling(bench) -> None:
    bench, jobs = bench
    assert pickle.loads(pickle.dumps(bench)) == bench
    assert pickle.loads(pickle.dumps(jobs)) == jobs
    result = Workbench(bench).run(jobs[0], lambda n: None)
    assert pickle.loads(pickle.dumps(result)) == result


def test_every_job_is_run_once_and_told(executor: str, bench) -> None:
    bench, jobs = bench
    ticks: list[int] = []
    with make(executor, bench, silent()) as running:
        results = list(running.map(jobs, ticks.append))
        assert sorted(result.job.spec.key for result in results) == sorted(job.spec.key for job in jobs)
        assert sum(ticks) == len(jobs)
        assert list(running.map([], ticks.append)) == []


def test_it_can_be_used_for_stage_after_stage(executor: str, tmp_path: Path, shelf: Path) -> None:
    bring_up(tmp_path / "reference", shelf, settings("serial"))
    reports = bring_up(tmp_path / "run", shelf, settings(executor))
    assert record_files(tmp_path / "run") == record_files(tmp_path / "reference")
    assert n_run(reports) == {"documents": 2, "extract": 6, "pair": 2}
    assert n_run(bring_up(tmp_path / "run", shelf, settings(executor))) == {"documents": 0, "extract": 0, "pair": 0}


def test_the_order_of_jobs_changes_nothing(executor: str, tmp_path: Path, shelf: Path) -> None:
    bring_up(tmp_path / "reference", shelf, settings("serial"))
    bring_up(tmp_path / "run", shelf, settings(executor, "runner.shuffle_seed=3"))
    assert record_files(tmp_path / "run") == record_files(tmp_path / "reference")


def test_failures_are_outcomes_not_exceptions(executor: str, tmp_path: Path, shelf: Path) -> None:
    (shelf / "first.txt").write_text("good\nbad\nunfit\nbug\ngood", "utf-8")
    report = bring_up(tmp_path / "run", shelf, settings(executor))["extract"]
    assert (report.counts.produced, report.counts.rejected, report.counts.failed) == (5, 1, 2)
    assert {error["code"] for error in error_lines(tmp_path / "run", "extract")} == {"BAD_LINE", "UNFIT", "UNEXPECTED"}


def test_failed_inputs_alone_are_retried(executor: str, tmp_path: Path, shelf: Path) -> None:
    log = tmp_path / "touched"
    (shelf / "first.txt").write_text(f"good logged={log}\nbad logged={log}", "utf-8")
    bring_up(tmp_path / "run", shelf, settings(executor))
    bring_up(tmp_path / "run", shelf, settings(executor), Wish("pair", retries_errors=True))
    assert log.read_text("utf-8").split() == ["1", "2", "2"]


def test_an_error_that_must_stop_the_run_is_raised_here(executor: str, tmp_path: Path, bench) -> None:
    bench, jobs = bench
    (tmp_path / "run" / "documents").write_text("a file where the folder of the stage should be", "utf-8")
    running = make(executor, bench, silent())
    with pytest.raises(InputError, match="cannot write"), running:
        list(running.map(jobs, lambda n: None))


def test_after_a_wish_to_stop_nothing_new_starts(executor: str, bench) -> None:
    bench, jobs = bench
    interruption = silent()
    interruption.is_requested = True
    results = []
    running = make(executor, bench, interruption)
    with pytest.raises(Interrupted), running:
        results.extend(running.map(jobs, lambda n: None))
    assert results == []


def test_what_survives_crashes_says_so(executor: str, tmp_path: Path, shelf: Path) -> None:
    if not registry.load("executors", executor).survives_crashes:
        pytest.skip("this executor makes no such promise")
    (shelf / "first.txt").write_text("a\nsegfault\nc", "utf-8")
    report = bring_up(tmp_path / "run", shelf, settings(executor))["extract"]
    assert (report.counts.produced, report.counts.failed, report.counts.codes) == (5, 1, {"WORKER_DIED": 1})


def test_the_default_survives_crashes() -> None:
    assert registry.load("executors", RunnerConfig().executor) is ProcessExecutor
    assert ProcessExecutor.survives_crashes

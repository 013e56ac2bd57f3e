"""Ctrl-C once and twice, SIGTERM, and a driver that is killed alone."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psutil

from scripts.torture.bench import STEPS, Bench, ModelServerProcess, make_scan, try_cases
from scripts.torture.comparison import compare, read_signatures
from scripts.torture.processes import Command, find_tree, wait_until_gone
from tests.e2e.command import leftovers

STOPPED = 130
ANNOUNCEMENT = "Stopping after what is in flight"
SOON_S = 2.0  # "stops now"
WORKERS_GONE_WITHIN_S = 5.0
SLOW_S = 1.0  # latency at which requests are in flight at any moment
ENDLESS_S = 60.0  # latency at which nothing in flight can be waited for


@dataclass(frozen=True)
class Ending:
    """How a command ended after a signal."""

    code: int
    seconds: float
    said: str


def send_signals(bench: Bench) -> list[str]:
    """All of them, for the stages that last long enough to be met at work.

    Raises:
        AssertionError: listing every case that failed; the others were tried all the same.
    """
    return try_cases(list_cases(bench))


def list_cases(bench: Bench) -> Iterator[tuple[str, Callable[[], str]]]:
    """Names and calls, so that tests can choose."""
    for step in ("extract", "generate"):
        yield f"SIGINT once in {step}", partial(stop_once, bench, step, signal.SIGINT)
        yield f"SIGTERM once in {step}", partial(stop_once, bench, step, signal.SIGTERM)
        yield f"SIGINT twice in {step}", partial(stop_twice, bench, step)
        yield f"kill -9 of the driver alone in {step}", partial(kill_driver, bench, step)
    for step in ("pair", "filter", "export"):
        yield f"SIGINT once in {step}", partial(stop_short, bench, step)
    yield "kill -9 of the driver alone in a part of many pages", partial(outlive_driver, bench)


def stop_once(bench: Bench, step: str, number: signal.Signals) -> str:
    """One signal: what is in flight is finished and kept, the exit code is 130, a rerun completes the same bytes."""
    run = bench.new_run(after=_before(step))
    with bench.serve(SLOW_S) as server:
        with bench.start(step, run, server) as command:
            _meet_at_work(bench, step, run, server, command)
            tree = find_tree(command.pid)
            n_before = _count_parts(run, step)
            ending = _signal(command, number)
            _check_ending(ending, tree)
        n_after, answered = _count_parts(run, step), set[str]()
        assert not leftovers(run), f"half-written files after a clean stop: {leftovers(run)[:5]}"
        if step == "generate":
            answered = {entry["id"] for entry in server.read_log() if entry["outcome"] in {"ok", "malformed"}}
            lost = answered - read_signatures(run)
            assert not lost, f"{len(lost)} of {len(answered)} answers were not stored"
            kept = f"{len(answered)} answers, all stored"
        else:
            assert n_after < _count_all_parts(bench, step), f"all {n_after} parts were finished: nothing was stopped"
            kept = f"{n_before} parts done before, {n_after} after"
        n_requests = len(server.read_log())
        _complete(bench, run, server)
        n_again = len({entry["id"] for entry in server.read_log()[n_requests:]} & answered)
        assert not n_again, f"{n_again} answered requests were sent again"
    return f"ended after {ending.seconds:.1f} s with {ending.code}; {kept}; the rerun completed the same bytes"


def stop_twice(bench: Bench, step: str) -> str:
    """A second signal: the command ends at once, without waiting for the server or the workers."""
    run = bench.new_run(after=_before(step))
    with bench.serve(ENDLESS_S) as server, bench.start(step, run, server) as command:
        # No request is answered here in time: at work means that they were sent.
        assert command.wait_until(lambda: command.stage == step), f"ended too early:\n{command.said}"
        if step == "generate":
            assert command.wait_until(lambda: server.count_received() >= 1), f"nothing was asked:\n{command.said}"
        assert command.sleep(1.0), f"ended too early:\n{command.said}"
        tree = find_tree(command.pid)
        os.killpg(command.pid, signal.SIGINT)
        assert command.wait_until(lambda: ANNOUNCEMENT in command.said, 10), f"no word of it:\n{command.said}"
        assert command.sleep(0.2), f"one signal ended it at once:\n{command.said}"
        was_ending = "finished work is saved" in command.said
        ending = _signal(command, signal.SIGINT)
        if was_ending and ending.code == -signal.SIGINT:  # met while the interpreter shut down, after the last word
            _check_tree(tree)
        else:
            _check_ending(ending, tree)
        assert ending.seconds <= SOON_S, f"stopped only {ending.seconds:.1f} s after the second signal"
    with bench.serve() as server:
        _complete(bench, run, server)
    return f"ended {ending.seconds:.1f} s after the second with {ending.code}; the rerun completed the same bytes"


def stop_short(bench: Bench, step: str) -> str:
    """A stage of a moment: it may end before it notices, but must leave what a rerun completes."""
    codes = []
    for share in (0.1, 0.5, 0.9):
        run = bench.new_run(after=_before(step))
        with bench.serve() as server:
            with bench.start(step, run, server) as command:
                assert command.wait_until_begun(), command.said
                command.sleep(share * bench.timings[step].work_s)
                tree = find_tree(command.pid)
                ending = _signal(command, signal.SIGINT)
                assert ending.code in {0, STOPPED, -signal.SIGINT}, f"exit code {ending.code}; stderr:\n{ending.said}"
                _check_tree(tree)
                codes.append(ending.code)
            _complete(bench, run, server)
    return f"exit codes {codes} at three moments; each rerun completed the same bytes"


def kill_driver(bench: Bench, step: str) -> str:
    """The driver dies alone; a rerun at once, while its workers may still be there, completes the same bytes."""
    run = bench.new_run(after=_before(step))
    with bench.serve(SLOW_S) as server, bench.start(step, run, server) as command:
        _meet_at_work(bench, step, run, server, command)
        workers = [process for process in find_tree(command.pid) if process.pid != command.pid]
        command.process.kill()
        command.process.wait(10)
        _complete(bench, run, server)
        late = wait_until_gone(workers, WORKERS_GONE_WITHIN_S)
        assert not late, f"{len(late)} of {len(workers)} processes outlived the driver and a whole rerun: {late}"
    return f"{len(workers)} processes beside it ended; the rerun, started at once, completed the same bytes"


def outlive_driver(bench: Bench) -> str:
    """Workers notice the driver's death in the middle of a long part, not only at its end."""
    shelf = make_scan(bench.folder / "long" / "scan.pdf", [*range(5)] * 6)
    arguments = ("extract", shelf, "--run", bench.new_run(), "--set", "extract.pages_per_part=64")
    with Command(*arguments, "--set", "runner.workers=1") as command:
        assert command.wait_until(lambda: command.stage == "extract"), command.said
        assert command.sleep(4.0), f"the part ended too early:\n{command.said}"
        workers = [process for process in find_tree(command.pid) if process.pid != command.pid]
        assert workers, "there is no worker"
        command.process.kill()
        started = time.monotonic()
        command.process.wait(10)
        late = wait_until_gone(workers, WORKERS_GONE_WITHIN_S)
        assert not late, f"{len(late)} of {len(workers)} were alive {WORKERS_GONE_WITHIN_S:g} s later: {late}"
    return f"{len(workers)} processes were gone {time.monotonic() - started:.1f} s later"


def _before(step: str) -> str | None:
    number = STEPS.index(step)
    return STEPS[number - 1] if number else None


def _meet_at_work(bench: Bench, step: str, run: Path, server: ModelServerProcess, command: Command) -> None:
    """Wait until a stage has finished something and is at the next."""

    def is_at_work() -> bool:
        if step == "generate":
            return len(server.read_log()) >= 6
        return command.stage == step and _count_parts(run, step) >= 2

    assert command.wait_until(is_at_work), f"it was not met at work; stderr:\n{command.said}"
    assert command.process.poll() is None, "it ended too early"


def _signal(command: Command, number: signal.Signals) -> Ending:
    """Send as a terminal (to the whole group) or a supervisor (to the driver) does, and wait for the end."""
    started = time.monotonic()
    with suppress(ProcessLookupError):  # it has just ended: its exit code tells
        if number == signal.SIGINT:
            os.killpg(command.pid, number)
        else:
            os.kill(command.pid, number)
    code = command.finish(60)
    return Ending(code, time.monotonic() - started, command.said)


def _check_ending(ending: Ending, tree: list[psutil.Process]) -> None:
    assert ending.code == STOPPED, f"exit code {ending.code}; stderr:\n{ending.said}"
    assert ANNOUNCEMENT in ending.said, f"no word of stopping; stderr:\n{ending.said}"
    assert "Traceback" not in ending.said, f"a traceback instead of a message:\n{ending.said}"
    _check_tree(tree)


def _check_tree(tree: list[psutil.Process]) -> None:
    late = wait_until_gone(tree, 1.0)
    assert not late, f"left running: {late}"


def _complete(bench: Bench, run: Path, server: ModelServerProcess) -> None:
    """Bring a run to its end, and compare."""
    with bench.start("run", run, server) as command:
        command.succeed()
    compare(run, bench.undisturbed)


def _count_parts(run: Path, step: str) -> int:
    return len(list((run / step).glob("*.meta.json")))


def _count_all_parts(bench: Bench, step: str) -> int:
    return sum(name.startswith(f"{step}/") and name.endswith(".meta.json") for name in bench.undisturbed.names)

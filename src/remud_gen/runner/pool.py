"""Worker processes that may die: each runs one job at a time, and its death is a named failure of that job.

The standard library's pools give up as a whole when one worker is killed; here the others go on and a new one starts.
"""

from __future__ import annotations

import multiprocessing
import signal
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

import psutil

from remud_gen.config import RunnerConfig
from remud_gen.errors import RemudError
from remud_gen.runner.run import Bench, Job, JobResult, Tick, fail_part
from remud_gen.runner.signals import hold_back
from remud_gen.runner.worker import STOP, serve
from remud_gen.stages.base import Failure

LOOK_EVERY_S = 0.25
MOST_DEATHS = 3  # of workers over one part: after that, what kills them is not a single input
END_WITHIN_S = 5.0


@dataclass
class _Worker:
    process: BaseProcess
    pipe: Connection
    begun: Any  # a number in shared memory: inputs of the present job that the worker has begun
    job: Job | None = None
    deadline: float = 0.0
    n_done: int = 0
    n_ticked: int = 0  # of those, how many were told to the bar
    measured_at: float = 0.0  # when its memory was last looked at
    is_told_to_stop: bool = False

    def tick(self, tick: Tick) -> None:
        """Tell the bar what was begun since the last time."""
        n_begun = int(self.begun.value)
        if n_begun != self.n_ticked:
            tick(n_begun - self.n_ticked)
            self.n_ticked = n_begun


class WorkerPool:
    """A fixed number of worker processes, kept over all stages of a command and replaced when old or dead."""

    def __init__(self, bench: Bench, options: RunnerConfig, size: int) -> None:
        self._bench, self._options, self._size = bench, options, size
        # "spawn" everywhere: forked children inherit locks of threads that do not exist in them.
        self._context = multiprocessing.get_context("spawn")
        self._workers: list[_Worker] = []
        self._is_stopping: Callable[[], bool] = lambda: False

    def map(self, jobs: Sequence[Job], tick: Tick, is_stopping: Callable[[], bool]) -> Iterator[JobResult]:
        """Run every job, unless a stop is wished: then parts of single inputs end after the one in hand."""
        waiting = deque(jobs)
        self._is_stopping = is_stopping
        while True:
            if is_stopping():
                waiting.clear()
                self._tell_to_stop()
            self._hand_out(waiting)
            busy = [worker for worker in self._workers if worker.job is not None]
            if not busy:
                return
            wait([*(worker.pipe for worker in busy), *(worker.process.sentinel for worker in busy)], LOOK_EVERY_S)
            for worker in busy:
                result = self._attend(worker, tick)
                if isinstance(result, Job):
                    waiting.appendleft(result)
                elif result is not None:
                    yield result

    def _tell_to_stop(self) -> None:
        for worker in self._workers:
            if worker.job is not None and not worker.is_told_to_stop:
                worker.is_told_to_stop = True
                with suppress(OSError):  # dead: noticed when it is attended to
                    worker.pipe.send(STOP)

    def close(self, *, is_urgent: bool) -> None:
        """End all workers: politely, or at once."""
        for worker in self._workers:
            self._end(worker, is_urgent=is_urgent)
        self._workers.clear()

    def _hand_out(self, waiting: deque[Job]) -> None:
        free = [worker for worker in self._workers if worker.job is None]
        while waiting:
            if not free:
                if len(self._workers) >= self._size:
                    return
                free.append(self._start())
            worker = free.pop()
            try:
                worker.begun.value = 0
                worker.pipe.send(waiting[0])
            except OSError:
                # It died while idle, perhaps for its memory: no part was lost, another worker takes its place.
                self._end(worker, is_urgent=True)
                self._workers.remove(worker)
                continue
            worker.job = waiting.popleft()
            worker.deadline = time.monotonic() + self._options.part_timeout_s
            worker.n_ticked, worker.is_told_to_stop = 0, False

    def _attend(self, worker: _Worker, tick: Tick) -> JobResult | Job | None:
        """Read what a worker says; notice when it is dead, late or too large."""
        job = worker.job
        if job is None:
            return None
        worker.tick(tick)
        is_silent = False
        try:
            while worker.pipe.poll():
                message = worker.pipe.recv()
                if isinstance(message, JobResult):
                    worker.tick(tick)
                    self._release(worker)
                    return message
                if isinstance(message, RemudError):
                    raise message
                if isinstance(message, Failure):
                    return self._give_up(worker, job, message, tick)
        except (EOFError, OSError):
            is_silent = True
            worker.process.join(END_WITHIN_S)
        failure = self._diagnose(worker, is_silent=is_silent)
        if failure is None:
            return None
        self._end(worker, is_urgent=True)
        self._workers.remove(worker)
        worker.tick(tick)
        if self._is_stopping():
            return None  # whatever ended it may be what the user did: its part is made by the next run
        return self._bury(job, worker.n_ticked, failure, tick)

    def _give_up(self, worker: _Worker, job: Job, failure: Failure, tick: Tick) -> JobResult:
        """A part that could not be made for a reason of its own; its worker lives."""
        worker.tick(tick)
        self._release(worker)
        tick(job.spec.taken - worker.n_ticked)
        return fail_part(self._bench, job, failure)

    def _bury(self, job: Job, n_begun: int, failure: Failure, tick: Tick) -> JobResult | Job:
        """The job once more without the input that killed its worker; failed as a whole where that is not known."""
        is_known = job.is_divisible and n_begun > 0 and job.spec.taken > 1 and n_begun - 1 not in job.condemned
        if is_known and len(job.condemned) < MOST_DEATHS - 1:
            tick(-n_begun)
            return replace(job, condemned={**job.condemned, n_begun - 1: failure})
        tick(job.spec.taken - n_begun)
        return fail_part(self._bench, job, failure)

    def _release(self, worker: _Worker) -> None:
        worker.job = None
        worker.n_done += 1
        if worker.n_done >= self._options.parts_per_worker or _measure_mb(worker) > self._options.worker_keep_mb:
            self._end(worker, is_urgent=False)
            self._workers.remove(worker)

    def _diagnose(self, worker: _Worker, *, is_silent: bool) -> Failure | None:
        if not worker.process.is_alive():
            if not is_silent:
                return None  # its last words may still lie in the pipe
            return _explain_death(worker.process.exitcode)
        now = time.monotonic()
        if now > worker.deadline:
            told = f"its part was not done within {self._options.part_timeout_s:g} s"
            return Failure("TIMED_OUT", told, "raise runner.part_timeout_s and add --retry-errors")
        if now - worker.measured_at < LOOK_EVERY_S:
            return None
        worker.measured_at = now
        used_mb = _measure_mb(worker)
        if used_mb > self._options.worker_memory_mb:
            return Failure(
                "TOO_MUCH_MEMORY",
                f"its part used {used_mb:.0f} MB of {self._options.worker_memory_mb} MB",
                "raise runner.worker_memory_mb and add --retry-errors",
            )
        return None

    def _start(self) -> _Worker:
        ours, theirs = self._context.Pipe()
        # In shared memory, not through the pipe: a worker must not wait for the driver at every input, and how far it
        # came must be known when it is dead.
        begun = self._context.RawValue("q", 0)
        process = self._context.Process(target=serve, args=(theirs, begun, self._bench), daemon=True)
        # A new process inherits the mask: Ctrl-C must not end it before it has learned to leave that to the driver.
        with hold_back():
            process.start()
        theirs.close()
        worker = _Worker(process, ours, begun)
        self._workers.append(worker)
        return worker

    def _end(self, worker: _Worker, *, is_urgent: bool) -> None:
        if is_urgent:
            worker.process.kill()
        else:
            try:
                worker.pipe.send(None)
            except OSError:
                worker.process.kill()
        worker.process.join(END_WITHIN_S)
        if worker.process.is_alive():
            worker.process.kill()
            worker.process.join()
        worker.pipe.close()
        worker.process.close()


def _measure_mb(worker: _Worker) -> float:
    """Memory that a worker holds; 0 when it is gone, which is noticed elsewhere."""
    try:
        return float(psutil.Process(worker.process.pid).memory_info().rss / 2**20)
    except psutil.Error:
        return 0.0


def _explain_death(code: int | None) -> Failure:
    ending = f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"
    hint = "a damaged file can crash a library: what else is in it was read; mend or remove it and add --retry-errors"
    if code is not None and code == -getattr(signal, "SIGKILL", 9):
        hint = "the system may have run out of memory: lower runner.workers and add --retry-errors"
    return Failure("WORKER_DIED", f"the process that read this died ({ending})", hint)

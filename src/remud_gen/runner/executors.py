"""Executors: a map of jobs over workers, nothing else. Output bytes do not depend on which one ran them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import ClassVar, Protocol

from remud_gen.config import RunnerConfig
from remud_gen.runner.interrupt import Interruption
from remud_gen.runner.pool import WorkerPool
from remud_gen.runner.run import Bench, Job, JobResult, Tick, Workbench


class Executor(Protocol):
    """Maps jobs to results, in any order; a context manager that ends its workers."""

    name: ClassVar[str]

    def map(self, jobs: Sequence[Job], tick: Tick) -> Iterator[JobResult]:
        """Run every job once; `tick` is called with the number of inputs just done."""
        ...

    def __enter__(self) -> Executor: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class SerialExecutor:
    """Everything in this process: for debugging and tests. It cannot survive a crash of a library."""

    name: ClassVar[str] = "serial"

    def __init__(self, bench: Bench, options: RunnerConfig, interruption: Interruption) -> None:
        self._workbench = Workbench(bench)
        self._interruption = interruption

    def __enter__(self) -> SerialExecutor:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def map(self, jobs: Sequence[Job], tick: Tick) -> Iterator[JobResult]:
        """Run the jobs one after the other."""
        for job in jobs:
            self._interruption.raise_if_requested()
            yield self._workbench.run(job, tick)


class ProcessExecutor:
    """Killable worker processes: a crash, a hang or a memory blow-up costs one part, not the run."""

    name: ClassVar[str] = "processes"

    def __init__(self, bench: Bench, options: RunnerConfig, interruption: Interruption) -> None:
        self._interruption = interruption
        self._pool = WorkerPool(bench, options, options.workers or count_cores())

    def __enter__(self) -> ProcessExecutor:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.close(is_urgent=error is not None)

    def map(self, jobs: Sequence[Job], tick: Tick) -> Iterator[JobResult]:
        """Hand jobs to free workers; after a wish to stop no new job is handed out."""
        yield from self._pool.map(jobs, tick, lambda: self._interruption.is_requested)
        self._interruption.raise_if_requested()


def count_cores() -> int:
    """Cores this process may use, which in a container are fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


EXECUTORS: dict[str, Callable[[Bench, RunnerConfig, Interruption], Executor]] = {
    "serial": SerialExecutor,
    "processes": ProcessExecutor,
}

"""Worker processes on this machine."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from typing import ClassVar

from remud_gen.config import RunnerConfig
from remud_gen.runner.executors.base import Executor
from remud_gen.runner.interrupt import Interruption
from remud_gen.runner.pool import WorkerPool
from remud_gen.runner.run import Bench, Job, JobResult, Tick

MOST_WORKERS = 30 if sys.platform == "win32" else 10_000  # Windows waits for 63 things at most, a worker is two


class ProcessExecutor(Executor):
    """Killable worker processes: a crash, a hang or a memory blow-up costs one input or one part, not the run."""

    name: ClassVar[str] = "processes"
    survives_crashes: ClassVar[bool] = True

    def __init__(self, bench: Bench, options: RunnerConfig, interruption: Interruption) -> None:
        self._interruption = interruption
        self._pool = WorkerPool(bench, options, min(options.workers or count_cores(), MOST_WORKERS))

    def close(self, *, is_urgent: bool) -> None:
        """End all workers: politely, or at once."""
        self._pool.close(is_urgent=is_urgent)

    def map(self, jobs: Sequence[Job], tick: Tick) -> Iterator[JobResult]:
        """Hand jobs to free workers; after a wish to stop no new job is handed out."""
        yield from self._pool.map(jobs, tick, lambda: self._interruption.is_requested)
        self._interruption.raise_if_requested()


def count_cores() -> int:
    """Cores this process may use, which in a container are fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1

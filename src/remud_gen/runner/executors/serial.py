"""Everything in the driver's own process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from remud_gen.config import RunnerConfig
from remud_gen.runner.executors.base import Executor
from remud_gen.runner.interrupt import Interruption
from remud_gen.runner.run import Bench, Job, JobResult, Tick, Workbench


class SerialExecutor(Executor):
    """For debugging and tests: it cannot survive a crash, a hang or a memory blow-up of a library, and what libraries
    print appears on the screen.
    """

    name: ClassVar[str] = "serial"
    survives_crashes: ClassVar[bool] = False

    def __init__(self, bench: Bench, options: RunnerConfig, interruption: Interruption) -> None:
        self._workbench = Workbench(bench)
        self._interruption = interruption

    def close(self, *, is_urgent: bool) -> None:
        """There is no worker to end."""

    def map(self, jobs: Sequence[Job], tick: Tick) -> Iterator[JobResult]:
        """Run the jobs one after the other."""
        for job in jobs:
            self._interruption.raise_if_requested()
            yield self._workbench.run(job, tick, lambda: self._interruption.is_requested)
        self._interruption.raise_if_requested()

"""What an executor is: a map of picklable jobs over workers, nothing else.

It owns no file, no plan and no bar. One on another engine is one file with a class like this and one line in the table,
or an entry point `remud_gen.executors`; tests/contracts/test_executors.py says what it must hold to.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import ClassVar

from remud_gen.config import RunnerConfig
from remud_gen.runner.interrupt import Interruption
from remud_gen.runner.run import Bench, Job, JobResult, Tick


class Executor(ABC):
    """Maps jobs to results, in any order; a context manager that ends its workers."""

    name: ClassVar[str]
    survives_crashes: ClassVar[bool]  # whether the death of whoever runs a job costs that job alone

    @abstractmethod
    def __init__(self, bench: Bench, options: RunnerConfig, interruption: Interruption) -> None:
        """Keep what is needed; workers may start on first use."""

    @abstractmethod
    def map(self, jobs: Sequence[Job], tick: Tick) -> Iterator[JobResult]:
        """Run every job once, by `Workbench(bench).run(job, …)` wherever that is.

        `tick` is called in the driver with the number of inputs begun. After a wish to stop
        (`interruption.is_requested`) no new job starts, what is running is finished or ends as a partial part, its
        result is yielded, and Interrupted is raised. Errors that must stop the run (RemudError) are raised here as
        they were raised there.
        """

    @abstractmethod
    def close(self, *, is_urgent: bool) -> None:
        """End all workers: politely, or at once."""

    def __enter__(self) -> Executor:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close(is_urgent=error is not None)

"""The asyncio executor: one window of questions over all stale parts; the endpoint never idles between books."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from remud_gen.errors import BudgetReached, Interrupted, RemudError
from remud_gen.protocols import Asker
from remud_gen.records import Record
from remud_gen.runner.parts import PartMeta, Usage, iterate_inputs, locate
from remud_gen.runner.run import Job, JobResult, Tick, ask_about
from remud_gen.runner.writer import Outcome, PartWriter
from remud_gen.stages.base import AsyncStage


@dataclass
class _OpenPart:
    job: Job
    items: list[Record]
    answers: dict[int, tuple[list[Outcome], Usage]] = field(default_factory=dict)

    @property
    def is_done(self) -> bool:
        return len(self.answers) == len(self.items)


class Window:
    """Asks about the inputs of many parts at once and writes each part when its last answer is in."""

    def __init__(
        self, run: Path, stage: AsyncStage[Any, Any], gateway: Asker, size: int, is_stopping: Callable[[], bool]
    ) -> None:
        self._run, self._stage, self._gateway, self._size = run, stage, gateway, size
        self._is_stopping = is_stopping
        self._tasks: dict[asyncio.Task[tuple[list[Outcome], Usage]], tuple[_OpenPart, int]] = {}

    async def map(self, jobs: Sequence[Job], tick: Tick, publish: Callable[[JobResult], None]) -> None:
        """Make every part. A stop, a budget or a refusing endpoint ends it early with what is finished saved.

        Raises:
            Interrupted, BudgetReached, ProviderError: after finished inputs were written as partial parts.
        """
        inputs = self._iterate(jobs, publish)
        cause: RemudError | None = None
        open_parts: dict[str, _OpenPart] = {}
        while True:
            while cause is None and len(self._tasks) < self._size:
                if self._is_stopping():
                    cause = Interrupted("stopped on request; finished work is saved", "run the same command to go on")
                    break
                entry = next(inputs, None)
                if entry is None:
                    break
                part, number = entry
                open_parts[part.job.spec.key] = part
                task = asyncio.create_task(ask_about(self._stage, part.items[number], self._gateway))
                self._tasks[task] = (part, number)
            if not self._tasks:
                break
            done, _ = await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                part, number = self._tasks.pop(task)
                try:
                    part.answers[number] = task.result()
                except RemudError as error:
                    # The first reason to stop is the one to tell; what is still in flight is waited for, not lost.
                    cause = cause or error
                    continue
                tick(1)
                if part.is_done:
                    publish(self._write(open_parts.pop(part.job.spec.key)))
        if cause is not None:
            if isinstance(cause, BudgetReached | Interrupted):
                for part in open_parts.values():
                    if part.answers:
                        publish(self._write(part))
            raise cause

    def _iterate(self, jobs: Sequence[Job], publish: Callable[[JobResult], None]) -> Iterator[tuple[_OpenPart, int]]:
        for job in jobs:
            items = list(iterate_inputs(self._run, job.spec.inputs))[: job.spec.taken]
            part = _OpenPart(job, [item for item in items if isinstance(item, Record)])
            if not part.items:
                publish(self._write(part))
            for number in range(len(part.items)):
                yield part, number

    def _write(self, part: _OpenPart) -> JobResult:
        spec = part.job.spec
        with PartWriter(self._run, spec, part.job.basis) as writer:
            for number in sorted(part.answers):
                outcomes, usage = part.answers[number]
                writer.add(locate(part.items[number]), outcomes)
                writer.usage.add(usage)
            meta: PartMeta = writer.commit(is_partial=len(part.answers) < spec.inputs.count)
            return JobResult(part.job, meta)

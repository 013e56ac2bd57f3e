"""The asyncio executor: one window of questions over all stale parts; the endpoint never idles between books."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from remud_gen.errors import BudgetReached, Deferred, Interrupted, RemudError
from remud_gen.records import Record
from remud_gen.runner.collecting import collecting_seldom
from remud_gen.runner.reading import iterate_inputs, locate
from remud_gen.runner.reuse import OldOutcome
from remud_gen.runner.run import Door, Job, JobResult, Tick, ask_about, load_olds
from remud_gen.runner.writer import Calls, Outcome, PartWriter
from remud_gen.stages.base import AsyncStage

PART_AHEAD = 4  # one in so many
Asking = asyncio.Task[tuple[list[Outcome], Calls]]


@dataclass
class _OpenPart:
    job: Job
    items: list[Record]
    olds: Sequence[OldOutcome]  # of an earlier version of this part, for its first inputs
    answers: dict[int, tuple[list[Outcome], Calls]] = field(default_factory=dict)
    n_deferred: int = 0  # inputs whose replies come later

    @cached_property
    def wanted(self) -> list[int]:
        """Numbers of the inputs that must be asked about."""
        return [number for number in range(len(self.items)) if not self._is_kept(number)]

    @property
    def is_done(self) -> bool:
        return len(self.answers) == len(self.wanted)

    @property
    def is_settled(self) -> bool:
        """Nothing more is heard of its inputs in this command."""
        return len(self.answers) + self.n_deferred == len(self.wanted)

    def distrusted(self, number: int) -> frozenset[str]:
        """Stored replies that made this input fail before."""
        return self.olds[number].replies if number < len(self.olds) else frozenset()

    @property
    def distrusted_until_s(self) -> float:
        """When this part last failed: replies stored later are those of a retry that was stopped."""
        return self.job.old.errors_mtime_ns / 1e9 if self.job.old is not None else 0.0

    def read_leading(self) -> Iterator[tuple[Record, tuple[list[Outcome], Calls] | OldOutcome]]:
        """All inputs up to the first that nothing is known of: a part, whole or partial, holds its first inputs."""
        for number, item in enumerate(self.items):
            if number in self.answers:
                yield item, self.answers[number]
            elif number < len(self.olds):
                yield item, self.olds[number]
            else:
                return

    def _is_kept(self, number: int) -> bool:
        return number < len(self.olds) and self.job.trusts(self.olds[number])


class Window:
    """Asks about the inputs of many parts at once and writes each part when its last answer is in."""

    def __init__(
        self, run: Path, stage: AsyncStage[Any, Any], gateway: Door, size: int, is_stopping: Callable[[], bool]
    ) -> None:
        self._run, self._stage, self._gateway = run, stage, gateway
        # A few more are got ready than are in flight: a place that becomes free is taken at once.
        self._size = size + size // PART_AHEAD
        self._is_stopping = is_stopping
        self._asked: dict[Asking, tuple[_OpenPart, int]] = {}
        self._ended: asyncio.Queue[Asking] = asyncio.Queue()
        self._open: dict[str, _OpenPart] = {}
        self.n_deferred = 0  # inputs that stay unfinished until their replies are collected

    async def map(self, jobs: Sequence[Job], tick: Tick, publish: Callable[[JobResult], None]) -> None:
        """Make every part. A stop, a budget or a refusing endpoint ends it early with what is finished saved.

        Raises:
            Interrupted, BudgetReached, ProviderError: after finished inputs were written as partial parts.
        """
        try:
            with collecting_seldom():
                await self._map(jobs, tick, publish)
        finally:
            # Left early, by a full disk or at once by the user: nobody waits for what is still asked.
            for asking in self._asked:
                asking.cancel()
            await asyncio.gather(*self._asked, return_exceptions=True)

    async def _map(self, jobs: Sequence[Job], tick: Tick, publish: Callable[[JobResult], None]) -> None:
        inputs = self._iterate(jobs, publish)
        cause: RemudError | None = None
        while True:
            cause = cause or self._fill(inputs)
            if not self._asked:
                break
            # A queue, not asyncio.wait: that looks at every question in flight whenever one is answered.
            asking = await self._ended.get()
            part, number = self._asked.pop(asking)
            try:
                part.answers[number] = asking.result()
            except Deferred:
                part.n_deferred += 1
                self.n_deferred += 1
                if part.is_settled:
                    self._leave(part, publish)
                continue
            except RemudError as error:
                # The first reason to stop is the one to tell; what is still in flight is waited for, not lost.
                cause = cause or error
                continue
            tick(1)
            if part.is_done:
                # In a thread: the disk takes its time to keep a part, and answers go on coming.
                publish(await asyncio.to_thread(self._write, self._open.pop(part.job.spec.key)))
            elif part.is_settled:
                self._leave(part, publish)
        if cause is not None:
            if isinstance(cause, BudgetReached | Interrupted):
                self._save(publish)
            raise cause

    def _fill(self, inputs: Iterator[tuple[_OpenPart, int]]) -> RemudError | None:
        """Ask until the window is full; the reason to stop, if there is one."""
        while len(self._asked) < self._size:
            if self._is_stopping():
                return Interrupted("stopped on request; finished work is saved", "run the same command to go on")
            entry = next(inputs, None)
            if entry is None:
                return None
            part, number = entry
            self._open[part.job.spec.key] = part
            doubts = part.distrusted(number), part.distrusted_until_s
            question = ask_about(self._stage, part.items[number], self._gateway, *doubts)
            asking = asyncio.create_task(question)
            self._asked[asking] = (part, number)
            asking.add_done_callback(self._ended.put_nowait)
        return None

    def _leave(self, part: _OpenPart, publish: Callable[[JobResult], None]) -> None:
        """Every input has been asked about, and some replies come later: what there is is written."""
        del self._open[part.job.spec.key]
        if part.answers:
            publish(self._write(part))

    def _save(self, publish: Callable[[JobResult], None]) -> None:
        """Write what is finished of parts that are not; what comes after a gap is found in the reply store."""
        for part in self._open.values():
            if part.answers:
                publish(self._write(part))

    def _iterate(self, jobs: Sequence[Job], publish: Callable[[JobResult], None]) -> Iterator[tuple[_OpenPart, int]]:
        for job in jobs:
            items = [item for item in iterate_inputs(self._run, job.spec.inputs) if isinstance(item, Record)]
            olds = load_olds(self._run, job)
            part = _OpenPart(job, items[: job.spec.taken], olds)
            if not part.wanted:
                publish(self._write(part))
            else:
                self._stage.look_ahead(items, part.wanted)
            for number in part.wanted:
                yield part, number

    def _write(self, part: _OpenPart) -> JobResult:
        spec = part.job.spec
        with PartWriter(self._run, spec, part.job.stamp) as writer:
            for item, made in part.read_leading():
                if isinstance(made, OldOutcome):
                    writer.copy(made)
                else:
                    writer.add(locate(item), *made)
            return JobResult(part.job, writer.commit(is_partial=writer.counts.inputs < spec.inputs.count))

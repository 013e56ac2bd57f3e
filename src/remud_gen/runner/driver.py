"""Brings stages up to date, in order: plan, run what is stale, count."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from remud_gen.config import Config
from remud_gen.errors import InputError, Interrupted, TooManyErrors
from remud_gen.records import CorpusVerdict, Quadruplet, Verdict
from remud_gen.runner.executors import EXECUTORS, Executor
from remud_gen.runner.folder import RunFolder
from remud_gen.runner.interrupt import Interruption
from remud_gen.runner.inventory import take_inventory
from remud_gen.runner.parts import Counts, PartMeta, PartState, Usage, iterate_inputs, part_paths
from remud_gen.runner.plan import StageRow, find_orphans, join_parts, plan_stage
from remud_gen.runner.progress import Progress
from remud_gen.runner.run import Bench, Job, JobResult, load_stage, read_errors
from remud_gen.runner.window import Window
from remud_gen.stages.base import AsyncStage, InputFile, Stage, StageContext

MIN_FAILURES = 5  # below this the share of errors says nothing


@dataclass
class StageReport:
    """How a stage stands after a command."""

    name: str
    unit: str
    counts: Counts = field(default_factory=Counts)
    usage: Usage = field(default_factory=Usage)
    n_parts: int = 0
    n_run: int = 0
    n_partial: int = 0
    n_stale: int = 0  # left as they are by --only
    n_orphans: int = 0
    seconds: float = 0.0
    calls_paid: int = 0
    states: list[PartState] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a command asks of the driver."""

    last: str
    only: frozenset[str] | None = None  # None: every stage up to the last
    retries_errors: bool = False
    limits: Mapping[str, int] = field(default_factory=dict)


class Driver:
    """Runs the rows of the pipeline's table over one run folder."""

    def __init__(
        self,
        folder: RunFolder,
        config: Config,
        rows: Sequence[StageRow],
        interruption: Interruption,
        *,
        is_quiet: bool = False,
    ) -> None:
        self._folder, self._config, self._rows = folder, config, rows
        self._interruption = interruption
        self._is_quiet = is_quiet

    def bring_up_to(self, wish: Wish, roots: Sequence[Path]) -> list[StageReport]:
        """Make every stage up to `wish.last` current.

        Raises:
            InputError: when no file can be read. TooManyErrors: when too many inputs of a stage failed.
            ProviderError, BudgetReached, Interrupted: as they come; finished parts stay.
        """
        stages = self._load_stages(wish)
        files = take_inventory(roots, self._folder.path, is_writable=True)
        bench = Bench(self._folder.path, self._config, {file.sha256: file.path for file in files})
        reports: list[StageReport] = []
        upstream: list[PartState] = []
        executor = EXECUTORS[self._config.runner.executor](bench, self._config.runner, self._interruption)
        with executor:
            for row, stage in stages:
                limit = wish.limits.get(row.name)
                states = self._plan(row, stage, upstream, files, limit)
                is_left = wish.only is not None and row.name not in wish.only
                report = self._run_row(row, stage, states, executor, bench, wish, is_left=is_left)
                if wish.limits:
                    report.n_orphans = 0  # parts beyond a limit are not gone
                reports.append(report)
                self._judge(report)
                upstream = report.states
        return reports

    def _load_stages(self, wish: Wish) -> list[tuple[StageRow, Stage[Any, Any]]]:
        """The stages this wish needs, all checked before the first one starts: a typing error must not cost a night."""
        names = [row.name for row in self._rows]
        rows = self._rows[: names.index(wish.last) + 1]
        stages = [(row, load_stage(row.target, self._config)) for row in rows]
        for row, stage in stages:
            if wish.only is None or row.name in wish.only:
                stage.settings()
                stage.check()
        return stages

    def survey(self, roots: Sequence[Path]) -> list[StageReport]:
        """How every stage stands, without running or writing anything."""
        files = take_inventory(roots, self._folder.path, is_writable=False)
        reports: list[StageReport] = []
        upstream: list[PartState] = []
        for row in self._rows:
            states = self._plan(row, load_stage(row.target, self._config), upstream, files, None)
            reports.append(self._report(row, states))
            upstream = states
        return reports

    def _plan(
        self,
        row: StageRow,
        stage: Stage[Any, Any],
        upstream: Sequence[PartState],
        files: Sequence[InputFile],
        limit: int | None,
    ) -> list[PartState]:
        return plan_stage(self._folder.path, row, stage, upstream, files, self._config, limit)

    def _run_row(
        self,
        row: StageRow,
        stage: Stage[Any, Any],
        states: list[PartState],
        executor: Executor,
        bench: Bench,
        wish: Wish,
        *,
        is_left: bool,
    ) -> StageReport:
        started = time.monotonic()
        todo = [] if is_left else [state for state in states if _needs_run(state, wish)]
        jobs = [Job(row.target, state.spec, state.basis, _reusable(state)) for state in todo]
        done: dict[str, JobResult] = {}
        calls_paid = 0
        if jobs:
            total = sum(job.spec.taken for job in jobs)
            with Progress(row.name, total, row.unit, is_quiet=self._is_quiet) as progress:

                def publish(result: JobResult) -> None:
                    done[result.job.spec.key] = result
                    progress.count_failures(result.meta.counts.failed)

                if isinstance(stage, AsyncStage):
                    calls_paid = asyncio.run(self._ask(stage, bench, jobs, progress, publish))
                else:
                    for result in executor.map(jobs, progress.tick):
                        publish(result)
        current = [
            replace(state, state="fresh", reason="", meta=done[state.spec.key].meta)
            if state.spec.key in done
            else state
            for state in states
        ]
        report = self._report(row, current)
        report.n_run, report.calls_paid = len(done), calls_paid
        report.seconds = time.monotonic() - started
        return report

    async def _ask(
        self,
        stage: AsyncStage[Any, Any],
        bench: Bench,
        jobs: list[Job],
        progress: Progress,
        publish: Callable[[JobResult], None],
    ) -> int:
        from remud_gen.llm.gateway import open_gateway

        store = self._config.runner.replies or self._folder.path / "replies.sqlite"
        stage.setup(StageContext(self._config, self._folder.images, bench.document_paths))
        async with open_gateway(self._config, store, self._folder.images) as gateway:
            size = self._config.generate.concurrency
            loop = asyncio.get_running_loop()
            stop = Interrupted("stopped on request; finished work is saved", "run the same command to go on")
            # From a signal handler the loop must be woken, or it would notice the wish only at the next reply.

            def refuse() -> None:
                loop.call_soon_threadsafe(gateway.refuse, stop)

            self._interruption.on_request.append(refuse)
            window = Window(bench.run, stage, gateway, size, lambda: self._interruption.is_requested)
            try:
                await window.map(jobs, progress.tick, publish)
            finally:
                progress.show(f"{gateway.counts['sent']} calls sent")
            return gateway.counts["sent"]

    def _report(self, row: StageRow, states: list[PartState]) -> StageReport:
        report = StageReport(row.name, row.unit, n_parts=len(states), states=states)
        for state in states:
            report.n_stale += state.state in ("stale", "missing")
            report.n_partial += state.state == "partial" or (state.meta is not None and state.meta.is_partial)
            if state.meta is not None:
                report.counts.add(state.meta.counts)
                report.usage.add(state.meta.usage)
        planned = {state.spec.key: state for state in states}
        report.n_orphans = len(find_orphans(self._folder.path, row.name, planned))
        return report

    def _judge(self, report: StageReport) -> None:
        counts = report.counts
        if report.name == "documents" and counts.inputs and not counts.produced:
            raise InputError(f"none of the {counts.inputs} files can be read", self._quote_errors(report))
        share = counts.failed / counts.inputs if counts.inputs else 0.0
        if counts.failed >= MIN_FAILURES and share > self._config.runner.max_error_rate:
            raise TooManyErrors(
                f"{counts.failed} of {counts.inputs} {report.unit}s failed in {report.name}",
                f"{self._quote_errors(report)}\nmend the cause and add --retry-errors, or raise runner.max_error_rate",
            )

    def list_errors(self, reports: Sequence[StageReport], most: int = 10) -> list[str]:
        """The first failed inputs of every stage, each with what to do."""
        lines = []
        for report in reports:
            if report.counts.errors:
                lines += [f"{report.name}: {line}" for line in self._quote_errors(report, most).splitlines()]
        return lines

    def _quote_errors(self, report: StageReport, most: int = 5) -> str:
        lines: list[str] = []
        for state in report.states:
            for error in read_errors(part_paths(self._folder.path, report.name, state.spec.key)[1]):
                hint = f" ({error['hint']})" if error.get("hint") else ""
                lines.append(f"{error['file']}: {error['code']}: {error['message']}{hint}")
                if len(lines) >= most:
                    return "\n".join(lines)
        return "\n".join(lines)


def _needs_run(state: PartState, wish: Wish) -> bool:
    if state.state != "fresh":
        return True
    return wish.retries_errors and state.meta is not None and state.meta.counts.errors > 0


def _reusable(state: PartState) -> PartMeta | None:
    """The part on disk if only its failed inputs need doing; kept rejections would lose their codes in a copy."""
    meta = state.meta
    if state.state != "fresh" or meta is None or any(ending == "r" and n for ending, n, _ in meta.endings):
        return None
    return meta


def read_overlay(run: Path, corpus: Sequence[PartState]) -> dict[str, tuple[Verdict, ...]]:
    """Verdicts that rest on the whole corpus, by quadruplet id."""
    overlay: dict[str, tuple[Verdict, ...]] = {}
    for record in iterate_inputs(run, join_parts([state for state in corpus if state.meta is not None])):
        if isinstance(record, CorpusVerdict):
            overlay[record.id] = record.verdicts
    return overlay


def iterate_judged(run: Path, filtered: Sequence[PartState], corpus: Sequence[PartState]) -> Iterator[Quadruplet]:
    """Every filtered quadruplet with all its verdicts, in the order of documents and parts."""
    overlay = read_overlay(run, corpus)
    for state in filtered:
        if state.meta is None:
            continue
        for record in iterate_inputs(run, join_parts([state])):
            if isinstance(record, Quadruplet):
                extra = overlay.get(record.id)
                yield record.model_copy(update={"verdicts": (*record.verdicts, *extra)}) if extra else record

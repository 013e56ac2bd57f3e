"""Brings stages up to date, in order: plan, run what is stale, count."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from remud_gen import registry
from remud_gen.config import Config
from remud_gen.errors import InputError, Interrupted, MissingExtraError, RemudError, TooManyErrors
from remud_gen.records import Quadruplet
from remud_gen.runner.account import RunAccount
from remud_gen.runner.executors.base import Executor
from remud_gen.runner.failures import FailureWatch, is_too_many
from remud_gen.runner.folder import RunFolder
from remud_gen.runner.interrupt import Interruption
from remud_gen.runner.inventory import take_inventory
from remud_gen.runner.meter import Meter
from remud_gen.runner.overlay import Overlay
from remud_gen.runner.parts import PartState
from remud_gen.runner.plan import Request, StageRow, choose_rows, join_parts, make_basis, plan_stage
from remud_gen.runner.progress import Progress, tell
from remud_gen.runner.reading import DamagedPart, iterate_inputs
from remud_gen.runner.rename import Namesakes
from remud_gen.runner.reports.report import StageReport, count_retries, describe_progress, quote_errors, report_stage
from remud_gen.runner.run import Bench, Job, JobResult, load_stage
from remud_gen.runner.store_place import find_store
from remud_gen.runner.unasked import costs_money, count_left, make_free_parts, refuse_empty
from remud_gen.runner.window import Window
from remud_gen.stages.base import AsyncStage, InputFile, RecordStage, Stage, StageContext

if TYPE_CHECKING:
    from remud_gen.llm.gateway import Gateway
    from remud_gen.runner.dry_run import DryRun

MOST_REPLANS = 20  # damaged parts that one command makes anew by itself

Stages = list[tuple[StageRow, Stage[Any, Any]]]


@dataclass(frozen=True, slots=True)
class Wish:
    """What a command asks of the driver."""

    last: str
    only: frozenset[str] | None = None  # None: every stage up to the last
    retries_errors: bool = False
    limits: Mapping[str, int] = field(default_factory=dict)
    waits: bool = False  # for replies that come by a batch
    is_thorough: bool = False  # read every file of every part again before trusting it
    dry_run: DryRun | None = None  # stages that ask models are thought through instead of run
    pays_twice: bool = False  # for what is under way in a batch, as the user said: one by one
    paying: frozenset[str] | None = None  # stages that may send requests that cost; others are made as far as
    #   that costs nothing. None: all

    def may_ask(self, stage: str) -> bool:
        """Whether a stage may send requests that cost."""
        return self.paying is None or stage in self.paying


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
        self._folder, self._config, self._rows = folder, config, choose_rows(rows, config)
        self._interruption = interruption
        self._is_quiet = is_quiet
        self._waits = self._pays_twice = False
        self._waited_for: list[str] = []  # what a stage has handed over in batches: those after it must wait

    @property
    def waiting(self) -> str | None:
        """What was handed over in batches and is to be collected by a later command, in words."""
        return self._waited_for[0] if self._waited_for else None

    def bring_up_to(self, wish: Wish, roots: Sequence[Path] | None) -> list[StageReport]:
        """Make every stage up to `wish.last` current; without roots, which are away, no stage that reads files.

        Raises:
            InputError: when no file can be read. TooManyErrors: when too many inputs of a stage failed.
            ProviderError, BudgetReached, Interrupted: as they come; finished parts stay.
        """
        self._waits, self._pays_twice = wish.waits, wish.pays_twice
        stages = self._load_stages(wish)
        files = self._list_files(roots, is_writable=True)
        for _ in range(MOST_REPLANS):
            try:
                reports = self._run_rows(stages, files, wish)
                while self.waiting is not None and wish.waits:
                    reports = self._run_rows(stages, files, wish)
            except DamagedPart as damage:
                # Whatever was made from the part came from its true bytes; it alone is made anew.
                tell(f"{damage.message}; it is made anew")
                damage.invalidate(self._folder.path)
            else:
                return reports
        raise InputError("record files change while they are read", "is another program writing to the run folder?")

    def _list_files(self, roots: Sequence[Path] | None, *, is_writable: bool) -> Sequence[InputFile] | None:
        if not roots:
            return None if roots is None else []
        return take_inventory(roots, self._folder.path, is_writable=is_writable)

    def _run_rows(self, stages: Stages, files: Sequence[InputFile] | None, wish: Wish) -> list[StageReport]:
        bench = Bench(self._folder.path, self._config, {file.sha256: file.place for file in files or ()})
        request = Request(self._folder.path, self._config, files, wish.is_thorough)
        self._waited_for = []
        reports: list[StageReport] = []
        upstream: list[PartState] = []
        executor_class = registry.load("executors", self._config.runner.executor)
        with executor_class(bench, self._config.runner, self._interruption) as executor:
            for number, (row, stage) in enumerate(stages):
                states = plan_stage(request, row, stage, upstream, wish.limits.get(row.name))
                is_left = wish.only is not None and row.name not in wish.only
                report = self._run_row(row, stage, states, executor, bench, wish, is_left=is_left)
                if wish.limits:
                    report.n_orphans = 0  # parts beyond a limit are not gone
                reports.append(report)
                self._judge(report)
                if self._waited_for:
                    break
                following = stages[number + 1][1] if number + 1 < len(stages) else None
                upstream = _choose_upstream(wish, stage, following, report.states, upstream)
        return reports

    def _load_stages(self, wish: Wish) -> Stages:
        """The stages this wish needs, all checked before the first one starts: a typing error must not cost a night."""
        names = [row.name for row in self._rows]
        rows = self._rows[: names.index(wish.last) + 1]
        stages = [(row, load_stage(row.target, self._config)) for row in rows]
        for row, stage in stages:
            if wish.only is None or row.name in wish.only:
                stage.settings()
                stage.check()
        registry.load("executors", self._config.runner.executor)
        return stages

    def survey(self, roots: Sequence[Path] | None, *, is_thorough: bool = False) -> list[StageReport]:
        """How every stage stands, without running or writing anything."""
        files = self._list_files(roots, is_writable=False)
        request = Request(self._folder.path, self._config, files, is_thorough)
        reports: list[StageReport] = []
        upstream: list[PartState] = []
        for row in self._rows:
            stage = load_stage(row.target, self._config)
            states = plan_stage(request, row, stage, upstream)
            reports.append(report_stage(self._folder.path, row, states))
            reports[-1].is_paid = isinstance(stage, AsyncStage) and costs_money(stage.model)
            upstream = states
        return reports

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
        namesakes = Namesakes(self._folder.path, row.name, is_thorough=wish.is_thorough)
        jobs = [_make_job(row, stage, state, namesakes, wish) for state in todo]
        done: dict[str, JobResult] = {}
        calls: Mapping[str, int] = {}
        if wish.dry_run is not None and isinstance(stage, AsyncStage):
            self._foresee(wish.dry_run, row, stage, jobs, bench)
            return report_stage(self._folder.path, row, states)
        if jobs:
            make_basis(stage).save(self._folder.path)
            if self._config.runner.shuffle_seed is not None:
                random.Random(self._config.runner.shuffle_seed).shuffle(jobs)
            total = sum(job.spec.taken for job in jobs)
            # Files are looked at in no time, and a shelf of nothing readable has an error of its own.
            most = 1.0 if row.division == "file" else self._config.runner.max_error_rate
            watch = FailureWatch(states, todo, most)
            try:
                with Progress(row.name, total, row.unit, is_quiet=self._is_quiet) as progress:

                    def publish(result: JobResult) -> None:
                        done[result.job.spec.key] = result
                        progress.count_failures(result.meta.counts.failed)
                        if watch.count(result.meta.counts.failed):
                            self._judge(report_stage(self._folder.path, row, _update(states, done)), is_stopped=True)

                    if isinstance(stage, AsyncStage):
                        is_asked = wish.may_ask(row.name) or not costs_money(stage.model)
                        ask = self._ask if is_asked else self._look_up
                        calls = self._run_loop(ask(stage, bench, jobs, progress, publish))
                    else:
                        for result in executor.map(jobs, progress.tick):
                            publish(result)
            except (RemudError, KeyboardInterrupt) as error:
                hint = error.hint if isinstance(error, RemudError) else ""
                error.add_note(describe_progress(row, _update(states, done), hint))
                raise
        report = report_stage(self._folder.path, row, _update(states, done))
        report.n_run = len(done)
        if isinstance(stage, AsyncStage) and not wish.may_ask(row.name) and costs_money(stage.model):
            report.n_unasked = count_left(todo, report.states)
            report.is_retry = wish.retries_errors
            refuse_empty(row, report.n_unasked, report.states)
        report.calls_paid, report.calls_stored = calls.get("sent", 0), calls.get("stored", 0)
        count_retries(report, todo, done)
        report.seconds = time.monotonic() - started
        return report

    def _foresee(
        self, dry_run: DryRun, row: StageRow, stage: AsyncStage[Any, Any], jobs: list[Job], bench: Bench
    ) -> None:
        from remud_gen.runner.dry_run import Setting

        setting = Setting(self._folder, self._config, bench, self._interruption, self._is_quiet)

        async def foresee() -> Mapping[str, int]:
            await dry_run.foresee(row, stage, jobs, setting)
            return {}

        self._run_loop(foresee())

    def _run_loop(self, asking: Coroutine[Any, Any, Mapping[str, int]]) -> Mapping[str, int]:
        """asyncio.run, ended at once by a second wish to stop."""

        async def watched() -> Mapping[str, int]:
            loop, this = asyncio.get_running_loop(), asyncio.current_task()
            assert this is not None

            def cancel() -> None:
                loop.call_soon_threadsafe(this.cancel)

            self._interruption.cancel = cancel
            return await asking

        try:
            return asyncio.run(watched())
        except asyncio.CancelledError:
            raise KeyboardInterrupt from None
        finally:
            self._interruption.cancel = None

    async def _ask(
        self,
        stage: AsyncStage[Any, Any],
        bench: Bench,
        jobs: list[Job],
        progress: Progress,
        publish: Callable[[JobResult], None],
    ) -> Mapping[str, int]:
        from remud_gen.llm.opening import open_gateway
        from remud_gen.runner.handing_over import choose_gateway
        from remud_gen.runner.outbound import make_hooks

        store = find_store(self._config, self._folder.path)
        stage.setup(StageContext(self._config, self._folder.images, bench.shelf))
        images, run = self._folder.images, self._folder.path
        with RunAccount(run, stage.name) as account:
            hooks = make_hooks(self._config, self._folder, stage.model, account)
            meter = Meter(progress, account, sum(job.spec.taken for job in jobs))
            kind = choose_gateway(stage.model, store, run, pays_twice=self._pays_twice)
            async with open_gateway(stage.model, store, images, hooks, run=run, tell=tell, kind=kind) as gateway:
                return await self._map(stage, bench, jobs, gateway, meter, publish)

    async def _look_up(
        self,
        stage: AsyncStage[Any, Any],
        bench: Bench,
        jobs: list[Job],
        progress: Progress,
        publish: Callable[[JobResult], None],
    ) -> Mapping[str, int]:
        return await make_free_parts(
            stage, bench, self._folder, jobs, progress.tick, publish, lambda: self._interruption.is_requested
        )

    async def _map(
        self,
        stage: AsyncStage[Any, Any],
        bench: Bench,
        jobs: list[Job],
        gateway: Gateway,
        meter: Meter,
        publish: Callable[[JobResult], None],
    ) -> Mapping[str, int]:
        from remud_gen.runner.handing_over import map_through

        size = stage.model.concurrency
        loop = asyncio.get_running_loop()
        stop = Interrupted("stopped on request; finished work is saved", "run the same command to go on")
        # From a signal handler the loop must be woken, or it would notice the wish only at the next reply.

        def refuse() -> None:
            loop.call_soon_threadsafe(gateway.refuse, stop)

        self._interruption.on_request.append(refuse)
        window = Window(bench.run, stage, gateway, size, lambda: self._interruption.is_requested)
        try:
            self._waited_for += await map_through(
                gateway, window, lambda: window.map(jobs, meter.tick, publish), waits=self._waits
            )
        finally:
            self._interruption.on_request.remove(refuse)
            meter.close(gateway.counts["sent"])
        return gateway.counts

    def _judge(self, report: StageReport, *, is_stopped: bool = False) -> None:
        counts = report.counts
        is_all_lost = report.name == "documents" and counts.inputs > 0 and not counts.produced
        quoted = "\n".join(quote_errors(self._folder.path, report, is_all_lost=is_all_lost))
        if is_all_lost:
            lacks_extra = counts.failed and counts.codes.get("MISSING_EXTRA", 0) == counts.failed
            kind = MissingExtraError if lacks_extra else InputError
            what = "the one file cannot" if counts.inputs == 1 else f"none of the {counts.inputs} files can"
            raise kind(f"{what} be read", quoted)
        if is_stopped or is_too_many(counts.failed, counts.inputs, self._config.runner.max_error_rate):
            rest = "; the rest was not tried" if is_stopped else ""
            raise TooManyErrors(
                f"{counts.failed} of {counts.inputs} {report.unit}s failed in {report.name}{rest}",
                f"{quoted}\nmend the cause and add --retry-errors, or raise runner.max_error_rate",
            )


def _make_job(row: StageRow, stage: Stage[Any, Any], state: PartState, namesakes: Namesakes, wish: Wish) -> Job:
    """What is to be made of a part, and what of an earlier version can be kept."""
    is_divisible = isinstance(stage, RecordStage)
    job = Job(row.target, state.spec, state.stamp, is_divisible=is_divisible)
    meta = state.meta
    if row.division == "pages" and state.state in ("missing", "stale") and state.spec.take is None:
        namesake = namesakes.find(state)
        if namesake is not None:
            return replace(job, old=namesake, keeps="renamed", is_divisible=False)
    if meta is None or state.state == "stale" or row.division in ("document", "corpus"):
        return job
    spec = state.spec
    if spec.take is not None:
        # A limit bounds work; it never makes a result smaller.
        spec = replace(spec, take=max(spec.take, meta.counts.inputs))
    return replace(job, spec=spec, old=meta, keeps="clean" if wish.retries_errors else "all")


def _choose_upstream(
    wish: Wish,
    stage: Stage[Any, Any],
    following: Stage[Any, Any] | None,
    states: list[PartState],
    upstream: list[PartState],
) -> list[PartState]:
    """What the next stage works on: where this one was only thought through, and that can be, what this one had."""
    from remud_gen.runner.dry_run import pass_on

    is_dry = wish.dry_run is not None and isinstance(stage, AsyncStage) and isinstance(following, AsyncStage)
    return pass_on(states, upstream) if is_dry else states


def _update(states: Sequence[PartState], done: Mapping[str, JobResult]) -> list[PartState]:
    """The plan with what this command has made."""
    return [
        replace(state, state="fresh", reason="", meta=done[state.spec.key].meta) if state.spec.key in done else state
        for state in states
    ]


def _needs_run(state: PartState, wish: Wish) -> bool:
    if state.state != "fresh":
        return True
    return wish.retries_errors and state.meta is not None and state.meta.counts.errors > 0


def iterate_judged(run: Path, filtered: Sequence[PartState], corpus: Sequence[PartState]) -> Iterator[Quadruplet]:
    """Every filtered quadruplet with all its verdicts, in the order of documents and parts."""
    overlay = Overlay(run, join_parts([state for state in corpus if state.meta is not None]).parts)
    for state in filtered:
        if state.meta is None:
            continue
        for record in iterate_inputs(run, join_parts([state])):
            if isinstance(record, Quadruplet):
                yield overlay.lay_over(record)

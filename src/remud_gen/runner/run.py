"""One part, from its inputs to its files: the same code in every executor."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from remud_gen.config import Config
from remud_gen.errors import InputError, RecordError, RemudError
from remud_gen.protocols import ModelReply, ModelRequest
from remud_gen.records import Record
from remud_gen.runner.basis import Stamp
from remud_gen.runner.images import ContentImageStore
from remud_gen.runner.parts import Counts, PartMeta, PartSpec, Usage, add_counts
from remud_gen.runner.reading import iterate_inputs, locate
from remud_gen.runner.rename import rename_outcome
from remud_gen.runner.reuse import OldOutcome, read_outcomes
from remud_gen.runner.writer import Calls, Outcome, PartWriter
from remud_gen.stages.base import (
    AsyncStage,
    CorpusStage,
    DocumentStage,
    Failure,
    RecordStage,
    ShelfFile,
    Stage,
    StageContext,
)

Tick = Callable[[int], None]
Keeps = Literal["nothing", "clean", "all", "renamed"]


@dataclass(frozen=True, slots=True)
class Job:
    """A part to be made, as it travels to a worker."""

    target: str  # module:Class of the stage
    spec: PartSpec
    stamp: Stamp
    old: PartMeta | None = None  # an earlier version of this part, or of the same part under another name
    keeps: Keeps = "nothing"  # what of the old one is taken over: what did not fail, all, or all under a new name
    is_divisible: bool = False  # inputs are worked on one by one: a deadly one can be left out
    condemned: Mapping[int, Failure] = field(default_factory=dict)  # inputs that killed a worker, by their number

    def trusts(self, old: OldOutcome) -> bool:
        """Whether an earlier outcome is taken over rather than made anew."""
        return self.keeps == "all" or old.is_clean


@dataclass(frozen=True, slots=True)
class Bench:
    """What a worker needs besides its jobs; picklable."""

    run: Path
    config: Config
    shelf: Mapping[str, ShelfFile]  # by SHA-256


@dataclass(frozen=True, slots=True)
class JobResult:
    """What came of a job."""

    job: Job
    meta: PartMeta


@contextmanager
def guarded(failures: list[Failure]) -> Iterator[None]:
    """Turn whatever one input raises into a failure of that input; errors that must stop the run pass through."""
    try:
        yield
    except RecordError as error:
        failures.append(Failure(error.code, error.message, error.hint, error.replies))
    except RemudError:
        raise
    except OSError as error:
        failures.append(Failure("FILE_UNREADABLE", str(error.strerror or error), "check that the file can be read"))
    except MemoryError:
        failures.append(Failure("OUT_OF_MEMORY", "not enough memory for this input", "lower extract.max_page_pixels"))
    except Exception as error:  # noqa: BLE001 - the one place where anything may be caught
        message = f"{type(error).__name__}: {str(error)[:300]}"
        failures.append(Failure("UNEXPECTED", message, "this is a defect of remud-gen: please report it"))


class Workbench:
    """Builds each stage once per process and runs jobs with it."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._stages: dict[str, Stage[Any, Any]] = {}
        self._context = StageContext(bench.config, ContentImageStore(bench.run), bench.shelf)

    def stage(self, target: str) -> Stage[Any, Any]:
        """The stage behind `module:Class`, set up."""
        if target not in self._stages:
            stage = load_stage(target, self._bench.config)
            stage.setup(self._context)
            self._stages[target] = stage
        return self._stages[target]

    def run(self, job: Job, tick: Tick, is_stopping: Callable[[], bool] = lambda: False) -> JobResult:
        """Make one part of a CPU stage. The part appears whole at the end, or not at all.

        A wish to stop ends a part of single inputs after the one in hand: it is then partial, and a later run goes on
        from there. `tick` is called before each input with the number of inputs begun.
        """
        spec = job.spec
        with PartWriter(self._bench.run, spec, job.stamp) as writer:
            if job.keeps == "renamed" and job.old is not None:
                for old in read_outcomes(self._bench.run, job.old):
                    tick(1)
                    writer.copy(rename_outcome(old, spec.document))
            else:
                self._make(self.stage(job.target), job, writer, tick, is_stopping)
            return JobResult(job, writer.commit(is_partial=writer.counts.inputs < spec.inputs.count))

    def _make(
        self,
        stage: Stage[Any, Any],
        job: Job,
        writer: PartWriter,
        tick: Tick,
        is_stopping: Callable[[], bool],
    ) -> None:
        if isinstance(stage, RecordStage):
            self._run_records(stage, job, writer, tick, is_stopping)
        elif isinstance(stage, DocumentStage):
            self._run_document(stage, job.spec, writer, tick)
        elif isinstance(stage, CorpusStage):
            self._run_corpus(stage, job.spec, writer, tick)
        else:
            raise TypeError(f"{job.target} is no CPU stage")

    def _run_records(
        self,
        stage: RecordStage[Any, Any],
        job: Job,
        writer: PartWriter,
        tick: Tick,
        is_stopping: Callable[[], bool],
    ) -> None:
        olds = load_olds(self._bench.run, job)
        for number, item in enumerate(iterate_inputs(self._bench.run, job.spec.inputs)):
            if number >= job.spec.taken:
                break
            old = olds[number] if number < len(olds) else None
            is_kept = old is not None and job.trusts(old)
            if not is_kept and number and is_stopping():
                if old is None:
                    break
                is_kept = True  # a new version of a part never holds less than the old one
            tick(1)
            if old is not None and is_kept:
                writer.copy(old)
                continue
            outcomes: list[Outcome] = []
            failures: list[Failure] = []
            if number in job.condemned:
                failures.append(job.condemned[number])
            else:
                with guarded(failures):
                    outcomes.extend(stage.process(item))
            writer.add(locate(item), [*outcomes, *failures])

    def _run_document(self, stage: DocumentStage[Any, Any], spec: PartSpec, writer: PartWriter, tick: Tick) -> None:
        items = list(iterate_inputs(self._bench.run, spec.inputs))[: spec.taken]
        outcomes: dict[str, list[Outcome]] = {locate(item)[0]: [] for item in items}
        failures: list[Failure] = []
        with guarded(failures):
            for identity, outcome in stage.process_document(spec.key, items):
                outcomes[identity].append(outcome)
        for item in items:
            identity = locate(item)[0]
            writer.add(locate(item), [*outcomes[identity], *failures])
        tick(len(items))

    def _run_corpus(self, stage: CorpusStage[Any, Any], spec: PartSpec, writer: PartWriter, tick: Tick) -> None:
        seen = Counts()
        if stage.needs_survey:
            stage.survey(iterate_inputs(self._bench.run, spec.inputs))

        def watch() -> Iterator[Any]:
            for item in iterate_inputs(self._bench.run, spec.inputs):
                seen.inputs += 1
                tick(1)
                yield item

        for record in stage.process_all(watch()):
            writer.add_overlay(record)
        writer.counts.inputs = writer.counts.produced = seen.inputs


def load_olds(run: Path, job: Job) -> list[OldOutcome]:
    """What an earlier version of the part holds, by number of the input; a partial one holds the first inputs."""
    return [] if job.old is None else list(read_outcomes(run, job.old))


class Door(Protocol):
    """The gateway as the runner sees it."""

    @property
    def is_free(self) -> bool:
        """Whether asking costs nothing, so that a reply without a price is no unknown cost."""
        ...

    async def ask(
        self, request: ModelRequest, *, distrusted: frozenset[str] = frozenset(), until_s: float = float("inf")
    ) -> ModelReply:
        """Answer, from the store unless the request's hash is distrusted and its reply was stored up to that time."""
        ...


class MeteredAsker:
    """The gateway as one input sees it: notes what this input's records rest on."""

    def __init__(self, gateway: Door, distrusted: frozenset[str], until_s: float) -> None:
        self._gateway, self._distrusted, self._until_s = gateway, distrusted, until_s
        self.calls = Calls()

    async def ask(self, request: ModelRequest) -> ModelReply:
        """Ask, and add the reply's tokens and cost, paid now or earlier, to this input's usage."""
        reply = await self._gateway.ask(request, distrusted=self._distrusted, until_s=self._until_s)
        taken = Usage(
            calls=1,
            input_tokens=reply.input_tokens or 0,
            output_tokens=reply.output_tokens or 0,
            cost_usd=reply.cost_usd or 0.0,
            unpriced_calls=int(reply.cost_usd is None and not self._gateway.is_free),
        )
        self.calls.add(reply.request_sha256, taken)
        return reply

    def count_steps(self, steps: Sequence[str]) -> None:
        """Note what it took to read a reply, each kind of repair once."""
        usage = self.calls.usage
        usage.repairs = add_counts(usage.repairs, dict.fromkeys(steps or ("none",), 1))


async def ask_about(
    stage: AsyncStage[Any, Any], item: Record, gateway: Door, distrusted: frozenset[str], until_s: float
) -> tuple[list[Outcome], Calls]:
    """All outcomes of one input of an async stage, and what they rest on."""
    asker = MeteredAsker(gateway, distrusted, until_s)
    outcomes: list[Outcome] = []
    failures: list[Failure] = []
    with guarded(failures):
        stream: AsyncIterator[Outcome] = stage.process(item, asker)
        async for outcome in stream:
            outcomes.append(outcome)
    return [*outcomes, *failures], asker.calls


def fail_part(bench: Bench, job: Job, failure: Failure) -> JobResult:
    """Write a part whose worker died: every input is failed by name, but for what an earlier version holds."""
    olds = load_olds(bench.run, job) if job.keeps != "renamed" else []
    with PartWriter(bench.run, job.spec, job.stamp) as writer:
        for number, item in enumerate(iterate_inputs(bench.run, job.spec.inputs)):
            if number >= job.spec.taken:
                break
            if number < len(olds) and job.trusts(olds[number]):
                writer.copy(olds[number])
            else:
                writer.add(locate(item), [job.condemned.get(number, failure)])
        return JobResult(job, writer.commit(is_partial=job.spec.taken < job.spec.inputs.count))


def load_stage(target: str, config: Config) -> Stage[Any, Any]:
    """Import and build a stage from its `module:Class`."""
    import importlib

    module, _, name = target.partition(":")
    stage = getattr(importlib.import_module(module), name)(config)
    if not isinstance(stage, Stage):
        raise InputError(f"{target} is not a stage")
    return stage

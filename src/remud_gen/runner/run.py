"""One part, from its inputs to its files: the same code in every executor."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from remud_gen.config import Config
from remud_gen.errors import InputError, RecordError, RemudError
from remud_gen.protocols import Asker, ModelReply, ModelRequest
from remud_gen.records import Record
from remud_gen.runner.images import ContentImageStore
from remud_gen.runner.parts import Basis, Counts, PartMeta, PartSpec, Usage, iterate_inputs, locate
from remud_gen.runner.reuse import read_outcomes
from remud_gen.runner.writer import Outcome, PartWriter
from remud_gen.stages.base import (
    AsyncStage,
    CorpusStage,
    DocumentStage,
    Failure,
    RecordStage,
    Stage,
    StageContext,
)

Tick = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Job:
    """A part to be made, as it travels to a worker."""

    target: str  # module:Class of the stage
    spec: PartSpec
    basis: Basis
    old: PartMeta | None = None  # a version of this part whose clean outcomes are to be kept


@dataclass(frozen=True, slots=True)
class Bench:
    """What a worker needs besides its jobs; picklable."""

    run: Path
    config: Config
    document_paths: dict[str, Path]


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
        failures.append(Failure(error.code, error.message, error.hint))
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
        self._context = StageContext(bench.config, ContentImageStore(bench.run), bench.document_paths)

    def stage(self, target: str) -> Stage[Any, Any]:
        """The stage behind `module:Class`, set up."""
        if target not in self._stages:
            stage = load_stage(target, self._bench.config)
            stage.setup(self._context)
            self._stages[target] = stage
        return self._stages[target]

    def run(self, job: Job, tick: Tick) -> JobResult:
        """Make one part of a CPU stage. The part appears whole at the end, or not at all."""
        stage = self.stage(job.target)
        spec = job.spec
        with PartWriter(self._bench.run, spec, job.basis) as writer:
            if isinstance(stage, RecordStage):
                self._run_records(stage, job, writer, tick)
            elif isinstance(stage, DocumentStage):
                self._run_document(stage, spec, writer, tick)
            elif isinstance(stage, CorpusStage):
                self._run_corpus(stage, spec, writer, tick)
            else:
                raise TypeError(f"{job.target} is no CPU stage")
            return JobResult(job, writer.commit(is_partial=spec.taken < spec.inputs.count))

    def _run_records(self, stage: RecordStage[Any, Any], job: Job, writer: PartWriter, tick: Tick) -> None:
        olds = read_outcomes(self._bench.run, job.old) if job.old is not None else iter(())
        for number, item in enumerate(iterate_inputs(self._bench.run, job.spec.inputs)):
            if number >= job.spec.taken:
                break
            tick(1)
            old = next(olds, None)
            if old is not None and old.is_clean:
                writer.copy(old)
                continue
            outcomes: list[Outcome] = []
            failures: list[Failure] = []
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

        def watch() -> Iterator[Any]:
            for item in iterate_inputs(self._bench.run, spec.inputs):
                seen.inputs += 1
                tick(1)
                yield item

        for record in stage.process_all(watch()):
            writer.add_overlay(record)
        writer.counts.inputs = writer.counts.produced = seen.inputs


class MeteredAsker:
    """The gateway as one input sees it: counts what this input's records rest on."""

    def __init__(self, gateway: Asker) -> None:
        self._gateway = gateway
        self.usage = Usage()

    async def ask(self, request: ModelRequest) -> ModelReply:
        """Ask, and add the reply's tokens and cost, paid now or earlier, to this input's usage."""
        reply = await self._gateway.ask(request)
        self.usage.calls += 1
        self.usage.input_tokens += reply.input_tokens or 0
        self.usage.output_tokens += reply.output_tokens or 0
        self.usage.cost_usd += reply.cost_usd or 0.0
        self.usage.unpriced_calls += reply.cost_usd is None
        return reply


async def ask_about(stage: AsyncStage[Any, Any], item: Record, gateway: Asker) -> tuple[list[Outcome], Usage]:
    """All outcomes of one input of an async stage, and what they cost."""
    asker = MeteredAsker(gateway)
    outcomes: list[Outcome] = []
    failures: list[Failure] = []
    with guarded(failures):
        stream: AsyncIterator[Outcome] = stage.process(item, asker)
        async for outcome in stream:
            outcomes.append(outcome)
    return [*outcomes, *failures], asker.usage


def fail_part(bench: Bench, job: Job, failure: Failure) -> JobResult:
    """Write a part whose worker died: every input is failed by name, and the rest of the book goes on."""
    with PartWriter(bench.run, job.spec, job.basis) as writer:
        for number, item in enumerate(iterate_inputs(bench.run, job.spec.inputs)):
            if number >= job.spec.taken:
                break
            writer.add(locate(item), [failure])
        return JobResult(job, writer.commit(is_partial=job.spec.taken < job.spec.inputs.count))


def load_stage(target: str, config: Config) -> Stage[Any, Any]:
    """Import and build a stage from its `module:Class`."""
    import importlib

    module, _, name = target.partition(":")
    stage = getattr(importlib.import_module(module), name)(config)
    if not isinstance(stage, Stage):
        raise InputError(f"{target} is not a stage")
    return stage


def read_errors(path: Path) -> list[dict[str, Any]]:
    """The error lines of a part."""
    try:
        return [json.loads(line) for line in path.read_bytes().splitlines()]
    except (OSError, ValueError):
        return []

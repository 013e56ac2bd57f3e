"""Stages that ask models, in commands that may not: parts are made as far as that costs nothing, the rest is left."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from remud_gen.config import Config, ModelConfig
from remud_gen.errors import Deferred, InputError, Interrupted
from remud_gen.llm.hooks import Hooks
from remud_gen.registry import load
from remud_gen.runner.folder import RunFolder
from remud_gen.runner.parts import PartState, part_paths, read_meta
from remud_gen.runner.plan import StageRow
from remud_gen.runner.run import Bench, Job, JobResult, Tick, ask_about
from remud_gen.runner.store_place import find_store
from remud_gen.runner.window import Window
from remud_gen.stages.base import AsyncStage, StageContext

FREE_COMMANDS = frozenset({"filter", "export"})  # never send a request that somebody pays for


def costs_money(model: ModelConfig) -> bool:
    """Whether asking it sends something to an endpoint."""
    name = model.client or ("openai" if model.model else None)
    return name is not None and bool(load("llm", name).is_network)


class FreeWindow(Window):
    """Works through parts one input at a time, each up to the first input that needs a model.

    A part of records holds its first inputs, so that what comes after a gap could not be written anyway. Parts named
    in `only_whole` hold older records, and are replaced by whole parts only.
    """

    only_whole: Collection[str] = ()

    async def _map(self, jobs: Sequence[Job], tick: Tick, publish: Callable[[JobResult], None]) -> None:
        for job in jobs:
            part = None
            for part, number in self._iterate([job], publish):
                if self._is_stopping():
                    raise Interrupted("stopped on request; finished work is saved", "run the same command to go on")
                doubts = part.distrusted(number), part.distrusted_until_s
                try:
                    part.answers[number] = await ask_about(self._stage, part.items[number], self._gateway, *doubts)
                except Deferred:
                    break
                tick(1)
            if part is not None and (part.is_done or (part.answers and job.spec.key not in self.only_whole)):
                publish(self._write(part))


async def make_free_parts(
    stage: AsyncStage[Any, Any],
    bench: Bench,
    folder: RunFolder,
    jobs: Sequence[Job],
    tick: Tick,
    publish: Callable[[JobResult], None],
    is_stopping: Callable[[], bool],
) -> Mapping[str, int]:
    """Make what needs no model but stored replies; the counts of the gateway."""
    from remud_gen.llm.stored_gateway import open_stored_gateway
    from remud_gen.runner.outbound import make_guard

    config: Config = bench.config
    stage.setup(StageContext(config, folder.images, bench.shelf))
    store: Path = find_store(config, folder.path)
    hooks = Hooks(guards=(make_guard(config, folder),))
    async with open_stored_gateway(stage.model, store, hooks, run=folder.path) as gateway:
        window = FreeWindow(bench.run, stage, gateway, 1, is_stopping)
        window.only_whole = {job.spec.key for job in jobs if _replaces_other_records(bench.run, job)}
        await window.map(jobs, tick, publish)
    return gateway.counts


def _replaces_other_records(run: Path, job: Job) -> bool:
    """Whether there is a part that other settings or inputs gave; a damaged one is no loss."""
    old = read_meta(part_paths(run, job.spec.stage, job.spec.key).meta)
    return old is not None and old.fingerprint != job.stamp.fingerprint


def count_left(todo: Sequence[PartState], states: Sequence[PartState]) -> int:
    """How many inputs of the parts that were to be made are still to be asked about."""
    wanted = {state.spec.key: state for state in todo}
    n_left = 0
    for state in states:
        before = wanted.get(state.spec.key)
        if before is None:
            continue
        if state is not before and state.meta is not None:
            n_left += state.spec.taken - state.meta.counts.inputs
        elif before.state == "fresh" and before.meta is not None:
            n_left += before.meta.counts.failed
        else:
            n_made = before.meta.counts.inputs if before.meta is not None and before.state == "partial" else 0
            n_left += before.spec.taken - n_made
    return n_left


def refuse_empty(row: StageRow, n_left: int, states: Sequence[PartState]) -> None:
    """Refuse to go on where a stage has nothing at all that later ones could work on.

    Raises:
        InputError: with the command that asks.
    """
    if n_left and not any(state.meta is not None for state in states):
        told = f"nothing is made yet by `{row.name}`, which needs a model, and this command asks none"
        raise InputError(told, f"run `remud {row.run_by}` first, or `remud run` for all stages")

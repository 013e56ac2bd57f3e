"""A stage that asks models, thought through: what its inputs would ask is counted, and a sample of them really asked.

Replies of the sample are stored like all others: a later run does not pay for them again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from typing import Any

from remud_gen.config import Config
from remud_gen.errors import ConfigError, Interrupted, RecordError
from remud_gen.llm.batch_gateway import BATCH_SHARE
from remud_gen.llm.estimate import Candidate, choose_sample
from remud_gen.llm.foresight import guess_output, make_up_reply
from remud_gen.llm.hooks import Hooks
from remud_gen.llm.image_tokens import find_rule
from remud_gen.llm.opening import choose_client, open_gateway
from remud_gen.llm.prices import find_price
from remud_gen.llm.request_hash import hash_request
from remud_gen.llm.request_tokens import RequestCounter
from remud_gen.llm.store_reading import StoreReader
from remud_gen.llm.text_tokens import describe_counting
from remud_gen.protocols import ModelReply, ModelRequest
from remud_gen.records import Record
from remud_gen.registry import load
from remud_gen.runner.account import RunAccount, read_spending
from remud_gen.runner.folder import RunFolder
from remud_gen.runner.forecast import Basis, Plan, StageForecast, foretell
from remud_gen.runner.interrupt import Interruption
from remud_gen.runner.outbound import make_hooks
from remud_gen.runner.parts import PartState, Usage
from remud_gen.runner.plan import StageRow
from remud_gen.runner.progress import Progress, tell
from remud_gen.runner.reading import iterate_inputs
from remud_gen.runner.run import Bench, Job, ask_about, load_olds
from remud_gen.runner.store_place import find_store
from remud_gen.stages.base import AsyncStage, StageContext

PLANNED_AT_ONCE = 200  # inputs between two looks at a wish to stop


@dataclass(frozen=True, slots=True)
class Setting:
    """Where a dry run takes place."""

    folder: RunFolder
    config: Config
    bench: Bench
    interruption: Interruption
    is_quiet: bool


@dataclass
class DryRun:
    """Forecasts of the stages that one command would have ask; `sample` inputs of each are really asked."""

    sample: int
    forecasts: list[StageForecast] = field(default_factory=list)

    async def foresee(self, row: StageRow, stage: AsyncStage[Any, Any], jobs: Sequence[Job], setting: Setting) -> None:
        """Plan every input of these parts, ask the sample, and keep the forecast."""
        model = stage.model
        if not load("llm", choose_client(model)).is_network:
            return
        run, config = setting.folder.path, setting.config
        stage.setup(StageContext(config, setting.folder.images, setting.bench.shelf))
        with RunAccount(run, stage.name) as account:
            hooks = make_hooks(config, setting.folder, model, account)
            desk = _Desk(stage, hooks, setting)
            with closing(desk):
                plans = await desk.plan(row, jobs)
            measured: dict[int, Usage] = {}
            before = account.spent
            if self.sample and any(plan.n_new for plan in plans):
                seed = int(getattr(model, "seed", 0))
                chosen = choose_sample([plan.candidate for plan in plans], self.sample, seed)
                measured = await _ask_sample(stage, jobs, plans, chosen, hooks, setting)
            is_priced = account.spent.n_unpriced == before.n_unpriced
            basis = Basis(
                row.name,
                row.unit,
                model.model or "",
                desk.n_inputs,
                find_price(model, config.budget.prices),
                BATCH_SHARE if getattr(model, "batch", False) else 1.0,
                f"texts by {describe_counting(model.model or '')}, pictures: {find_rule(model.model or '').label}",
                account.spent.usd - before.usd if measured and is_priced else None,
                self._tell_unknown(jobs),
                read_spending(run).read_paid(stage.name),
            )
        self.forecasts.append(foretell(basis, plans, measured, is_sample=bool(measured)))

    def _tell_unknown(self, jobs: Sequence[Job]) -> tuple[str, ...]:
        """Why a stage has nothing to work on, where a stage before it was only thought through."""
        open_names = [one.name for one in self.forecasts if one.n_new]
        if jobs or not open_names:
            return ()
        return (f"what it will be given is known once {open_names[-1]} is made",)


def pass_on(states: Sequence[PartState], above: Sequence[PartState]) -> list[PartState]:
    """The parts of a stage that was only thought through, as far as they are made; else those it would be made of."""
    made = {state.spec.key: state for state in states if state.meta is not None and state.state == "fresh"}
    return [made.get(state.spec.key, state) for state in above]


class _Desk:
    """Works through inputs without sending anything."""

    def __init__(self, stage: AsyncStage[Any, Any], hooks: Hooks, setting: Setting) -> None:
        self._stage, self._hooks, self._setting = stage, hooks, setting
        self._counter = RequestCounter(stage.model.model or "")
        path = find_store(setting.config, setting.folder.path)
        self._store = StoreReader(path) if path.is_file() else None
        self._planned: set[str] = set()
        self.n_inputs = 0  # that are not finished

    async def plan(self, row: StageRow, jobs: Sequence[Job]) -> list[Plan]:
        """What every input would ask; inputs that ask nothing are left out."""
        plans: list[Plan] = []
        total = sum(job.spec.taken for job in jobs)
        with Progress(f"plan {row.name}", total, row.unit, is_quiet=self._setting.is_quiet) as progress:
            for number, job in enumerate(jobs):
                items, olds = (
                    _read_items(self._setting.bench, self._stage, job),
                    load_olds(self._setting.bench.run, job),
                )
                for position, item in enumerate(items):
                    progress.tick(1)
                    old = olds[position] if position < len(olds) else None
                    if old is not None and job.trusts(old):
                        continue
                    self.n_inputs += 1
                    self._setting.interruption.raise_if_requested()
                    plan = Plan(
                        Candidate(str(getattr(item, "id", position)), "", job.spec.document, 0.0), (number, position)
                    )
                    door = _PlanningDoor(self, plan)
                    distrusted = old.replies if old is not None else frozenset()
                    # A stage may refuse to go on after replies like those that are made up here.
                    with suppress(ConfigError):
                        await ask_about(self._stage, item, door, distrusted, float("inf"))
                    if plan.n_new or plan.n_stored:
                        plans.append(_name(plan, item))
        return plans

    def close(self) -> None:
        """Close the store."""
        if self._store is not None:
            self._store.close()

    async def admit(self, request: ModelRequest) -> ModelRequest:
        """The request as it would be sent."""
        for guard in self._hooks.guards:
            admitted = guard.admit(request)
            request = await admitted if isinstance(admitted, Awaitable) else admitted
        return request

    def answer(self, request: ModelRequest, distrusted: frozenset[str], plan: Plan) -> ModelReply:
        """A stored reply, or one that is made up and counted."""
        model = self._stage.model
        key = hash_request(request, choose_client(model), model.model or "")
        stored = self._store.get(key) if self._store is not None and key not in distrusted else None
        n_input = self._counter.count_input(request)
        plan.candidate = Candidate(
            plan.candidate.key, plan.candidate.stratum, plan.candidate.document, plan.candidate.size + n_input
        )
        if stored is not None:
            plan.n_stored += 1
            plan.paid.add(_to_usage(stored))
            return stored
        if key not in self._planned:
            self._planned.add(key)
            plan.n_new += 1
            plan.input_tokens += n_input
            plan.output_tokens += guess_output(request, model.model or "")
            plan.most_output_tokens += self._counter.count_most_output(request)
        return make_up_reply(request, choose_client(model), model.model or "", key)


class _PlanningDoor:
    """The gateway as one input sees it in a dry run."""

    is_free = False

    def __init__(self, desk: _Desk, plan: Plan) -> None:
        self._desk, self._plan = desk, plan
        self._asked: list[str] = []

    async def ask(
        self, request: ModelRequest, *, distrusted: frozenset[str] = frozenset(), until_s: float = float("inf")
    ) -> ModelReply:
        """A stored reply or a made-up one; a question that quotes an earlier one mends a reply that was made up."""
        # Several samples of one question have the same words, and a later request may hold those of an earlier one.
        if any(request.user.startswith(f"{earlier}\n\n---\n") for earlier in self._asked):
            raise RecordError("NOT_FORESEEN", "whether this is asked again depends on the reply")
        request = await self._desk.admit(request)
        reply = self._desk.answer(request, distrusted, self._plan)
        if not reply.input_tokens and not reply.output_tokens:
            self._asked.append(request.user)
        return reply


async def _ask_sample(
    stage: AsyncStage[Any, Any],
    jobs: Sequence[Job],
    plans: Sequence[Plan],
    chosen: Sequence[int],
    hooks: Hooks,
    setting: Setting,
) -> dict[int, Usage]:
    """Ask these inputs for good; what each of them took, in the order of the sample."""
    run, images = setting.folder.path, setting.folder.images
    stop = Interrupted("stopped on request; the replies are stored", "run the same command to go on")
    store = find_store(setting.config, run)
    with Progress("sample", len(chosen), "input", is_quiet=setting.is_quiet) as progress:
        async with open_gateway(stage.model, store, images, hooks, run=run, tell=tell) as gateway:
            loop = asyncio.get_running_loop()

            def refuse() -> None:
                loop.call_soon_threadsafe(gateway.refuse, stop)

            async def ask(number: int) -> Usage:
                job_number, position = plans[number].place
                job = jobs[job_number]
                item = items[job_number][position]
                olds = load_olds(run, job)
                distrusted = olds[position].replies if position < len(olds) else frozenset()
                _, calls = await ask_about(stage, item, gateway, distrusted, float("inf"))
                progress.tick(1)
                return calls.usage

            items = {number: _read_items(setting.bench, stage, jobs[number]) for number in _parts_of(plans, chosen)}
            setting.interruption.on_request.append(refuse)
            try:
                usages = await _gather(ask, chosen)
            finally:
                setting.interruption.on_request.remove(refuse)
    return dict(zip(chosen, usages, strict=True))


async def _gather(ask: Callable[[int], Awaitable[Usage]], chosen: Sequence[int]) -> list[Usage]:
    tasks = [asyncio.ensure_future(ask(number)) for number in chosen]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _parts_of(plans: Sequence[Plan], chosen: Sequence[int]) -> list[int]:
    return sorted({plans[number].place[0] for number in chosen})


def _read_items(bench: Bench, stage: AsyncStage[Any, Any], job: Job) -> list[Record]:
    items = [item for item in iterate_inputs(bench.run, job.spec.inputs) if isinstance(item, Record)]
    taken = items[: job.spec.taken]
    stage.look_ahead(items, range(len(taken)))
    return taken


def _name(plan: Plan, item: Record) -> Plan:
    kind, language = str(getattr(item, "record", "")), str(getattr(item, "language", ""))
    old = plan.candidate
    plan.candidate = Candidate(old.key, f"{kind} {language}".strip(), old.document, old.size)
    return plan


def _to_usage(reply: ModelReply) -> Usage:
    return Usage(
        calls=1,
        input_tokens=reply.input_tokens or 0,
        output_tokens=reply.output_tokens or 0,
        cost_usd=reply.cost_usd or 0.0,
        unpriced_calls=int(reply.cost_usd is None),
    )

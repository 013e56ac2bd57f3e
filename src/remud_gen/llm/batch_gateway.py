"""The door for requests that are not in a hurry: handed over in files, replies collected by a later command.

A request without a stored reply goes into a file and is answered with Deferred; the caller's input stays unfinished,
and the next command finds the reply in the store. What an answer leads to (one more question, thinking about it) goes
into the file of the next round. Before a file is handed over, the reply store notes which requests are in it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from remud_gen.errors import BudgetReached, Deferred, InputError, ProviderError, RecordError
from remud_gen.llm.asked import describe_request
from remud_gen.llm.batch_api import BatchState
from remud_gen.llm.batch_file import RequestFile, explain_writing, read_replies, write_request
from remud_gen.llm.batch_protocols import BatchingClient, LateBudget
from remud_gen.llm.batch_store import FINAL_ATTEMPTS, BatchStore, Plan, Trouble
from remud_gen.llm.dialect import Dialect
from remud_gen.llm.gateway import Gateway
from remud_gen.llm.prober import STRIKES_UNPROVEN
from remud_gen.llm.retry import FIRST_WAIT_S, LONGEST_WAIT_S, TransientError
from remud_gen.protocols import ModelReply, ModelRequest

BATCH_SHARE = 0.5  # of the list price
CALL_ATTEMPTS = 6
MOST_PROBES = 4 * STRIKES_UNPROVEN  # all rungs down; a model that keeps to no format must not have all asked live
NEVER_TRIED = {"batch_expired", "batch_cancelled"}  # codes of requests that an endpoint gave back untouched
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class BatchLimits:
    """How files are cut, and how often batches are looked at."""

    folder: Path  # for files on their way
    max_requests: int
    max_bytes: int
    poll_s: float
    prefix: str = ""  # of the names of files that are of no use to anybody once the command has ended


class BatchGateway(Gateway):
    """Answers from the store alone; `begin` collects, `ask` gathers, `hand_over` submits, `wait` polls."""

    def __init__(self, *arguments: Any, limits: BatchLimits, store_path: Path, **options: Any) -> None:
        super().__init__(*arguments, **options)
        if not isinstance(self.client, BatchingClient):
            raise TypeError(f"client {self.client.name} takes no batches")
        self._batching: BatchingClient = self.client
        self._api = self._batching.batches
        self._limits = limits
        budget: object = self._hooks.budget
        self._late = budget if isinstance(budget, LateBudget) else None
        self._batches = BatchStore(store_path, self._api.address)
        self._file: RequestFile | None = None
        self._turn = asyncio.Lock()  # one file is written, or handed over, at a time
        self._probing = asyncio.Lock()
        self._n_probes = 0

    @property
    def _has_to_probe(self) -> bool:
        return self._n_probes < MOST_PROBES and not self._batching.is_understood

    async def begin(self) -> None:
        """Find out what became of batches that a killed command was about to make, and collect what has ended.

        Raises:
            ProviderError: an endpoint refuses, or worked on none of a batch; what had come before is stored.
        """
        for leftover in self._limits.folder.glob("*.jsonl"):
            leftover.unlink()
        for plan in self._batches.list_open():
            if plan.batch_id is None and not self._batches.is_being_made(plan.id):
                await self._settle_plan(plan)
        await self._collect_ended()
        self._settle_rest()

    async def hand_over(self) -> None:
        """Submit what was gathered."""
        async with self._turn:
            await self._submit()

    async def wait(self) -> None:
        """Stay until at least one batch has ended, and collect it.

        Raises:
            Interrupted: the user does not want to wait any longer.
        """
        while self._batches.list_open():
            await self._limiter.sleep(self._limits.poll_s)
            if self._refusal is not None:
                raise self._refusal
            if await self._collect_ended():
                return

    def describe_waiting(self) -> str:
        """What the rest waits for, in words."""
        plans = self._batches.list_open()
        if not plans:
            return "replies that another run has collected meanwhile"
        n_requests = sum(plan.n_requests for plan in plans)
        batches = f"{len(plans)} batch{'es' if len(plans) != 1 else ''}"
        return f"{n_requests:,} request{'s' if n_requests != 1 else ''} in {batches} under way"

    async def close(self, *, is_urgent: bool = False) -> None:
        """What was gathered and not handed over is gathered again by the next command."""
        try:
            if self._file is not None:
                self._file.remove()
            self._batches.close()
        finally:
            await super().close(is_urgent=is_urgent)

    def _was_stored_by(self, key: str, until_s: float) -> bool:
        trouble = self._batches.find_trouble(key)
        if trouble is not None and trouble.noted_at > until_s and self._read_stored(key) is None:
            return False  # asked again since then, in vain
        return super()._was_stored_by(key, until_s)

    async def _fetch(self, request: ModelRequest, key: str) -> ModelReply:
        if self._refusal is not None:
            raise self._refusal
        try:
            self._raise_trouble(key)
            if not self._batches.is_pending(key):
                if self._has_to_probe and request.schema is not None:
                    # Of a thousand requests phrased wrongly one would hear tomorrow: one is asked at once.
                    async with self._probing:
                        if self._has_to_probe:
                            self._n_probes += 1
                            return await super()._fetch(request, key)
                await self._gather(request, key)
        except (ProviderError, BudgetReached, InputError) as error:
            self.refuse(error)
            raise
        raise Deferred("the reply comes by a batch", "run the same command later")

    def _raise_trouble(self, key: str) -> None:
        trouble = self._batches.find_trouble(key)
        if trouble is None:
            return
        if key in self._renewals:
            self._batches.forget_trouble(key)
        elif trouble.n_attempts >= self._max_attempts:
            # Named with its hash, so that a retry of errors knows which request to ask again.
            raise RecordError(trouble.code, trouble.message, trouble.hint, (key,))

    async def _gather(self, request: ModelRequest, key: str) -> None:
        line = write_request(key, await self._batching.build_body(request))
        if len(line) > self._limits.max_bytes:
            told = f"the request takes {len(line) / 1e6:.1f} MB, a file may hold {self._limits.max_bytes / 1e6:g} MB"
            raise RecordError("REQUEST_TOO_LONG", told, "raise generate.batch_max_mb, or send smaller images")
        async with self._turn:
            if self._file is not None and key in self._file.keys:
                return  # of another input with the same request
            if self._late is not None:
                await self._late.gather(request, key, BATCH_SHARE)
            if self._file is not None and not self._file.has_room(line):
                await self._submit()
            if self._file is None:
                name = f"{self._limits.prefix}requests-{time.time_ns():x}.jsonl"
                limits = self._limits
                self._file = RequestFile(limits.folder / name, limits.max_requests, limits.max_bytes)
            if self._hooks.ledger:
                self._hooks.ledger.record(request, key)
            if self._store:
                # Its reply comes to a command that does not know any more what was asked.
                self._store.put_waiting(key, describe_request(request, self.client.name, self.client.model))
            self._file.add(key, line, is_renewal=key in self._renewals)

    async def _submit(self) -> None:
        file, self._file = self._file, None
        if file is None:
            return
        file.close()
        try:
            plan = self._plan(file)
            if plan is None:
                return
            if self._late is not None:
                # What it costs is known to a later command; of a plan that a kill prevents, that it costs nothing.
                self._late.hand_over(file.keys)
            await self._create(plan, file)
        finally:
            file.remove()
        self.counts["sent"] += len(file.keys)
        told = f"{len(file.keys):,} request{'s' if len(file.keys) != 1 else ''} handed over in a batch"
        self._tell(f"{told} ({file.n_bytes / 2**20:.1f} MiB)")

    def _plan(self, file: RequestFile) -> Plan | None:
        """Note what is handed over, without what another run that shares the store has handed over meanwhile; None
        where nothing is left.
        """
        plan, taken = self._batches.plan(self.client.model, file.sha256, file.n_bytes, file.keys)
        if not taken:
            return plan
        if self._late is not None:
            self._late.let_go(taken)
        file.drop(taken)
        if not file.keys:
            self._batches.forget(plan.id)
            return None
        self._batches.correct(plan.id, file.sha256, file.n_bytes, len(file.keys))
        return replace(plan, n_requests=len(file.keys))

    async def _create(self, plan: Plan, file: RequestFile) -> None:
        is_first = True

        async def create() -> BatchState:
            # After a time-out nobody knows whether there is a batch by now: looked up before another one is made.
            nonlocal is_first
            found = None if is_first else await self._api.find(plan.id, plan.planned_at)
            is_first = False
            return found or await self._api.create(file_id, plan.id, file.sha256)

        try:
            file_id = await self._try(lambda: self._api.upload(file.path))
        except ProviderError:
            self._forget(plan)
            raise
        state = await self._try(create)
        self._batches.note_state(plan.id, state.id, state.status)

    async def _settle_plan(self, plan: Plan) -> None:
        """A batch that was about to be made when a command was killed: it is there, or it never was."""
        state = await self._try(lambda: self._api.find(plan.id, plan.planned_at))
        if state is not None:
            self._batches.note_state(plan.id, state.id, state.status, state.n_ended)
        elif not self._batches.has_batch(plan.id):  # else whoever made it noted so since the plan was read
            self._forget(plan)

    async def _collect_ended(self) -> int:
        """Take all that has ended; how many batches that were."""
        n_ended = 0
        failure: ProviderError | None = None
        for plan in self._batches.list_open():
            if plan.batch_id is None:
                continue  # handing it over failed, or another run is at it; the next command finds out what came of it
            state = await self._try(partial(self._api.look, plan.batch_id))
            if state is None:
                self._tell(f"the endpoint knows batch {plan.batch_id} no more: its requests are asked again")
                self._forget(plan)
            elif state.status == "failed":
                self._forget(plan)
                told = f"the endpoint worked on none of batch {state.id}: {state.told or 'it does not say why'}"
                failure = failure or ProviderError(
                    told, "mend the cause; the same command hands its requests over anew"
                )
            elif state.has_ended:
                await self._take(plan, state)
            else:
                self._batches.note_state(plan.id, state.id, state.status, state.n_ended)
                continue
            n_ended += 1
        if failure is not None:
            raise failure
        return n_ended

    async def _take(self, plan: Plan, state: BatchState) -> None:
        """Store every reply of a batch that has ended, then note that it is done with. May be done twice."""
        waiting = self._batches.read_keys(plan.id)
        troubles: list[tuple[str, Trouble]] = []
        used = self._batching.dialect
        path = self._limits.folder / f"{self._limits.prefix}replies-{plan.id}.jsonl"
        try:
            for file_id in state.files:
                with explain_writing(path):
                    path.parent.mkdir(parents=True, exist_ok=True)
                    await self._try(partial(self._api.fetch, file_id, path))
                for key, status, body in read_replies(path):
                    is_renewal = waiting.pop(key, None)
                    if is_renewal is None:  # a line that nobody waits for, or a second one, is passed over
                        self.counts["surplus"] += 1
                    elif (trouble := self._store_line(key, used, status, body, is_renewal=is_renewal)) is not None:
                        troubles.append((key, trouble))
        finally:
            path.unlink(missing_ok=True)
        for key in waiting:
            self._account(key, None)
        if state.status == "completed":
            lost = TransientError("REPLY_MISSING", "the batch ended without a line for this request")
            troubles.extend((key, self._weigh_trouble(key, lost)) for key in waiting)
        keys = list(self._batches.read_keys(plan.id))
        self._batches.finish(plan.id, troubles)
        if self._store:
            self._store.drop_waiting(keys)

    def _store_line(self, key: str, used: Dialect, status: int, body: Any, *, is_renewal: bool) -> Trouble | None:
        reply: ModelReply | None = None
        try:
            reply = self._read_line(key, used, status, body, is_renewal=is_renewal)
        except RecordError as error:
            self.counts[error.code] += 1
            return None if error.code == "REPHRASED" else self._weigh_trouble(key, error)
        finally:
            self._account(key, reply)
        return None

    def _read_line(self, key: str, used: Dialect, status: int, body: Any, *, is_renewal: bool) -> ModelReply | None:
        """The reply of a line, stored; None where the endpoint gave the request back untouched."""
        if status == 0 and isinstance(body, dict) and body.get("code") in NEVER_TRIED:
            return None
        reply = replace(self._batching.read_answer(used, status or 500, body), paid_share=BATCH_SHARE)
        if is_renewal:
            self._renewals[key] = False
        self.counts["received"] += 1
        reply = self._complete(reply, key)
        self._keep(reply, self._store.read_waiting(key) if self._store else None)
        return reply

    def _account(self, key: str, reply: ModelReply | None) -> None:
        if self._late is not None:
            self._late.settle_late(key, reply)

    def _settle_rest(self) -> None:
        """Settle what another run has collected, and what was never handed over after all, as a kill came between."""
        for key in self._late.list_late() if self._late is not None else ():
            if not self._batches.is_pending_anywhere(key):
                self._account(key, self._read_stored(key))

    def _forget(self, plan: Plan) -> None:
        """Nobody works on it: its requests are gathered again."""
        for key in self._batches.read_keys(plan.id):
            self._account(key, None)
        self._batches.forget(plan.id)

    def _weigh_trouble(self, key: str, error: RecordError) -> Trouble:
        before = self._batches.find_trouble(key)
        n_attempts = (before.n_attempts if before else 0) + 1
        if not isinstance(error, TransientError):
            n_attempts = FINAL_ATTEMPTS
        return Trouble(error.code, error.message, error.hint, n_attempts, int(time.time()))

    async def _try(self, call: Callable[[], Awaitable[Result]]) -> Result:
        """Make a call, and again where that may help."""
        for attempt in range(CALL_ATTEMPTS):
            try:
                return await call()
            except TransientError as error:
                if attempt == CALL_ATTEMPTS - 1:
                    told = f"{error.message} (gave up after {CALL_ATTEMPTS} attempts)"
                    raise ProviderError(told, f"nothing is lost: {error.hint}") from None
                wait_s = min(FIRST_WAIT_S * 2.0**attempt, LONGEST_WAIT_S)
                await self._limiter.sleep(max(wait_s, error.retry_after_s or 0.0))
        raise AssertionError("unreachable")

"""The one door to every model: stored replies, one call for equal questions, limits, retries, and what may pass.

Order of a question: outbound guards (they may mask or refuse) -> hash -> reply store -> a slot -> room on the disk,
budget and ledger -> client, tried again while that may help -> reply store, committed -> caller.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from types import TracebackType
from typing import Any

from tenacity import AsyncRetrying, retry_if_exception_type

from remud_gen.errors import BudgetReached, InputError, Interrupted, ProviderError, RecordError, RemudError
from remud_gen.llm.asked import Asked, describe_request
from remud_gen.llm.health import Attempts, Health
from remud_gen.llm.hooks import Hooks, ReportsHeaders
from remud_gen.llm.limits import Limiter, Pace
from remud_gen.llm.memory import ReplayingClient
from remud_gen.llm.request_hash import hash_request
from remud_gen.llm.retry import LONGEST_RETRY_AFTER_S, TransientError
from remud_gen.llm.store import ReplyStore
from remud_gen.protocols import ModelClient, ModelReply, ModelRequest

CLOSING_GRACE_S = 10.0
PERHAPS_BILLED = {"TIMEOUT", "CONNECTION_LOST"}  # the endpoint may have answered all the same
TOLD_AFTER_S = 5.0  # of an outage: three failures in a row may be chance, and say nothing to anybody
URGENT_GRACE_S = 0.1  # what has arrived already is read and stored; nothing more is waited for
Refusal = ProviderError | BudgetReached | InputError | Interrupted


class Gateway:
    """Answers requests from the store, or through a client. An async context manager that closes both.

    `counts` tells what happened: asked, stored (answered from the store), sent, received, and every error code.
    A client that leaves the machine for nothing is asked directly: its replies cost nothing to make again, and a
    stored one would outlive a change of the code that made it.
    """

    def __init__(
        self,
        client: ModelClient,
        store: ReplyStore | None,
        *,
        pace: Pace | None = None,
        max_attempts: int = 6,
        patience_s: float = 600.0,
        hooks: Hooks | None = None,
        tell: Callable[[str], None] = lambda text: None,
    ) -> None:
        self.client = client
        self.counts: Counter[str] = Counter()
        self._store = store
        self._hooks = hooks or Hooks()
        self._limiter = Limiter(pace or Pace())
        self._health = Health(patience_s)
        self._max_attempts, self._tell = max_attempts, tell
        if isinstance(client, ReportsHeaders):
            client.report_headers_to(self._limiter.observe)
        # Asked once: to ask an object for its protocol takes as long as to store a reply.
        self._replayed = client.replayed if isinstance(client, ReplayingClient) else None
        self._in_flight: dict[str, asyncio.Task[ModelReply]] = {}
        self._refusal: Refusal | None = None
        self._has_connected = False
        self._has_told_outage = False
        self._n_coming = 0  # replies that are being paid for
        self._renewals: dict[str, bool] = {}  # distrusted keys asked for again -> is the fresh reply there?
        self._unstored: list[
            tuple[ModelReply, Asked | None]
        ] = []  # paid for, but the store would not take them: tried again at the end

    @property
    def is_free(self) -> bool:
        """Whether asking costs nothing, now as ever: what is replayed was paid for once."""
        return not self.client.is_network and self._replayed is None

    @property
    def refusal(self) -> Refusal | None:
        """Why nothing more is sent, once that is so."""
        return self._refusal

    @property
    def calls_paid(self) -> int:
        """How many replies came from an endpoint so far, stored ones not counted."""
        return self.counts["received"]

    async def ask(
        self, request: ModelRequest, *, distrusted: frozenset[str] = frozenset(), until_s: float = float("inf")
    ) -> ModelReply:
        """A stored reply if there is one, else a fresh one, committed before it is returned.

        A request whose hash is `distrusted` is sent once more if its reply was stored up to `until_s` (seconds since
        1970), and the new reply takes the place of the stored one; from then on this gateway gives the fresh one.

        Raises:
            RecordError: this request failed for good; the code says how.
            ProviderError, BudgetReached: nothing more is sent; stored replies are still given.
            InputError: the store cannot be read or written, or the disk is almost full; nothing more is sent.
        """
        self.counts["asked"] += 1
        is_replay = self._replayed is not None
        for guard in self._hooks.guards if self.client.is_network or is_replay else ():
            admitted = guard.admit(request)
            request = admitted if isinstance(admitted, ModelRequest) else await admitted
        # A replayed request is what the live one was, masks and all.
        key = hash_request(request, self._replayed or self.client.name, self.client.model)
        if not self.client.is_network:
            reply = await self.client.complete(request)
            self.counts["stored"] += is_replay
            return replace(reply, request_sha256=key)
        if key in distrusted and not self._renewals.get(key) and self._was_stored_by(key, until_s):
            self._renewals[key] = False
        elif (stored := self._read_stored(key)) is not None:
            self.counts["stored"] += 1
            return stored
        task = self._in_flight.get(key)
        if task is None:
            # A task of its own: when whoever asked is cancelled, the reply that is being paid for is still stored.
            task = asyncio.create_task(self._fetch(request, key))
            self._in_flight[key] = task
            task.add_done_callback(lambda done: self._land(key, done))
        return await asyncio.shield(task)

    def _was_stored_by(self, key: str, until_s: float) -> bool:
        stored_at = self._store.read_time(key) if self._store else None
        return stored_at is None or stored_at <= until_s

    def refuse(self, reason: Refusal) -> None:
        """Send nothing more; what is in flight is still stored, what waits for another attempt gives up."""
        self._refusal = self._refusal or reason
        self._limiter.stop()

    async def close(self, *, is_urgent: bool = False) -> None:
        """Send nothing more, wait a little for what is in flight (when urgent, only for what has arrived), then close
        client, ledger and store.

        Raises:
            InputError: the store would not take replies that were paid for, not even at the end; or the disk did not
                keep the ledger.
        """
        self.refuse(Interrupted("the gateway is closed", "run the same command to go on"))
        grace_s = URGENT_GRACE_S if is_urgent else CLOSING_GRACE_S
        try:
            if self._in_flight:
                await asyncio.wait(list(self._in_flight.values()), timeout=grace_s)
            if late := list(self._in_flight.values()):
                for task in late:
                    task.cancel()
                await asyncio.wait(late, timeout=grace_s)
            # Connections that do not close in time are closed by the end of the process.
            with suppress(TimeoutError):
                async with asyncio.timeout(grace_s):
                    await self.client.close()
        finally:
            try:
                if self._hooks.ledger:
                    self._hooks.ledger.close()
            finally:
                if self._store:
                    self._close_store(self._store)

    async def __aenter__(self) -> Gateway:
        loop = asyncio.get_running_loop()
        if loop.get_exception_handler() is None:
            loop.set_exception_handler(self._report_unheard)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        is_urgent = isinstance(error, KeyboardInterrupt | asyncio.CancelledError)
        try:
            await self.close(is_urgent=is_urgent)
        except InputError:
            # The way to stop, or the first trouble with the store, has been told already: it goes on.
            if not is_urgent and not isinstance(error, InputError):
                raise

    def _report_unheard(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        # A Ctrl-C ends whatever task it happens to meet, and a refusal all that wait: heard of once, it is no news.
        error = context.get("exception")
        if not isinstance(error, KeyboardInterrupt) and (error is None or error is not self._refusal):
            loop.default_exception_handler(context)

    def _close_store(self, store: ReplyStore) -> None:
        """Try once more to store what could not be stored, then close."""
        try:
            while self._unstored:
                self._put(store, *self._unstored[-1])
                self._unstored.pop()
        except InputError as error:
            told = f"{len(self._unstored)} replies that were paid for could not be stored: {error.message}"
            raise InputError(told, error.hint) from None
        finally:
            store.close()

    def _read_stored(self, key: str) -> ModelReply | None:
        if self._store is None:
            return None
        try:
            return self._store.get(key)
        except InputError as error:
            self.refuse(error)
            raise

    def _keep(self, reply: ModelReply, asked: Asked | None = None) -> ModelReply:
        """Commit a reply, with what was asked, and say which one is stored now: another process that shares the store
        may have been first. If that fails, hold it and send nothing more.
        """
        if self._store is None:
            return reply
        try:
            is_first = self._put(self._store, reply, asked)
            return reply if is_first else self._store.get(reply.request_sha256) or reply
        except InputError as error:
            self._unstored.append((reply, asked))
            self.refuse(error)
            raise

    def _put(self, store: ReplyStore, reply: ModelReply, asked: Asked | None) -> bool:
        key = reply.request_sha256
        is_stored = store.put(reply, asked, replaces=key in self._renewals)
        if key in self._renewals:
            self._renewals[key] = True
        return is_stored

    def _land(self, key: str, task: asyncio.Task[ModelReply]) -> None:
        del self._in_flight[key]
        if not task.cancelled():
            task.exception()  # marked as seen: nobody may be left who waits for it

    async def _fetch(self, request: ModelRequest, key: str) -> ModelReply:
        try:
            return await self._attempt(request, key)
        except TransientError as error:
            return await self._try_again(request, key, error)
        except (ProviderError, BudgetReached, InputError) as error:
            self.refuse(error)
            raise

    async def _try_again(self, request: ModelRequest, key: str, first: TransientError) -> ModelReply:
        """More attempts after the first, which nearly always is the last and is spared tenacity's book-keeping."""
        failed = [first]

        async def attempt() -> ModelReply:
            if failed:
                raise failed.pop()
            return await self._attempt(request, key)

        attempts = Attempts(self._health, self._max_attempts)
        retrying = AsyncRetrying(
            stop=attempts.is_over,
            wait=attempts.choose_wait_s,
            retry=retry_if_exception_type(TransientError),
            sleep=self._limiter.sleep,
            reraise=True,
        )
        try:
            reply: ModelReply = await retrying(attempt)
        except TransientError as error:
            raise self._give_up(error) from None
        except (ProviderError, BudgetReached, InputError) as error:
            self.refuse(error)
            raise
        return reply

    def _give_up(self, error: TransientError) -> RecordError | ProviderError:
        """What an error that was tried often enough ends as: of this request alone, or of all."""
        if not self._health.is_away:
            told = f"{error.message} (gave up after {self._max_attempts} attempts)"
            return RecordError(error.code, told, error.hint)
        told = f"{error.message} (waited {self._health.away_s:.0f} s for the endpoint to come back)"
        away = ProviderError(told, f"{error.hint}\nnothing is lost: the same command goes on from here")
        self.refuse(away)
        return away

    async def _attempt(self, request: ModelRequest, key: str) -> ModelReply:
        slot = await self._limiter.enter(guess_tokens(request))
        reply: ModelReply | None = None
        is_busy = is_refused = False
        try:
            reply = await self._send(request, key)
        except TransientError as error:
            is_busy = error.is_busy
            raise
        except RecordError:
            is_refused = True
            raise
        else:
            return reply
        finally:
            n_tokens = None if reply is None else count_tokens(reply)
            is_well = reply is not None
            self._limiter.leave(slot, is_well=is_well, is_busy=is_busy, n_tokens=n_tokens, is_refused=is_refused)

    async def _send(self, request: ModelRequest, key: str) -> ModelReply:
        if self._refusal is not None:
            raise self._refusal
        if self._store:
            self._store.check_room(self._n_coming + 1)
        if self._hooks.budget:
            await self._hooks.budget.reserve(request, key)
        self._n_coming += 1
        reply: ModelReply | None = None
        kept: ModelReply | None = None
        is_lost = False
        try:
            if (refusal := self.refusal) is not None:  # it may have waited for long
                raise refusal
            if self._hooks.ledger:
                self._hooks.ledger.record(request, key)
            self.counts["sent"] += 1
            is_lost = True
            reply = self._complete(await self.client.complete(request), key)
            self.counts["received"] += 1
            self._note_life()
        except RemudError as error:
            is_lost = isinstance(error, RecordError) and error.code in PERHAPS_BILLED
            if isinstance(error, RecordError):
                self._weigh(error, key)
            raise
        finally:
            self._n_coming -= 1
            try:
                if reply is not None:
                    kept = self._keep(reply, describe_request(request, self.client.name, self.client.model))
            finally:
                if self._hooks.budget:
                    # The reply that was paid for, be another process's the one to use.
                    self._hooks.budget.settle(key, reply, is_lost=is_lost and reply is None)
        return kept or reply

    def _complete(self, reply: ModelReply, key: str) -> ModelReply:
        """What a client cannot know of its own reply."""
        cost_usd = self._hooks.pricer.cost_of(reply) if self._hooks.pricer else reply.cost_usd
        return replace(reply, request_sha256=key, cost_usd=cost_usd)

    def _weigh(self, error: RecordError, key: str) -> None:
        """Count an error, pause where the endpoint asks for it, and stop when it was never there."""
        self.counts[error.code] += 1
        if not isinstance(error, TransientError):
            self._note_life()
            return
        if error.is_unreachable and not self._has_connected:
            raise ProviderError(error.message, error.hint) from None
        self._has_connected = self._has_connected or not error.is_unreachable
        self._health.note_trouble(key, error)
        if self._health.is_away and self._health.away_s >= TOLD_AFTER_S and not self._has_told_outage:
            self._has_told_outage = True
            patience = f"waiting for it for up to {self._health.patience_s:.0f} s; Ctrl-C stops, and nothing is lost"
            self._tell(f"the endpoint is away ({error.message}): {patience}")
        if error.retry_after_s is not None:
            self._limiter.pause(min(error.retry_after_s, LONGEST_RETRY_AFTER_S))

    def _note_life(self) -> None:
        self._has_connected = True
        if self._has_told_outage:
            self._has_told_outage = False
            self._tell("the endpoint answers again")
        self._health.note_life()


def guess_tokens(request: ModelRequest) -> float:
    """About what a request will use, for a quota of tokens per minute; corrected by what it did use."""
    wanted = request.params.get("max_output_tokens")
    answer = min(float(wanted), 1500.0) if isinstance(wanted, int | float) else 1000.0
    return (len(request.system) + len(request.user)) / 3 + 1000.0 * len(request.images) + answer


def count_tokens(reply: ModelReply) -> float | None:
    """What a reply used, if the endpoint said."""
    if reply.input_tokens is None and reply.output_tokens is None:
        return None
    return float((reply.input_tokens or 0) + (reply.output_tokens or 0))

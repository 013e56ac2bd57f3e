"""The one door to every model: stored replies, one call for equal questions, limits, retries, and what may pass.

Order of a question: outbound guards (they may mask or refuse) -> hash -> reply store -> a slot -> budget and ledger ->
client, tried again while that may help -> reply store, committed -> caller.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt

from remud_gen.config import Config, GenerateConfig
from remud_gen.errors import BudgetReached, ConfigError, Interrupted, ProviderError, RecordError
from remud_gen.llm.limits import Limiter
from remud_gen.llm.retry import LONGEST_RETRY_AFTER_S, TransientError, choose_wait_s
from remud_gen.llm.store import ReplyStore
from remud_gen.protocols import ImageStore, ModelClient, ModelReply, ModelRequest
from remud_gen.registry import load

HASH_VERSION = 1
CLOSING_GRACE_S = 10.0
NO_MODEL = (
    "no model is set for `generate`",
    "name one: `--model gpt-4o` (or REMUD_MODEL, or `generate.model` in a config) with its key in OPENAI_API_KEY or "
    "REMUD_API_KEY; for a server of your own add `--base-url http://localhost:8000/v1`. To see the pipeline work "
    "without a model, set `generate.client: extractive` in a config",
)


class OutboundGuard(Protocol):
    """Decides what may leave the machine."""

    def admit(self, request: ModelRequest) -> ModelRequest:
        """The request as it may be sent, perhaps masked; RecordError when it may not leave."""
        ...


class Ledger(Protocol):
    """Keeps account of what left the machine."""

    def record(self, request: ModelRequest, request_sha256: str) -> None:
        """Called before every send, repeated ones too."""
        ...


class Budget(Protocol):
    """Keeps what is spent below what the user set."""

    def reserve(self, request: ModelRequest, request_sha256: str) -> None:
        """Called before every send; BudgetReached when it might lead past the limit."""
        ...

    def settle(self, request_sha256: str, reply: ModelReply | None) -> None:
        """Called after every send with what came back; None when nothing did."""
        ...


@dataclass(frozen=True, slots=True)
class Hooks:
    """What watches over requests that leave the machine."""

    guards: Sequence[OutboundGuard] = ()
    ledger: Ledger | None = None
    budget: Budget | None = None


def hash_request(request: ModelRequest, client: str, model: str) -> str:
    """Of all that shapes the reply. Images count by their hash; the key, the address and the limits do not count."""
    identity: dict[str, Any] = {
        "version": HASH_VERSION,
        "client": client,
        "model": model,
        "system": request.system,
        "user": request.user,
        "images": [image.sha256 for image in request.images],
        "schema": request.schema,
        "params": dict(request.params),
    }
    canonical = json.dumps(identity, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()


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
        concurrency: int = 32,
        max_attempts: int = 6,
        hooks: Hooks | None = None,
    ) -> None:
        self.client = client
        self.counts: Counter[str] = Counter()
        self._store = store
        self._hooks = hooks or Hooks()
        self._limiter = Limiter(concurrency)
        self._max_attempts = max_attempts
        self._in_flight: dict[str, asyncio.Task[ModelReply]] = {}
        self._refusal: ProviderError | BudgetReached | Interrupted | None = None
        self._has_connected = False

    @property
    def calls_paid(self) -> int:
        """How many replies came from an endpoint so far, stored ones not counted."""
        return self.counts["received"]

    async def ask(self, request: ModelRequest) -> ModelReply:
        """A stored reply if there is one, else a fresh one, committed before it is returned.

        Raises:
            RecordError: this request failed for good; the code says how.
            ProviderError, BudgetReached: nothing more is sent; stored replies are still given.
        """
        self.counts["asked"] += 1
        if not self.client.is_network:
            reply = await self.client.complete(request)
            return replace(reply, request_sha256=hash_request(request, self.client.name, self.client.model))
        for guard in self._hooks.guards:
            request = guard.admit(request)
        key = hash_request(request, self.client.name, self.client.model)
        stored = self._store.get(key) if self._store else None
        if stored is not None:
            self.counts["stored"] += 1
            return stored
        task = self._in_flight.get(key)
        if task is None:
            # A task of its own: when whoever asked is cancelled, the reply that is being paid for is still stored.
            task = asyncio.create_task(self._fetch(request, key))
            self._in_flight[key] = task
            task.add_done_callback(lambda done: self._land(key, done))
        return await asyncio.shield(task)

    def refuse(self, reason: ProviderError | BudgetReached | Interrupted) -> None:
        """Send nothing more; what is in flight is still stored, what waits for another attempt gives up."""
        self._refusal = self._refusal or reason
        self._limiter.stop()

    async def close(self) -> None:
        """Wait a little for what is in flight, then close client and store."""
        if self._in_flight:
            await asyncio.wait(list(self._in_flight.values()), timeout=CLOSING_GRACE_S)
        late = list(self._in_flight.values())
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        await self.client.close()
        if self._store:
            self._store.close()

    async def __aenter__(self) -> Gateway:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def _land(self, key: str, task: asyncio.Task[ModelReply]) -> None:
        del self._in_flight[key]
        if not task.cancelled():
            task.exception()  # marked as seen: nobody may be left who waits for it

    async def _fetch(self, request: ModelRequest, key: str) -> ModelReply:
        retrying = AsyncRetrying(
            stop=stop_after_attempt(self._max_attempts),
            wait=choose_wait_s,
            retry=retry_if_exception_type(TransientError),
            sleep=self._limiter.sleep,
            reraise=True,
        )
        try:
            reply: ModelReply = await retrying(self._attempt, request, key)
        except TransientError as error:
            told = f"{error.message} (gave up after {self._max_attempts} attempts)"
            if error.is_unreachable:
                self.refuse(ProviderError(told, error.hint))
                raise ProviderError(told, error.hint) from None
            raise RecordError(error.code, told, error.hint) from None
        except (ProviderError, BudgetReached) as error:
            self.refuse(error)
            raise
        return reply

    async def _attempt(self, request: ModelRequest, key: str) -> ModelReply:
        async with self._limiter:
            if self._refusal is not None:
                raise self._refusal
            if self._hooks.budget:
                self._hooks.budget.reserve(request, key)
            if self._hooks.ledger:
                self._hooks.ledger.record(request, key)
            self.counts["sent"] += 1
            reply: ModelReply | None = None
            try:
                reply = replace(await self.client.complete(request), request_sha256=key)
                self.counts["received"] += 1
                self._has_connected = True
            except RecordError as error:
                self._weigh(error)
                raise
            finally:
                if reply is not None and self._store:
                    self._store.put(reply)
                if self._hooks.budget:
                    self._hooks.budget.settle(key, reply)
            return reply

    def _weigh(self, error: RecordError) -> None:
        """Count an error, pause where the endpoint asks for it, and stop when it was never there."""
        self.counts[error.code] += 1
        if not isinstance(error, TransientError):
            self._has_connected = True
        elif error.is_unreachable and not self._has_connected:
            raise ProviderError(error.message, error.hint) from None
        else:
            self._has_connected = self._has_connected or not error.is_unreachable
            if error.retry_after_s is not None:
                self._limiter.pause(min(error.retry_after_s, LONGEST_RETRY_AFTER_S))


def choose_client(config: GenerateConfig) -> str:
    """The name of the client a configuration asks for; a model without a client means an OpenAI-compatible endpoint.

    Raises:
        ConfigError: neither is set, or the endpoint's model is not named; the hint says how to set one.
    """
    if config.client is None and config.model is None:
        raise ConfigError(*NO_MODEL)
    if config.client == "openai" and config.model is None:
        raise ConfigError(*NO_MODEL)
    return config.client or "openai"


def open_gateway(config: Config, store_path: Path, images: ImageStore, hooks: Hooks | None = None) -> Gateway:
    """Build the configured client and its gateway; call within a running event loop and use as `async with`.

    Raises:
        ConfigError: no model, no key, or an address that is none.
        InputError: the reply store cannot be used.
    """
    generate = config.generate
    client: ModelClient = load("llm", choose_client(generate))(generate, images)
    store = ReplyStore(store_path) if client.is_network else None
    return Gateway(client, store, concurrency=generate.concurrency, max_attempts=generate.max_attempts, hooks=hooks)

"""Keeps a run below what its user set: before a request is sent, the worst that all in flight may cost has room.

A request that would only fit if those in flight turn out cheaper than their worst waits for them; one that does not fit
though nothing is in flight ends the run. So the limit is met from below: what is left over is less than the worst case
of one request.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from remud_gen.config import BudgetConfig, ModelConfig
from remud_gen.errors import BudgetReached, ConfigError
from remud_gen.llm.prices import Price
from remud_gen.llm.request_tokens import RequestCounter
from remud_gen.protocols import ModelReply, ModelRequest

FIRST_MARGIN = 1.3  # of the counted input, until replies have told what the endpoint counts
LATER_MARGIN = 1.05
REPLIES_TO_TRUST = 20
Guess = tuple[float | None, int]  # USD where there is a price, and tokens
RESUME = "and run the same command to go on from here; what is paid for is stored"


@dataclass(frozen=True, slots=True)
class Spent:
    """What was paid, in USD and in tokens of input and output; of `n_unpriced` replies the cost is not known."""

    usd: float = 0.0
    tokens: int = 0
    n_replies: int = 0
    n_unpriced: int = 0
    unpriced_input_tokens: int = 0  # that no price was known for
    unpriced_output_tokens: int = 0
    n_lost: int = 0  # requests that no reply came back to, counted as their endpoint may have billed them
    lost_usd: float = 0.0  # part of `usd`


class Account(Protocol):
    """Where a run's spending is written down, so that later commands know of it."""

    @property
    def spent(self) -> Spent:
        """All that this run folder has paid."""
        ...

    def note_sent(self, request_sha256: str, usd: float | None, tokens: int) -> None:
        """A request goes out; should the process die, it counts for so much."""
        ...

    def note_reply(self, request_sha256: str, reply: ModelReply, guess_usd: float | None) -> None:
        """A reply was paid for; the guess counts where its endpoint does not say how many tokens it was."""
        ...

    def note_nothing(self, request_sha256: str) -> None:
        """The endpoint refused, or was never reached: nothing is billed."""
        ...

    def note_lost(self, request_sha256: str, usd: float | None, tokens: int) -> None:
        """No reply came back, though there may be one on the bill."""
        ...

    def note_late(self, request_sha256: str, usd: float | None, tokens: int) -> None:
        """A request was handed over whose reply comes to a later command; until then it counts for so much."""
        ...

    def take_late(self, request_sha256: str) -> Guess | None:
        """The guess of such a request, of which it is known by now what came: it counts no more. None where this run
        handed over no such request.
        """
        ...

    def list_late(self) -> list[str]:
        """Requests by hash of which that is not known yet."""
        ...


@dataclass(frozen=True, slots=True)
class _Hold:
    input_tokens: int  # as counted before
    worst_usd: float
    worst_tokens: int


class SpendingLimit:
    """A budget for the gateway: writes down what is paid, and holds a run below its limits if it has any."""

    def __init__(self, limits: BudgetConfig, price: Price, counter: RequestCounter, account: Account) -> None:
        self._limits, self._price, self._counter, self._account = limits, price, counter, account
        self._held: dict[str, _Hold] = {}
        self._held_usd, self._held_tokens = 0.0, 0
        self._gathered: dict[str, Guess] = {}  # what will be handed over
        self._gathered_usd, self._gathered_tokens = 0.0, 0
        self._changed = asyncio.Event()
        self._ratio, self._n_seen = 0.0, 0  # most that an endpoint counted for one token of ours
        self._input_tokens = self._output_tokens = 0  # of all replies seen
        self._is_limited = limits.max_cost_usd is not None or limits.max_tokens is not None

    @property
    def spent(self) -> Spent:
        """All that this run folder has paid."""
        return self._account.spent

    @property
    def spent_usd(self) -> float:
        """The same in USD; what was paid before there was a price is counted at the present one."""
        spent = self._account.spent
        return spent.usd + (self._price.cost(spent.unpriced_input_tokens, spent.unpriced_output_tokens) or 0.0)

    async def reserve(self, request: ModelRequest, request_sha256: str) -> None:
        """Hold back the worst case of a request; wait where that depends on what is in flight.

        Raises:
            BudgetReached: nothing is in flight, and the request may lead past a limit.
        """
        # Counting takes time: it is done where a limit hangs on it, or where nothing better is known of what one costs.
        hold = await self._wait_for_room(request) if self._is_limited or not self._n_seen else _Hold(0, 0.0, 0)
        # Noted first: what cannot be noted is not sent, and must not be held for ever.
        self._account.note_sent(request_sha256, *self._guess(hold))
        self._held[request_sha256] = hold
        self._held_usd += hold.worst_usd
        self._held_tokens += hold.worst_tokens

    async def gather(self, request: ModelRequest, request_sha256: str, share: float) -> None:
        """Find room for the worst case of a request that will be handed over, at a share of the price, for its reply to
        come to a later command. Nothing frees that room before.

        Raises:
            BudgetReached: the request may lead past a limit.
        """
        # Counted without a limit, too: the command that collects the reply may have one.
        hold = await self._wait_for_room(request, share)
        self._gathered[request_sha256] = hold.worst_usd if self._price.is_known else None, hold.worst_tokens
        self._gathered_usd += hold.worst_usd
        self._gathered_tokens += hold.worst_tokens

    def hand_over(self, request_sha256s: Iterable[str]) -> None:
        """Write down what was gathered, before it is sent: from here on it counts as spent, whoever is killed."""
        for key in request_sha256s:
            usd, tokens = self._gathered.pop(key)
            self._gathered_usd -= usd or 0.0
            self._gathered_tokens -= tokens
            self._account.note_late(key, usd, tokens)

    def let_go(self, request_sha256s: Iterable[str]) -> None:
        """Give back the room of what was gathered and will not be handed over: another run has done so."""
        for key in request_sha256s:
            usd, tokens = self._gathered.pop(key)
            self._gathered_usd -= usd or 0.0
            self._gathered_tokens -= tokens

    def settle_late(self, request_sha256: str, reply: ModelReply | None) -> None:
        """Write down what was paid for such a request, or that nothing was, in place of the guess. What another run
        handed over is for that one to write down.
        """
        guess = self._account.take_late(request_sha256)
        if guess is not None and reply is not None:
            self._account.note_reply(request_sha256, reply, guess[0])

    def list_late(self) -> list[str]:
        """Requests by hash that were handed over and not settled."""
        return self._account.list_late()

    def settle(self, request_sha256: str, reply: ModelReply | None, *, is_lost: bool = False) -> None:
        """Give back what was held and write down what was paid."""
        hold = self._release(request_sha256)
        if reply is not None:
            self._learn(hold, reply)
            self._account.note_reply(request_sha256, reply, self._guess(hold)[0])
        elif is_lost:
            self._account.note_lost(request_sha256, *self._guess(hold))
        else:
            self._account.note_nothing(request_sha256)
        self._changed.set()

    def _release(self, request_sha256: str) -> _Hold:
        hold = self._held.pop(request_sha256)
        self._held_usd -= hold.worst_usd
        self._held_tokens -= hold.worst_tokens
        if not self._held:
            self._held_usd = 0.0  # sums of fractions leave crumbs
        return hold

    async def _wait_for_room(self, request: ModelRequest, share: float = 1.0) -> _Hold:
        counted = self._counter.count_input(request)
        while not self._fits(hold := self._weigh(request, counted, share)):
            if not self._held:
                raise self._reached()
            self._changed.clear()
            await self._changed.wait()
        return hold

    def _weigh(self, request: ModelRequest, counted: int, share: float) -> _Hold:
        margin = FIRST_MARGIN if self._n_seen < REPLIES_TO_TRUST else LATER_MARGIN
        sent = int(counted * max(self._ratio, 1.0) * margin) + 1
        received = self._counter.count_most_output(request)
        return _Hold(counted, self._price.cost(sent, received, share=share) or 0.0, sent + received)

    def _fits(self, hold: _Hold) -> bool:
        spent, limits = self._account.spent, self._limits
        most_usd = limits.max_cost_usd
        if most_usd is not None and self.spent_usd + self._gathered_usd + self._held_usd + hold.worst_usd > most_usd:
            return False
        tokens = spent.tokens + self._gathered_tokens + self._held_tokens + hold.worst_tokens
        return limits.max_tokens is None or tokens <= limits.max_tokens

    def _guess(self, hold: _Hold) -> Guess:
        """What a request costs likely: the worst case until replies have told more."""
        if not self._n_seen:
            return hold.worst_usd if self._price.is_known else None, hold.worst_tokens
        received = self._output_tokens // self._n_seen
        counted = hold.input_tokens
        sent = int(counted * (self._ratio or 1.0)) if counted else self._input_tokens // self._n_seen
        return self._price.cost(sent, received), sent + received

    def _learn(self, hold: _Hold, reply: ModelReply) -> None:
        if reply.input_tokens is None or reply.output_tokens is None:
            return
        self._n_seen += 1
        if hold.input_tokens:
            self._ratio = max(self._ratio, reply.input_tokens / hold.input_tokens)
        self._input_tokens += reply.input_tokens
        self._output_tokens += reply.output_tokens

    def _reached(self) -> BudgetReached:
        spent, limits = self._account.spent, self._limits
        told = []
        if limits.max_cost_usd is not None:
            told.append(f"${self.spent_usd + self._gathered_usd:.4f} of ${limits.max_cost_usd:g}")
        if limits.max_tokens is not None:
            told.append(f"{spent.tokens + self._gathered_tokens:,} of {limits.max_tokens:,} tokens")
        message = f"stopped at the limit of this run folder: {' and '.join(told)} spent, the next request may cost more"
        held = {"--max-cost": limits.max_cost_usd, "--max-tokens": limits.max_tokens}
        flags = " and ".join(flag for flag, limit in held.items() if limit is not None)
        if n_late := len(self._account.list_late()) + len(self._gathered):
            late = f"{n_late:,} handed over in batches count as the most they can cost until their replies are there"
            return BudgetReached(message, f"{late}: run the same command when they are, or raise it with {flags}")
        return BudgetReached(message, f"raise it with {flags} {RESUME}")


def check_limits(limits: BudgetConfig, model: ModelConfig, price: Price) -> None:
    """Refuse a limit that could not be held.

    Raises:
        ConfigError: a limit in USD without a known price.
    """
    if limits.max_cost_usd is not None and not price.is_known:
        told = f"budget.max_cost_usd (--max-cost) cannot be held: the price of {model.model} is {price.label}"
        raise ConfigError(told, f"{price.hint}; --max-tokens limits what is sent and received without a price")

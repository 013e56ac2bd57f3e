"""How many requests are in flight, how fast they start, and when all of them pause."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from remud_gen.rules.late import compile_late

FIRST_ALLOWED = 32  # in flight after the first answer; more once it is known to go well
WELL_SHARE = 0.02  # of busy answers in a round, up to which the endpoint counts as well
DURATION = compile_late(r"(\d+(?:\.\d+)?)(ms|[hms])")
DURATION_S = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
LONGEST_TOLD_S = 600.0  # whatever a header says


@dataclass(frozen=True, slots=True)
class Pace:
    """What the configuration allows."""

    concurrency: int = 32  # at most in flight
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None  # sent and received


@dataclass(slots=True)
class _Meter:
    """A quota per minute, spread evenly; what one second may use can be used at once."""

    per_minute: float
    free_at: float = 0.0  # when all that was used is made up for

    def use(self, amount: float, now: float) -> float:
        """Note a use and return the seconds to wait before it."""
        spare_s = 1.0
        wait_s = max(0.0, self.free_at - spare_s - now)
        self.free_at = max(self.free_at, now) + amount * 60.0 / self.per_minute
        return wait_s

    def correct(self, amount: float) -> None:
        """More, or less, was used than was thought."""
        self.free_at += amount * 60.0 / self.per_minute


@dataclass(slots=True)
class Slot:
    """One request's place among those in flight."""

    round: int  # of the limiter when it was let in
    n_tokens: float  # as guessed


@dataclass(slots=True)
class _Round:
    """What came back since the number allowed was last set."""

    n_well: int = 0
    n_busy: int = 0


@dataclass(slots=True)
class _Usage:
    """A running average of what a request uses."""

    n_tokens: float = 0.0
    n_seen: int = 0

    def note(self, n_tokens: float) -> None:
        self.n_seen += 1
        self.n_tokens += (n_tokens - self.n_tokens) / min(self.n_seen, 50)


@dataclass(slots=True)
class Limiter:
    """Lets requests start: few enough at once, not too fast, and none while the endpoint asks for a pause.

    One request alone finds out whether key, model and address are right: a wrong one must not cost a whole window of
    pages. From its answer on the number in flight is 32 or the configured most, grows with every answer until the
    endpoint is busy for the first time, and then by one a round. A round with busy answers takes half their share
    away, so that few refusals slow it down a little and many a lot. Nothing here is a guess about the endpoint: it is
    told by 429, 503, timeouts, and `x-ratelimit-*`.
    """

    pace: Pace
    allowed: float = field(init=False)
    _has_life: bool = field(init=False, default=False)
    _is_growing_fast: bool = field(init=False, default=True)
    _n_flying: int = field(init=False, default=0)
    _number: int = field(init=False, default=0)
    _round: _Round = field(init=False, default_factory=_Round)
    _usage: _Usage = field(init=False, default_factory=_Usage)
    _waiting: deque[asyncio.Future[None]] = field(init=False, default_factory=deque)
    _resume_at: float = field(init=False, default=0.0)
    _stopped: asyncio.Event = field(init=False, default_factory=asyncio.Event)
    _requests: _Meter | None = field(init=False, default=None)
    _tokens: _Meter | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self.allowed = 1.0
        if self.pace.requests_per_minute:
            self._requests = _Meter(self.pace.requests_per_minute)
        if self.pace.tokens_per_minute:
            self._tokens = _Meter(self.pace.tokens_per_minute)

    async def enter(self, n_tokens: float = 0.0) -> Slot:
        """Wait for a place in flight and for the time to start; `n_tokens` is a guess of what the request will use."""
        while self._n_flying >= int(self.allowed) and not self._stopped.is_set():
            turn = asyncio.get_running_loop().create_future()
            self._waiting.append(turn)
            try:
                await turn
            except asyncio.CancelledError:
                if turn.done() and not turn.cancelled():
                    self._wake()  # the place that was offered goes to the next
                raise
        self._n_flying += 1
        is_in = False
        try:
            await self._wait_to_start(n_tokens)
            is_in = True
        finally:
            if not is_in:
                self._n_flying -= 1
                self._wake()
        return Slot(self._number, n_tokens)

    def leave(
        self,
        slot: Slot,
        *,
        is_well: bool,
        is_busy: bool,
        n_tokens: float | None = None,
        is_refused: bool = False,
    ) -> None:
        """Give the place back and say how it went: an answer, a sign that the endpoint is busy, or neither.

        `is_refused`: this one request alone, which is a sign of life, too. `n_tokens` is what the request used, where
        that is known.
        """
        self._n_flying -= 1
        if n_tokens is not None:
            self._usage.note(n_tokens)
            if self._tokens is not None:
                self._tokens.correct(n_tokens - slot.n_tokens)
        if not self._has_life:
            if is_well or is_refused:
                self._has_life = True
                self._allow(FIRST_ALLOWED)
        elif slot.round == self._number:  # what started under an earlier limit says nothing of this one
            self._round.n_well += is_well
            self._round.n_busy += is_busy
            self._adapt()
        self._wake()

    def observe(self, headers: Mapping[str, str]) -> None:
        """Read `x-ratelimit-*` of any answer: pause before the quota is used up rather than after a refusal."""
        for kind, needed in (("requests", 1.0), ("tokens", max(1.0, self._usage.n_tokens))):
            wait_s = read_wait_s(headers, kind, needed)
            if wait_s > 0:
                self.pause(wait_s)

    def pause(self, seconds: float) -> None:
        """Let no further request start for so long: the endpoint asked for it."""
        self._resume_at = max(self._resume_at, time.monotonic() + seconds)

    def stop(self) -> None:
        """Wake every sleeper; the caller makes them give up."""
        self._stopped.set()
        while self._waiting:
            _offer(self._waiting.popleft())

    async def sleep(self, seconds: float) -> None:
        """Wait, or less when stopped."""
        try:
            await asyncio.wait_for(self._stopped.wait(), seconds)
        except TimeoutError:
            return

    async def _wait_to_start(self, n_tokens: float) -> None:
        now = time.monotonic()
        wait_s = max(
            self._requests.use(1.0, now) if self._requests else 0.0,
            self._tokens.use(n_tokens, now) if self._tokens else 0.0,
        )
        start_at = now + wait_s
        while not self._stopped.is_set() and (left_s := max(start_at, self._resume_at) - time.monotonic()) > 0:
            await self.sleep(left_s)

    def _adapt(self) -> None:
        one = self._round
        n_seen = one.n_well + one.n_busy
        if self._is_growing_fast and not one.n_busy:
            self._allow(self.allowed + 1)
            if n_seen >= self.allowed:
                self._round = _Round()
            return
        if n_seen < self.allowed and one.n_busy < 0.5 * self.allowed:
            return  # the round is not over, and does not look bad enough to end it early
        share = one.n_busy / n_seen
        self._is_growing_fast = False
        if share > WELL_SHARE:
            self._allow(self.allowed * (1 - share / 2))
            self._number += 1
        self._allow(self.allowed + 1)
        self._round = _Round()

    def _allow(self, number: float) -> None:
        self.allowed = min(max(number, 1.0), float(self.pace.concurrency))

    def _wake(self) -> None:
        n_free = int(self.allowed) - self._n_flying
        while self._waiting and n_free > 0:
            if _offer(self._waiting.popleft()):
                n_free -= 1


def _offer(turn: asyncio.Future[None]) -> bool:
    if turn.done():
        return False
    turn.set_result(None)
    return True


def read_wait_s(headers: Mapping[str, str], kind: str, needed: float) -> float:
    """Seconds until `needed` requests or tokens are there again, by an answer's own account; 0 if they are, or it
    does not say. `x-ratelimit-reset-*` is when the whole quota will be back.
    """
    left = _read_number(headers.get(f"x-ratelimit-remaining-{kind}"))
    reset_s = read_duration_s(headers.get(f"x-ratelimit-reset-{kind}"))
    if left is None or reset_s is None or left >= needed:
        return 0.0
    limit = _read_number(headers.get(f"x-ratelimit-limit-{kind}"))
    if limit is None or limit <= left:
        return min(reset_s, LONGEST_TOLD_S)
    return min(reset_s * min(1.0, (needed - left) / (limit - left)), LONGEST_TOLD_S)


def read_duration_s(text: str | None) -> float | None:
    """`1m30.5s`, `20ms` or plain seconds."""
    if text is None:
        return None
    number = _read_number(text)
    if number is not None:
        return max(0.0, number)
    parts = DURATION.findall(text)
    return sum(float(value) * DURATION_S[unit] for value, unit in parts) if parts else None


def _read_number(text: str | None) -> float | None:
    try:
        return float(text) if text is not None else None
    except ValueError:
        return None

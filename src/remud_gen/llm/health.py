"""Is the endpoint there at all? An outage is waited out; only what fails while others succeed is at fault itself."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from tenacity import RetryCallState

from remud_gen.llm.retry import TransientError, choose_wait_s

MANY = 3  # requests that fail one after the other, with no answer to any: the endpoint is away, not the request bad
BUSY_COST = 0.25  # of an attempt: being told to wait says nothing about the request


@dataclass(slots=True)
class Health:
    """What all requests of one gateway have met since the endpoint last showed a sign of life."""

    patience_s: float
    _troubled: set[str] = field(default_factory=set)
    _is_unreachable: bool = False
    _since: float | None = None

    def note_life(self) -> None:
        """The endpoint has answered a request, well or not."""
        if self._since is not None:
            self._troubled.clear()
            self._is_unreachable, self._since = False, None

    def note_trouble(self, key: str, error: TransientError) -> None:
        """A request came to nothing."""
        self._troubled.add(key)
        self._is_unreachable = self._is_unreachable or error.is_unreachable
        if self._since is None:
            self._since = time.monotonic()

    @property
    def is_away(self) -> bool:
        """Whether nothing can be expected of the endpoint for now."""
        return self._is_unreachable or len(self._troubled) >= MANY

    @property
    def away_s(self) -> float:
        """Seconds since the trouble began; 0 while all is well."""
        return 0.0 if self._since is None else time.monotonic() - self._since

    @property
    def has_lost_patience(self) -> bool:
        """Whether an endpoint that is away has been waited for long enough."""
        return self.is_away and self.away_s >= self.patience_s


class Attempts:
    """The attempts of one request, as tenacity asks for them: which count, when enough is enough, how long to wait."""

    def __init__(self, health: Health, most: int) -> None:
        self._health, self._most = health, most
        self._cost = 0.0

    def is_over(self, state: RetryCallState) -> bool:
        """Called after each failed attempt: one made while the endpoint is away costs nothing."""
        if self._health.is_away:
            return self._health.has_lost_patience
        error = state.outcome.exception() if state.outcome else None
        is_busy = isinstance(error, TransientError) and error.code == "RATE_LIMITED"
        self._cost += BUSY_COST if is_busy else 1.0
        return self._cost >= self._most

    def choose_wait_s(self, state: RetryCallState) -> float:
        """As ever, but never past the end of patience."""
        wait_s = choose_wait_s(state)
        if self._health.is_away:
            return min(wait_s, max(0.1, self._health.patience_s - self._health.away_s))
        return wait_s

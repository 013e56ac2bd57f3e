"""Trying again: which errors are worth it, and how long to wait before."""

from __future__ import annotations

import random

from tenacity import RetryCallState

from remud_gen.errors import RecordError

FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 30.0
LONGEST_RETRY_AFTER_S = 600.0
BUSY_CODES = {"RATE_LIMITED", "OVERLOADED", "TIMEOUT"}


class TransientError(RecordError):
    """This attempt failed, the next may not. `retry_after_s` is what the endpoint asked for, if it did.

    `is_unreachable` marks that no connection came about at all.
    """

    def __init__(
        self,
        code: str,
        message: str,
        hint: str = "",
        retry_after_s: float | None = None,
        is_unreachable: bool = False,
    ) -> None:
        super().__init__(code, message, hint)
        self.retry_after_s = retry_after_s
        self.is_unreachable = is_unreachable

    @property
    def is_busy(self) -> bool:
        """Whether fewer requests at a time might have gone better."""
        return self.code in BUSY_CODES

    def __reduce__(self) -> tuple[object, ...]:
        return (type(self), (self.code, self.message, self.hint, self.retry_after_s, self.is_unreachable))


def choose_wait_s(state: RetryCallState) -> float:
    """Half a second, doubling up to 30 s, a random quarter less; never shorter than the endpoint's Retry-After."""
    wait_s = min(FIRST_WAIT_S * 2.0 ** (state.attempt_number - 1), LONGEST_WAIT_S) * random.uniform(0.75, 1.0)
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, TransientError) and error.retry_after_s is not None:
        return max(wait_s, min(error.retry_after_s, LONGEST_RETRY_AFTER_S))
    return wait_s

"""Several calls at once, none left behind."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable
from typing import TypeVar

from remud_gen.errors import RecordError

Made = TypeVar("Made")


async def settle_all(calls: Iterable[Awaitable[Made]]) -> list[Made | RecordError]:
    """What each came to, in order, once all have ended; what fails one question stands in its place.

    All are asked before any is waited for, so that a batch holds them all. What stops the run is raised.
    """
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    settled: list[Made | RecordError] = []
    for outcome in outcomes:
        if isinstance(outcome, BaseException) and not isinstance(outcome, RecordError):
            raise outcome
        settled.append(outcome)
    return settled


async def ask_all(calls: Iterable[Awaitable[Made]]) -> list[Made]:
    """What each came to, in order, once all have ended.

    Raises:
        RecordError: the first of those that failed. What stops the run is raised before that.
    """
    made: list[Made] = []
    for outcome in await settle_all(calls):
        if isinstance(outcome, RecordError):
            raise outcome
        made.append(outcome)
    return made

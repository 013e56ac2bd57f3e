"""How many requests are in flight at once, and when all of them pause."""

from __future__ import annotations

import asyncio
import time
from types import TracebackType


class Limiter:
    """At most `concurrency` requests at a time; `pause` holds back new ones, `stop` wakes all that wait."""

    def __init__(self, concurrency: int) -> None:
        self._slots = asyncio.Semaphore(concurrency)
        self._resume_at = 0.0
        self._stopped = asyncio.Event()

    async def __aenter__(self) -> None:
        await self._slots.acquire()
        try:
            while not self._stopped.is_set() and (wait_s := self._resume_at - time.monotonic()) > 0:
                await self.sleep(wait_s)
        except asyncio.CancelledError:
            self._slots.release()
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._slots.release()

    def pause(self, seconds: float) -> None:
        """Let no further request start for so long: the endpoint asked for it."""
        self._resume_at = max(self._resume_at, time.monotonic() + seconds)

    def stop(self) -> None:
        """Wake every sleeper; the caller makes them give up."""
        self._stopped.set()

    async def sleep(self, seconds: float) -> None:
        """Wait, or less when stopped."""
        try:
            await asyncio.wait_for(self._stopped.wait(), seconds)
        except TimeoutError:
            return

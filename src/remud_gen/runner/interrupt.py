"""Ctrl-C, SIGTERM and a closed terminal -> a wish to stop: once finishes what is in flight, twice stops now."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType

from remud_gen.errors import Interrupted
from remud_gen.runner.signals import DRIVERS_SIGNALS


class Interruption:
    """While entered, the first signal sets `is_requested` and the second raises KeyboardInterrupt."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._old: dict[int, object] = {}
        self.is_requested = False
        self.on_request: list[Callable[[], None]] = []
        self.cancel: Callable[[], None] | None = None  # set while an event loop runs: how to end it at once

    def __enter__(self) -> Interruption:
        # Signal handlers can only be set in the main thread; elsewhere (tests, notebooks) the default stays.
        if threading.current_thread() is threading.main_thread():
            for name in DRIVERS_SIGNALS:
                self._old[name] = signal.signal(name, self._handle)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for name, handler in self._old.items():
            signal.signal(name, handler)  # type: ignore[arg-type]

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.is_requested:
            # Raised inside an event loop, an exception could swallow the wake-up of a task and leave the loop waiting.
            if self.cancel is None:
                raise KeyboardInterrupt
            self.cancel()
            return
        self.is_requested = True
        self._tell("Stopping after what is in flight; press Ctrl-C again to stop now.")
        for callback in self.on_request:
            callback()

    def raise_if_requested(self) -> None:
        """Raise Interrupted once a stop was asked for."""
        if self.is_requested:
            raise Interrupted("stopped on request; finished work is saved", "run the same command to go on")

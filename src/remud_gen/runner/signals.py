"""The signals by which a user or the system ends a program, as far as this system knows them."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

# Windows has no SIGHUP, nothing else has SIGBREAK. All of them reach every process of a terminal; the driver answers.
NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
DRIVERS_SIGNALS: tuple[signal.Signals, ...] = tuple(getattr(signal, name) for name in NAMES if hasattr(signal, name))


@contextmanager
def hold_back() -> Iterator[None]:
    """Let a process that is started here begin with these signals held back; on Windows it must do without."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    old_mask = signal.pthread_sigmask(signal.SIG_BLOCK, DRIVERS_SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, old_mask)


def leave_to_driver() -> None:
    """Ignore these signals in this process from now on, and those that were held back until now."""
    for name in DRIVERS_SIGNALS:
        signal.signal(name, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, DRIVERS_SIGNALS)

"""Memory of a worker that reads: what is freed serves the next picture, and goes back to the system when it is much."""

from __future__ import annotations

import ctypes
import mmap
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # mallopt's own numbers
KEEP_BYTES = 2**30
LARGE_BYTES = 32 * 2**20  # the most glibc allows; without any limit the heap is left in pieces and the peak is higher
ENOUGH_BYTES = 400 * 2**20  # below, freed memory serves the next picture
STATM = Path("/proc/self/statm")
PAGE_BYTES = mmap.PAGESIZE


@cache
def _find_function(name: str) -> Any | None:
    if not sys.platform.startswith("linux"):
        return None
    with suppress(OSError, AttributeError):  # another C library
        return getattr(ctypes.CDLL(None), name)
    return None


def keep_freed_memory() -> None:
    """Let large blocks be used again instead of going back to the system one by one; for Linux with glibc.

    A network asks for dozens of blocks of some 10 MB each time it runs, and the system clears every page of every one:
    a fifth of the time it takes to read pictures. `return_freed_memory` has to be called when the work is done.
    """
    adjust = _find_function("mallopt")
    if adjust is not None:
        adjust(M_MMAP_THRESHOLD, LARGE_BYTES)
        adjust(M_TRIM_THRESHOLD, KEEP_BYTES)


def return_freed_memory() -> None:
    """Return what was freed since the last call, once the process holds much; does nothing but on Linux with glibc.

    A worker that reads scans otherwise keeps some 300 MB that nothing uses.
    """
    trim = _find_function("malloc_trim")
    if trim is not None and _measure_bytes() > ENOUGH_BYTES:
        trim(0)


def _measure_bytes() -> int:
    """What the process holds in memory, as the system counts it; much where it does not tell."""
    try:
        return int(STATM.read_bytes().split()[1]) * PAGE_BYTES
    except (OSError, IndexError):  # a system without /proc: as if it were much
        return ENOUGH_BYTES + 1

"""Give freed memory back to the system: the C library keeps it by default, and a worker's size only ever grows."""

from __future__ import annotations

import ctypes
import sys
from contextlib import suppress
from functools import cache
from typing import Any


@cache
def _load_trim() -> Any | None:
    if not sys.platform.startswith("linux"):
        return None
    with suppress(OSError, AttributeError):  # another C library
        return ctypes.CDLL(None).malloc_trim
    return None


def return_freed_memory() -> None:
    """Return what was freed since the last call; without effect but on Linux with glibc.

    A worker that reads scans otherwise keeps some 300 MB that nothing uses. Lowering malloc's own thresholds does the
    same at once, but a network then pays a third more time for fresh pages of memory.
    """
    trim = _load_trim()
    if trim is not None:
        trim(0)

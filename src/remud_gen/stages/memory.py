"""Give freed memory back to the system: the C library keeps it by default, and a worker's size only ever grows."""

from __future__ import annotations

import ctypes
import sys
from contextlib import suppress

M_MMAP_THRESHOLD, M_ARENA_MAX = -3, -8  # of glibc's malloc.h
LARGE_BYTES = 1 << 20  # page images and a network's layers: allocated apart and given back when freed


def return_freed_memory() -> None:
    """Have this process return large blocks as soon as they are freed; without effect but on Linux with glibc.

    Left alone, the threshold for such blocks climbs to 32 MB after the first page, and a worker that reads scans keeps
    some 300 MB that nothing uses.
    """
    if not sys.platform.startswith("linux"):
        return
    with suppress(OSError, AttributeError):  # another C library
        library = ctypes.CDLL(None)
        library.mallopt(M_MMAP_THRESHOLD, LARGE_BYTES)
        library.mallopt(M_ARENA_MAX, 1)

"""Freed memory goes back to the system once a process holds much, and not before."""

from __future__ import annotations

import subprocess
import sys

import pytest

SCRIPT = """
import sys
import psutil
from remud_gen.ocr import memory

memory.ENOUGH_BYTES = int(sys.argv[1]) * 2**20
memory.keep_freed_memory()
held = [bytearray(b"x") * 2**20 for _ in range(150)]
last = bytearray(b"x")  # keeps the heap's end in use
held.clear()
memory.return_freed_memory()
print(psutil.Process().memory_info().rss >> 20)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's allocator only")
@pytest.mark.parametrize(("enough_mb", "is_returned"), [(1, True), (2000, False)])
def test_memory_is_returned_once_much_is_held(enough_mb: int, is_returned: bool) -> None:
    command = [sys.executable, "-c", SCRIPT, str(enough_mb)]
    left = int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert (left < 120) is is_returned

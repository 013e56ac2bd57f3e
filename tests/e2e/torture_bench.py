"""One bench with one undisturbed run for all tests that ill-treat the command line."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from scripts.torture.bench import Bench


@cache
def share_bench(folder: Path) -> Bench:
    """The bench in this folder; it is made once per process, and fails here rather than in a test."""
    bench = Bench(folder / "torture", n_books=3, n_pages=3, n_scanned=0)
    assert bench.undisturbed
    return bench

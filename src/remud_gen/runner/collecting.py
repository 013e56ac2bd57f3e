"""How often memory is searched for cycles while a model is asked."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

ALLOCATED_FIRST = 50_000  # objects between two looks; Python's own 700 come about with every second request


@contextmanager
def collecting_seldom() -> Iterator[None]:
    """Look through what is new more seldom, and not at all through what is there already, such as modules.

    Answers and records are freed without a search; it takes a tenth of the time of a request, and finds next to
    nothing.
    """
    thresholds = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(ALLOCATED_FIRST, *thresholds[1:])
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()

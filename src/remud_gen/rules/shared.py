"""What is made of an object that many requests share, made once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

Thing = TypeVar("Thing")
Made = TypeVar("Made")
MOST_KEPT = 64


class MadeOnce(Generic[Thing, Made]):
    """Calls `make` once for each of a few long-lived objects, told apart by identity; they must not be changed."""

    def __init__(self, make: Callable[[Thing], Made]) -> None:
        self._make = make
        self._known: dict[int, tuple[Thing, Made]] = {}  # holds the object, too: its identity must not come again

    def __call__(self, thing: Thing) -> Made:
        """What is made of this object."""
        known = self._known.get(id(thing))
        if known is not None:
            return known[1]
        if len(self._known) >= MOST_KEPT:
            self._known.clear()
        made = self._make(thing)
        self._known[id(thing)] = (thing, made)
        return made

"""json-repair with a bound on its work: replies are repaired in the loop that keeps all requests going.

Its search for the end of a string goes through the rest of the text again and again: 20,000 characters of stray quotes
take it 20 seconds, 100,000 six minutes. So it is given a text that counts how often it is looked at. A count, not a
clock: what can be read is the same on every machine.
"""

from __future__ import annotations

from typing import Any, SupportsIndex

import json_repair

LONGEST_CHARS = 100_000  # ten times the longest reply that is asked for by default
MOST_LOOKS = 500_000  # broken replies of models take one or two a character; half a second


class _GaveUp(Exception):  # noqa: N818 - not for anybody outside
    """Too many looks."""


class _Counted(str):
    """A text that may be looked into only so often."""

    __slots__ = ("_n_left",)

    def __init__(self, text: str) -> None:
        super().__init__()
        self._n_left = MOST_LOOKS

    def __getitem__(self, key: SupportsIndex | slice) -> str:
        self._n_left -= 1
        if self._n_left < 0:
            raise _GaveUp
        return str.__getitem__(self, key)


def repair_json(text: str) -> dict[str, Any] | list[Any]:
    """The object or list that a broken text stands for.

    Raises:
        ValueError: it stands for none, or finding out would take too long; the message says which.
    """
    if len(text) > LONGEST_CHARS:
        raise ValueError(f"longer than {LONGEST_CHARS:,} characters")
    try:
        value = json_repair.loads(_Counted(text), skip_json_loads=True)
    except _GaveUp:
        raise ValueError("too tangled to be untangled") from None
    except (ValueError, RecursionError):
        value = None
    if isinstance(value, dict | list):
        return value
    raise ValueError("no object in it")

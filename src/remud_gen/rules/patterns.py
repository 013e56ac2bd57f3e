"""Regular expressions behind a cheap gate: most texts hold none of the words a pattern needs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled expression and the lower-case substrings one of which it needs (none: it is always tried)."""

    regex: re.Pattern[str]
    gates: tuple[str, ...] = ()

    def may_match(self, folded: str) -> bool:
        """Whether a text, given in lower case, holds one of the gates."""
        for gate in self.gates:
            if gate in folded:
                return True
        return not self.gates


def compile_pattern(expression: str, gates: str = "", *, flags: int = 0) -> Pattern:
    """A multi-line pattern behind its gates, which are parted by `|`."""
    return Pattern(re.compile(expression, re.MULTILINE | flags), tuple(filter(None, gates.split("|"))))


def search_all(patterns: tuple[Pattern, ...], text: str, folded: str) -> Iterator[re.Match[str]]:
    """Every match of every pattern in a text; `folded` is the same text in lower case."""
    for pattern in patterns:
        if pattern.may_match(folded):
            yield from pattern.regex.finditer(text)


def search_first(patterns: tuple[Pattern, ...], text: str) -> str | None:
    """The words of the first match, or None when no pattern matches."""
    match = next(search_all(patterns, text, text.lower()), None)
    return match.group(0).strip() if match else None

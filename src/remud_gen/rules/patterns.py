"""Regular expressions behind a cheap gate: most texts hold none of the words a pattern needs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Pattern:
    """An expression behind gates: of each of these groups a text must hold one lower-case word."""

    expression: str
    flags: int = 0
    gates: tuple[tuple[str, ...], ...] = ()
    is_ascii: bool = True  # False: no text of plain letters can match

    @cached_property
    def regex(self) -> re.Pattern[str]:
        """Compiled when a text first passes the gates: few commands need more than some of all patterns."""
        return re.compile(self.expression, self.flags)

    def may_match(self, folded: str) -> bool:
        """Whether a text, given in lower case, passes all gates."""
        for words in self.gates:
            for word in words:
                if word in folded:
                    break
            else:
                return False
        return True


def compile_pattern(expression: str, *gates: str, flags: int = 0) -> Pattern:
    """A multi-line pattern behind its gates; the words of one are parted by `|`."""
    groups = tuple(tuple(filter(None, gate.split("|"))) for gate in gates if gate)
    is_ascii = all(any(word.isascii() for word in words) for words in groups)
    return Pattern(expression, re.MULTILINE | flags, groups, is_ascii)


def search_all(patterns: tuple[Pattern, ...], text: str, folded: str) -> Iterator[re.Match[str]]:
    """Every match of every pattern in a text; `folded` is the same text in lower case."""
    is_ascii = folded.isascii()
    for pattern in patterns:
        if is_ascii and not pattern.is_ascii:
            continue
        for words in pattern.gates:  # `may_match`, written out: this is the innermost loop of all filters
            for word in words:
                if word in folded:
                    break
            else:
                break
        else:
            yield from pattern.regex.finditer(text)


def search_first(patterns: tuple[Pattern, ...], text: str) -> str | None:
    """The words of the first match, or None when no pattern matches."""
    match = next(search_all(patterns, text, text.lower()), None)
    return match.group(0).strip() if match else None

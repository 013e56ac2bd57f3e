"""Sentences of papers, in which leak and privacy rules should find nothing but true citations and addresses."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from remud_gen import registry
from remud_gen.rules import leaks
from remud_gen.rules.identifiers import find_identifiers
from remud_gen.rules.normalise import unify
from remud_gen.rules.patterns import search_first
from remud_gen.rules.words import split_sentences

CITES = re.compile(r"(?i)\bfig|\btable|\bvideo|\bplate|\bpanel|\bpage|\bsection \d|@|图|表|the text|article|\([a-h]\)")
LEAST_CHARS = 20
GROUPS = (
    leaks.FIGURE_NUMBER,
    leaks.PANEL,
    leaks.OTHER_IMAGE,
    leaks.SOURCE_TEXT,
    leaks.TASK_TALK,
    leaks.PAIR_CONFLICT,
)


@dataclass
class Alarms:
    """Sentences that were read, those a rule hits rightly, and those it hits although they cite nothing."""

    total: int = 0
    cited: list[str] = field(default_factory=list)
    false: list[str] = field(default_factory=list)


def list_body_sentences(papers: Iterable[Path]) -> Iterator[str]:
    """Sentences of the text layers of papers."""
    reader = registry.load("readers", "pdf")()
    for path in papers:
        count = reader.probe(path).page_count
        with reader.open(path) as document:
            for number in range(1, count + 1):
                text = " ".join(line.text for line in document.page(number).text_lines())
                yield from (part for part in split_sentences(text) if len(part) >= LEAST_CHARS)


def find_alarms(sentences: Iterable[str]) -> Alarms:
    """What rules of leaks and privacy hit; right where a figure, source or other image is cited, or an address."""
    alarms = Alarms()
    for sentence in sentences:
        alarms.total += 1
        text = unify(sentence)
        hit = next((found for group in GROUPS if (found := search_first(group, text))), None)
        hit = hit or next((found.text for found in find_identifiers(text)), None)
        if hit:
            (alarms.cited if CITES.search(text) else alarms.false).append(f"{hit!r} in {sentence[:160]}")
    return alarms

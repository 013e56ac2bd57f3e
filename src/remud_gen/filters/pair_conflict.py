"""Answers that say the picture and its text do not belong together: a free signal of a wrong pair."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar

from remud_gen.filters.fields import read_texts
from remud_gen.filters.rule import Finding, RuleFilter, RuleOptions, reject_all
from remud_gen.records import Quadruplet, Severity
from remud_gen.rules import leaks


class PairConflictFilter(RuleFilter[RuleOptions]):
    """Did the model notice a wrong pair and hedge instead of saying so.

    The filter `companions` then marks all other records of the pair.
    """

    name = "pair_conflict"
    codes: ClassVar[Mapping[str, str]] = {
        "PAIR_CONFLICT_HEDGE": "A field says that picture and text disagree; all records of this picture are suspect.",
    }
    severities: ClassVar[Mapping[str, Severity]] = reject_all(codes)

    def find(self, record: Quadruplet) -> Iterator[Finding]:
        """Hedges in any field."""
        for field, found in read_texts(record).scan(leaks.PAIR_CONFLICT):
            yield Finding("PAIR_CONFLICT_HEDGE", field.name, found)

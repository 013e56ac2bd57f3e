"""What only shows over many records: the same question everywhere, the same letter always right."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from remud_gen.filters.rule import RuleOptions, check_severities
from remud_gen.filters.shelf import TextShelf
from remud_gen.records import Quadruplet, Severity, Verdict
from remud_gen.rules.digests import DigestTable, digest_text
from remud_gen.rules.normalise import squash


class BalanceOptions(RuleOptions):
    """Shares of the corpus above which sameness is a defect; small corpora are never judged."""

    max_question_share: float = Field(0.02, gt=0, le=1)
    max_answer_share: float = Field(0.01, gt=0, le=1)
    """Of records whose answer is a sentence; short answers repeat by nature."""
    sentence_chars: int = 12
    max_key_share: float = Field(0.30, gt=0, le=1)
    """Of the four-option records one letter may be right in; other counts of options scale it."""
    min_repeats: int = Field(50, ge=2)
    """A text occurring less often is not judged, whatever its share."""


class _Groups:
    """Records by what they share, in a few bytes each; a record is the number of its id on a shelf."""

    def __init__(self) -> None:
        self._numbers = DigestTable()
        self._group_of, self._record_of = array("I"), array("I")

    def add(self, text: str, record: int) -> None:
        self._group_of.append(self._numbers.setdefault(digest_text(text), len(self._numbers)))
        self._record_of.append(record)

    def list_large(self, least: int) -> Iterator[list[int]]:
        """Groups of at least so many records, in the order in which they began."""
        groups = np.frombuffer(self._group_of or array("I"), np.uint32)
        for number in np.flatnonzero(np.bincount(groups) >= least).tolist():
            yield [self._record_of[place] for place in np.flatnonzero(groups == number).tolist()]


class BalanceFilter:
    """Is the corpus varied."""

    name: ClassVar[str] = "balance"
    scope: ClassVar[Literal["corpus"]] = "corpus"
    version: ClassVar[int] = 1
    options_class: ClassVar[type[RuleOptions]] = BalanceOptions
    codes: ClassVar[Mapping[str, str]] = {
        "NEAR_CONSTANT": "The same question, or the same long answer, makes up too much of the corpus.",
        "MCQ_KEY_SKEW": "One letter is the key far more often than the others.",
    }
    severities: ClassVar[Mapping[str, Severity]] = {"NEAR_CONSTANT": "review", "MCQ_KEY_SKEW": "info"}

    def __init__(self, options: BalanceOptions) -> None:
        check_severities(self.name, self.codes, options.severities)
        self.options = options
        self._ids = TextShelf()
        self._questions, self._answers = _Groups(), _Groups()
        self._keys: dict[tuple[int, str], array[int]] = {}

    def observe(self, record: Quadruplet) -> None:
        """Note which records share a question, an answer, a key."""
        number = self._ids.add(record.id)
        self._questions.add(squash(record.question), number)
        answer = squash(record.answer)
        if record.form not in ("mcq", "yesno") and len(answer) >= self.options.sentence_chars:
            self._answers.add(answer, number)
        if record.form == "mcq" and record.answer_key:
            self._keys.setdefault((len(record.options), record.answer_key), array("I")).append(number)

    def finish(self) -> Iterator[tuple[str, Verdict]]:
        """A verdict for every record behind a figure that is too high."""
        limits = (
            ("question", self._questions, self.options.max_question_share),
            ("answer", self._answers, self.options.max_answer_share),
        )
        total = len(self._ids)
        for name, groups, share in limits:
            for numbers in groups.list_large(self.options.min_repeats):
                if len(numbers) > share * total:
                    yield from self._judge("NEAR_CONSTANT", name, f"{len(numbers)} of {total} records", numbers)
        totals: Counter[int] = Counter()
        for (size, _), members in self._keys.items():
            totals[size] += len(members)
        for (size, key), members in sorted(self._keys.items()):
            limit = min(0.95, self.options.max_key_share * 4 / max(size, 1))
            if len(members) >= self.options.min_repeats and len(members) > limit * totals[size]:
                evidence = f"{key} in {len(members)} of {totals[size]}"
                yield from self._judge("MCQ_KEY_SKEW", "answer_key", evidence, members)

    def _judge(self, code: str, field: str, evidence: str, numbers: Sequence[int]) -> Iterator[tuple[str, Verdict]]:
        severity = self.options.severities.get(code, self.severities[code])
        if severity != "off":
            for number in numbers:
                verdict = Verdict(code=code, severity=severity, field=field, evidence=evidence, filter=self.name)
                yield self._ids.read(number), verdict

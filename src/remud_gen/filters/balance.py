"""What only shows over many records: the same question everywhere, the same letter always right."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from remud_gen.filters.key_balance import KeyBalance
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
    max_longest_share: float = Field(0.35, gt=0, le=1)
    """Of the multiple-choice records the right option may be the longest in."""
    min_choices: int = Field(50, ge=2)
    """With fewer multiple-choice records of as many options, keys are not judged."""
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
    version: ClassVar[int] = 2
    options_class: ClassVar[type[RuleOptions]] = BalanceOptions
    codes: ClassVar[Mapping[str, str]] = {
        "NEAR_CONSTANT": "The same question, or the same long answer, makes up too much of the corpus.",
        "MCQ_KEY_SKEW": "One letter is the key far more often than the others; options change places to even it out.",
        "MCQ_LONGEST_KEY": "Over the corpus, the longest option is the right one too often.",
    }
    severities: ClassVar[Mapping[str, Severity]] = {
        "NEAR_CONSTANT": "review",
        "MCQ_KEY_SKEW": "fix",
        "MCQ_LONGEST_KEY": "info",
    }

    def __init__(self, options: BalanceOptions) -> None:
        check_severities(self.name, self.codes, options.severities)
        self.options = options
        self._ids = TextShelf()
        self._questions, self._answers = _Groups(), _Groups()
        self._keys = KeyBalance()

    def observe(self, record: Quadruplet) -> None:
        """Note which records share a question, an answer, a key."""
        number = self._ids.add(record.id)
        self._questions.add(squash(record.question), number)
        answer = squash(record.answer)
        if record.form not in ("mcq", "yesno") and len(answer) >= self.options.sentence_chars:
            self._answers.add(answer, number)
        self._keys.observe(number, record)

    def finish(self) -> Iterator[tuple[str, Verdict]]:
        """A verdict for every record behind a figure that is too high."""
        limits = (
            ("question", self._questions, self.options.max_question_share),
            ("answer", self._answers, self.options.max_answer_share),
        )
        total = len(self._ids)
        for name, groups, share in limits:
            for numbers in groups.list_large(max(self.options.min_repeats, int(share * total) + 1)):
                yield from self._judge("NEAR_CONSTANT", name, f"{len(numbers)} of {total} records", numbers)
        yield from self._judge_keys()
        longest, measured = self._keys.list_longest(self.options.max_longest_share, self.options.min_choices)
        evidence = f"the longest option is right in {len(longest)} of {measured}"
        yield from self._judge("MCQ_LONGEST_KEY", "options", evidence, longest)

    def _judge_keys(self) -> Iterator[tuple[str, Verdict]]:
        severity = self._choose("MCQ_KEY_SKEW")
        skews = self._keys.list_skews(self.options.min_choices, self.options.max_key_share)
        if severity != "fix":
            for size, key, count, total in skews:
                members = self._keys.list_members(size, key)
                yield from self._judge("MCQ_KEY_SKEW", "answer_key", f"{key} in {count} of {total}", members)
            return
        told = {size: f"{key} in {count} of {total}" for size, key, count, total in skews}
        for size, evidence in told.items():
            for number, changes in self._keys.even_out(size):
                for change in changes:
                    yield (
                        self._ids.read(number),
                        Verdict(
                            code="MCQ_KEY_SKEW", severity="fix", field=change.field, evidence=evidence,
                            filter=self.name, original=change.original, replacement=change.replacement,
                        ),
                    )  # fmt: skip
        # Where letters could not be rewritten safely, some skew is left: it is told, and holds nothing back.
        for size, key, count, total in self._keys.list_skews(self.options.min_choices, self.options.max_key_share):
            evidence = f"{key} in {count} of {total}, and its letter cannot be changed safely"
            yield from self._judge("MCQ_KEY_SKEW", "answer_key", evidence, self._keys.list_members(size, key), "info")

    def _choose(self, code: str) -> Severity | Literal["off"]:
        return self.options.severities.get(code, self.severities[code])

    def _judge(
        self, code: str, field: str, evidence: str, numbers: Sequence[int], severity: Severity | None = None
    ) -> Iterator[tuple[str, Verdict]]:
        chosen = severity or self._choose(code)
        if chosen != "off":
            for number in numbers:
                yield (
                    self._ids.read(number),
                    Verdict(code=code, severity=chosen, field=field, evidence=evidence, filter=self.name),
                )

"""What only shows over many records: the same question everywhere, the same letter always right."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import ClassVar, Literal

from pydantic import Field

from remud_gen.filters.rule import RuleOptions, check_severities
from remud_gen.records import Quadruplet, Severity, Verdict
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
        self._questions: dict[bytes, list[str]] = {}
        self._answers: dict[bytes, list[str]] = {}
        self._keys: dict[tuple[int, str], list[str]] = {}
        self._total = 0

    def observe(self, record: Quadruplet) -> None:
        """Note which records share a question, an answer, a key."""
        self._total += 1
        self._questions.setdefault(_digest(record.question), []).append(record.id)
        answer = squash(record.answer)
        if record.form not in ("mcq", "yesno") and len(answer) >= self.options.sentence_chars:
            self._answers.setdefault(_digest(record.answer), []).append(record.id)
        if record.form == "mcq" and record.answer_key:
            self._keys.setdefault((len(record.options), record.answer_key), []).append(record.id)

    def finish(self) -> Iterator[tuple[str, Verdict]]:
        """A verdict for every record behind a figure that is too high."""
        limits = (
            ("question", self._questions, self.options.max_question_share),
            ("answer", self._answers, self.options.max_answer_share),
        )
        for name, groups, share in limits:
            for ids in groups.values():
                if len(ids) >= self.options.min_repeats and len(ids) > share * self._total:
                    yield from self._judge("NEAR_CONSTANT", name, f"{len(ids)} of {self._total} records", ids)
        totals: Counter[int] = Counter()
        for (size, _), ids in self._keys.items():
            totals[size] += len(ids)
        for (size, key), ids in sorted(self._keys.items()):
            limit = min(0.95, self.options.max_key_share * 4 / max(size, 1))
            if len(ids) >= self.options.min_repeats and len(ids) > limit * totals[size]:
                yield from self._judge("MCQ_KEY_SKEW", "answer_key", f"{key} in {len(ids)} of {totals[size]}", ids)

    def _judge(self, code: str, field: str, evidence: str, ids: list[str]) -> Iterator[tuple[str, Verdict]]:
        severity = self.options.severities.get(code, self.severities[code])
        if severity != "off":
            for record_id in ids:
                yield record_id, Verdict(code=code, severity=severity, field=field, evidence=evidence, filter=self.name)


def _digest(text: str) -> bytes:
    return hashlib.sha256(squash(text).encode()).digest()[:12]

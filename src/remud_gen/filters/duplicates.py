"""Records that say again what another record of the same picture, or of any text, already says.

Records with a picture are compared within their picture; without one, over the whole corpus, where MinHash bands find
candidates and the similarity of the texts decides. Numbers and sides are never "nearly" the same.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from pydantic import Field
from rapidfuzz import fuzz

from remud_gen.filters.rule import RuleOptions, check_severities, reject_all
from remud_gen.records import Quadruplet, Severity, Verdict
from remud_gen.rules.minhash import BandHasher
from remud_gen.rules.normalise import fold, squash
from remud_gen.rules.opposites import find_swap
from remud_gen.rules.polarity import find_flip, has_negation

_NUMBER = re.compile(r"\d+(?:\.\d+)?(?: ?(?:mm|cm|ml|m/s|cm/s|%|mhz|hz|mmhg|kpa)\b)?")


class DuplicatesOptions(RuleOptions):
    """When two records are the same."""

    min_ratio: float = Field(90.0, ge=50, le=100)
    """Percent of similarity of question and answer together."""
    max_comparisons: int = Field(20, ge=1)
    """How many earlier records of one bucket a text-only record is compared with."""


@dataclass(slots=True)
class _Seen:
    id: str
    text: str  # folded question, answer and turns
    digest: bytes  # of its squashed form
    form: str
    is_kept: bool
    lost_to: str | None = None
    is_exact: bool = False


@dataclass(slots=True)
class _Memory:
    records: list[_Seen] = field(default_factory=list)
    by_picture: dict[str, list[int]] = field(default_factory=dict)
    text_only: list[int] = field(default_factory=list)
    by_whole: dict[bytes, int] = field(default_factory=dict)


class DuplicatesFilter:
    """Is this record new."""

    name: ClassVar[str] = "duplicates"
    scope: ClassVar[Literal["corpus"]] = "corpus"
    version: ClassVar[int] = 1
    options_class: ClassVar[type[RuleOptions]] = DuplicatesOptions
    codes: ClassVar[Mapping[str, str]] = {
        "DUP_EXACT": "Question and answer are those of another record of the same picture, or of another one without.",
        "DUP_NEAR": "Question and answer differ from those of another record in a few words only.",
    }
    severities: ClassVar[Mapping[str, Severity]] = reject_all(codes)

    def __init__(self, options: DuplicatesOptions) -> None:
        check_severities(self.name, self.codes, options.severities)
        self.options = options
        self._memory = _Memory()
        self._hasher = BandHasher()

    def observe(self, record: Quadruplet) -> None:
        """Keep the record's normal form; a kept record outranks one under review, else the first wins."""
        memory = self._memory
        text = _normalise(record)
        digest = hashlib.sha256(squash(text).encode()).digest()[:12]
        index = len(memory.records)
        memory.records.append(_Seen(record.id, text, digest, record.form, record.status == "kept"))
        if not record.images:
            memory.text_only.append(index)
            self._hasher.add(text)
        for picture in _list_pictures(record):
            memory.by_picture.setdefault(picture, []).append(index)
        if record.images and record.thinking and record.generation.thinking_source != "templated":
            # Three equal texts under two pictures: one of them was answered without looking.
            whole = hashlib.sha256(digest + squash(record.thinking).encode()).digest()[:12]
            earlier = memory.by_whole.setdefault(whole, index)
            if earlier != index:
                self._settle(earlier, index, is_exact=True)

    def finish(self) -> Iterator[tuple[str, Verdict]]:
        """A verdict for every record that lost against another one."""
        for indices in self._memory.by_picture.values():
            for place, later in enumerate(indices):
                self._compare(later, indices[:place])
        for bucket in self._hasher.list_buckets():
            members = [self._memory.text_only[row] for row in bucket]
            for place, later in enumerate(members):
                alive = [index for index in members[:place] if self._memory.records[index].lost_to is None]
                self._compare(later, alive[: self.options.max_comparisons])
        for seen in self._memory.records:
            if seen.lost_to is not None:
                code = "DUP_EXACT" if seen.is_exact else "DUP_NEAR"
                severity = self.options.severities.get(code, self.severities[code])
                if severity != "off":
                    yield (
                        seen.id,
                        Verdict(code=code, severity=severity, evidence=f"of {seen.lost_to}", filter=self.name),
                    )

    def _compare(self, later: int, earlier: Iterable[int]) -> None:
        records = self._memory.records
        mine = records[later]
        for index in earlier:
            other = records[index]
            if mine.lost_to is not None:
                return
            if other.lost_to is not None or other.form != mine.form:
                continue
            if other.digest == mine.digest:
                self._settle(index, later, is_exact=True)
            elif fuzz.ratio(other.text, mine.text, score_cutoff=self.options.min_ratio) and _mean_the_same(other, mine):
                self._settle(index, later, is_exact=False)

    def _settle(self, earlier: int, later: int, *, is_exact: bool) -> None:
        first, second = self._memory.records[earlier], self._memory.records[later]
        winner, loser = (second, first) if second.is_kept and not first.is_kept else (first, second)
        if winner.lost_to is None and loser.lost_to is None:
            loser.lost_to, loser.is_exact = winner.id, is_exact


def _normalise(record: Quadruplet) -> str:
    # Letters of options are shuffled between otherwise equal records, so only the key's text counts.
    answer = record.answer
    if record.form == "mcq":
        answer = next((option.text for option in record.options if option.key == record.answer_key), answer)
    parts = [record.question, answer, *(part for turn in record.turns for part in (turn.question, turn.answer))]
    return "\n".join(" ".join(fold(part).split()) for part in parts)


def _list_pictures(record: Quadruplet) -> list[str]:
    if not record.images:
        return []
    same_pixels = [image.sha256 for image in record.images]
    same_look = [f"phash {image.phash}" for image in record.images if image.phash and len(set(image.phash)) > 2]
    return [" ".join(same_pixels), *([" ".join(same_look)] if len(same_look) == len(same_pixels) else [])]


def _mean_the_same(first: _Seen, second: _Seen) -> bool:
    if sorted(_NUMBER.findall(first.text)) != sorted(_NUMBER.findall(second.text)):
        return False
    if find_swap(first.text, second.text) or find_swap(second.text, first.text):
        return False
    return has_negation(first.text) == has_negation(second.text) and not find_flip(first.text, second.text)

"""How varied the kept records are: distinct questions, distinct pictures, letters of keys, and what gives keys away."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel, Field, PrivateAttr

from remud_gen.records import Quadruplet
from remud_gen.rules.digests import DigestTable, digest_text
from remud_gen.rules.normalise import squash

MIN_DISTINCT_QUESTIONS = 0.25  # of the records
MIN_DISTINCT_PER_PICTURE = 0.80  # of the records about one picture
MAX_KEY_SHARE = 0.30  # of records with four options; other numbers scale it
MAX_LONGEST_SHARE = 0.35
ALARM_FROM_RECORDS = 200  # below, ratios say nothing
ALARM_FROM_CHOICES = 50


class Variety(BaseModel):
    """Counts over kept records; the two forms of one question count as two questions."""

    records: int = 0
    distinct_questions: int = 0
    picture_records: int = 0
    distinct_picture_questions: int = 0  # pairs of a picture and a question
    pictures: int = 0
    picture_groups: int = 0  # pictures that are the same one count once
    choices: int = 0  # multiple-choice records with three options and more
    longest_keys: int = 0  # of these, where the longest option is the right one
    keys: dict[int, dict[str, int]] = Field(default_factory=dict)  # number of options -> letter -> records

    _questions: DigestTable = PrivateAttr(default_factory=DigestTable)
    _of_pictures: DigestTable = PrivateAttr(default_factory=DigestTable)
    _pictures: DigestTable = PrivateAttr(default_factory=DigestTable)
    _groups: DigestTable = PrivateAttr(default_factory=DigestTable)

    def __eq__(self, other: object) -> bool:
        """Counts are compared, not the tables that they were read off: a funnel that was kept on disk has none."""
        return isinstance(other, Variety) and self.model_dump() == other.model_dump()

    __hash__ = None  # type: ignore[assignment]  # it counts on

    def add(self, record: Quadruplet) -> None:
        """Count one kept record."""
        self.records += 1
        style = record.style if record.twin_id else ""
        options = sorted(squash(option.text) for option in record.options)
        question = digest_text(squash(record.question), style, *options)
        self._questions.setdefault(question)
        if record.images:
            self.picture_records += 1
            pictures = [image.sha256 for image in record.images]
            self._of_pictures.setdefault(digest_text(str(question), *pictures))
            for picture in pictures:
                self._pictures.setdefault(digest_text(picture))
            groups = record.image_groups if len(record.image_groups) == len(pictures) else pictures
            for group in groups:
                self._groups.setdefault(digest_text(group))
        if record.form == "mcq" and record.answer_key:
            self._add_key(record, record.answer_key)

    def _add_key(self, record: Quadruplet, key: str) -> None:
        letters = self.keys.setdefault(len(record.options), {})
        letters[key] = letters.get(key, 0) + 1
        lengths = {option.key: len(squash(option.text)) for option in record.options}
        if len(lengths) >= 3 and key in lengths:
            self.choices += 1
            size = lengths.pop(key)
            self.longest_keys += size > max(lengths.values())

    def close(self) -> None:
        """Read the tables off once all records are counted."""
        self.distinct_questions = len(self._questions)
        self.distinct_picture_questions = len(self._of_pictures)
        self.pictures, self.picture_groups = len(self._pictures), len(self._groups)
        self.keys = {size: dict(sorted(letters.items())) for size, letters in sorted(self.keys.items())}

    def list_alarms(self) -> Iterator[str]:
        """Whatever of this makes a poor training set, in whole sentences."""
        if self.records >= ALARM_FROM_RECORDS and self.distinct_questions < MIN_DISTINCT_QUESTIONS * self.records:
            yield f"only {self.distinct_questions} questions are different among {self.records} kept records"
        distinct, total = self.distinct_picture_questions, self.picture_records
        if total >= ALARM_FROM_RECORDS and distinct < MIN_DISTINCT_PER_PICTURE * total:
            yield f"pictures are asked the same again: {distinct} different questions in {total} records about them"
        for size, letters in self.keys.items():
            count = sum(letters.values())
            key = max(letters, key=lambda letter: (letters[letter], letter))
            limit = min(0.95, MAX_KEY_SHARE * 4 / max(size, 1))
            if count >= ALARM_FROM_CHOICES and letters[key] > limit * count:
                yield f"{key} is the key of {letters[key]} of {count} kept records with {size} options"
        if self.choices >= ALARM_FROM_CHOICES and self.longest_keys > MAX_LONGEST_SHARE * self.choices:
            yield f"the longest option is the right one in {self.longest_keys} of {self.choices} kept records"

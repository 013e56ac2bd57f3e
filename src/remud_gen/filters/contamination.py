"""Records that an evaluation set already holds: trained on, they would make its figures worthless."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field
from rapidfuzz import fuzz

from remud_gen.errors import InputError
from remud_gen.filters.evaluation_files import Item, digest_files, read_items
from remud_gen.filters.rule import RuleOptions, check_severities, reject_all
from remud_gen.filters.shelf import TextShelf
from remud_gen.records import ImageRef, Quadruplet, Severity, Verdict
from remud_gen.rules.digests import DigestTable, digest_text
from remud_gen.rules.language import HAN
from remud_gen.rules.late import compile_late
from remud_gen.rules.minhash import BANDS, BandHasher, Bands
from remud_gen.rules.normalise import fold, shorten, squash
from remud_gen.rules.sameness import mean_the_same

_WORD = compile_late(r"[^\W_]+(?:\.\d+)?")
_OPTIONS = compile_late(r"(?:^|\s)[(（]?A\s*[.)、．）:：]")
_SHINGLE = 3


class ContaminationOptions(RuleOptions):
    """How much of a question, or of a picture, must agree; the files are those of `filter.decontaminate`."""

    words: int = Field(13, ge=5)
    """So many words on end of a question are not met by chance."""
    chinese_chars: int = Field(20, ge=8)
    """The same in Chinese."""
    min_ratio: float = Field(90.0, ge=50, le=100)
    """Percent of similarity of shorter questions."""
    min_jaccard: float = Field(0.5, ge=0, le=1)
    """Share of three-letter pieces that shorter questions have in common."""
    compares_short_of_pictures: bool = True
    """False: short questions about a picture, which repeat by nature, count by their picture alone."""
    max_picture_bits: int = Field(8, ge=0, le=32)
    """In which the perceptual hashes of two pictures may differ."""


class ContaminationFilter:
    """Is this record unknown to the evaluation sets."""

    name: ClassVar[str] = "contamination"
    scope: ClassVar[Literal["corpus"]] = "corpus"
    version: ClassVar[int] = 1
    options_class: ClassVar[type[RuleOptions]] = ContaminationOptions
    codes: ClassVar[Mapping[str, str]] = {
        "CONTAM_TEXT": "The question is that of an evaluation set, or shares a long run of words with one.",
        "CONTAM_IMG": "The picture is, or is nearly, one of an evaluation set.",
    }
    severities: ClassVar[Mapping[str, Severity]] = reject_all(codes)

    def __init__(self, options: ContaminationOptions) -> None:
        check_severities(self.name, self.codes, options.severities)
        self.options = options
        self._files: tuple[Path, ...] = ()
        self._found: list[tuple[str, Verdict]] = []
        self._questions: _Questions | None = None
        self._pictures: _Pictures | None = None

    def use_files(self, files: Sequence[Path]) -> None:
        """Take the evaluation sets to compare with, before any record is shown."""
        self._files = tuple(files)

    def describe_files(self) -> Mapping[str, str]:
        """What the evaluation files hold, which shapes the verdicts as options do."""
        return digest_files(self._files)

    def check_files(self) -> None:
        """InputError where an evaluation file is not there."""
        for path in self._files:
            if not path.exists():
                raise InputError(f"the evaluation file {path} does not exist", "check filter.decontaminate")

    def observe(self, record: Quadruplet) -> None:
        """Compare one record with all evaluation sets."""
        if not self._files:
            return
        if self._questions is None or self._pictures is None:
            self._load()
        assert self._questions is not None
        assert self._pictures is not None
        for field, text in _list_questions(record):
            is_excused = bool(record.images) and not self.options.compares_short_of_pictures
            place = self._questions.find(text, with_short=not is_excused)
            if place:
                self._note(record, "CONTAM_TEXT", field, place)
                break
        for image in record.images:
            place = self._pictures.find(image)
            if place:
                self._note(record, "CONTAM_IMG", "images", place)
                break

    def finish(self) -> Iterator[tuple[str, Verdict]]:
        """A verdict for every record that an evaluation set holds."""
        yield from self._found

    def _note(self, record: Quadruplet, code: str, field: str, evidence: str) -> None:
        severity = self.options.severities.get(code, self.severities[code])
        if severity != "off":
            verdict = Verdict(code=code, severity=severity, field=field, evidence=evidence, filter=self.name)
            self._found.append((record.id, verdict))

    def _load(self) -> None:
        self._questions, self._pictures = _Questions(self.options), _Pictures(self.options.max_picture_bits)
        for item in read_items(self._files):
            if item.phash:
                self._pictures.add(item)
            else:
                self._questions.add(item)


class _Questions:
    """Questions of evaluation sets by their runs of words, and the shorter ones by likeness."""

    def __init__(self, options: ContaminationOptions) -> None:
        self._options = options
        self._places, self._texts = TextShelf(), TextShelf()
        self._runs, self._whole = DigestTable(), DigestTable()
        self._hasher = BandHasher()
        self._salts = np.arange(1, BANDS + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        self._bands: list[Bands] = []
        self._short, self._short_texts = array("I"), TextShelf()
        self._index: tuple[Bands, np.ndarray[tuple[int], np.dtype[np.int64]]] | None = None
        self._answers: dict[bool, DigestTable] = {True: DigestTable(), False: DigestTable()}

    def add(self, item: Item) -> None:
        """Take in a question, as it stands and without its options."""
        number = self._places.add(item.place)
        self._texts.add(fold(item.question))
        stem = _OPTIONS.split(item.question, maxsplit=1)[0]
        for text in dict.fromkeys((item.question, stem)):
            squashed = squash(text)
            if not squashed:
                continue
            self._whole.setdefault(digest_text(squashed), number)
            runs = self._list_runs(text)
            for run in runs:
                self._runs.setdefault(run, number)
            if not runs:
                self._bands.append(self._hasher.hash_bands(squashed) ^ self._salts)
                self._short.append(number)
                self._short_texts.add(fold(text))

    def find(self, text: str, *, with_short: bool) -> str:
        """Where the question stands in an evaluation set; empty where it is in none."""
        known = self._answers[with_short]
        key = digest_text(text)
        found = known.get(key)
        if found is None:
            number = self._look_up(text, with_short=with_short)
            found = known.setdefault(key, 0 if number is None else number + 1)
        return f"{self._places.read(found - 1)}: {shorten(self._texts.read(found - 1), 60)}" if found else ""

    def _look_up(self, text: str, *, with_short: bool) -> int | None:
        """The number of a question that has this one's words; None where there is none."""
        runs = self._list_runs(text)
        for run in runs:
            number = self._runs.get(run)
            if number is not None:
                return number
        squashed = squash(text)
        if not squashed or (not runs and not with_short):
            return None
        number = self._whole.get(digest_text(squashed))
        return self._find_like(text, squashed) if number is None and with_short else number

    def _find_like(self, text: str, squashed: str) -> int | None:
        if not self._short:
            return None
        if self._index is None:
            keys = np.concatenate(self._bands)
            order = np.argsort(keys, kind="stable")
            self._index = keys[order], order // BANDS
        keys, rows = self._index
        wanted = self._hasher.hash_bands(squashed) ^ self._salts
        starts, ends = np.searchsorted(keys, wanted, "left"), np.searchsorted(keys, wanted, "right")
        met = {int(row) for start, end in zip(starts, ends, strict=True) if end > start for row in rows[start:end]}
        for row in sorted(met):
            other = self._short_texts.read(row)
            ratio = fuzz.ratio(squashed, squash(other), score_cutoff=self._options.min_ratio)
            if not ratio or _measure_jaccard(squashed, squash(other)) < self._options.min_jaccard:
                continue
            # Questions are short: another organ or side is a word in ten, and another question.
            if mean_the_same(fold(text), other):
                return self._short[row]
        return None

    def _list_runs(self, text: str) -> list[int]:
        """Digests of all runs of words, or of Chinese characters; none of a text that is shorter than one."""
        pieces: Sequence[str]
        if HAN.search(text):
            pieces, size, glue = squash(text), self._options.chinese_chars, ""
        else:
            pieces, size, glue = _WORD.findall(fold(text)), self._options.words, " "
        return [digest_text(glue.join(pieces[i : i + size])) for i in range(len(pieces) - size + 1)]


class _Pictures:
    """Perceptual hashes of evaluation pictures."""

    def __init__(self, bits: int) -> None:
        self._bits = bits
        self._places: list[str] = []
        self._values: list[int] = []
        self._hashes = np.zeros(0, np.uint64)
        self._answers = DigestTable()

    def add(self, item: Item) -> None:
        """Take in a picture, unless it is flat: such a hash tells nothing."""
        value = int(item.phash, 16)
        if 8 <= value.bit_count() <= 56:
            self._places.append(item.place)
            self._values.append(value)

    def find(self, image: ImageRef) -> str:
        """Where the picture stands in an evaluation set, and at how many bits; empty where it is in none."""
        if not self._values or not image.phash:
            return ""
        if len(self._hashes) != len(self._values):
            self._hashes = np.array(self._values, np.uint64)
        key = digest_text(image.phash)
        found = self._answers.get(key)
        if found is None:
            bits = np.bitwise_count(self._hashes ^ np.uint64(int(image.phash, 16)))
            nearest = int(bits.argmin())
            is_near = bits[nearest] <= self._bits
            found = self._answers.setdefault(key, nearest << 6 | int(bits[nearest]) + 1 if is_near else 0)
        return f"{self._places[found >> 6]}, {(found & 63) - 1} bits apart" if found else ""


def _list_questions(record: Quadruplet) -> Iterator[tuple[str, str]]:
    yield "question", record.question
    if record.options:
        yield "question", " ".join([record.question, *(option.text for option in record.options)])
    for number, turn in enumerate(record.turns):
        yield f"turns.{number}.question", turn.question


def _measure_jaccard(first: str, second: str) -> float:
    one, other = ({text[i : i + _SHINGLE] for i in range(max(1, len(text) - _SHINGLE + 1))} for text in (first, second))
    return len(one & other) / len(one | other)

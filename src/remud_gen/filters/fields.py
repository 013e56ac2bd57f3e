"""The texts of a record under their field names, and one joined text that patterns scan in a single pass."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from remud_gen.records import Quadruplet
from remud_gen.rules.identifiers import Identifier
from remud_gen.rules.late import compile_late
from remud_gen.rules.normalise import unify
from remud_gen.rules.patterns import Pattern, search_all

# A character that no pattern spans: it is neither space, letter nor punctuation, and plain text stays plain with it.
_BLANKS = compile_late(r"\s{16,}")
_SEAM = "\n\x00\n"


@dataclass(frozen=True, slots=True)
class FieldText:
    """A field's name (question, options.B, turns.0.answer, evidence.cap), its kind and its text in NFKC form."""

    name: str
    text: str
    kind: str  # question, thinking, answer, options or evidence


class RecordTexts:
    """All texts of one record that a learner will see, and those it rests on."""

    def __init__(self, record: Quadruplet) -> None:
        self.record = record
        self.shown = tuple(_list_shown(record))
        self.sources = tuple(FieldText(f"evidence.{span.id}", _read(span.text), "evidence") for span in record.evidence)
        self.joined = _SEAM.join(field.text for field in self.shown)
        self.folded = self.joined.lower()
        self._starts: list[int] = []
        self._found: dict[int, list[tuple[FieldText, str]]] = {}
        position = 0
        for field in self.shown:
            self._starts.append(position)
            position += len(field.text) + len(_SEAM)

    def locate(self, found: Iterable[Identifier]) -> Iterator[tuple[FieldText, Identifier]]:
        """The field in which each identifier of the joined text stands."""
        for each in found:
            if _SEAM not in each.text:
                yield self.shown[bisect_right(self._starts, each.start) - 1], each

    def scan(self, patterns: tuple[Pattern, ...]) -> list[tuple[FieldText, str]]:
        """The first match of a group of patterns in each shown field that has one; a group is tried once."""
        known = self._found.get(id(patterns))
        if known is None:
            known = self._found[id(patterns)] = list(self._scan(patterns))
        return known

    def _scan(self, patterns: tuple[Pattern, ...]) -> Iterator[tuple[FieldText, str]]:
        # Lower-casing can change a text's length in rare scripts; gates only need to know that a word occurs.
        seen: set[int] = set()
        for match in search_all(patterns, self.joined, self.folded):
            index = bisect_right(self._starts, match.start()) - 1
            if index not in seen and _SEAM not in match.group(0):
                seen.add(index)
                yield self.shown[index], match.group(0).strip()


def read_texts(record: Quadruplet) -> RecordTexts:
    """The texts of a record, built once for all filters that look at it in turn."""
    global _latest
    if _latest is None or _latest.record is not record:
        _latest = RecordTexts(record)
    return _latest


_latest: RecordTexts | None = None


def _read(text: str) -> str:
    """In NFKC form; a long run of blanks, which no person writes, is cut, as expressions go through it many times."""
    return _BLANKS.sub(lambda run: "\n\n" if "\n" in run[0] else "  ", unify(text))


def _list_shown(record: Quadruplet) -> Iterator[FieldText]:
    yield FieldText("question", _read(record.question), "question")
    if record.thinking:
        yield FieldText("thinking", _read(record.thinking), "thinking")
    yield FieldText("answer", _read(record.answer), "answer")
    for option in record.options:
        yield FieldText(f"options.{option.key}", _read(option.text), "options")
    for index, turn in enumerate(record.turns):
        yield FieldText(f"turns.{index}.question", _read(turn.question), "question")
        if turn.thinking:
            yield FieldText(f"turns.{index}.thinking", _read(turn.thinking), "thinking")
        yield FieldText(f"turns.{index}.answer", _read(turn.answer), "answer")

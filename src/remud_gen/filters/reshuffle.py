"""Options that change places, with every letter in the record's texts; where that is not safe, the record stays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from remud_gen.filters.choices import ChoicesFilter, ChoicesOptions
from remud_gen.filters.thinking import ThinkingFilter, ThinkingOptions
from remud_gen.records import Quadruplet
from remud_gen.rules.option_letters import LETTERS, LetterDoubtError, find_letters, refers_by_place, rewrite_letters
from remud_gen.rules.record_texts import list_texts, set_texts

_CHOICES, _THINKING = ChoicesFilter(ChoicesOptions()), ThinkingFilter(ThinkingOptions())


@dataclass(frozen=True, slots=True)
class Change:
    """One field before and after."""

    field: str
    original: str
    replacement: str


def can_move(record: Quadruplet) -> bool:
    """Whether options may change places at all: lettered in order, and none of them speaks of another."""
    keys = "".join(option.key for option in record.options)
    if record.form != "mcq" or keys != LETTERS[: len(keys)] or (record.answer_key or "-") not in keys:
        return False
    return not any(_names_options(option.text) for option in record.options)


def move_key(record: Quadruplet, target: str) -> tuple[Change, ...]:
    """What has to be changed so that the right option and the one at `target` swap places.

    Raises:
        LetterDoubtError: the record's texts cannot be rewritten safely.
    """
    key = record.answer_key or ""
    moves = {key: target, target: key}
    before = {option.key: option.text for option in record.options}
    keys = "".join(before)
    order = "".join(moves.get(letter, letter) for letter in keys)
    changes = [Change("options", keys, order), Change("answer_key", key, target)]
    after = {letter: before[old] for letter, old in zip(keys, order, strict=True)}
    for field, text in list_texts(record):
        if field == "question" and _names_moved(text, moves, before):
            raise LetterDoubtError(text)  # a question that lists its options itself
        new = rewrite_letters(text, moves, before)
        if rewrite_letters(new, moves, after) != text:
            raise LetterDoubtError(text)
        if new != text:
            changes.append(Change(field, text, new))
    _check_sound(record, tuple(changes))
    return tuple(changes)


def apply_changes(record: Quadruplet, changes: tuple[Change, ...]) -> Quadruplet:
    """The record with its options at their new places."""
    return set_texts(record, {change.field: (change.original, change.replacement) for change in changes})


def _check_sound(record: Quadruplet, changes: tuple[Change, ...]) -> None:
    """The rules for choices and for thinking must find nothing that they did not find before."""
    new = set(_find_codes(apply_changes(record, changes))) - set(_find_codes(record))
    if new:
        raise LetterDoubtError(f"would be {', '.join(sorted(new))}")


def _find_codes(record: Quadruplet) -> Iterator[str]:
    yield from (finding.code for finding in _CHOICES.find(record))
    yield from (finding.code for finding in _THINKING.find(record))


def _names_moved(text: str, moves: Mapping[str, str], options: Mapping[str, str]) -> bool:
    return any(text[place] in moves and meaning != "other" for place, meaning in find_letters(text, options))


def _names_options(text: str) -> bool:
    letters = dict.fromkeys(LETTERS, "")
    return refers_by_place(text) or any(meaning != "other" for _, meaning in find_letters(text, letters))

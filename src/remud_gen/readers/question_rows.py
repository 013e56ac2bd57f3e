"""Rows of a table or a list -> questions with their options, their given answer and its explanation."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from remud_gen.readers.columns import (
    ANSWER_COLUMNS,
    CHOICES_COLUMNS,
    EXPLANATION_COLUMNS,
    FILE_COLUMNS,
    QUESTION_COLUMNS,
    reduce_header,
)
from remud_gen.readers.flow import tidy_text
from remud_gen.readers.tables import Row
from remud_gen.records import Option
from remud_gen.rules.late import compile_late
from remud_gen.rules.normalise import squash, unify

KEYS = "ABCDEFGHIJ"
_OPTION_COLUMN = compile_late(r"(?:option|choice|选项|選項|答案选项|opt)?([a-j]|10|[1-9])", re.IGNORECASE)
OPTION_MARK = compile_late(r"(?:^|(?<=[\s;；。，,]))[(（\[]?([A-JＡ-Ｊ])\s?(?:[.．、:：)）\]])\s*", re.MULTILINE)
_LETTERS = compile_late(
    r"(?:option|choice|answer|选项?|答案)?\s*[(（]?([A-J](?:\s*[,，、;；/&和]?\s*[A-J])*)[)）]?\s*[.。]?", re.IGNORECASE
)
_LED = compile_late(r"[(（]?([A-J])\s*[.．、:：)）]\s*(\S.*)", re.DOTALL)


def read_row(row: Row) -> tuple[str, str, tuple[Option, ...], str, str] | None:
    """(question, answer, options, explanation, picture) of a row; None where it asks nothing."""
    named: dict[str, str] = {}
    for column, cell in row.cells.items():
        named.setdefault(reduce_header(column), cell)
    question = _find(named, QUESTION_COLUMNS)
    if not question:
        return None
    options = _read_columns(named)
    stem = tidy_text(question)
    if not options:
        choices = next((named[name] for name in CHOICES_COLUMNS if name in named), "")
        options = split_options(choices) or _number_lines(choices)
    if not options and len(found := split_options(question)) >= 2:
        options, stem = found, tidy_text(question[: _first_mark(question)])
    taken = {name for name in CHOICES_COLUMNS if name in named and "\n" in named[name]}
    answer = _find({name: cell for name, cell in named.items() if name not in taken}, ANSWER_COLUMNS)
    return stem, tidy_text(answer), options, tidy_text(_find(named, EXPLANATION_COLUMNS)), _find(named, FILE_COLUMNS)


def find_keys(answer: str, options: Sequence[Option]) -> tuple[str, ...]:
    """The options that an answer names by letter or by their words; none where that is not certain."""
    known = {option.key: option for option in options}
    plain = unify(answer).strip()
    same = [option.key for option in options if squash(option.text) == squash(plain)]
    if len(same) == 1:
        return tuple(same)
    led = _LED.fullmatch(plain)
    if led is not None and led[1] in known and squash(known[led[1]].text) == squash(led[2]):
        return (led[1],)
    letters = _LETTERS.fullmatch(plain)
    if letters is None or not (len(letters[1]) == 1 or letters[1].isupper()):
        return ()  # "bad" is a word
    keys = tuple(dict.fromkeys(letter for letter in letters[1].upper() if letter in KEYS))
    return keys if all(key in known for key in keys) else ()


def split_options(text: str) -> tuple[Option, ...]:
    """Options with letters in a text, on lines of their own or one behind the other, A first and none missing."""
    marks = list(OPTION_MARK.finditer(text))
    kept: list[re.Match[str]] = []
    for mark in marks:  # a letter out of turn belongs to the words of an option
        if unify(mark[1]) == KEYS[len(kept)]:
            kept.append(mark)
        if len(kept) == len(KEYS):
            break
    if len(kept) < 2:
        return ()
    ends = [mark.start() for mark in kept[1:]] + [len(text)]
    texts = [tidy_text(text[mark.end() : end]).rstrip(";； ") for mark, end in zip(kept, ends, strict=True)]
    return tuple(Option(key=key, text=words) for key, words in zip(KEYS, texts, strict=False)) if all(texts) else ()


def _first_mark(text: str) -> int:
    mark = OPTION_MARK.search(text)
    return mark.start() if mark is not None else len(text)


def _number_lines(text: str) -> tuple[Option, ...]:
    parts = [tidy_text(part) for part in re.split(r"\n|\|", text)]
    parts = [part for part in parts if part]
    return tuple(Option(key=key, text=part) for key, part in zip(KEYS, parts, strict=False)) if len(parts) >= 2 else ()


def _read_columns(named: Mapping[str, str]) -> tuple[Option, ...]:
    found: dict[str, str] = {}
    for name, cell in named.items():
        match = _OPTION_COLUMN.fullmatch(name)
        if match is not None and not (match[1].isdigit() and match[0] == match[1]):
            key = KEYS[int(match[1]) - 1] if match[1].isdigit() else match[1].upper()
            found.setdefault(key, tidy_text(cell))
    return tuple(Option(key=key, text=found[key]) for key in sorted(found)) if len(found) >= 2 else ()


def _find(named: Mapping[str, str], columns: Sequence[str]) -> str:
    return next((named[name] for name in columns if name in named), "")

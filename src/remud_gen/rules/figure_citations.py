"""Citations of figures in running text: "Figs. 2-4", "(Figures 4, 5, and 6)", 见图16-1-3, 图1-2、1-3."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from remud_gen.rules.figure_labels import (
    HEAD_EN,
    HEAD_ZH,
    LETTERS,
    NUMBER_EN,
    NUMBER_ZH,
    expand_letters,
    narrow,
    normalise_number,
)


@dataclass(frozen=True, slots=True)
class Citation:
    """A place in running text that cites a figure, or some panels of it."""

    number: str
    letters: tuple[str, ...]
    start: int
    end: int


_CITED = re.compile(rf"(?:(?P<en>{HEAD_EN})|(?P<zh>{HEAD_ZH}))(?=[0-9lI一二三四五六七八九十A-Z])", re.I)
_REF = {
    False: re.compile(rf"(?P<num>{NUMBER_EN})(?P<letters>{LETTERS})"),
    True: re.compile(rf"(?P<num>{NUMBER_ZH})(?P<letters>{LETTERS})"),
}
_JOIN = re.compile(r"(?P<range> ?[-~至到] ?| to | through )|(?: ?[,、;&和与及] ?(?:and |& )?| and | or )")


def find_citations(text: str, known: Collection[str] = ()) -> list[Citation]:
    """Every citation of a figure in running text, lists and ranges spelt out, in order.

    `known` are the normalised numbers of the document: they decide whether "2-4" is a number or a range.
    """
    found: list[Citation] = []
    plain = narrow(text)
    for head in _CITED.finditer(plain):
        if head.start() and plain[head.start() - 1].isascii() and plain[head.start() - 1].isalpha():
            continue
        refs = list(_read_references(plain, head.end(), is_chinese=head["zh"] is not None, head=head.group().lower()))
        for printed, letters, end, joined_by_range in refs:
            number = normalise_number(printed)
            if joined_by_range and found:
                found.extend(_expand_range(found[-1].number, number, head.start(), end))
            for single in _split_number(number, known):
                found.append(Citation(single, letters, head.start(), end))
    return found


def _read_references(
    plain: str, start: int, *, is_chinese: bool, head: str
) -> Iterator[tuple[str, tuple[str, ...], int, bool]]:
    match = _REF[is_chinese].match(plain, start)
    is_list = is_chinese or head.strip(" .").endswith("s")
    joined_by_range = False
    depth = -1
    while match is not None:
        number = match["num"]
        if depth >= 0 and normalise_number(number).count("-") != depth:
            return
        depth = normalise_number(number).count("-")
        yield number, expand_letters(match["letters"]), match.end(), joined_by_range
        join = _JOIN.match(plain, match.end()) if is_list else None
        if join is None:
            return
        joined_by_range = join["range"] is not None
        match = _REF[is_chinese].match(plain, join.end())


def _split_number(number: str, known: Collection[str]) -> Iterator[str]:
    first, dash, last = number.partition("-")
    is_range = dash and last.isdigit() and first.isdigit() and 0 < int(last) - int(first) < 20
    if is_range and number not in known and {first, last} <= set(known):
        yield from (str(value) for value in range(int(first), int(last) + 1))
    else:
        yield number


def _expand_range(first: str, last: str, start: int, end: int) -> Iterator[Citation]:
    stem, _, low = first.rpartition("-")
    stem_last, _, high = last.rpartition("-")
    if stem == stem_last and low.isdigit() and high.isdigit() and int(high) - int(low) < 20:
        for value in range(int(low) + 1, int(high)):
            yield Citation(f"{stem}-{value}" if stem else str(value), (), start, end)

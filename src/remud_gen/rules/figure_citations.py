"""Citations of figures in running text: "Figs. 2-4", "(Figures 4, 5, and 6)", 见图16-1-3, 图1-2、1-3."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from remud_gen.rules.figure_labels import (
    COUNTED,
    HEAD_EN,
    HEAD_ZH,
    LETTERS,
    NUMBER_EN,
    NUMBER_ZH,
    add_family,
    expand_letters,
    fill_range,
    name_family,
    narrow,
    normalise_number,
)
from remud_gen.rules.late import compile_late


@dataclass(frozen=True, slots=True)
class Citation:
    """A place in running text that cites a figure, or some panels of it."""

    number: str
    letters: tuple[str, ...]
    start: int
    end: int


_CITED = compile_late(rf"(?:(?P<en>{HEAD_EN})|(?P<zh>{HEAD_ZH}))(?=[0-9lIO一二三四五六七八九十A-ZⅡ-Ⅻ])", re.I)
# What every head holds: a look for these spares most texts the search for the whole.
_HEAD_WORDS = ("图", "照片", "plate", "image", "photo", "scheme", "illustration", "panel")
_HEAD_LETTERS = compile_late("f ?[i1l] ?[gq9]|ﬁ[gq9]")
_REF = {
    False: compile_late(rf"(?P<num>{NUMBER_EN})(?P<letters>{LETTERS})", re.I),
    True: compile_late(rf"(?P<num>{NUMBER_ZH})(?P<letters>{LETTERS})", re.I),
}
_JOIN = compile_late(
    rf"(?P<range> ?[-~至到] ?| to | through )(?:{HEAD_EN}|{HEAD_ZH})?|(?: ?[,、;&和与及] ?(?:and |& )?| and | or )",
    re.I,
)
_SEVERAL = compile_late(r"(?:figs|figures|plates|images|photos|photographs|schemes|illustrations|panels)\b", re.I)
_UNIT = compile_late(r" {0,2}(?:%|(?:[a-z]{3,}s|cm|mm|mL|ml|kg|days?|MHz)\b)", re.I)
# "panels A and B of Figure 3", "Figure 3, b", 图3的A、B图, "Fig. 3 (arrow, A)" Of sixteen panels at most.
_BEFORE = compile_late(
    r"\b(?:panels?|parts?|images?) \(?([A-P](?:(?:, ?| ?[-&] ?| and | to )[A-P]){0,15})\)? (?:of|in) (?:the )?$", re.I
)
_AFTER = compile_late(
    r" ?, ?(?:panels? )?\(?([A-Pa-p])\)?(?=[,.;:)]| and | shows?\b)|(?:的|中的?)?([A-P](?:[、,和及与~-][A-P]){0,15})图"
)
_SAME_FIGURE = compile_late(r"(?<![A-Za-z0-9])([A-P](?:[、,和及与~-][A-P]){0,15})图(?![像象解])")


def find_citations(text: str, known: Collection[str] = ()) -> list[Citation]:
    """Every citation of a figure in running text, lists and ranges spelt out, in order.

    `known` are the normalised numbers of the document: they decide whether "2-4" is a number or a range, and whether
    "Fig. 2 and 3" goes on with a figure.
    """
    found: list[Citation] = []
    plain = narrow(text)
    if not _may_cite(plain.lower()):
        return found
    for head in _CITED.finditer(plain):
        is_read = bool(found) and head.start() < found[-1].end  # 图3至图5 is one citation
        if not is_read and not _is_inside_word(plain, head):
            found.extend(_read_references(plain, head, known))
    return found


def cites_panels(text: str) -> tuple[str, ...]:
    """Panels that a text speaks of without a figure's number (A、B图), as a paragraph beside its only figure does."""
    letters: list[str] = []
    for match in _SAME_FIGURE.finditer(narrow(text)):
        letters.extend(letter for letter in expand_letters(match[1]) if letter not in letters)
    return tuple(letters)


def _may_cite(folded: str) -> bool:
    return any(word in folded for word in _HEAD_WORDS) or _HEAD_LETTERS.search(folded) is not None


def _is_inside_word(plain: str, head: re.Match[str]) -> bool:
    before = plain[head.start() - 1] if head.start() else " "
    if head["en"]:
        return before.isascii() and before.isalpha()
    return before in "声像谱构绘"


def _read_references(plain: str, head: re.Match[str], known: Collection[str]) -> Iterator[Citation]:
    is_chinese = head["zh"] is not None
    name = head.group().strip()
    is_list = is_chinese or _SEVERAL.match(name) is not None
    start, before = head.start(), _BEFORE.search(plain[max(0, head.start() - 40) : head.start()])
    outer = expand_letters(before[1]) if before else ()
    match = _REF[is_chinese].match(plain, head.end())
    if match is None or (is_chinese and plain[match.end() : match.end() + 1] in tuple(COUNTED)):
        return
    if name_family(name) not in ("", "PLATE", "S") and not _is_certain(name, match["num"], known):
        return
    last, depth = "", normalise_number(match["num"]).count("-")
    is_range = False
    while match is not None and normalise_number(match["num"]).count("-") in (depth, 1 if is_list else depth):
        number, end = normalise_number(match["num"]), match.end()
        letters = expand_letters(match["letters"])
        if not letters and (after := _AFTER.match(plain, end)) is not None:
            letters, end = expand_letters(after[1] or after[2]), after.end()
        if is_range:
            yield from (Citation(add_family(name, n), (), start, end) for n in fill_range(last, number))
        is_span = _SEVERAL.match(name) is not None or (depth == 0 and number != last and last != "")
        for single in _split_number(number, known, is_span=is_span):
            yield Citation(add_family(name, single), letters or outer, start, end)
        last, join = number, _JOIN.match(plain, end)
        following = _REF[is_chinese].match(plain, join.end()) if join is not None else None
        if following is not None and not is_list:
            goes_on = normalise_number(following["num"]) in known and not _UNIT.match(plain, following.end())
            following = following if goes_on else None
        is_range = join is not None and join["range"] is not None
        match = following


def _is_certain(name: str, number: str, known: Collection[str]) -> bool:
    """Whether "image 3" names a printed image rather than the third of a series."""
    return add_family(name, normalise_number(number)) in known or (not name[:1].islower() and not known)


def _split_number(number: str, known: Collection[str], *, is_span: bool) -> Iterator[str]:
    """A range read as one number, spelt out where both its ends are figures, or where its head is a plural."""
    first, dash, last = number.partition("-")
    is_range = dash and last.isdigit() and first.isdigit() and 0 < int(last) - int(first) < 20
    if is_range and number not in known and ({first, last} <= set(known) or is_span):
        yield from (str(value) for value in range(int(first), int(last) + 1))
    else:
        yield number

"""What marks the clauses of a shared caption: (A), A图, "A:", "Panel A shows", "(i)", 左图, "on the right"."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from remud_gen.rules.figure_labels import expand_letters
from remud_gen.rules.late import compile_late

Key = str  # an upper-case panel letter (A, B1), a small Roman numeral, or left, right, top, bottom, middle

_JOIN = r"\s{0,3}(?:[-~,、和及与&至到]|and|to)\s{0,3}"
_LETTER = r"(?:[A-P][1-9]?|[a-p][1-9]?)"
_RUN = rf"{_LETTER}(?![A-Za-z0-9])(?:{_JOIN}{_LETTER}(?![A-Za-z0-9])){{0,15}}"
_VERB = (
    r"(?:(?:shows?|showing|depicts?|demonstrates?|displays?|illustrates?|represents?|reveals?|presents?|indicates?)"
    r"(?![a-z])|(?:is|are)(?![a-z]))"
)
_VERB_ZH = r"(?:分别|均)?(?:显示|所示|可见|为|示(?!意)|是|系)"
PARENTHESISED = compile_late(
    rf"[(\[]\s?{_RUN}\s?[)\]](?:(?:,?{_JOIN}|\s{{0,3}})[(\[]\s?{_RUN}\s?[)\]]){{0,15}}(?!\s{{0,2}}图)"
)
_ONE_ZH = rf"(?:[(]\s?{_RUN}\s?[)]|(?<![A-Za-z0-9-]){_RUN})"
CHINESE = compile_late(
    rf"(?:{_ONE_ZH}\s{{0,4}}图(?![像象解])(?:[、,和及与]\s?{_ONE_ZH}\s{{0,4}}图(?![像象解])){{0,15}}"
    rf"|(?:(?<![\u4e00-\u9fff])|(?<=[如见中和与及在]))图\s{{0,4}}{_ONE_ZH}(?=[为示是显均分可系:,、 ]))"
)
_CHINESE_VERB = compile_late(rf"(?:^|(?<=[.,;:。中(\s]))\s{{0,4}}({_RUN})\s?(?={_VERB_ZH})")
PANEL_WORD = compile_late(
    rf"\b(?:the )?(?:sub)?(?:panels?|images?|figures?|parts?)\s{{1,3}}(?:[(]\s?{_RUN}\s?[)]|{_RUN})"
    rf"(?:\s?[:.,](?=\s)|\s{{1,3}}{_VERB}|(?=[\s;)]|$))",
    re.IGNORECASE,
)
_CLAUSE_START = compile_late(
    rf"(?:^|(?<=[.;:。；])\s{{0,4}}"
    rf"|(?<=\()\s?(?={_RUN}\s?[:=—])|(?<=[\u4e00-\u9fff])[ ,、]{{1,4}}|(?<=,)\s{{0,4}}(?={_RUN}\s?[:=—])"
    rf"|(?<=\s)(?<!type )(?<!group )(?<!stage )(?<!grade )(?<!case )(?<!mode )(?<!itis )(?={_LETTER}[:)])"
    rf"|(?<=\s)(?={_LETTER}\s?[|]))(?P<run>{_RUN})\s*"
    rf"(?:[,.:、)=|—]|-(?=[\s\u4e00-\u9fff]|(?!Mod|Sca|Lin)[A-Z][a-z])|(?<=[A-P]) (?=[\u4e00-\u9fff])|{_VERB}(?=\s))\s*"
)
_BARE = compile_late(r"(?:^|(?<=[.;:,])\s{1,3})(?P<run>[a-p]|[A-P](?=\s{1,3}[A-Z][a-z]))(?=\s{1,3}[A-Za-z][a-z])")
_ROMANS = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x")
_ROMAN = compile_late(r"(?:[(]|(?:^|(?<=[.;:,\s])))(?P<run>[ivx]{1,4})\)\s*:?")

_LONE_LETTER = compile_late(r"(?<![A-Za-z0-9])[A-Pa-p][1-9]?(?![A-Za-z0-9])")

_PLACES = {
    "left": "left", "right": "right", "top": "top", "upper": "top", "bottom": "bottom", "lower": "bottom",
    "middle": "middle", "center": "middle", "centre": "middle", "左": "left", "右": "right", "上": "top",
    "下": "bottom", "中": "middle",
}  # fmt: skip
PLACES = frozenset(_PLACES.values())
_WHERE = r"left|right|top|bottom|upper|lower|middle|cent(?:er|re)"
_WHAT = r"(?:panels?|images?|pictures?|figures?|row|side|column|frame|half)"
_PLACE = compile_late(
    rf"(?<![A-Za-z])(?:\((?P<a>{_WHERE})(?: {_WHAT})?\)\s*:?|(?:the )?(?P<b>{_WHERE})(?: {_WHAT})?\s*:"
    rf"|(?:the )?(?P<d>{_WHERE}) {_WHAT}(?:\s?,|\s{{1,3}}{_VERB})|(?:on|at|in) the (?P<e>{_WHERE})(?: {_WHAT})?"
    rf"(?=[,.;)]|$| and| while)|(?:^|(?<=[.;])\s?)(?P<f>{_WHERE}),(?=\s)"
    r"|[(](?P<g>[左右上中下])(?:[侧边方]|图)?[)]\s*:?|(?P<c>[左右上中下])[侧边方]?图(?:像)?(?!像)"
    r"|(?:^|(?<=[.;,。、\s]))(?P<h>[左右上中下])[侧边方]?\s?:)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Marker:
    """A place in a text that names panels; the words of a clause go up to it or begin after it."""

    keys: tuple[Key, ...]
    start: int
    end: int


Finder = Callable[[str], list[Marker]]


def find_markers(plain: str, finders: Sequence[Finder] | None = None) -> list[Marker]:
    """The marks of the first way of marking that a narrowed text uses."""
    return next((markers for find in finders or LETTER_FINDERS if (markers := find(plain))), [])


def list_lone_letters(plain: str) -> set[str]:
    """Letters that stand by themselves, as every mark by letters has them, in upper case; all marks need two."""
    return {letter.upper() for letter in _LONE_LETTER.findall(plain)}


def find_parenthesised(plain: str) -> list[Marker]:
    """(A), [A], (a–c), (a), (b)."""
    return _validate([_mark(expand_keys(m.group()), m.span()) for m in PARENTHESISED.finditer(plain)])


def find_chinese(plain: str) -> list[Marker]:
    """A图, 图A, A图、B图, (a)图."""
    if "图" not in plain:
        return []
    return _validate([_mark(expand_keys(m.group().replace("图", "")), m.span()) for m in CHINESE.finditer(plain)])


def find_chinese_verbs(plain: str) -> list[Marker]:
    """A示…，B为…."""
    return _validate([_mark(expand_keys(m[1]), (m.start(1), m.end())) for m in _CHINESE_VERB.finditer(plain)])


def find_panel_words(plain: str) -> list[Marker]:
    """Panel A shows …, panels B and C: …."""
    found = []
    for m in PANEL_WORD.finditer(plain):
        letters = re.sub(r"(?i)\b(?:the|(?:sub)?(?:panels?|images?|figures?|parts?))\b", "", m.group())
        found.append(_mark(expand_keys(re.sub(rf"\s{_VERB}$", "", letters)), m.span()))
    return _validate(found)


def find_clause_starts(plain: str) -> list[Marker]:
    """A, …. B, …; A: …; A. …; A-C show …, each at the start of a clause."""
    return _validate([_mark(expand_keys(m["run"]), (m.start("run"), m.end())) for m in _CLAUSE_START.finditer(plain)])


def find_bare(plain: str) -> list[Marker]:
    """a Liver. b Spleen: letters in bold type that the text layer does not tell from words."""
    markers = [_mark(expand_keys(m["run"]), m.span("run")) for m in _BARE.finditer(plain)]
    return _validate(markers, is_strict=True)


def find_romans(plain: str) -> list[Marker]:
    """(i) … (ii) …."""
    markers = [Marker((m["run"],), *m.span()) for m in _ROMAN.finditer(plain)]
    keys = tuple(marker.keys[0] for marker in markers)
    return markers if len(keys) > 1 and keys == _ROMANS[: len(keys)] else []


def find_places(plain: str) -> list[Marker]:
    """Left: …, right panel: …, 上图…，下图…, … on the left."""
    found = ((next(filter(None, m.groups())).lower(), m.span()) for m in _PLACE.finditer(plain))
    # A Turkish dotted I matches an i, and is none.
    markers = [Marker((_PLACES[word],), *span) for word, span in found if word in _PLACES]
    keys = [marker.keys[0] for marker in markers]
    return markers if len(keys) > 1 and len(set(keys)) == len(keys) else []


LETTER_INSIDE = compile_late(
    r"(?<=[(（])(?P<run>[A-Pa-p][1-9]?)[,:;，：；]\s?(?=[A-Za-z\u4e00-\u9fff]{3})"
)  # (A, arrow)
LETTER_FINDERS: tuple[Finder, ...] = (
    find_chinese,
    find_parenthesised,
    find_panel_words,
    find_clause_starts,
    find_chinese_verbs,
    find_bare,
    find_romans,
)


def expand_keys(text: str) -> tuple[Key, ...]:
    """Upper-case keys of a run of letters; A1–A3 counts the digits."""
    nested = re.findall(r"(?<![A-Za-z])([A-Pa-p])([1-9])(?![0-9A-Za-z])", text)
    if not nested:
        return tuple(letter.upper() for letter in expand_letters(text))
    first, last = nested[0], nested[-1]
    if len(nested) == 2 and first[0] == last[0] and re.search(r"[-~至到]|\bto\b", text):
        return tuple(f"{first[0].upper()}{digit}" for digit in range(int(first[1]), int(last[1]) + 1))
    single = [letter.upper() for letter in re.findall(r"(?<![A-Za-z])([A-Pa-p])(?![A-Za-z0-9])", text)]
    return tuple(dict.fromkeys([*(f"{letter.upper()}{digit}" for letter, digit in nested), *single]))


def _mark(keys: Sequence[Key], span: tuple[int, int]) -> Marker:
    return Marker(tuple(keys), *span)


def _validate(markers: list[Marker], *, is_strict: bool = False) -> list[Marker]:
    """Markers whose letters run A, B, C …; a lone "(C)" is an abbreviation.

    Where none are lost they may come in any order; one letter between two others may be missing (unless strict).
    """
    ordered = _keep_fresh(markers, lambda key, seen: _follows(seen[-1] if seen else None, key))
    keys = [key for marker in ordered for key in marker.keys]
    if len(set(keys)) > 1 and not (not is_strict and _count_missing(markers) and len(markers) > len(ordered)):
        return ordered
    if is_strict:
        return []
    fresh = _keep_fresh(markers, lambda key, seen: True)
    if _count_missing(fresh) in (0, 1) and len({key for marker in fresh for key in marker.keys}) > 1:
        return fresh
    return ordered if len(set(keys)) > 1 else []


def _keep_fresh(markers: Sequence[Marker], accepts: Callable[[Key, list[Key]], bool]) -> list[Marker]:
    kept: list[Marker] = []
    seen: list[Key] = []
    for marker in markers:
        fresh = [key for key in marker.keys if key not in seen]
        if fresh and accepts(fresh[0], seen):
            kept.append(marker)
            seen.extend(fresh)
    return kept


def _follows(last: Key | None, key: Key) -> bool:
    """Whether a key may come next: B after A, A2 after A1, B or B1 after A2."""
    if last is None:
        return key in ("A", "A1")
    if len(key) > 1 and key[0] == last[0]:
        return len(last) > 1 and int(key[1]) == int(last[1]) + 1
    return ord(key[0]) == ord(last[0]) + 1 and key[1:] in ("", "1")


def _count_missing(markers: Sequence[Marker]) -> int | None:
    """How many letters lack between A and the last one; None where the run does not begin with A."""
    letters = {key[0] for marker in markers for key in marker.keys}
    if "A" not in letters:
        return None
    return ord(max(letters)) - ord("A") + 1 - len(letters)

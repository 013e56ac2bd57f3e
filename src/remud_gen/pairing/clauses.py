"""A caption or note shared by several panels -> each panel's own clause, without panel letters."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from remud_gen.rules.figure_labels import HEAD_EN, HEAD_ZH, NUMBER_EN, NUMBER_ZH, expand_letters, narrow
from remud_gen.rules.language import HAN

_JOIN = r"\s{0,3}(?:[-~,、和及与&至到]|and|to)\s{0,3}"
_RUN = rf"[A-Pa-p](?:{_JOIN}[A-Pa-p](?![A-Za-z])){{0,15}}"
_PARENTHESISED = re.compile(rf"\(\s?{_RUN}\s?\)(?:(?:,?{_JOIN}|\s{{0,3}})\(\s?{_RUN}\s?\)){{0,15}}")
_CHINESE = re.compile(rf"(?<![A-Za-z0-9-])(?:({_RUN})\s{{0,4}}图(?![像象解])|图\s{{0,4}}({_RUN})(?=[为示是显:,、 ]))")
_CLAUSE_START = re.compile(
    rf"(?:^|(?<=[.;:。；])\s{{0,4}}|(?<=[\u4e00-\u9fff])[ ,、]+)({_RUN})\s*"
    r"(?:[,.:、)]|(?<=[A-P]) (?=[\u4e00-\u9fff]))\s*(?=\S)"
)
_PLACES = {
    "left": "left", "right": "right", "top": "top", "upper": "top", "bottom": "bottom", "lower": "bottom",
    "middle": "middle", "center": "middle", "centre": "middle", "左": "left", "右": "right", "上": "top",
    "下": "bottom", "中": "middle",
}  # fmt: skip
_WHERE = r"left|right|top|bottom|upper|lower|middle|cent(?:er|re)"
_WHAT = r"(?: (?:panel|image|row|side|column))?"
_PLACE = re.compile(
    rf"(?<![A-Za-z])(?:\((?P<a>{_WHERE}){_WHAT}\)\s*:?|(?P<b>{_WHERE}){_WHAT}\s*:|(?P<c>[左右上中下])图(?:像)?)",
    re.IGNORECASE,
)
_LEADING = re.compile(r"^(?:[\s,.:;、。；：，)-]|[为是示](?!意))+")
_TRAILING = re.compile(r"(?:[\s,;:、；：，(-]|(?<=[\s,;])(?:and|or|while|whereas)|[和与及而])+$", re.IGNORECASE)
_CONNECTOR = re.compile(r"^\W*(?:and|or|with|vs\.?|versus|to|和|与|及)(?![A-Za-z])|^\W*$", re.IGNORECASE)
_ENTRY = r"[A-Za-z0-9]{%s}s?\s?[:=：,，]\s?[^.;。；]{1,60}"
_LEGEND = re.compile(
    rf"(?:(?<=[.;。；])|(?<=[.;。；] ))(?=[A-Z][A-Za-z0-9])"
    rf"(?:[A-Z]{_ENTRY % '0,6'}[.;。；]\s*)*[A-Z]{_ENTRY % '0,6'}[.;。；]?\s*$"
)  # the first abbreviation has two letters at least: a single one would be a panel
_CITATION = re.compile(
    rf"\s{{0,4}}\((?:see |also |cf\.? |见|参见)*(?:{HEAD_EN}{NUMBER_EN}|{HEAD_ZH}{NUMBER_ZH})[^()]{{0,24}}\)", re.I
)
Key = str  # an upper-case panel letter, or left, right, top, bottom, middle


@dataclass(frozen=True, slots=True)
class Clauses:
    """Words for all panels, then the words of single panels."""

    shared: str
    parts: tuple[tuple[frozenset[Key], str], ...]
    legend: str = ""

    @property
    def keys(self) -> frozenset[Key]:
        """All panels that have words of their own."""
        return frozenset(key for keys, _ in self.parts for key in keys)

    def of(self, key: Key) -> str:
        """The words that hold for one panel: shared ones, its own, the list of abbreviations."""
        own = [text for keys, text in self.parts if key in keys]
        return _append_legend(_join([self.shared, *own]), self.legend)


@dataclass(frozen=True, slots=True)
class _Marker:
    keys: tuple[Key, ...]
    start: int
    end: int


def split_clauses(text: str) -> Clauses | None:
    """The clauses of a text; None where nothing marks them or the marks leave doubt about what belongs to whom."""
    plain = narrow(text)
    legend_match = _LEGEND.search(plain)
    cut = legend_match.start() if legend_match else len(text)
    legend = text[cut:].strip()
    for find in (_find_chinese, _find_parenthesised, _find_clause_starts, _find_places):
        markers = find(plain[:cut])
        if markers:
            clauses = _cut(text[:cut], markers, legend)
            if clauses is not None:
                return clauses
    return None


def find_panel_keys(text: str) -> frozenset[Key]:
    """All panel letters that a text speaks of by its markers, whether or not its clauses can be told apart."""
    markers = _find_marked(narrow(text), (_find_chinese, _find_parenthesised, _find_clause_starts))
    return frozenset(key for marker in markers for key in marker.keys)


def _find_marked(plain: str, finders: Sequence[Callable[[str], list[_Marker]]]) -> list[_Marker]:
    """The marks of the first way of marking that this text uses."""
    return next((markers for find in finders if (markers := find(plain))), [])


def strip_letters(text: str, letters: Collection[str]) -> str:
    """A text without "(a)", "A图" of the given panels and without parenthesised figure numbers."""
    known = {letter.upper() for letter in letters}
    plain = narrow(text)
    spans = [match.span() for match in _CITATION.finditer(plain)]
    for pattern in (_PARENTHESISED, _CHINESE):
        for match in pattern.finditer(plain):
            if {letter.upper() for letter in expand_letters(match.group())} <= known:
                spans.append(match.span())
    if not _find_marked(plain, (_find_chinese, _find_parenthesised)):
        markers = [m for m in _find_clause_starts(plain) if set(m.keys) <= known]
        spans.extend((marker.start, marker.end) for marker in markers)
    for start, end in sorted(spans, reverse=True):
        text = (
            f"{text[:start].rstrip()} {text[end:].lstrip()}"
            if not HAN.search(text[max(0, start - 2) : end + 2])
            else text[:start] + text[end:]
        )
    return tidy(text)


def tidy(text: str) -> str:
    """Without the spaces and leading punctuation that removing words leaves behind."""
    text = re.sub(r"\s{1,8}([,.;:，。；：])", r"\1", _LEADING.sub("", text.strip()))
    return re.sub(r"[ \t]{2,}", " ", text).strip()


def _find_parenthesised(plain: str) -> list[_Marker]:
    return _validate([_mark(expand_letters(m.group()), m.span()) for m in _PARENTHESISED.finditer(plain)])


def _find_chinese(plain: str) -> list[_Marker]:
    return _validate([_mark(expand_letters(m[1] or m[2]), m.span()) for m in _CHINESE.finditer(plain)])


def _find_clause_starts(plain: str) -> list[_Marker]:
    return _validate([_mark(expand_letters(m[1]), (m.start(1), m.end())) for m in _CLAUSE_START.finditer(plain)])


def _find_places(plain: str) -> list[_Marker]:
    markers = [_Marker((_PLACES[(m["a"] or m["b"] or m["c"]).lower()],), *m.span()) for m in _PLACE.finditer(plain)]
    keys = [marker.keys[0] for marker in markers]
    return markers if len(keys) > 1 and len(set(keys)) == len(keys) else []


def _mark(letters: Sequence[str], span: tuple[int, int]) -> _Marker:
    return _Marker(tuple(letter.upper() for letter in letters), *span)


def _validate(markers: list[_Marker]) -> list[_Marker]:
    """Markers whose letters run A, B, C … in order of first appearance; a lone "(C)" is an abbreviation."""
    kept: list[_Marker] = []
    seen: list[str] = []
    for marker in markers:
        fresh = [key for key in marker.keys if key not in seen]
        if fresh and ord(fresh[0]) == (ord(seen[-1]) + 1 if seen else ord("A")):
            kept.append(marker)
            seen.extend(fresh)
    is_whole = len(seen) > 1 and seen == [chr(ord("A") + i) for i in range(len(seen))]
    return kept if is_whole else []


def _cut(text: str, markers: Sequence[_Marker], legend: str) -> Clauses | None:
    after = [text[m.end : n] for m, n in zip(markers, [*(m.start for m in markers[1:]), len(text)], strict=True)]
    before = [text[m : n.start] for m, n in zip([0, *(m.end for m in markers[:-1])], markers, strict=True)]
    keys = [frozenset(marker.keys) for marker in markers]
    has_tail = re.search(r"\w", after[-1]) is not None
    if has_tail and not any(_CONNECTOR.match(part) for part in after):
        shared = before[0].strip()
        parts = [_trim(part) for part in after]
        return Clauses(shared, tuple(zip(keys, parts, strict=True)), legend)
    if not has_tail and all(re.search(r"\w", part) for part in before):
        # "before the test (a) and during the test (b)": the marker closes its clause.
        parts = [_trim(re.sub(r"^\W*(?:and|or|和|与|及)(?![A-Za-z])", "", part, flags=re.I)) for part in before]
        return Clauses("", tuple(zip(keys, parts, strict=True)), legend)
    return None


def _trim(part: str) -> str:
    return _TRAILING.sub("", _LEADING.sub("", part)).strip()


def _append_legend(text: str, legend: str) -> str:
    """The list of abbreviations after a clause that may have lost its full stop to the next one's letter."""
    if not legend or not text:
        return text or tidy(legend)
    is_open = text[-1] not in ".。;；!！"
    stop = ("。" if HAN.search(text[-1]) or HAN.search(legend) else ".") if is_open else ""
    glue = "" if HAN.search(legend) else " "
    return f"{text}{stop}{glue}{tidy(legend)}"


def _join(parts: Sequence[str]) -> str:
    text = ""
    for part in (part for part in parts if part):
        glue = "" if not text or HAN.match(part[0]) or HAN.match(text[-1]) or text[-1] in "：，。；（" else " "
        text += glue + part
    return tidy(text)

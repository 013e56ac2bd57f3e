"""A caption or note shared by several panels -> each panel's own clause, without panel letters."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from remud_gen.rules.figure_labels import HEAD_EN, HEAD_ZH, NUMBER_EN, NUMBER_ZH, narrow
from remud_gen.rules.language import HAN
from remud_gen.rules.late import compile_late
from remud_gen.rules.panel_marks import (
    CHINESE,
    LETTER_FINDERS,
    LETTER_INSIDE,
    PANEL_WORD,
    PARENTHESISED,
    Key,
    Marker,
    expand_keys,
    find_markers,
    find_places,
)

_LEADING = compile_late(r"^(?:[\s,.:;、。；：，)\]=|—-]|(?:分别|均)?(?:显示|为|是|示(?!意)))+")
_TRAILING = compile_late(r"(?:[\s,;:、；：，(（|—-]|(?<=[\s,;])(?:and|or|while|whereas)|[和与及而])+$", re.IGNORECASE)
_CONNECTOR = compile_late(r"^\W*(?:and|or|with|vs\.?|versus|to|和|与|及)(?![A-Za-z])|^[\s,、/]*$", re.IGNORECASE)
_NO_LABEL = r"(?!(?i:left|right|top|bottom|upper|lower|middle|cent(?:er|re)|panels?|images?)(?![a-z]))"
_ENTRY = r"[A-Za-z0-9]{%s}s?\s?[:=：,，]\s?[^.;。；]{1,60}"
_LEGEND = compile_late(
    rf"(?:(?<=[.;。；])|(?<=[.;。；] ))(?=[A-Z][A-Za-z])"
    rf"(?>{_NO_LABEL}[A-Z]{_ENTRY % '0,6'}[.;。；]\s*){{0,80}}{_NO_LABEL}[A-Z]{_ENTRY % '0,6'}[.;。；]?\s*$"
)  # the first abbreviation has two letters at least: a single one would be a panel
_CITATION = compile_late(
    rf"\s{{0,4}}[(\[](?:see |also |cf\.? |见|参见)*(?:{HEAD_EN}{NUMBER_EN}|{HEAD_ZH}{NUMBER_ZH})[^()]{{0,24}}[)\]]",
    re.I,
)


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

    def find(self, panel: str) -> Key | None:
        """The key under which a panel's words stand, whatever its case; those of A hold for A1 and a(i)."""
        return next((key for key in (panel, panel.upper(), panel[:1].upper()) if key in self.keys), None)

    def is_before_gap(self, key: Key) -> bool:
        """Whether the next letter's mark was not read, so that its words stand with this panel's."""
        letters = {other[0] for other in self.keys if other[0].isupper()}
        return key[0] in letters and key[0] < max(letters) and chr(ord(key[0]) + 1) not in letters

    def is_blank(self, key: Key) -> bool:
        """Whether a panel is named but nothing is said of it."""
        return not any(text for keys, text in self.parts if key in keys)

    def of(self, key: Key) -> str:
        """The words that hold for one panel: shared ones, its own, the list of abbreviations."""
        own = [text for keys, text in self.parts if key in keys]
        return _append_legend(_join([self.shared, *own]), self.legend)


def split_clauses(text: str) -> Clauses | None:
    """The clauses of a text; None where nothing marks them or the marks leave doubt about what belongs to whom."""
    plain = narrow(text)
    legend_match = _LEGEND.search(plain)
    cut = legend_match.start() if legend_match else len(text)
    legend = text[cut:].strip()
    for find in (*LETTER_FINDERS, find_places):
        markers = find(plain[:cut])
        if markers:
            clauses = _cut(text[:cut], markers, legend)
            if clauses is not None:
                return clauses
    return None


def find_panel_keys(text: str) -> frozenset[Key]:
    """All panel letters that a text speaks of by its markers, whether or not its clauses can be told apart."""
    return frozenset(key for marker in find_markers(narrow(text)) for key in marker.keys)


def strip_letters(text: str, letters: Collection[str]) -> str:
    """A text without "(a)", "A图", "panel A shows" of the given panels and without parenthesised figure numbers."""
    known = {letter.upper() for letter in letters} | set(letters)
    plain = narrow(text)
    spans = [match.span() for match in _CITATION.finditer(plain)]
    for pattern in (PARENTHESISED, CHINESE, PANEL_WORD, LETTER_INSIDE):
        for match in pattern.finditer(plain):
            words = re.sub(r"(?i)\b(?:the|(?:sub)?(?:panel|image|figure|part)s?|is|are)\b|图", " ", match.group())
            keys = set(expand_keys(words))
            if keys and keys <= known:
                spans.append(match.span())
    spans.extend((m.start, m.end) for m in find_markers(plain) if set(m.keys) <= known)
    for start, end in _join_spans(spans):
        text = (
            f"{text[:start].rstrip()} {text[end:].lstrip()}"
            if not HAN.search(text[max(0, start - 2) : end + 2])
            else text[:start] + text[end:]
        )
    return tidy(text)


def _join_spans(spans: Collection[tuple[int, int]]) -> list[tuple[int, int]]:
    """Spans without overlap, from last to first."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined[::-1]


def tidy(text: str) -> str:
    """Without the spaces and leading punctuation that removing words leaves behind."""
    text = re.sub(r"\s{1,8}([,.;:，。；：])", r"\1", _LEADING.sub("", text.strip()))
    return re.sub(r"[ \t]{2,}", " ", text).strip()


def _cut(text: str, markers: Sequence[Marker], legend: str) -> Clauses | None:
    after = [text[m.end : n] for m, n in zip(markers, [*(m.start for m in markers[1:]), len(text)], strict=True)]
    before = [text[m : n.start] for m, n in zip([0, *(m.end for m in markers[:-1])], markers, strict=True)]
    keys = [frozenset(marker.keys) for marker in markers]
    has_tail = re.search(r"\w", after[-1]) is not None
    if has_tail and not any(_CONNECTOR.match(part) for part in after):
        shared = _close(re.sub(r"(?:[(（\[]|[图其]中)\s*$", "", before[0].strip()))
        parts = [_trim(part) for part in after]
        return Clauses(shared, tuple(zip(keys, parts, strict=True)), legend)
    if not has_tail and all(re.search(r"\w", part) for part in before):
        # "before the test (a) and during the test (b)": the marker closes its clause.
        parts = [_trim(re.sub(r"^\W*(?:and|or|和|与|及)(?![A-Za-z])", "", part, flags=re.I)) for part in before]
        return Clauses("", tuple(zip(keys, parts, strict=True)), legend)
    return None


def _trim(part: str) -> str:
    return _close(_TRAILING.sub("", _LEADING.sub("", part)).strip())


def _close(text: str) -> str:
    """Without a bracket at the end whose other half stood before the clause's mark."""
    while text and text[-1] in ")）" and len(re.findall(r"[(（]", text)) < len(re.findall(r"[)）]", text)):
        text = text[:-1].rstrip()
    return text


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

"""Burned-in text and abbreviation keys -> what labels mark, which structures are named, which values are printed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from remud_gen.llm.extractive.facts import Fact, quote_of
from remud_gen.llm.extractive.pieces import Piece, clean, is_presentable, lower_first
from remud_gen.records import Evidence, Language, Quote
from remud_gen.rules.legend import LegendEntry, parse_legend
from remud_gen.rules.measurements import find_printed_values
from remud_gen.rules.terms import find_kin, find_sides, find_terms, swap_opposites

MAX_SPAN_CHARS = 6000


def read_labels(spans: Sequence[Evidence], language: Language) -> Iterator[Fact]:
    """Label facts: from the picture's own key, or from running text where the label is burned in."""
    printed = [span for span in spans if span.kind == "burned_in"]
    entries: dict[str, tuple[LegendEntry, Evidence]] = {}
    for span in spans:
        if span.kind != "burned_in" or ":" in span.text or "：" in span.text:
            for entry in parse_legend(span.text[:MAX_SPAN_CHARS], language):
                entries.setdefault(entry.label, (entry, span))
    meanings = [entry.meaning for entry, _ in entries.values()]
    for entry, span in entries.values():
        seen = _find_label(entry.label, printed)
        is_own = span.kind in ("caption", "title", "note", "burned_in")
        if not (seen or (is_own and not printed)) or not _is_structure(entry.meaning, language, is_printed=bool(seen)):
            continue
        meaning = lower_first(re.sub(r"^(?:the|an?)\s+", "", clean(entry.meaning)))
        if is_presentable(meaning, language):
            own = quote_of(Piece(span, entry.start, entry.end).cut(0, entry.end - entry.start))
            others = [other for other in meanings if other.lower() != entry.meaning.lower()]
            hits = find_terms(meaning, language, "anatomy")
            printed_quotes = (quote for quote in seen if quote.span_id != own.span_id)
            yield Fact(
                "label", "anatomy", meaning, (own, *printed_quotes), subject=entry.label,
                term=hits[-1].term if hits else None, support="caption" if is_own else "context",
                wrong=(*others, *_swap_side(meaning, language), *list_wrong(meaning, language)),
            )  # fmt: skip


def read_printed(spans: Sequence[Evidence], language: Language) -> Iterator[Fact]:
    """Values that the machine printed, and structures that someone wrote into the picture."""
    values: list[tuple[str, str, Quote]] = []
    for span in spans:
        if span.kind != "burned_in":
            continue
        text = span.text[:MAX_SPAN_CHARS]
        for found in find_printed_values(text):
            quote = quote_of(Piece(span, found.start, found.end).cut(0, found.end - found.start))
            values.append((found.label, found.value, quote))
    counts = Counter(label for label, _, _ in {(label, value, "") for label, value, _ in values})
    for label, value, quote in values:
        if counts[label] == 1:
            yield Fact("printed", "measurement", value, (quote,), subject=label, support="burned_in")
    named = list(_read_names(spans, language))
    if len({fact.value for fact in named}) == 1:
        yield named[0]


def _read_names(spans: Sequence[Evidence], language: Language) -> Iterator[Fact]:
    for span in spans:
        if span.kind != "burned_in":
            continue
        for match in re.finditer(r"[^\n|]+", span.text[:MAX_SPAN_CHARS]):
            line = Piece(span, match.start(), match.end()).cut(0, match.end() - match.start())
            hits = find_terms(line.raw, language, "anatomy")
            rest = line.raw[: hits[0].start] + line.raw[hits[0].end :] if len(hits) == 1 else line.raw
            is_name = (
                re.fullmatch(
                    r"(?:left|right|lt|rt|左侧?|右侧?)?[\s.]*(?:long|trans|trv|sag|transverse|longitudinal)?[\s.]*",
                    rest,
                    re.IGNORECASE,
                )
                and len(line.raw) >= 2
            )
            value = re.sub(r"\s+(?:long|trans|trv|sag|transverse|longitudinal)$", "", clean(line.raw).lower())
            if hits and is_name and is_presentable(value, language):
                yield Fact("named", "anatomy", value, (quote_of(line),), term=hits[0].term, support="burned_in",
                           wrong=tuple(list_wrong(value, language)))  # fmt: skip


def _find_label(label: str, printed: Sequence[Evidence]) -> tuple[Quote, ...]:
    pattern = re.compile(rf"(?<![A-Za-z0-9]){re.escape(label)}(?![A-Za-z0-9])")
    for span in printed:
        if pattern.search(span.text[:MAX_SPAN_CHARS]):
            return (Quote(span_id=span.id, quote=label),)
    return ()


def _is_structure(meaning: str, language: Language, *, is_printed: bool) -> bool:
    """A label names something in the picture; an abbreviation of the text (a technique, a disease) does not."""
    if find_terms(meaning, language, "modality", "diagnosis"):
        return False
    return bool(find_terms(meaning, language, "anatomy")) or (
        is_printed and bool(find_terms(meaning, language, "finding"))
    )


def list_wrong(name: str, language: Language) -> Iterator[str]:
    """Structures of the same group, with the same side word where the name has one."""
    hits = find_terms(name, language, "anatomy")
    if not hits or hits[-1].end != len(name):
        return
    prefix = name[: hits[-1].start]
    if prefix and not find_sides(prefix, language):
        return
    for other in find_kin(hits[-1].term, language):
        if other.is_paired or not prefix:
            yield prefix + other.forms(language)[0]


def _swap_side(name: str, language: Language) -> Iterator[str]:
    yield from (
        swap.text for swap in swap_opposites(name, language) if swap.old.lower() in ("left", "right", "左", "右")
    )

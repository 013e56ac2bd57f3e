"""Abbreviation keys -> label and meaning: `LK: left kidney; RK, right kidney`, `LK：左肾`, `left ventricle (LV)`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from remud_gen.records import Language
from remud_gen.rules.late import compile_late

_LABEL = r"[A-Z][A-Za-z0-9]{0,6}(?:[-/][A-Za-z0-9]{1,4})?"
_NEXT = r"\s+[A-Z][A-Za-z0-9]{0,6}\s*[:：=＝—–]"
_END = rf"(?=\s*(?:[;；。,，、\n)）\]】]|\.(?:\s|$)|$)|{_NEXT})"
_MEANING_EN = r"[a-zA-Z][A-Za-z0-9'’/\- ]{1,60}?"
_MEANING_ZH = r"[\u4e00-\u9fff][\u4e00-\u9fffA-Za-z0-9]{0,15}?"
_START = r"(?:^|(?<=[;；。,，、.(（\[【:：])|(?<=\s)(?<!\s\s))\s*+"
PATTERNS: dict[Language, tuple[re.Pattern[str], ...]] = {
    "en": (
        compile_late(rf"{_START}(?P<label>{_LABEL})\s*[:=–—-]\s*(?P<meaning>{_MEANING_EN}){_END}"),
        compile_late(rf"{_START}(?P<label>{_LABEL})\s*,\s*(?P<meaning>{_MEANING_EN})(?=\s*(?:;|[.)]|$|\n))"),
        compile_late(rf"{_START}(?P<label>{_LABEL})\s+(?:indicates|denotes|represents)\s+(?P<meaning>{_MEANING_EN}){_END}"),
        compile_late(rf"(?<![A-Za-z\-])(?P<meaning>[a-zA-Z][a-zA-Z\- ]{{3,50}}?)\s*[(（](?P<label>{_LABEL})[)）]"),
    ),
    "zh": (
        # A key may be glued to the sentence before it: 边界清楚CCA：颈总动脉
        compile_late(rf"(?:(?<=[\u4e00-\u9fff])|{_START})(?P<label>{_LABEL})\s*[:：=＝]\s*(?P<meaning>{_MEANING_ZH}){_END}"),
        compile_late(rf"{_START}(?P<label>{_LABEL})\s*[:：=＝,，—–-]+\s*(?P<meaning>{_MEANING_ZH}){_END}"),
        compile_late(rf"{_START}(?P<label>{_LABEL})\s*(?:为|示|表示|代表)?\s*(?P<meaning>{_MEANING_ZH}){_END}"),
        compile_late(rf"(?P<meaning>[\u4e00-\u9fff]{{2,10}})\s*[(（](?P<label>{_LABEL})[)）]"),
    ),
}  # fmt: skip
_VERBS_EN = compile_late(r"\b(?:is|are|was|were|shows?|showing|shown|demonstrat\w+|reveal\w*|with|which|that|we|see)\b")
_VERBS_ZH = compile_late(r"[为示见呈有与和及内可是]|箭头")
_MAX_SKIPPED_WORDS = 6


@dataclass(frozen=True, slots=True)
class LegendEntry:
    """A label printed in a picture and what it stands for, with the place of the whole entry in the text."""

    label: str
    meaning: str
    start: int
    end: int


def parse_legend(text: str, language: Language) -> list[LegendEntry]:
    """All entries in text order, one per label; a label with two different meanings is dropped altogether."""
    entries: dict[str, LegendEntry] = {}
    conflicting: set[str] = set()
    for index, pattern in enumerate(PATTERNS[language]):
        is_bracket = index == len(PATTERNS[language]) - 1
        for match in pattern.finditer(text):
            entry = _read(match, language, is_bracket=is_bracket)
            if entry is None:
                continue
            known = entries.setdefault(entry.label, entry)
            if known.meaning.lower() != entry.meaning.lower():
                conflicting.add(entry.label)
    kept = [entry for label, entry in entries.items() if label not in conflicting]
    return sorted(kept, key=lambda entry: entry.start)


def _read(match: re.Match[str], language: Language, *, is_bracket: bool) -> LegendEntry | None:
    """The entry, or None where the match is something else: a sentence, a panel letter, a proper name."""
    label, start = match.group("label"), match.start("label")
    meaning, end = match.group("meaning").strip(), match.end()
    if not _is_label(label):
        return None
    if is_bracket:
        start = match.start("meaning")
        if language == "en":
            shortened = _shorten(meaning, label)
            start += len(match.group("meaning")) - len(shortened) if shortened else 0
            meaning = shortened
    if not meaning or (_VERBS_EN if language == "en" else _VERBS_ZH).search(meaning):
        return None
    if language == "en" and not _spells(label, meaning):
        return None
    return LegendEntry(label, meaning, start, end if is_bracket else match.end("meaning"))


def _is_label(label: str) -> bool:
    """Mostly capitals and digits: `LK`, `Ao`, `IVSd`, not `Top` or `Arrow`. A single letter may be a panel."""
    capitals = sum(character.isupper() or character.isdigit() for character in label)
    return len(label) > 1 and capitals * 2 >= len(label)


def _spells(label: str, meaning: str) -> bool:
    """The letters of the label stand in the meaning, in order, the first one at the beginning of a word."""
    letters = [character for character in label.lower() if character.isalpha()]
    lowered = meaning.lower()
    position = re.search(rf"\b{re.escape(letters[0])}", lowered)
    if position is None:
        return False
    at = position.start()
    for letter in letters:
        at = lowered.find(letter, at) + 1
        if at == 0:
            return False
    return True


def _shorten(meaning: str, label: str) -> str:
    """The shortest tail of the words before a bracket that spells its label; "" if none does."""
    words = meaning.split(" ")
    letters = [character for character in label.lower() if character.isalpha()]
    for count in range(1, min(len(words), len(letters) + _MAX_SKIPPED_WORDS) + 1):
        tail = words[-count:]
        if tail[0][:1].lower() == letters[0] and _spells(label, " ".join(tail)) and count >= min(len(letters), 2):
            return " ".join(tail)
    return ""

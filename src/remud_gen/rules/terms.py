"""Text -> the ultrasound terms in it (anatomy, plane, modality, finding, diagnosis), their kin, and their opposites."""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Literal, cast

from remud_gen.records import Language
from remud_gen.rules.late import compile_late
from remud_gen.rules.vocabulary import ALTERNATIVES, GENERIC, OPPOSITES, OVERLAPS, PLACES, TABLE

TermKind = Literal["anatomy", "plane", "modality", "finding", "diagnosis"]
KINDS: tuple[TermKind, ...] = ("anatomy", "plane", "modality", "finding", "diagnosis")

# A single character names an organ only where no longer word goes on: 肝素 and 肝功能 are not the liver.
SINGLE_CHARACTER_STOPS = "素功能气炎毒区"
WORD = compile_late(r"[A-Za-z0-9]+|[^\x00-\x7f]")
LATIN = frozenset(string.ascii_lowercase + string.digits)
SIDES_EN = compile_late(r"\b(left|right|bilateral|both)\b", re.IGNORECASE)
SIDES_ZH = compile_late(r"双侧|两侧|左侧|右侧|左|右")


@dataclass(frozen=True, slots=True)
class Term:
    """One meaning with its forms in both languages; the first form of each is the one to show."""

    kind: TermKind
    group: str
    english: tuple[str, ...]
    chinese: tuple[str, ...]
    is_paired: bool = False

    def forms(self, language: Language) -> tuple[str, ...]:
        """All spellings in one language."""
        return self.english if language == "en" else self.chinese


@dataclass(frozen=True, slots=True)
class Hit:
    """Where a term stands in a text."""

    term: Term
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Swap:
    """A text made false by exchanging one word at `start` for its opposite."""

    start: int
    old: str
    new: str
    text: str


@cache
def list_terms(kind: TermKind) -> tuple[Term, ...]:
    """All terms of a kind, in the order of the table."""
    return tuple(term for term in _read_table() if term.kind == kind)


def find_terms(text: str, language: Language, *kinds: TermKind) -> list[Hit]:
    """Terms of the given kinds (all if none), longest form first, in text order; kinds may overlap each other."""
    hits = [hit for kind in kinds or KINDS for hit in _find_kind(text, language, kind)]
    return sorted(hits, key=lambda hit: (hit.start, -hit.end))


@lru_cache(maxsize=1024)
def _find_kind(text: str, language: Language, kind: TermKind) -> tuple[Hit, ...]:
    index, starts = _index(kind, language), _forms_by_start(kind, language)
    known = starts.keys() & _list_words(text)
    if not known:
        return ()
    hits: list[Hit] = []
    end = 0
    for start, word in sorted(_place_words(text, known)):
        if start < end:
            continue
        match = _pattern(kind, language, word).match(text, start)
        term = index.get(_fold(match.group(0))) if match is not None else None
        if match is not None and term is not None:  # a Turkish dotted I matches an i, and is none
            end = match.end()
            hits.append(Hit(term, start, end))
    return tuple(hits)


@lru_cache(maxsize=256)
def _list_words(text: str) -> frozenset[str]:
    """With what a form may begin: words in Latin letters, in lower case, and every other character."""
    return frozenset(WORD.findall(text.lower()))


def _place_words(text: str, words: Iterable[str]) -> Iterator[tuple[int, str]]:
    """Where words of `_list_words` stand. Looked for one by one: few of a text's hundreds of words count."""
    folded = text.lower()
    if len(folded) != len(text):  # places in the one are not those in the other
        found = ((match.start(), match.group().lower()) for match in WORD.finditer(text))
        wanted = set(words)
        yield from ((start, word) for start, word in found if word in wanted)
        return
    for word in words:
        start = folded.find(word)
        while start >= 0:
            around = folded[start - 1 : start] + folded[start + len(word) : start + len(word) + 1]
            if LATIN.isdisjoint(around) or not word.isascii():
                yield start, word
            start = folded.find(word, start + 1)


def find_kin(term: Term, language: Language) -> list[Term]:
    """The other terms of its group that have a name in the language and cannot be true of the same image."""
    group = (other for other in list_terms(term.kind) if other.group == term.group and other != term)
    return [other for other in group if other.forms(language) and not _overlap(term, other)]


def find_sides(text: str, language: Language) -> list[tuple[int, int, str]]:
    """Every side word with its place."""
    pattern = SIDES_EN if language == "en" else SIDES_ZH
    return [(match.start(), match.end(), match.group(0)) for match in pattern.finditer(text)]


def swap_opposites(text: str, language: Language, *, is_general: bool = False) -> list[Swap]:
    """Every way to make the text false by one exchange; a word whose opposite also stands in the text is left alone.

    `is_general`: the text speaks of no single image, so that only words of state (increased, hypoechoic) are exchanged.
    """
    swaps = []
    for match in _opposite_pattern(language).finditer(text):
        old = match.group(0)
        new = _opposites(language).get(old.lower())
        if new is None or (is_general and old.lower() in PLACES):
            continue
        same = re.findall(_bound(old, language), text, re.IGNORECASE)
        if len(same) > 1 or re.search(_bound(new, language), text, re.IGNORECASE):
            continue
        if not _stays_term(text, match.start(), match.end(), new, language):
            continue
        new = new.capitalize() if old[0].isupper() else new
        swaps.append(Swap(match.start(), old, new, _mend_article(text[: match.start()], new) + text[match.end() :]))
    return swaps


def find_alternatives(text: str, language: Language) -> list[list[str]]:
    """For each word that belongs to a row of alternatives: the text with each of the other words in its place."""
    found = []
    for row in ALTERNATIVES[language]:
        words = row.split("/")
        hits = [(word, m) for word in words for m in re.finditer(_bound(word, language), text, re.IGNORECASE)]
        if len(hits) != 1:
            continue
        word, match = hits[0]
        others = [other for other in words if other != word]
        if not all(_stays_term(text, match.start(), match.end(), other, language) for other in others):
            continue
        found.append([_mend_article(text[: match.start()], other) + text[match.end() :] for other in others])
    return found


def _overlap(term: Term, other: Term) -> bool:
    first, second = (term.english or ("",))[0], (other.english or ("",))[0]
    is_generic = bool({first, second} & GENERIC)
    return is_generic or f"{first}/{second}" in OVERLAPS or f"{second}/{first}" in OVERLAPS


def _stays_term(text: str, start: int, end: int, new: str, language: Language) -> bool:
    """Inside a longer term an exchange must give a term again: superior vena cava, but not tibialis medial muscle."""
    for hit in find_terms(text, language):
        is_inside = hit.start <= start and end <= hit.end and hit.end - hit.start > end - start
        if not is_inside or text[start:end].lower() in ("left", "right", "左", "右"):
            continue
        if _fold(text[hit.start : start] + new + text[end : hit.end]) not in _index(hit.term.kind, language):
            return False
    return True


@cache
def _read_table() -> tuple[Term, ...]:
    rows = (line.split("\t") for line in TABLE.read_text("utf-8").splitlines()[1:])
    return tuple(
        Term(cast(TermKind, kind), group, _split(english), _split(chinese), is_paired=bool(paired))
        for kind, group, paired, english, chinese in rows
    )


def _split(forms: str) -> tuple[str, ...]:
    return tuple(form.strip() for form in forms.split("|") if form.strip())


def _is_abbreviation(form: str) -> bool:
    return len(form) <= 5 and form.isascii() and form.upper() == form and any(c.isalpha() for c in form)


def _fold(form: str) -> str:
    folded = re.sub(r"[\s\-]+", " ", form.lower()).strip()
    return folded[:-1] if folded.isascii() and folded.endswith("s") and not folded.endswith("ss") else folded


@cache
def _index(kind: TermKind, language: Language) -> dict[str, Term]:
    index: dict[str, Term] = {}
    for term in list_terms(kind):
        for form in term.forms(language):
            index.setdefault(_fold(form), term)
    return index


@cache
def _forms_by_start(kind: TermKind, language: Language) -> dict[str, tuple[str, ...]]:
    """First word -> the forms that may begin with it, longest first: few words of a text begin any form at all."""
    forms = sorted({form for term in list_terms(kind) for form in term.forms(language)}, key=lambda f: (-len(f), f))
    found: dict[str, list[str]] = {}
    for form in forms:
        match = WORD.match(form)
        word = match.group().lower() if match else form[0]
        for start in (word, f"{word}s") if len(word) == len(form) else (word,):
            found.setdefault(start, []).append(form)
    return {start: tuple(group) for start, group in found.items()}


@cache
def _pattern(kind: TermKind, language: Language, start: str) -> re.Pattern[str]:
    forms = _forms_by_start(kind, language)[start]
    return re.compile("|".join(map(_form_pattern, forms)), re.IGNORECASE)


def _form_pattern(form: str) -> str:
    if not form.isascii():
        stop = f"(?![{SINGLE_CHARACTER_STOPS}])" if len(form) == 1 else ""
        return re.escape(form) + stop
    if _is_abbreviation(form):
        return rf"(?<![A-Za-z0-9])(?-i:{re.escape(form)})(?![A-Za-z0-9])"
    body = r"[\s\-]+".join(re.escape(word) for word in re.split(r"[\s\-]+", form))
    return rf"(?<![A-Za-z0-9]){body}s?(?![A-Za-z0-9])"


@cache
def _opposites(language: Language) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for pair in OPPOSITES[language].replace("\n", " ").split(";"):
        first, _, second = pair.strip().partition("/")
        pairs.setdefault(first, second)
        pairs.setdefault(second, first)
    return pairs


@cache
def _opposite_pattern(language: Language) -> re.Pattern[str]:
    words = sorted(_opposites(language), key=lambda word: (-len(word), word))
    return re.compile("|".join(_bound(word, language) for word in words), re.IGNORECASE)


def _bound(word: str, language: Language) -> str:
    if language == "en":
        return rf"(?<![A-Za-z\-]){re.escape(word)}(?![A-Za-z\-])"
    # 左 and 右 also stand in words that name no side (左右, 右旋); 不 before a word already turns it around.
    return rf"(?<![不欠未左右]){re.escape(word)}(?![右左旋])" if len(word) <= 2 else re.escape(word)


def _mend_article(before: str, word: str) -> str:
    """Join, and make `a`/`an` agree with the word that now follows."""
    match = re.search(r"\b(an?)(\s+)$", before, re.IGNORECASE)
    if match and word[0].isascii():
        article = "an" if word[0].lower() in "aeiou" else "a"
        article = article.capitalize() if match.group(1)[0].isupper() else article
        before = before[: match.start()] + article + match.group(2)
    return before + word

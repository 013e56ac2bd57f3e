"""Content words of both languages and how much of one text another covers."""

from __future__ import annotations

from functools import lru_cache

from remud_gen.rules.late import compile_late
from remud_gen.rules.normalise import HAN, fold

_RUN = compile_late(rf"[{HAN}]+|[a-z][a-z'’-]*|\d+(?:\.\d+)?")
_SENTENCE_END = compile_late(r"(?<=[。!?;！？；])|(?<=[.!?])\s+(?=[A-Z(])|\n+")
_SUFFIX = compile_late(r"(?:ations?|ing|edly|ed|ies|es|s|ly|al|ic|ous|ary)$")
_STOP = frozenset(
    [
        "the",
        "a",
        "an",
        "of",
        "in",
        "on",
        "at",
        "to",
        "and",
        "or",
        "is",
        "are",
        "was",
        "were",
        "be",
        "been",
        "being",
        "with",
        "by",
        "for",
        "from",
        "this",
        "that",
        "it",
        "its",
        "as",
        "there",
        "which",
        "has",
        "have",
        "had",
        "show",
        "shows",
        "showing",
        "shown",
        "seen",
        "visible",
        "image",
        "images",
        "ultrasound",
        "can",
        "may",
        "also",
        "into",
        "than",
        "then",
        "these",
        "those",
        "but",
        "such",
        "their",
        "between",
        "within",
        "about",
        "approximately",
        "who",
        "what",
        "do",
        "does",
        "did",
        "not",
        "no",
    ]
)
_CHINESE_STOP = compile_late(
    "可见|显示|所示|图像|超声|以及|并且|同时|提示|考虑|为|的|了|和|与|及|并|呈|见|示|在|是|有|其|该|本|此"
)


@lru_cache(maxsize=8192)
def list_content_words(text: str) -> frozenset[str]:
    """Stems of English words, pairs of Chinese characters and numbers; words that carry no fact are left out."""
    found: set[str] = set()
    for run in _RUN.findall(fold(text)):
        if run[0].isdigit():
            found.add(run)
        elif run.isascii():
            found.update(stem(part) for part in run.split("-") if len(part) > 1 and part not in _STOP)
        else:
            for piece in _CHINESE_STOP.sub(" ", run).split():
                found.update(piece[i : i + 2] for i in range(max(1, len(piece) - 1)))
    return frozenset(found)


@lru_cache(maxsize=8192)
def stem(word: str) -> str:
    """The first letters that forms of one English word share (pancreas, pancreatic -> pancre)."""
    bare = _SUFFIX.sub("", word) if len(word) > 4 else word
    return bare.removesuffix("e")[:7] if len(bare) > 4 else bare


def measure_cover(text: str, known: frozenset[str]) -> float:
    """Share of a text's content words among known ones, 1.0 for a text without any."""
    words = list_content_words(text)
    return len(words & known) / len(words) if words else 1.0


@lru_cache(maxsize=4096)
def split_sentences(text: str) -> tuple[str, ...]:
    """Sentences of both languages; a full stop inside a number or an abbreviation does not end one."""
    return tuple(part.strip() for part in _SENTENCE_END.split(text) if part and part.strip())

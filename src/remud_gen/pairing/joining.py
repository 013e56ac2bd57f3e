"""Printed lines -> running text: words cut by a line end are joined, Chinese lines meet without a space."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from remud_gen.rules.language import HAN
from remud_gen.rules.late import compile_late

_TAIL = compile_late(r"([A-Za-z]+)-$")
_HEAD = compile_late(r"^([a-z]+)")
_WIDE = compile_late(r"[\u3000-\u303f\uff00-\uffef]")
_COMPOUND = compile_late(r"[A-Za-z]+(?:-[A-Za-z]+)+")
_CUT_UNIT = compile_late(r"\d[a-z]$")  # "1c" / "m": Chinese lines break anywhere
_UNIT_END = compile_late(r"[a-z]{1,2}(?![A-Za-z])")
_WORD = compile_late(r"[A-Za-z]{3,}")


def collect_words(texts: Iterable[str]) -> frozenset[str]:
    """Words and hyphenated compounds that stand whole inside the document's lines, in lower case."""
    found: set[str] = set()
    for text in texts:
        inner = text.strip().removesuffix("-")
        found.update(word.lower() for word in _WORD.findall(inner))
        found.update(word.lower() for word in _COMPOUND.findall(inner))
    return frozenset(found)


def join_lines(lines: Sequence[str], words: Collection[str] = frozenset()) -> str:
    """One text of many lines; `words` of the document decide whether a hyphen at a line's end belongs to the word."""
    text = ""
    for line in (" ".join(line.split()) if not HAN.search(line) else line.strip(" \t\n") for line in lines):
        text = _join_two(text, line, words) if text else line
    return text.strip(" \t\n\u3000")


def _join_two(before: str, after: str, words: Collection[str]) -> str:
    tail, head = _TAIL.search(before), _HEAD.match(after)
    if tail and head:
        compound = f"{tail[1]}-{head[1]}".lower()
        whole = f"{tail[1]}{head[1]}".lower()
        keeps_hyphen = compound in words and whole not in words
        return before + after if keeps_hyphen else before[:-1] + after
    if before.endswith("-") or (before[-1] in "–/" and not before[-2:-1].isspace()):
        return before + after
    if _is_wide(before[-1]) or _is_wide(after[0]) or before[-1] in "([":
        return before + after
    if after[0] in ".,)];:" or (HAN.search(before) and _CUT_UNIT.search(before) and _UNIT_END.match(after)):
        return before + after
    return f"{before} {after}"


def _is_wide(character: str) -> bool:
    return bool(HAN.match(character) or _WIDE.match(character))

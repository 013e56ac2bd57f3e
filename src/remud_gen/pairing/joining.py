"""Printed lines -> running text: words cut by a line end are joined, Chinese lines meet without a space."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from string import ascii_letters

from remud_gen.rules.language import HAN
from remud_gen.rules.late import compile_late

_TAIL = compile_late(r"(?<![A-Za-z])([A-Za-z]+)-$")
_HEAD = compile_late(r"^([a-z]+)")
_WIDE = compile_late(r"[\u3000-\u303f\uff00-\uffef]")
_COMPOUND = compile_late(r"(?<![A-Za-z])[A-Za-z]+(?:-[A-Za-z]+)+")
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
    parts: list[str] = []
    tail, has_han = "", False  # the end of the text so far, and whether there is Chinese in it
    for line in lines:
        is_chinese = HAN.search(line) is not None
        piece = line.strip(" \t\n") if is_chinese else " ".join(line.split())
        if tail:
            drops_hyphen, glue = _choose_glue(tail, piece, words, has_han=has_han)
            if drops_hyphen:
                parts[-1], tail = parts[-1][:-1], tail[:-1]
            piece = glue + piece
        if piece:
            parts.append(piece)
        tail = _cut_tail(tail + piece)
        has_han = has_han or is_chinese
    return "".join(parts).strip(" \t\n\u3000")


def _cut_tail(text: str) -> str:
    """The end of a text: two characters, or a last word with its hyphen."""
    stem = text.removesuffix("-")
    return text[-max(2, len(stem) - len(stem.rstrip(ascii_letters)) + 1) :]


def _choose_glue(before: str, after: str, words: Collection[str], *, has_han: bool) -> tuple[bool, str]:
    """Whether the hyphen at the end of the text before is left out, and what stands between it and the next line."""
    tail, head = _TAIL.search(before), _HEAD.match(after)
    if tail and head:
        compound = f"{tail[1]}-{head[1]}".lower()
        whole = f"{tail[1]}{head[1]}".lower()
        return not (compound in words and whole not in words), ""
    if before.endswith("-") or (before[-1] in "–/" and not before[-2:-1].isspace()):
        return False, ""
    if _is_wide(before[-1]) or _is_wide(after[0]) or before[-1] in "([":
        return False, ""
    if after[0] in ".,)];:" or (has_han and _CUT_UNIT.search(before) and _UNIT_END.match(after)):
        return False, ""
    return False, " "


def _is_wide(character: str) -> bool:
    return bool(HAN.match(character) or _WIDE.match(character))

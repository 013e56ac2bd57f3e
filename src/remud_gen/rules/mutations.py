"""A true sentence -> false ones that differ in a number, a side, a negation or one opposite word."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from remud_gen.records import Language
from remud_gen.rules.late import compile_late
from remud_gen.rules.terms import swap_opposites

MutationKind = Literal["number", "side", "negation", "opposite"]
_NUMBER = compile_late(
    r"(?<![A-Za-z\d.])\d+(?:\.\d+)?(?=\s*(?:mm|cm|ml|m/s|cm/s|%|MHz|weeks?|years?|周|岁|厘米|毫米|毫升|度|°))"
)
_SIDE = compile_late(r"\b(?:left|right)\b(?! (?:away|after|before))|左(?!右)|(?<!左)右", re.IGNORECASE)
_SIDES = {"left": "right", "right": "left", "左": "右", "右": "左"}
_DENIALS: Mapping[Language, tuple[tuple[str, str], ...]] = {
    "en": (
        (r"\bwithout\b", "with"),
        (r"\bno (?=[a-z]{3})", ""),
        (r"\b(is|are|was|were) not\b", r"\1"),
        (r"\b(is|are|was|were)\b(?! not| no)", r"\1 not"),
        (r"\bwith\b(?! no)", "without"),
        (r"\b(shows?|showing|reveals?)\b(?! no| any)", r"\1 no"),
    ),
    "zh": (
        (r"未见|未探及|没有", "可见"),
        (r"可见|见有", "未见"),
        (r"(?<=[,，、;；:：])伴(?!随)", "不伴"),
        (r"(?<!不)(?:提示|符合)", "不支持"),
    ),
}


@dataclass(frozen=True, slots=True)
class Mutation:
    """A text made false in one place."""

    kind: MutationKind
    old: str
    new: str
    text: str


def list_mutations(text: str, language: Language) -> list[Mutation]:
    """Every way to make a text false that is known here, in the order of kinds and places."""
    found: list[Mutation] = []
    for kind, change in _CHANGES.items():
        found += change(kind, text, language)
    return [one for one in found if one.text != text]


def _change_numbers(kind: MutationKind, text: str, language: Language) -> Iterator[Mutation]:
    for match in _NUMBER.finditer(text):
        old = match.group(0)
        decimals = len(old.partition(".")[2])
        yield _replace(kind, text, match, f"{float(old) * 1.6 + 1:.{decimals}f}")


def _change_sides(kind: MutationKind, text: str, language: Language) -> Iterator[Mutation]:
    sides = [match for match in _SIDE.finditer(text) if match.group(0).lower() in _SIDES]
    if len({match.group(0).lower() for match in sides}) != 1:
        return  # both sides are named: which of them is said of what cannot be told
    flipped = _SIDE.sub(lambda match: _flip(match.group(0)), text)
    old = sides[0].group(0)
    yield Mutation(kind, old, _flip(old), flipped)


def _flip(side: str) -> str:
    flipped = _SIDES.get(side.lower(), side)
    return flipped.capitalize() if side[0].isupper() else flipped


def _change_denials(kind: MutationKind, text: str, language: Language) -> Iterator[Mutation]:
    for pattern, template in _DENIALS[language]:
        match = re.search(pattern, text)
        if match is not None:
            yield _replace(kind, text, match, match.expand(template))


def _change_opposites(kind: MutationKind, text: str, language: Language) -> Iterator[Mutation]:
    for swap in swap_opposites(text, language):
        if swap.old.lower() not in _SIDES:
            yield Mutation(kind, swap.old, swap.new, swap.text)


def _replace(kind: MutationKind, text: str, match: re.Match[str], new: str) -> Mutation:
    changed = f"{text[: match.start()]}{new}{text[match.end() :]}"
    return Mutation(kind, match.group(0).strip(), new.strip(), re.sub(r"  +", " ", changed))


_CHANGES: Mapping[MutationKind, Callable[[MutationKind, str, Language], Iterator[Mutation]]] = {
    "number": _change_numbers,
    "side": _change_sides,
    "negation": _change_denials,
    "opposite": _change_opposites,
}

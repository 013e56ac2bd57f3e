"""Whether two texts of almost the same letters say the same: one number, side, denial or organ is another fact."""

from __future__ import annotations

from remud_gen.rules.language import detect_language
from remud_gen.rules.late import compile_late
from remud_gen.rules.opposites import find_swap
from remud_gen.rules.polarity import find_flip, has_negation
from remud_gen.rules.terms import find_terms

_NUMBER = compile_late(r"\d+(?:\.\d+)?(?: ?(?:mm|cm|ml|m/s|cm/s|%|mhz|hz|mmhg|kpa)\b)?")


def mean_the_same(first: str, second: str) -> bool:
    """Whether two similar texts, in lower case, differ in nothing that is a fact."""
    if sorted(_NUMBER.findall(first)) != sorted(_NUMBER.findall(second)):
        return False
    if find_swap(first, second) or find_swap(second, first):
        return False
    if has_negation(first) != has_negation(second) or find_flip(first, second):
        return False
    return _list_names(first) == _list_names(second)


def _list_names(text: str) -> set[tuple[str, ...]]:
    """The organs, views, signs and diseases that a text names, whatever it calls them."""
    return {hit.term.english or hit.term.chinese for hit in find_terms(text, detect_language(text))}

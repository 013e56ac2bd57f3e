"""Does a conclusion that was reached anew agree with the answer on record?"""

from __future__ import annotations

from collections.abc import Sequence

from remud_gen.llm.build import FIRST_WORD, NO, YES
from remud_gen.llm.problems import Problem
from remud_gen.records import Language, Option
from remud_gen.rules.normalise import squash
from remud_gen.rules.numbers import agree, read_quantities
from remud_gen.rules.opposites import find_swap
from remud_gen.rules.polarity import find_flip
from remud_gen.rules.terms import find_terms
from remud_gen.rules.words import list_content_words, measure_cover

SAME = 0.5  # share of the content words of the shorter of two statements that the longer has


def judge_conclusion(problem: Problem, conclusion: str, key: str | None) -> bool | None:
    """Whether it agrees; None where the two cannot be compared by rule."""
    if problem.form == "mcq":
        chosen = find_option(problem.options, conclusion, key)
        return None if chosen is None or problem.answer_key is None else chosen == problem.answer_key
    if problem.form == "yesno":
        said = read_yes_no(key) or read_yes_no(conclusion)
        return None if said is None or problem.answer_key is None else said == problem.answer_key
    return compare_answers(problem.answer, conclusion, problem.language)


def read_yes_no(text: str | None) -> str | None:
    """`yes` or `no` where a text begins so."""
    word = FIRST_WORD.split((text or "").strip().lower(), maxsplit=1)[0]
    return "yes" if word in YES else "no" if word in NO else None


def find_option(options: Sequence[Option], conclusion: str, key: str | None) -> str | None:
    """The option that was chosen: by its letter, or as the only one whose words the conclusion holds."""
    if any(option.key == key for option in options):
        return key
    said = squash(conclusion)
    held = [option for option in options if squash(option.text) and squash(option.text) in said]
    # "cyst" stands in "hemorrhagic cyst" too: the longest that holds all others counts.
    longest = max(held, key=lambda option: len(option.text), default=None)
    if longest is None or any(squash(option.text) not in squash(longest.text) for option in held):
        return None
    return longest.key


def compare_answers(answer: str, conclusion: str, language: Language) -> bool | None:
    """Whether two statements say the same, as far as rules can tell."""
    if find_flip(answer, conclusion) or find_swap(answer, conclusion):
        return False
    mine, theirs = read_quantities(answer), read_quantities(conclusion)
    for quantity in mine:
        rivals = [other for other in theirs if quantity.unit and other.dimension == quantity.dimension]
        if rivals and not any(agree(quantity, other) or agree(other, quantity) for other in rivals):
            return False
    said = {hit.term for hit in find_terms(answer, language, "diagnosis")}
    found = {hit.term for hit in find_terms(conclusion, language, "diagnosis")}
    if said and found and not said & found:
        return False
    cover = max(
        measure_cover(answer, list_content_words(conclusion)), measure_cover(conclusion, list_content_words(answer))
    )
    return True if cover >= SAME and list_content_words(conclusion) and list_content_words(answer) else None

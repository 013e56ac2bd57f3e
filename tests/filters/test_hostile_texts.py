"""Texts that no person writes, as a model that runs wild does, are judged like all others."""

from __future__ import annotations

import pytest

from remud_gen.filters.fields import read_texts
from remud_gen.stages.filter import judge
from scripts.filtering.hostile import HEADS, PIECES, find_slowest, list_texts
from tests.filters.quadruplets import FILTERS, english


@pytest.mark.parametrize("text", list(list_texts(3000)), ids=lambda text: repr(text[:12]))
def test_long_runs_are_rejected(text: str) -> None:
    assert judge(english(thinking=text, answer=text), FILTERS).status == "rejected"


@pytest.mark.parametrize(("blank", "kept"), [(" ", "  "), ("\t \n ", "\n\n")])
def test_long_runs_of_blanks_are_cut_before_they_are_searched(blank: str, kept: str) -> None:
    texts = read_texts(english(answer=f"The wall{blank * 16}is thick."))
    assert f"The wall{kept}is thick." in texts.joined
    assert "a   b" in read_texts(english(answer="a   b")).joined


def test_the_slowest_is_named() -> None:
    seconds, name = find_slowest(english(), FILTERS[:2], 200)
    assert seconds > 0
    assert name.startswith((FILTERS[0].name, FILTERS[1].name))
    assert len(list(list_texts(10))) == len(HEADS) * len(PIECES)

"""Texts made to be tried in very many ways cost in step with their length."""

import time

import pytest

from remud_gen.llm.spans import CHINESE_PANEL, EMPTY_BRACKETS, HANGING, REFERENCES
from remud_gen.pairing.clauses import split_clauses
from remud_gen.pairing.joining import collect_words
from remud_gen.rules.blocks import BARE_NUMBER, PANEL_LETTER
from remud_gen.rules.figure_labels import parse_label, parse_panel_letters
from remud_gen.rules.legend import parse_legend

WORK = {
    "words": lambda text: collect_words([text]),
    "clauses": split_clauses,
    "empty brackets": lambda text: EMPTY_BRACKETS.sub("", text),
    "hanging marks": lambda text: HANGING.sub("", text),
    "references": lambda text: REFERENCES.sub("", text),
    "panels": lambda text: CHINESE_PANEL.sub("", text),
    "bare number": BARE_NUMBER.match,
    "panel letter": PANEL_LETTER.match,
    "English legend": lambda text: parse_legend(text, "en"),
    "Chinese legend": lambda text: parse_legend(text, "zh"),
    "label": lambda text: parse_label(f"Fig. 1 {text}"),
}


@pytest.mark.parametrize(
    "piece", ["word", " ", "( ", "(, ", ", ", "Js : aa. ", "AB, aa; ", "Ｐ1 , ", "A图、", "[1 , ", "1 . "]
)
@pytest.mark.parametrize("name", WORK)
def test_twice_the_text_costs_about_twice_the_time(name, piece):
    def measure(count):
        text = f"The liver. {(piece * count)[:count]}x"
        tries = []
        for _ in range(3):
            started = time.process_time()
            WORK[name](text)
            tries.append(time.process_time() - started)
        return min(tries)

    shorter, longer = measure(10_000), measure(20_000)
    assert longer < 2 * 1.7 * shorter + 0.1


@pytest.mark.parametrize("piece", ["A(i)  ", "A (i) ", "a ", "(A) ", "A  ", "B 图"])
def test_a_line_of_many_letters_is_read_at_once(piece):
    started = time.process_time()
    assert parse_panel_letters((piece * 60)[:58] + "xx") == ()
    assert time.process_time() - started < 0.5


def test_letters_are_read_as_before():
    assert parse_panel_letters("A(i) A(ii)  B") == ("A(i)", "A(ii)", "B")
    assert parse_panel_letters("(a)      (b)") == ("a", "b")
    assert parse_panel_letters("A 图") == ("A",)
    assert parse_panel_letters("A) x") == ()

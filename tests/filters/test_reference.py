"""The reference page of the filters is made of the filters."""

from __future__ import annotations

from remud_gen import registry
from scripts.make_filter_reference import PAGE, quote_example, render

HINT = "docs/reference/filters.md is not current: run python -m scripts.make_filter_reference"


def test_the_page_is_current() -> None:
    assert PAGE.read_text("utf-8") == render(), HINT


def test_every_code_stands_on_the_page() -> None:
    rows = {line.split("|")[1].strip() for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| ")}
    for kind in ("filters", "probes"):
        for name in registry.names(kind):
            assert set(registry.load(kind, name).codes) <= rows


def test_examples_break_no_table_and_are_no_markup() -> None:
    assert quote_example("a | b\n`c` <p>") == "`a \\| b 'c' <p>`"
    assert quote_example("*more | than < words") == "more \\| than &lt; words"
    assert quote_example(" ") == "`(blank)`"

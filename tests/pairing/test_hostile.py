"""Whatever a page holds, pairing ends soon, raises nothing and keeps its word."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remud_gen.pairing.clauses import find_panel_keys, split_clauses, strip_letters
from remud_gen.pairing.context import _SENTENCE
from remud_gen.pairing.passages import _cut
from remud_gen.pairing.reading_order import ReadingOrderRule
from remud_gen.records import ImageTextPair
from remud_gen.rules.figure_citations import cites_panels, find_citations
from remud_gen.rules.figure_labels import find_label_starts, parse_label, parse_panel_line
from remud_gen.rules.panel_marks import find_markers, find_places
from tests.pairing.builder import HullCropper, PageBuilder

WORDS = [
    "Figure 1: Liver.",
    "图1-2　肝",
    "A",
    "(b)",
    "1-1-1  肌疝",
    "图解要点：A图为肝；B图为脾。",
    "Table 1. X",
    "",
    "x" * 60,
    "续图1-2",
]
TEXT = st.sampled_from(WORDS) | st.text(max_size=40)
PLACE = st.tuples(st.integers(-20, 560), st.integers(-20, 780))
BOX = st.tuples(PLACE, st.tuples(st.integers(1, 400), st.integers(1, 400)))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.lists(st.tuples(PLACE, TEXT), max_size=8), st.lists(BOX, max_size=5)), max_size=3))
def test_random_pages(contents):
    pages = []
    for number, (texts, boxes) in enumerate(contents, start=1):
        builder = PageBuilder(number)
        for (x, y), text in texts:
            builder.text(x, y, text)
        for (x, y), (width, height) in dict.fromkeys(boxes):
            builder.picture(x, y, x + width, y + height)
        pages.append(builder.build())
    found = list(ReadingOrderRule({}).pair(pages, HullCropper()))
    pairs = [record for _, record in found if isinstance(record, ImageTextPair)]
    ids = {pair.id for pair in pairs}
    assert {page_id for page_id, _ in found} <= {page.id for page in pages}
    assert len(ids) == len(pairs)
    for pair in pairs:
        x0, y0, x1, y1 = pair.source.bbox
        assert pair.figure_bbox[0] <= x0 and pair.figure_bbox[1] <= y0
        assert pair.figure_bbox[2] >= x1 and pair.figure_bbox[3] >= y1
        assert 0 <= pair.confidence <= 1 and set(pair.siblings) <= ids - {pair.id}
        assert len({entry.id for entry in pair.context}) == len(pair.context)


@pytest.mark.parametrize(
    "piece",
    [
        "(a) ",
        "A, ",
        "(",
        " ",
        "图",
        "Fig. ",
        "1-",
        ". AA: BB, CC",
        "A.B",
        "，、",
        "and (b",
        "Fig. 1, 2, ",
        "...",
        "A图、",
        "a-",
        "Panel A ",
        "A—B—",
        "图3、",
        "[A",
        "the left panel ",
        "A示",
        "Figs. 2 and ",
    ],
)
def test_long_repetitions_take_no_more_than_a_moment(piece):
    text = f"(a) x {(piece * 20_000)[:20_000]} (b) y"
    started = time.process_time()
    split_clauses(text)
    find_panel_keys(text)
    strip_letters(text, "AB")
    find_markers(text)
    find_places(text)
    cites_panels(text)
    find_citations(text)
    parse_label(text)
    parse_panel_line(text)
    find_label_starts(text)
    _cut(text, 1500)
    list(_SENTENCE.finditer(text))
    assert time.process_time() - started < 2

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remud_gen.records import TextLine
from remud_gen.rules.blocks import TABLE_CAPTION, group_lines, join_lines, reduce_running
from remud_gen.rules.reading import order_boxes

PAGE = (600.0, 800.0)


def make_line(x, y, text, width=None, size=10.0, is_bold=False):
    box = (x, y, x + (width or 5.0 * len(text)), y + size * 1.1)
    return TextLine(bbox=box, text=text, font_size=size, is_bold=is_bold)


def make_column(x, y, count, width=240, word="words of running text"):
    return [make_line(x, y + 12 * row, f"{word} {row}", width) for row in range(count)]


def test_columns_are_read_one_after_the_other_between_full_width_bands():
    lines = [
        make_line(50, 80, "A title over both columns", 500, 16),
        *make_column(50, 120, 5, word="left"),
        *make_column(310, 120, 5, word="right"),
        make_line(50, 200, "Figure 1. A caption that runs over both columns of the page.", 500, 9),
        *make_column(50, 240, 3, word="below left"),
        *make_column(310, 240, 3, word="below right"),
    ]
    texts = [block.text for block in group_lines(lines, PAGE)]
    assert [text.split(" ")[0] for text in texts] == ["A", "left", "right", "Figure", "below", "below"]
    assert texts[4].startswith("below left 0 below left 1")
    assert texts[5].startswith("below right 0")


def test_numbers_of_a_list_are_no_column():
    lines = [make_line(50 + 20 * k, 120 + 14 * row, ("1." if k == 0 else "entry"), 10 if k == 0 else 200)
             for row in range(4) for k in range(2)]  # fmt: skip
    order = order_boxes([line.bbox for line in lines], PAGE[0])
    assert order == list(range(8))


def test_roles():
    lines = [
        make_line(50, 20, "Atlas of ultrasound", 120, 8),
        make_line(50, 100, "3.2 Kidney", 60, 10),
        *make_column(50, 112, 3, 400),
        make_line(50, 200, "Fig. 3. Cyst of the upper pole.", 200, 9),
        make_line(50, 240, "图解要点：A图为左肾。", 200, 9),
        make_line(50, 280, "Table 2. Sizes.", 100, 9),
        make_line(200, 320, "(a)", 12, 9),
        make_line(290, 780, "17", 12, 9),
    ]
    roles = {block.text: block.role for block in group_lines(lines, PAGE)}
    assert roles["Atlas of ultrasound"] == "header"
    assert roles["3.2 Kidney"] == "section"
    assert roles["Fig. 3. Cyst of the upper pole."] == "caption"
    assert roles["图解要点：A图为左肾。"] == "note"
    assert roles["Table 2. Sizes."] == "table"
    assert roles["(a)"] == "body"
    assert roles["17"] == "footer"


def test_a_sentence_that_runs_into_a_figure_label_stays_whole():
    lines = [
        make_line(50, 100, "The lesion grew within the next six months, as can be seen in", 300),
        make_line(50, 112, "Fig. 4 and was removed.", 120),
    ]
    (block,) = group_lines(lines, PAGE)
    assert block.text.endswith("as can be seen in Fig. 4 and was removed.")
    assert block.role == "body"


def test_an_indent_after_a_full_stop_starts_a_paragraph():
    lines = [*make_column(50, 100, 3)]
    lines[-1] = make_line(50, 124, "which ends here.", 80)
    lines += [make_line(62, 136, "Another begins", 228), make_line(50, 148, "and goes on", 240)]
    assert [block.text.split(" ")[0] for block in group_lines(lines, PAGE)] == ["words", "Another"]


def test_a_heading_number_apart_from_its_words_joins_them():
    lines = [make_line(50, 100, "16-2-1", 32), make_line(110, 100, "肾缺如", 40)]
    assert [block.text for block in group_lines(lines, PAGE)] == ["16-2-1 肾缺如"]


def test_known_running_heads_are_headers_even_close_to_the_text():
    lines = [make_line(50, 40, "Chapter 7 Kidney 112", 120, 9), *make_column(50, 55, 10, 400)]
    running = frozenset({reduce_running("Chapter 7 Kidney 113")})
    assert group_lines(lines, PAGE, running)[0].role == "header"
    assert group_lines(lines, PAGE)[0].role != "header"


def test_lines_are_joined_as_a_reader_would():
    assert join_lines(["echo-", "genic rim"]) == "echogenic rim"
    assert join_lines(["B-", "Mode image"]) == "B- Mode image"
    assert join_lines(["左肾增大，", "皮质变薄"]) == "左肾增大，皮质变薄"
    assert join_lines(["见 Fig.", "3"]) == "见 Fig. 3"


line_strategy = st.builds(
    make_line,
    st.integers(0, 500),
    st.integers(0, 780),
    st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=30),
)


@given(st.lists(line_strategy, max_size=30))
def test_every_line_ends_in_exactly_one_block(lines):
    blocks = group_lines(lines, PAGE)
    assert sorted(id(line) for block in blocks for line in block.lines) == sorted(map(id, lines))


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 700)), max_size=40))
def test_reading_order_is_a_permutation(corners):
    boxes = [(float(x), float(y), x + 60.0, y + 10.0) for x, y in corners]
    assert sorted(order_boxes(boxes, 600)) == list(range(len(boxes)))


def test_a_heading_of_the_texts_own_type_is_told_by_the_white_below_it():
    lines = [
        *make_column(50, 120, 6),
        make_line(50, 210, "Conflict of Interests"),
        *make_column(50, 226, 4, word="The authors declare that there is none"),
    ]
    scanned = [line.model_copy(update={"score": 0.97}) for line in lines]
    for kind in (lines, scanned):
        texts = [block.text for block in group_lines(kind, PAGE)]
        assert len(texts) == 3
        assert texts[1] == "Conflict of Interests"


def test_widely_set_text_is_no_row_of_headings():
    widely = [
        make_line(50, 120 + 17 * row, f"widely set words in row {row}", 100 if row == 0 else 240) for row in range(9)
    ]
    assert len(group_lines(widely, PAGE)) == 1


def test_a_caption_with_a_short_first_line_stays_whole():
    lines = [
        *make_column(50, 120, 7),
        make_line(50, 260, "Figure 3. Cyst of the", 110),
        make_line(50, 272, "left kidney, seen from the side", 160),
    ]
    assert [block.text for block in group_lines(lines, PAGE)][
        1
    ] == "Figure 3. Cyst of the left kidney, seen from the side"


@pytest.mark.parametrize(
    ("text", "is_caption"),
    [
        ("Table 3 shows the results of all readers.", False),
        ("Table 3. Results of all readers", True),
        ("TABLE 1 Characteristics of the patients", True),
        ("表3 为各组结果的比较。", False),
        ("表3-1 显示各组结果。", False),
        ("表3-1 各组结果", True),
    ],
)
def test_sentence_about_a_table_is_no_caption(text, is_caption):
    assert bool(TABLE_CAPTION.match(text)) == is_caption

"""A page of very many lines costs in step with their number, whatever way it is set."""

import time

import pytest

from remud_gen.pairing.joining import join_lines
from remud_gen.pairing.reading_order import ReadingOrderRule
from remud_gen.records import TextBlock, TextLine, make_id
from remud_gen.rules.blocks import group_lines
from remud_gen.rules.geometry import hull
from tests.pairing.builder import BODY, HullCropper, PageBuilder

COLUMN = 200.0


def set_columns(count, columns):
    """Running text, full columns side by side."""
    rows = count // columns
    for column in range(columns):
        for row in range(rows):
            yield (20 + column * (COLUMN + 20), 60 + 12 * row, COLUMN), BODY[row % 3] + "." * (row % 7 == 6)


def set_table(count):
    for number in range(count):
        yield (20 + number % 10 * 60, 60 + number // 10 * 14, 30), f"{number % 97}.{number % 7}"


def set_row(count):
    for number in range(count):
        yield (20 + number * 60, 60, 30), f"word {number}"


def set_captions(count):
    for number in range(count):
        yield (20, 60 + 16 * number, 300), f"Fig. {number + 1}. The liver with a lesion of {number} mm."


LAYOUTS = {
    "one column": lambda count: set_columns(count, 1),
    "two columns": lambda count: set_columns(count, 2),
    "three columns": lambda count: set_columns(count, 3),
    "table": set_table,
    "row": set_row,
    "captions": set_captions,
}


def make_lines(layout, count):
    return [
        TextLine(bbox=(x, y, x + width, y + 10), text=text, font_size=10.0)
        for (x, y, width), text in LAYOUTS[layout](count)
    ]


def measure_growth(work, fewer, more):
    """Processor seconds of either count, the best of three: on a busy machine they swing."""
    seconds = []
    for count in (fewer, more):
        tries = []
        for _ in range(3):
            made = work(count)
            started = time.process_time()
            made()
            tries.append(time.process_time() - started)
        seconds.append(min(tries))
    return seconds


@pytest.mark.parametrize("layout", LAYOUTS)
def test_pairing_takes_four_times_as_long_for_four_times_the_lines(layout):
    def work(count):
        page, lines = PageBuilder(size=(700.0, 20_000.0)), make_lines(layout, count)
        for at in range(0, count, 3):
            own = tuple(lines[at : at + 3])
            box = hull(line.bbox for line in own)
            text = " ".join(line.text for line in own)
            page.blocks.append(TextBlock(id=make_id("block", at), bbox=box, text=text, lines=own))
        return lambda: list(ReadingOrderRule({}).pair([page.build()], HullCropper()))

    fewer, more = measure_growth(work, 300, 1200)
    assert more < 4 * 1.7 * fewer + 0.2


@pytest.mark.parametrize("layout", LAYOUTS)
def test_so_does_putting_lines_into_blocks(layout):
    def work(count):
        lines = make_lines(layout, count)
        return lambda: group_lines(lines, (700.0, 20_000.0))

    fewer, more = measure_growth(work, 600, 2400)
    assert more < 4 * 1.7 * fewer + 0.2


@pytest.mark.parametrize("line", ["an exam-", "word", "肝脏回声均匀"])
def test_many_lines_become_one_text(line):
    fewer, more = measure_growth(lambda count: lambda: join_lines([line] * count), 3000, 12_000)
    assert more < 4 * 1.7 * fewer + 0.2


def test_so_do_pictures_with_their_captions():
    def work(count):
        page = PageBuilder(size=(600.0, 4000.0))
        for number in range(count):
            top = 60.0 + 120 * number
            page.picture(20, top, 280, top + 60).text(20, top + 66, f"Fig. {number + 1}. A cyst of {number} mm.")
            page.text(160, top + 90, "AB"[number % 2]).text(320, top, *BODY)
        return lambda: list(ReadingOrderRule({}).pair([page.build()], HullCropper()))

    fewer, more = measure_growth(work, 30, 120)
    assert more < 4 * 1.7 * fewer + 0.2

from __future__ import annotations

import pymupdf
import pytest

from remud_gen.layout.upright import move_box
from remud_gen.pdf.page import PdfPage
from remud_gen.rules.geometry import measure_iou
from tests.pdf import sheets

LEFT, RIGHT = (60, 80, 290, 250), (300, 80, 530, 250)


def find(page):
    return [tuple(round(value, 1) for value in box.bbox) for box in PdfPage(page).picture_boxes()]


def test_two_images_with_a_gap_are_two_panels():
    _, page = sheets.new_page()
    page.insert_image(LEFT, stream=sheets.encode(sheets.make_frame(seed=1)), keep_proportion=False)
    page.insert_image(RIGHT, stream=sheets.encode(sheets.make_frame(seed=2)), keep_proportion=False)
    assert find(page) == [LEFT, RIGHT]


def test_strips_and_tiles_of_one_picture_are_one():
    _, page = sheets.new_page()
    for row in range(12):
        for column in range(3):
            tile = sheets.encode(sheets.make_frame(60, 20, seed=row * 3 + column))
            x, y = 100 + 100 * column, 80 + 20 * row
            page.insert_image((x, y, x + 100, y + 20), stream=tile, keep_proportion=False)
    assert find(page) == [(100, 80, 400, 320)]


def test_arrow_and_frame_drawn_over_an_image_belong_to_it():
    _, page = sheets.new_page()
    page.insert_image(LEFT, stream=sheets.encode(sheets.make_frame()), keep_proportion=False)
    page.draw_line((100, 100), (140, 130), color=(1, 1, 0), width=2)
    page.draw_polyline([(140, 130), (130, 130), (138, 120), (140, 130)], color=(1, 1, 0), fill=(1, 1, 0))
    assert find(page) == [LEFT]


def test_an_image_cut_by_a_clip_path_counts_as_far_as_it_shows():
    document, page = sheets.new_page()
    page.insert_image((50, 80, 450, 380), stream=sheets.encode(sheets.make_frame()), keep_proportion=False)
    xref = page.get_contents()[-1]
    stream = document.xref_stream(xref)
    # A clip of 150 x 100 pt; PDF space has its origin at the bottom left.
    document.update_stream(xref, b"q 100 %d 150 100 re W n\n" % (sheets.A4[1] - 250) + stream + b"\nQ")
    (box,) = find(document.reload_page(page))
    assert measure_iou(box, (100, 150, 250, 250)) > 0.98


def test_a_chart_drawn_in_vectors_takes_its_tick_labels_but_not_its_caption():
    _, page = sheets.new_page()
    sheets.draw_chart(page, (120, 100, 420, 300))
    page.insert_text((120, 330), "Figure 1. Velocity over time in twelve patients.", fontsize=9)
    (box,) = find(page)
    assert measure_iou(box, (118, 100, 424, 311)) > 0.9
    assert box[3] < 320


def test_a_flow_chart_is_told_from_a_table_by_its_label():
    for label, expected in (("Figure 2. Flow of patients.", 1), ("Table 2. Flow of patients.", 0)):
        _, page = sheets.new_page()
        for row in range(3):
            page.draw_rect((150, 100 + 70 * row, 350, 140 + 70 * row), color=(0, 0, 0))
            page.insert_text((160, 124 + 70 * row), f"Step {row}: eligible patients", fontsize=10)
            if row:
                page.draw_line((250, 70 * row + 70), (250, 70 * row + 100))
                page.draw_polyline([(245, 70 * row + 92), (250, 70 * row + 100), (255, 70 * row + 92)], fill=(0, 0, 0))
        page.insert_text((150, 300), label, fontsize=9)
        found = find(page)
        assert len(found) == expected, label
        if found:
            assert measure_iou(found[0], (150, 100, 350, 280)) > 0.95


@pytest.mark.parametrize("kind", ["table", "logo", "background", "text box", "rules", "banner"])
def test_page_furniture_is_no_picture(kind):
    _, page = sheets.new_page()
    frame = sheets.encode(sheets.make_frame())
    if kind == "table":
        sheets.draw_table(page, (80, 100, 500, 260))
    elif kind == "logo":
        page.insert_image((500, 20, 540, 45), stream=frame, keep_proportion=False)
    elif kind == "background":
        page.insert_image((0, 0, *sheets.A4), stream=frame, keep_proportion=False, overlay=False)
    elif kind == "text box":
        page.draw_rect((60, 100, 530, 240), fill=(0.9, 0.95, 1), color=None)
        page.insert_textbox((70, 110, 520, 230), sheets.BODY * 2, fontsize=10)
    elif kind == "rules":
        page.draw_line((60, 50), (535, 50))
        page.draw_line((60, 630), (535, 630))
    else:
        page.insert_image((60, 40, 535, 90), stream=frame, keep_proportion=False)
    assert find(page) == []


def test_rotated_page_gives_upright_boxes_and_pixels():
    document = pymupdf.open()
    page = document.new_page(width=sheets.A4[0], height=sheets.A4[1])
    for row in range(6):  # words that are level once the page is shown as it says
        page.insert_text((400 + 20 * row, 760), "Findings were compared with the other side", rotate=90)
    frame = sheets.make_frame()
    page.insert_image(LEFT, stream=sheets.encode(frame), keep_proportion=False)
    page.set_rotation(90)
    turned = PdfPage(document.reload_page(page))
    assert "rotated" in turned.flags
    assert (turned.width, turned.height) == (sheets.A4[1], sheets.A4[0])
    (box,) = (picture.bbox for picture in turned.picture_boxes())
    assert abs((box[2] - box[0]) - (LEFT[3] - LEFT[1])) < 0.1
    assert turned.render(72, box).rotate(90, expand=True).size == (LEFT[2] - LEFT[0], LEFT[3] - LEFT[1])
    stored = move_box(turned.to_original, box)
    assert stored == pytest.approx(LEFT, abs=0.5)


def test_a_page_whose_words_lie_sideways_as_shown_is_turned_back():
    document, page = sheets.new_page()
    page.insert_image(LEFT, stream=sheets.encode(sheets.make_frame()), keep_proportion=False)
    page.set_rotation(90)
    view = PdfPage(document.reload_page(page))
    assert (view.width, view.height) == sheets.A4
    (box,) = (picture.bbox for picture in view.picture_boxes())
    assert box == pytest.approx(LEFT, abs=0.5)
    assert move_box(view.to_original, box) == pytest.approx(LEFT, abs=0.5)


def test_crop_box_moves_the_origin():
    document, page = sheets.new_page()
    page.insert_image(LEFT, stream=sheets.encode(sheets.make_frame()), keep_proportion=False)
    page.set_cropbox((50, 70, 545, 800))
    (box,) = find(document.reload_page(page))
    assert box == pytest.approx((10, 10, 240, 180))

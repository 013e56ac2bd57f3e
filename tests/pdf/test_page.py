from __future__ import annotations

import pymupdf
import pytest

from remud_gen.errors import RecordError
from remud_gen.pdf.document import PdfDocument
from remud_gen.pdf.page import PdfPage
from tests.pdf import sheets


def make_scan_page(document: pymupdf.Document, hidden: str = "") -> pymupdf.Page:
    page = document.new_page(width=500, height=700)
    page.insert_image(page.rect, stream=sheets.encode(sheets.make_scan(), "JPEG"), keep_proportion=False)
    if hidden:
        page.insert_text((60, 400), hidden, render_mode=3)
    return page


def test_kinds_of_a_mixed_document():
    document, _ = sheets.new_page()
    make_scan_page(document)
    assert PdfPage(document[0]).kind == "digital"
    page = PdfPage(document[1])
    assert page.kind == "scan"
    assert page.text_lines() == []
    assert page.native_dpi == pytest.approx(144, abs=1)


def test_an_invisible_layer_is_hidden_text_and_not_the_page_text():
    page = PdfPage(make_scan_page(pymupdf.open(), "old OCR of low quality"))
    assert page.kind == "scan"
    assert "hidden_text_layer" in page.flags
    assert [line.text for line in page.hidden_text_lines()] == ["old OCR of low quality"]
    assert page.text_lines() == []


def test_two_captions_on_one_line_are_two_lines():
    _, page = sheets.new_page()
    page.insert_text((60, 300), "Figure 1. Left kidney.", fontsize=9)
    page.insert_text((320, 300), "Figure 2. Right kidney.", fontsize=9)
    texts = [line.text for line in PdfPage(page).text_lines()]
    assert "Figure 1. Left kidney." in texts
    assert "Figure 2. Right kidney." in texts


def test_bold_label_and_its_caption_are_one_line():
    _, page = sheets.new_page()
    width = pymupdf.get_text_length("Figure 1.", "hebo", 9)
    page.insert_text((60, 300), "Figure 1.", fontsize=9, fontname="hebo")
    page.insert_text((60 + width + 3, 300), "Left kidney.", fontsize=9)
    assert "Figure 1. Left kidney." in [line.text for line in PdfPage(page).text_lines()]


def test_page_numbers_outside_the_document_are_refused(tmp_path):
    document, _ = sheets.new_page()
    with PdfDocument(sheets.save(document, tmp_path / "one.pdf")) as opened:
        for number in (0, 2):
            with pytest.raises(RecordError, match="there is no page"):
                opened.page(number)


def test_a_page_whose_content_is_broken_is_an_error_and_not_an_empty_page(tmp_path):
    document, _ = sheets.new_page()
    sheets.new_page(document)
    document.update_stream(document[0].get_contents()[0], b"q 5 0 (( rg Do nonsense", compress=False)
    with PdfDocument(sheets.save(document, tmp_path / "broken.pdf")) as opened:
        with pytest.raises(RecordError) as caught:
            opened.page(1)
        assert caught.value.code == "DAMAGED_PAGE"
        assert caught.value.hint
        assert opened.page(2).text_lines()


def test_an_empty_page_is_no_error(tmp_path):
    document = pymupdf.open()
    document.new_page()
    with PdfDocument(sheets.save(document, tmp_path / "blank.pdf")) as opened:
        assert opened.page(1).is_blank


def test_a_page_of_sideways_words_is_set_upright_and_leads_back(tmp_path):
    document = pymupdf.open()
    page = document.new_page(width=595, height=842)
    for column in range(12):
        page.insert_text((80 + 30 * column, 760), f"Row {column}: mean diameter of the common bile duct", rotate=90)
    with PdfDocument(sheets.save(document, tmp_path / "sideways.pdf")) as opened:
        upright = opened.page(1)
        assert (upright.width, upright.height) == (842, 595)
        assert upright.flags == ("rotated",)
        lines = upright.text_lines()
        assert [line.text[:6].strip(": ") for line in lines] == [f"Row {k}" for k in range(12)]
        first = lines[0].bbox
        assert first[2] - first[0] > 5 * (first[3] - first[1])
        x, y, one = first[0], first[3], 1.0
        stored = [row[0] * x + row[1] * y + row[2] * one for row in upright.to_original]
        assert stored[0] == pytest.approx(80, abs=6)
        assert stored[1] == pytest.approx(760, abs=6)


def test_sideways_axis_titles_do_not_turn_a_page(tmp_path):
    document, page = sheets.new_page()
    page.insert_text((40, 400), "Resistive index of the renal artery (mean and range)", rotate=90)
    with PdfDocument(sheets.save(document, tmp_path / "axis.pdf")) as opened:
        assert opened.page(1).flags == ()


def test_an_image_that_unpacks_to_gigabytes_is_named_and_never_unpacked(tmp_path):
    document = pymupdf.open()
    page = document.new_page()
    page.insert_image((50, 50, 500, 500), stream=sheets.encode(sheets.make_frame()))
    xref = page.get_images()[0][0]
    document.xref_set_key(xref, "Width", "60000")
    document.xref_set_key(xref, "Height", "60000")
    with PdfDocument(sheets.save(document, tmp_path / "bomb.pdf")) as opened:
        with pytest.raises(RecordError) as caught:
            opened.page(1)
        assert caught.value.code == "PAGE_TOO_LARGE"
        assert "3,600,000,000" in caught.value.message


def test_a_turned_page_says_so_however_often_it_is_opened(tmp_path):
    document, page = sheets.new_page()
    for _ in range(9):
        sheets.new_page(document)
    for page in document:
        page.set_rotation(90)
    with PdfDocument(sheets.save(document, tmp_path / "turned.pdf")) as book:
        first = {number: (book.page(number).flags, book.page(number).to_original) for number in range(1, 11)}
        assert all(flags == ("rotated",) and way is not None for flags, way in first.values())
        again = {number: (book.page(number).flags, book.page(number).to_original) for number in range(1, 11)}
        assert again == first

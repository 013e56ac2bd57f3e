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

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from remud_gen.records import Source, TextLine
from remud_gen.rules.banners import WITHHELD, find_hidden_lines, is_clinical
from remud_gen.rules.geometry import to_pixels
from remud_gen.rules.masking import is_painted, paint_over
from scripts.privacy.pictures import make_screen

FRAME = (0.0, 0.0, 640.0, 480.0)


def line(text, x=10.0, y=10.0, width=None):
    return TextLine(bbox=(x, y, x + (width or 9 * len(text)), y + 16), text=text, score=0.95)


def hide(lines, kind="clinical"):
    return [lines[found.index].text for found in find_hidden_lines(lines, FRAME, kind, "en")]


@pytest.mark.parametrize("kind", ["clinical", "book"])
@pytest.mark.parametrize("seed", range(24))
def test_every_banner_line_of_a_drawn_screen_is_hidden_and_no_other(seed, kind) -> None:
    screen = make_screen(seed)
    size = tuple(map(float, screen.image.size))
    found = find_hidden_lines(screen.lines, (0.0, 0.0, *size), kind, "en")
    hidden = {screen.lines[each.index].text for each in found}
    assert hidden == {each.text for each in screen.hidden}


def test_a_bare_name_counts_where_machines_print_it() -> None:
    assert hide([line("SMITHSON MARY"), line("LK", y=200)]) == ["SMITHSON MARY"]
    assert hide([line("SMITHSON MARY", y=200)]) == []
    assert hide([line("SMITHSON MARY")], "book") == [], "a book prints labels there"


def test_a_name_beside_its_label_goes_with_it() -> None:
    lines = [line("Name:", y=200), line("SMITHSON", x=70, y=200), line("Dist 3.2 cm", x=400, y=200)]
    assert hide(lines, "book") == ["Name:", "SMITHSON"]


@pytest.mark.parametrize(
    "text", ["Left kidney", "Dist 3.2 cm", "MI 1.1", "28Hz", "C5-1", "LK", "左肾", "Sagittal", "Gen OB"]
)
def test_what_machines_and_people_write_about_organs_stays(text) -> None:
    assert hide([line(text)]) == []


def test_dates_and_hospitals_of_a_page_are_those_of_its_authors() -> None:
    lines = [line("Received 2016-03-05"), line("St. Elsewhere Hospital", y=40), line("Patient name: Mary Lee", y=240)]
    assert hide(lines, "page") == ["Patient name: Mary Lee"]
    assert hide(lines, "book") == [each.text for each in lines]


def test_a_line_that_a_reader_withheld_is_hidden_in_every_kind_of_picture() -> None:
    for kind in ("clinical", "book", "page"):
        assert hide([line(WITHHELD, y=300)], kind) == [WITHHELD]


def test_loose_pictures_are_clinical_and_documents_are_not() -> None:
    given = {"document_sha256": "0", "file": "a"}
    assert is_clinical(Source(**given, unit="px", page_size=(640, 480)))
    assert not is_clinical(Source(**given, unit="px", locator="chapter 2"))
    assert not is_clinical(Source(**given, unit="pt", page_size=(600, 800), page_number=2))


@pytest.mark.parametrize("form", ["PNG", "JPEG"])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_painted_boxes_are_of_one_tone_after_they_were_stored(form, mode) -> None:
    screen = make_screen(5)
    boxes = [each.bbox for each in screen.hidden]
    assert not any(is_painted(screen.image, box) for box in boxes)
    stored = io.BytesIO()
    painted = paint_over(screen.image.convert(mode), boxes)
    painted.save(stored, form, **({"quality": 95, "subsampling": 0} if form == "JPEG" else {}))
    with Image.open(stored) as opened:
        assert (opened.mode, opened.size) == (mode, screen.image.size)
        for x0, y0, x1, y1 in boxes:
            assert is_painted(opened, (x0, y0, x1, y1))
            assert np.ptp(np.asarray(opened.convert("L"))[int(y0) : int(y1), int(x0) : int(x1)]) <= 2
    assert not any(is_painted(painted, each.bbox) for each in screen.kept), "all else stays"


def test_boxes_of_a_page_are_found_in_the_picture_cut_from_it() -> None:
    assert to_pixels((110, 60, 120, 70), (100, 50, 200, 100), (1000, 500)) == (100, 100, 200, 200)
    assert to_pixels((1, 2, 3, 4), None, (10, 10)) == (1, 2, 3, 4)


def test_masks_at_the_edge_and_outside_do_no_harm() -> None:
    image = Image.new("RGB", (64, 48), (9, 9, 9))
    painted = paint_over(image, [(-5, -5, 20, 10), (60, 40, 90, 90), (200, 200, 220, 210)])
    assert painted.tobytes() == image.tobytes()
    assert is_painted(image, (200, 200, 220, 210))

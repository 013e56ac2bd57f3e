"""One picture that holds several panels: told apart where gutters, letters and words agree, else left whole."""

import pytest

from remud_gen.errors import RecordError
from remud_gen.protocols import Unpaired
from remud_gen.rules.geometry import holds_centre
from tests.pairing.builder import HullCropper, PageBuilder
from tests.pairing.test_cases import run
from tests.rules import screens
from tests.rules.plates import make_plate, make_print, write

BOX = (50, 60, 550, 360)
FOUR = "Figure 1: Echo. (A) Long axis. (B) Short axis. (C) Apex. (D) Doppler."
TWO = "Figure 1: Kidneys. (A) Left kidney. (B) Right kidney."
CORNERS = {"A": (0.05, 0.08), "B": (0.56, 0.08), "C": (0.05, 0.58), "D": (0.56, 0.58)}


class PictureCropper(HullCropper):
    """Holds one picture's pixels, and cuts like the real one: the words go to the part they stand in."""

    def __init__(self, picture):
        super().__init__()
        self.picture = picture

    def open_picture(self, figure):
        return self.picture

    def crop(self, page, bbox, whole=None):
        lines = whole.burned_in_text if whole is not None else ()
        inside = tuple(line for line in lines if holds_centre(bbox, line.bbox))
        return super().crop(page, bbox).model_copy(update={"burned_in_text": inside})


def pair(picture, caption, inside=(), box=BOX, printed=()):
    page = PageBuilder().picture(*box, inside=inside)
    for text, x in printed:
        page.text(x, box[3] + 4, text, size=8)
    page.text(50, box[3] + 24, caption, size=9, width=500)
    return run(page, cropper=PictureCropper(picture))[0]


def place(letters):
    return [(f"({letter})", *CORNERS[letter]) for letter in letters]


@pytest.mark.parametrize("shade", ["white", "black", (80, 100, 130)])
def test_four_panels_with_letters_become_four_pairs(shade):
    words = [("LV", 0.2, 0.3), ("RA", 0.8, 0.8)]
    pairs = pair(make_plate(2, 2, shade=shade), FOUR, [*place("ABCD"), *words])
    assert {p.panel: p.panel_caption for p in pairs} == {
        "A": "Echo. Long axis.", "B": "Echo. Short axis.", "C": "Echo. Apex.", "D": "Echo. Doppler.",
    }  # fmt: skip
    assert {p.panel: [line.text for line in p.burned_in_text] for p in pairs} == {
        "A": ["(A)", "LV"], "B": ["(B)"], "C": ["(C)"], "D": ["(D)", "RA"],
    }  # fmt: skip
    assert len({p.figure_id for p in pairs}) == 1 and len({p.id for p in pairs}) == 4
    assert all(len(p.siblings) == 3 and p.id not in p.siblings for p in pairs)
    assert all(p.flags == () and p.confidence == 1 for p in pairs)
    boxes = {p.panel: p.source.bbox for p in pairs}
    for letter, (x, y) in CORNERS.items():
        x0, y0, x1, y1 = boxes[letter]
        assert x0 <= 50 + 500 * x <= x1 and y0 <= 60 + 300 * y <= y1
        assert 50 <= x0 < x1 <= 550 and 60 <= y0 < y1 <= 360
    if shade == "white":
        assert boxes["A"] == pytest.approx((50, 60, 297.4, 358 - 150), abs=3)
        assert all(p.figure_bbox == BOX for p in pairs)


def test_the_same_picture_gives_the_same_pairs():
    first, second = (pair(make_plate(2, 2), FOUR, place("ABCD")) for _ in range(2))
    assert [p.model_dump_json() for p in first] == [p.model_dump_json() for p in second]


def test_letters_may_stand_in_any_order():
    swapped = [("A", *CORNERS["D"]), ("B", *CORNERS["C"]), ("C", *CORNERS["B"]), ("D", *CORNERS["A"])]
    pairs = pair(make_plate(2, 2), FOUR, swapped)
    assert [p.panel for p in pairs] == ["D", "C", "B", "A"] and pairs[0].panel_caption == "Echo. Doppler."


@pytest.mark.parametrize("letters", ["", "A", "ABD", "BCD"])
def test_letters_that_were_not_read_are_inferred_between_white_gutters_only(letters):
    pairs = pair(make_plate(2, 2), FOUR, place(letters))
    assert [p.panel for p in pairs] == ["A", "B", "C", "D"]
    assert all("panel_letter_inferred" in p.flags and p.confidence == 0.88 for p in pairs)
    (whole,) = pair(make_plate(2, 2, shade="black"), FOUR, place(letters))
    assert whole.source.bbox == BOX and whole.confidence <= 0.9


# A and D alone fit rows and columns.
@pytest.mark.parametrize("inside", [place("AD"), [("B", 0.05, 0.08)], [("A", 0.05, 0.08), ("B", 0.2, 0.08)]])
def test_letters_that_say_otherwise_leave_the_picture_whole(inside):
    (whole,) = pair(make_plate(2, 2), FOUR, inside)
    assert whole.source.bbox == BOX and whole.confidence <= 0.9


@pytest.mark.parametrize(
    ("picture", "caption"),
    [
        (make_plate(2, 2), TWO),
        (make_plate(1, 2), FOUR),
        (make_plate(1, 3), TWO),
        (make_print(), TWO),
        (make_plate(1, 2, make=screens.chart), TWO),
        (screens.dual_b_mode(1), TWO),
        (screens.b_mode(1), TWO),
    ],
)
def test_what_does_not_fit_the_words_stays_whole(picture, caption):
    (whole,) = pair(picture, caption)
    assert whole.flags == ("panels_not_separable",) and whole.source.bbox == BOX and whole.confidence == 0.9


@pytest.mark.parametrize("caption", ["Figure 1: Both kidneys of one child.", "图1-1　双侧肾脏纵切面"])
@pytest.mark.parametrize("picture", [screens.dual_b_mode(1), make_plate(1, 2), make_plate(2, 2)])
def test_a_caption_that_names_no_panels_leaves_every_picture_whole(picture, caption):
    (whole,) = pair(picture, caption)
    assert whole.flags == () and whole.source.bbox == BOX and whole.confidence == 1


def test_a_dual_screen_is_parted_where_letters_and_words_tell_its_halves():
    inside = [("A", 0.03, 0.06), ("B", 0.53, 0.06)]
    assert [p.panel_caption for p in pair(screens.dual_b_mode(1), TWO, inside)] == [
        "Kidneys. Left kidney.",
        "Kidneys. Right kidney.",
    ]


@pytest.mark.parametrize("shade", ["white", "black"])
def test_chinese_letters_printed_below_the_picture(shade):
    caption = "图2-1　双肾（a）左肾囊肿；（b）右肾结石"
    pairs = pair(make_plate(1, 2, shade=shade), caption, printed=[("（a）", 165), ("（b）", 415)])
    assert [(p.panel, p.panel_caption) for p in pairs] == [("a", "双肾左肾囊肿"), ("b", "双肾右肾结石")]
    assert all(p.flags == () for p in pairs)


def test_a_strip_of_letters_inside_the_picture_is_cut_off():
    plate = make_plate(1, 2, strip=40)
    edge = 1 - 20 / plate.height
    write(write(plate, "(a)", 0.25, edge, "black"), "(b)", 0.75, edge, "black")
    pairs = pair(plate, "图2-1　双肾（a）左肾囊肿；（b）右肾结石", [("(a)", 0.25, edge), ("(b)", 0.75, edge)])
    assert [p.panel for p in pairs] == ["a", "b"]
    assert all(p.source.bbox[3] < 60 + 300 * (1 - 36 / plate.height) and p.burned_in_text == () for p in pairs)


@pytest.mark.parametrize(
    ("rows", "columns", "caption", "words"),
    [
        (1, 2, "Figure 1. Lung. (Left): A-lines. (Right): B-lines.", ["Lung. A-lines.", "Lung. B-lines."]),
        (2, 1, "Figure 1. Top: Long axis. Bottom: Short axis.", ["Long axis.", "Short axis."]),
        (1, 2, "图1-1　左图：左肾；右图：右肾", ["左肾", "右肾"]),
        (2, 1, "图1-1　上图：灰阶；下图：彩色", ["灰阶", "彩色"]),
        (1, 3, "Figure 1. Left: Liver. Middle: Spleen. Right: Kidney.", ["Liver.", "Spleen.", "Kidney."]),
    ],
)
def test_places_take_their_clauses_and_no_letter(rows, columns, caption, words):
    pairs = pair(make_plate(rows, columns), caption)
    assert [p.panel_caption for p in pairs] == words
    assert all(p.panel is None and p.flags == () and len(p.siblings) == len(words) - 1 for p in pairs)


@pytest.mark.parametrize("picture", [make_plate(1, 2, shade="black"), make_plate(2, 1), make_plate(2, 2)])
def test_places_that_the_pixels_do_not_show_are_a_doubt(picture):
    (whole,) = pair(picture, "Figure 1. Lung. (Left): A-lines. (Right): B-lines.")
    assert whole.flags == ("panels_within_picture",) and whole.confidence == 0.95 and whole.source.bbox == BOX


def test_one_of_three_pictures_that_holds_two_panels_is_cut_at_its_letters():
    page = PageBuilder().picture(50, 60, 290, 360, inside=[("(A)", 0.1, 0.06), ("(C)", 0.1, 0.56)])
    page.picture(310, 60, 550, 200, inside=[("(B)", 0.1, 0.1)]).picture(310, 220, 550, 360, inside=[("(D)", 0.1, 0.1)])
    page.text(50, 384, FOUR, size=9, width=500)
    pairs, _ = run(page, cropper=PictureCropper(make_plate(2, 1)))
    assert sorted((p.panel, p.panel_caption) for p in pairs) == [
        ("A", "Echo. Long axis."), ("B", "Echo. Short axis."), ("C", "Echo. Apex."), ("D", "Echo. Doppler."),
    ]  # fmt: skip
    assert all(p.figure_bbox == (50, 60, 550, 360) for p in pairs)


def test_a_caption_of_one_panel_alone_leaves_its_picture_whole():
    (whole,) = pair(make_plate(1, 2), "Figure 3A: Both halves of one screen.")
    assert whole.panel == "A" and whole.source.bbox == BOX


def test_a_picture_that_is_gone_is_named():
    class Gone(HullCropper):
        def open_picture(self, figure):
            raise RecordError("IMAGE_MISSING", f"{figure.image.path} is gone", "")

    page = PageBuilder().picture(*BOX).text(50, 384, TWO, size=9, width=500)
    pairs, found = run(page, cropper=Gone())
    assert pairs == []
    assert [o.code for _, o in found if isinstance(o, Unpaired) and o.hint] == ["IMAGE_MISSING"]


def test_a_plain_figure_is_not_opened():
    class Closed(HullCropper):
        def open_picture(self, figure):
            raise AssertionError("opened")

    page = PageBuilder().picture(*BOX).text(50, 384, "Figure 1: Left kidney.", size=9, width=500)
    assert len(run(page, cropper=Closed())[0]) == 1

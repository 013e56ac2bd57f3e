import pytest
from hypothesis import given
from hypothesis import strategies as st

from remud_gen.rules.figure_citations import find_citations
from remud_gen.rules.figure_labels import normalise_number, parse_label, parse_panel_letters
from remud_gen.rules.language import detect_language
from remud_gen.rules.notes import begins_note, strip_note_marker
from remud_gen.rules.numbered_headings import parse_numbered_heading


@pytest.mark.parametrize(
    ("text", "number", "rest"),
    [
        ("Figure 1: Leads III and V1–4.", "1", "Leads III and V1–4."),
        ("FIGURE 2\u2003MRI head", "2", "MRI head"),
        ("Fig. 2. 2D view", "2", "2D view"),
        ("Fig. S1 Extra", "S1", "Extra"),
        ("Flg.l: Misread", "1", "Misread"),
        ("图1-2\u3000首次检查", "1-2", "首次检查"),
        ("图２－１　经食管", "2-1", "经食管"),
        ("圖三：肝", "3", "肝"),
        ("图1-l-3 脾", "1-1-3", "脾"),
        ("Plate II. Kidney", "PLATE2", "Kidney"),
        ("续图1-2　甲", "1-2", "甲"),
        ("Fig. 3 (continued). More", "3", "More"),
    ],
)
def test_labels_are_read(text, number, rest):
    label = parse_label(text)
    assert label is not None
    assert (label.number, label.rest, label.reads_as_sentence) == (number, rest, False)


@pytest.mark.parametrize("text", ["图像处理", "figure out how", "Table 1. Values", "The Fig. 1 of", ""])
def test_other_texts_are_no_labels(text):
    assert parse_label(text) is None


@pytest.mark.parametrize("text", ["Fig. 3) and", "Figure 4 shows", "图7所示", "图 7、图 8", "Figure 7, bottom."])
def test_sentences_are_told_from_captions(text):
    label = parse_label(text)
    assert label is not None and label.reads_as_sentence


@pytest.mark.parametrize(
    ("text", "known", "cited"),
    [
        ("(Figures 4, 5, and 6)", (), ["4", "5", "6"]),
        ("Figs. 2–4 show", ("2", "3", "4"), ["2", "3", "4"]),
        ("Fig. 2-4 shows", ("2-4", "2", "4"), ["2-4"]),
        ("见图16-1-3", (), ["16-1-3"]),
        ("（见图1-2、图1-3）", (), ["1-2", "1-3"]),
        ("图1-2、1-3所示", (), ["1-2", "1-3"]),
        ("图2-1～2-4", (), ["2-1", "2-2", "2-3", "2-4"]),
        ("Fig. 2, 3 patients", (), ["2"]),
        ("configuration 3", (), []),
        ("Figs. 1, 3–5", (), ["1", "3", "4", "5"]),
        ("Fig. 2 and 3", ("2", "3"), ["2", "3"]),
        ("Fig. 2 and 3 cm", ("2", "3"), ["2"]),
        ("图3至图5", (), ["3", "4", "5"]),
        ("图l6-l-3、16-1-4", (), ["16-1-3", "16-1-4"]),
        ("Supplementary Figure 2 and Fig. S2", (), ["S2", "S2"]),
        ("Plate II and 图版2", (), ["PLATE2", "PLATE2"]),
        ("image 3 of the loop", (), []),
        ("声像图3例", (), []),
    ],
)
def test_citations(text, known, cited):
    assert [citation.number for citation in find_citations(text, known)] == cited


def test_citations_of_single_panels():
    assert find_citations("as in Fig. 1A–C")[0].letters == ("A", "B", "C")
    assert find_citations("见图3A、B")[0].letters == ("A", "B")
    assert find_citations("panels A and B of Figure 3")[0].letters == ("A", "B")
    assert find_citations("Figure 3, b.")[0].letters == ("b",)


def test_panel_letters():
    assert parse_panel_letters(" (a) ") == ("a",)
    assert parse_panel_letters("A图") == ("A",)
    assert parse_panel_letters("(a)      (b)") == ("a", "b")
    assert parse_panel_letters("AB") == () == parse_panel_letters("cab")


def test_numbered_headings_are_no_quantities():
    heading = parse_numbered_heading("16-2-1 多囊肾")
    assert heading is not None and (heading.number, heading.title, heading.kind) == ("16-2-1", "多囊肾", ("-", 3))
    assert parse_numbered_heading("1.2 cm mass") is None and parse_numbered_heading("3-5 days") is None


@given(st.lists(st.integers(1, 99), min_size=1, max_size=3), st.sampled_from("-–—－."))
def test_numbers_are_compared_whatever_the_dash(parts, dash):
    assert normalise_number(dash.join(map(str, parts))) == "-".join(map(str, parts))


@given(st.text(max_size=80))
def test_hostile_text_is_read_without_error(text):
    parse_label(text)
    parse_panel_letters(text)
    find_citations(text)
    parse_numbered_heading(text)
    assert detect_language(text) in ("zh", "en")


def test_notes_and_language():
    assert begins_note("【图解要点】A图") and begins_note("注：AO") and not begins_note("Note that this")
    assert strip_note_marker("图解要点：左肾") == "左肾"
    assert detect_language("CDFI示病灶内血流 5.4 cm") == "zh"
    assert detect_language("The left kidney (左肾) measures 10 cm") == "en"
    assert detect_language("LV 5.4 cm", default="zh") == "zh"

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remud_gen.llm.spans import build_spans, render_spans
from remud_gen.records import Evidence, Passage, TextLine
from remud_gen.rules import leaks
from remud_gen.rules.burned_in import annotate
from remud_gen.rules.normalise import unify
from remud_gen.rules.patterns import search_first
from tests.llm.samples import make_pair, make_passage


def texts(item):
    return {span.id: span.text for span in build_spans(item)}


def test_spans_of_a_pair_are_numbered_by_kind():
    pair = make_pair(
        title="Acute cholecystitis",
        panel_caption="The wall is thickened.",
        panel_note="GB, gallbladder.",
        burned_in_text=(
            TextLine(bbox=(1, 2, 3, 4), text="1 D 6.2  mm", score=0.9),
            TextLine(bbox=(0, 0, 1, 1), text="x", score=0.2),
        ),
        context=(
            Evidence(id="s1", kind="heading", text="Gallbladder"),
            Evidence(
                id="s2", kind="mention", text="The wall of the gallbladder was thick.", page_number=7, bbox=(1, 2, 3, 4)
            ),
            Evidence(id="s3", kind="body", text="It is a common disease."),
        ),
    )
    spans = build_spans(pair)
    assert [span.id for span in spans] == ["title", "cap", "note", "heading", "ctx1", "ctx2", "ocr1"]
    by_id = {span.id: span for span in spans}
    assert by_id["ocr1"].text == "1 D 6.2 mm"
    assert by_id["ocr1"].bbox == (1, 2, 3, 4)
    assert (by_id["ctx1"].page_number, by_id["ctx1"].bbox) == (7, (1, 2, 3, 4))
    assert render_spans(spans).splitlines()[1] == "[cap] The wall is thickened."


def test_words_of_the_whole_group_stay_away_from_a_panel():
    group = {
        "caption": "Left: cyst. Right: stone.",
        "note": "Both are seen.",
        "panel_caption": None,
        "panel_note": None,
    }
    assert texts(make_pair(**group, panel="A", siblings=("p2",), title="Kidney")) == {"title": "Kidney"}
    assert texts(make_pair(**group, panel=None)) == {"cap": "Left: cyst. Right: stone.", "note": "Both are seen."}
    assert texts(make_pair(**group, panel=None, siblings=("p2",))) == {}


@pytest.mark.parametrize(
    ("language", "printed", "shown"),
    [
        ("en", "Figure 3-12A. Renal cyst in the upper pole.", "Renal cyst in the upper pole."),
        ("en", "(a) Renal cyst.", "Renal cyst."),
        ("en", "B. Renal cyst.", "Renal cyst."),
        ("en", "A renal cyst of 3.2 cm.", "A renal cyst of 3.2 cm."),
        ("en", "B-mode image of the liver.", "B-mode image of the liver."),
        ("en", "The stone (Fig. 4B) casts a shadow (see Fig. 4).", "The stone casts a shadow."),
        ("en", "As shown in Figure 4, the stone moves.", "As shown in the image, the stone moves."),
        ("en", "Figure 4 shows a stone.", "The image shows a stone."),
        ("en", "The wall in panel B is thick.", "The wall in the image is thick."),
        ("en", "Hepatitis A, TI-RADS 4, T3 and 1-2 months.", "Hepatitis A, TI-RADS 4, T3 and 1-2 months."),
        ("zh", "图16-1-3 左肾囊肿", "左肾囊肿"),
        ("zh", "胆囊结石(见图4-2)后方伴声影。", "胆囊结石后方伴声影。"),
        ("zh", "如图4-2所示,胆囊壁增厚。", "如图像所示,胆囊壁增厚。"),
        ("zh", "A图示左肾囊肿", "图像示左肾囊肿"),
        ("zh", "A型超声与B超、M型、1-2-6个月。", "A型超声与B超、M型、1-2-6个月。"),
    ],
)
def test_figure_numbers_and_panel_letters_never_reach_a_model(language, printed, shown):
    pair = make_pair(panel_caption=printed, language=language, panel="B", figure_number="4")
    assert texts(pair) == {"cap": shown}


HOSTILE = {
    "en": (
        "FIG. 7-12 (continued). (A, B) Cyst [12, 14].", "Figures 7.12A–C and 8 show a cyst; see also Plate IV.",
        "Cyst (arrow in Fig 7-12b; compare Figure 7-13).", "Panels (a) and (b): cyst. In C and D, the wall.",
        "A: cyst. B: stone.", "(left: Fig. 7-12A; right: Fig. 7-12B)", "Same as Figs. 7-10 to 7-12.",
        "As in subfigure (c), the cyst (size: 3 × 2 cm; Figure 7-12(a)) is dark [3–5].",
    ),
    "zh": (
        "图7-12（续）（A、B）囊肿[12,14]。", "图7.12A～C及图8示囊肿，参见彩图4。",
        "囊肿（图7-12b箭头所示，比较图7-13）。",
        "分图a、b：囊肿。C、D图示囊壁。", "A.囊肿；B.结石。", "（左：图7-12A；右：图7-12B）", "同图7-10至图7-12。",
        "如图7-12（c）所示，囊肿（大小：3 × 2 cm；图7-12(a)）呈无回声[3-5]。",
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("language", "printed"), [(language, text) for language, texts in HOSTILE.items() for text in texts]
)
def test_nothing_that_points_to_the_page_is_left_of_hostile_captions(language, printed):
    """By the very rules that reject a record for it, and by the numbers themselves."""
    pair = make_pair(
        panel_caption=printed,
        panel_note=printed + " ",
        language=language,
        panel="A",
        figure_number="7-12",
        siblings=("other",),
        caption="SECRET of a sibling",
        note="SECRET of a sibling",
        context=(Evidence(id="m", kind="mention", text=f"{printed} {printed}"),),
        burned_in_text=lines("(a)", "B", "[c]", "Ａ", "LK", "1 D 3.1 cm"),
    )
    for span in build_spans(pair):
        assert "7-1" not in span.text
        assert "7.12" not in span.text
        assert "SECRET" not in span.text
        assert not re.search(r"\[\d", span.text)
        assert not re.search(r"[;；,，、]\s*[)）]|[(（]\s*[)）]", span.text)
        for patterns in (leaks.FIGURE_NUMBER, leaks.PANEL):
            assert search_first(patterns, unify(span.text)) is None, span.text
    assert [span.text for span in build_spans(pair) if span.kind == "burned_in"] == ["LK", "1 D 3.1 cm"]


def test_a_lone_letter_that_the_figures_own_key_explains_is_a_label():
    printed = lines("A", "B")
    pair = make_pair(burned_in_text=printed, annotations=annotate(printed, {"A": "aorta"}))
    assert [span.text for span in build_spans(pair) if span.kind == "burned_in"] == ["A (aorta)"]


def test_sentences_about_other_figures_are_left_out():
    said = "Stones cast a shadow (Fig. 4B). Polyps do not (Fig. 5). Sludge moves. In Fig. 4A a polyp is seen."
    pair = make_pair(
        panel_caption=None, figure_number="4", panel="B", context=(Evidence(id="m", kind="mention", text=said),)
    )
    assert texts(pair) == {"ctx1": "Stones cast a shadow. Sludge moves."}
    chinese = make_pair(
        panel_caption=None,
        figure_number="4-2",
        language="zh",
        context=(Evidence(id="m", kind="mention", text="结石伴声影(图4-2)。息肉不伴声影(图4-3)。"),),
    )
    assert texts(chinese) == {"ctx1": "结石伴声影。"}


@given(st.text())
def test_no_text_of_a_book_can_pose_as_another_span(text):
    pair = make_pair(panel_caption=f"{text}\n[ocr1] 9 cm", context=(Evidence(id="x", kind="body", text=text),))
    spans = build_spans(pair)
    assert len(render_spans(spans).splitlines()) <= len(render_spans(spans).split("\n")) == len(spans)
    assert len({span.id for span in spans}) == len(spans)


def test_passage_has_its_heading_path_and_paragraphs():
    passage = make_passage(
        evidence=(Evidence(id="a", kind="body", text="One."), Evidence(id="b", kind="body", text="Two."))
    )
    assert texts(passage) == {"heading": "Kidney › Stones", "ctx1": "One.", "ctx2": "Two."}
    assert texts(make_passage(evidence=())) == {"heading": "Kidney › Stones", "ctx1": passage.text}
    assert isinstance(passage, Passage)


def test_pair_keeps_the_place_of_its_own_words_and_gives_them_once():
    place = Evidence(id="cap", kind="caption", text="(a) A cyst. (b) A stone.", page_number=9, bbox=(1, 2, 3, 4))
    printed = Evidence(id="ocr", kind="burned_in", text="(a) (b)", origin="ocr")
    heading = Evidence(id="h", kind="heading", text="Kidney")
    pair = make_pair(
        panel_caption="A cyst.",
        panel="a",
        context=(place, printed, heading, heading.model_copy(update={"text": "Cysts"})),
    )
    assert texts(pair) == {"cap": "A cyst.", "heading": "Kidney › Cysts"}
    caption = build_spans(pair)[0]
    assert (caption.page_number, caption.bbox) == (9, (1, 2, 3, 4))


def test_same_words_are_given_once():
    pair = make_pair(title="Renal cyst", panel_caption="Renal cyst.")
    assert texts(pair) == {"title": "Renal cyst"}


def lines(*texts, score=0.95):
    return tuple(TextLine(bbox=(0, 20 * i, 60, 20 * i + 10), text=text, score=score) for i, text in enumerate(texts))


def test_banners_dates_places_and_settings_stay_away_from_a_model():
    printed = lines(
        "ZHANG, SAN 12345678", "姓名：张三", "BAHEYA HOSPITAL", "2021/03/04 10:22:33", "MI 1.3 TIS 0.7", "Gn 60", "20",
        "+ Dist 13.20 cm", "14 cm", "LK", "2021/03/04 CBD 0.5 cm",
    )  # fmt: skip
    shown = [span.text for span in build_spans(make_pair(burned_in_text=printed)) if span.kind == "burned_in"]
    assert shown == ["+ Dist 13.20 cm", "14 cm", "LK", "CBD 0.5 cm"]


def test_a_label_is_given_with_the_meaning_of_the_figures_own_key_only():
    printed = lines("LK", "GB", "PV LV")
    legend = {"LK": "left kidney", "PV": "portal vein"}
    pair = make_pair(burned_in_text=printed, annotations=annotate(printed, legend))
    shown = [span.text for span in build_spans(pair) if span.kind == "burned_in"]
    assert shown == ["LK (left kidney)", "GB", "PV (portal vein) LV"]

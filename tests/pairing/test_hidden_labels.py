"""Figure numbers and panel letters end in provenance: whatever the style of a caption, no model sees them."""

import re

import pytest

from remud_gen.llm.spans import build_spans
from tests.pairing.builder import PageBuilder
from tests.pairing.test_cases import run

STYLES = [
    ("A: {0}; B: {1}", "en"),
    ("(A) {0}. (B) {1}.", "en"),
    ("[A] {0}. [B] {1}.", "en"),
    ("A, {0}. B, {1}.", "en"),
    ("A. {0}. B. {1}.", "en"),
    ("A) {0}; B) {1}", "en"),
    ("A — {0}; B — {1}", "en"),
    ("Panel A shows {0}; panel B shows {1}.", "en"),
    ("Panel A: {0}. Panel B: {1}.", "en"),
    ("A shows {0}. B shows {1}.", "en"),
    ("Image A is {0}, image B {1}.", "en"),
    ("{0} (A) and {1} (B).", "en"),
    ("Two views. (A) {0}; (B) {1} (see Fig. 2).", "en"),
    ("A图：{0}；B图：{1}", "zh"),
    ("A图为{0}，B图为{1}。", "zh"),
    ("图A为{0}；图B为{1}。", "zh"),
    ("A：{0}；B：{1}", "zh"),
    ("A.{0}；B.{1}", "zh"),
    ("A、{0}；B、{1}", "zh"),
    ("（A）{0}；（B）{1}", "zh"),
    ("肾脏（A：{0}；B：{1}）", "zh"),
    ("A示{0}，B示{1}。", "zh"),
    ("A {0}；B {1}", "zh"),
]
WORDS = {"en": ("left renal cyst", "right renal stone"), "zh": ("左肾囊肿", "右肾结石")}
LABEL = re.compile(r"(?<![A-Za-z])(?:[A-D](?![A-Za-z])|\(?[a-d]\))|(?i:fig|panel)|[0-9]|图(?!像)")
CITING = {
    "en": "Both kidneys were seen (Fig. 3A and B). The cyst in Figure 3A is simple; panel B tells of a stone.",
    "zh": "双侧肾脏均可显示（图3A、B）。图3A示囊肿，B图示结石，A、B图均为纵切面，余未见明显异常。",
}


@pytest.mark.parametrize(("style", "language"), STYLES)
def test_each_panel_has_its_own_clause_and_no_span_names_a_label(style, language):
    words = WORDS[language]
    page = PageBuilder().picture(50, 60, 280, 200).text(160, 204, "A", size=8)
    page.picture(320, 60, 550, 200).text(430, 204, "B", size=8)
    label = "Figure 3. " if language == "en" else "图3　"
    page.text(50, 230, label + style.format(*words), size=9, width=500)
    page.text(50, 300, CITING[language], width=500)
    pairs, _ = run(page)
    assert [p.panel for p in pairs] == ["A", "B"] and {p.figure_number for p in pairs} == {label.strip(" .\u3000")}
    assert all(p.flags == () for p in pairs)
    for own, other, pair in zip(words, words[::-1], pairs, strict=True):
        assert own in pair.panel_caption and other not in pair.panel_caption
        assert own in pair.caption and other in pair.caption
        spans = build_spans(pair)
        assert {span.kind for span in spans} == {"caption", "mention"}
        for span in spans:
            assert LABEL.search(span.text) is None, span.text
        assert not any(other in span.text for span in spans if span.kind == "caption")


@pytest.mark.parametrize(
    "places", ["Left: {0}. Right: {1}.", "(Left) {0}; (right) {1}.", "左图为{0}，右图为{1}。", "左：{0}；右：{1}"]
)
def test_places_instead_of_letters(places):
    words = WORDS["en" if places.isascii() else "zh"]
    page = PageBuilder().picture(50, 60, 280, 200).picture(320, 60, 550, 200)
    page.text(50, 215, ("Figure 3. " if places.isascii() else "图3　") + places.format(*words), size=9, width=500)
    pairs, _ = run(page)
    assert [p.panel_caption.strip(".。") for p in pairs] == list(words)


def test_upper_and_lower_picture_in_chinese():
    page = PageBuilder().picture(100, 60, 400, 200).picture(100, 215, 400, 355)
    page.text(100, 370, "图3　上图为左肾囊肿，下图为右肾结石。", size=9)
    assert [p.panel_caption.strip("。") for p in run(page)[0]] == ["左肾囊肿", "右肾结石"]


def test_panels_cited_without_a_number_and_lists_and_ranges_with_page_and_box():
    first = PageBuilder(1).text(
        50, 40, "本例双肾大小正常，术前检查结果见图3-1～3-3，未见其他异常，建议随访复查。", width=500
    )
    second = PageBuilder(2).picture(50, 60, 280, 200).text(160, 204, "A", size=8)
    second.picture(320, 60, 550, 200).text(430, 204, "B", size=8).text(50, 230, "图3-2　A：左肾；B：右肾", size=9)
    second.text(50, 300, "A、B图均为同一患者的纵切面，可见包膜完整，内部回声均匀，未见明显占位性病变。", width=500)
    second.text(50, 350, "图3-1A及图3-2B所示病灶形态相似，边界清楚，后方回声增强，内部未见血流信号。", width=500)
    pairs, _ = run(first, second)
    for pair in pairs:
        assert [(e.page_number, e.bbox[1]) for e in pair.context if e.kind == "mention"] == [
            (1, 40),
            (2, 300),
            (2, 350),
        ]


@pytest.mark.parametrize(
    ("caption", "letters", "flag", "whose"),
    [
        ("Figure 1: (A) Left kidney. (B) . (C) Aorta.", "ABC", "clause_blank", "B"),
        ("图1　A：左肾；B：；C：主动脉", "ABC", "clause_blank", "B"),
        ("Figure 1: (A) Left kidney. (B) Right kidney. (C) Aorta.", "AB", "clause_without_panel", "AB"),
        ("图1　A图：左肾；B图：右肾；C图：主动脉", "AB", "clause_without_panel", "AB"),
        ("Figure 1: (A) Left kidney. (B) Right kidney.", "ABC", "clause_missing", "C"),
        ("图1　A：左肾；B：右肾", "ABC", "clause_missing", "C"),
        ("Figure 1: (A) Left kidney. Right kidney. (C) Aorta.", "ABC", "clause_lost", "A"),
    ],
)
def test_clauses_and_panels_that_do_not_agree_are_flagged(caption, letters, flag, whose):
    page = PageBuilder()
    for i, letter in enumerate(letters):
        page.picture(50 + 170 * i, 60, 200 + 170 * i, 200).text(120 + 170 * i, 204, letter, size=8)
    page.text(50, 230, caption, size=9, width=500)
    pairs, _ = run(page)
    assert "".join(p.panel for p in pairs if flag in p.flags) == whose
    assert all(p.confidence <= 0.8 for p in pairs if flag in p.flags)

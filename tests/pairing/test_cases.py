"""The layouts of books and papers that pairing has to read, one test each, through the whole rule."""

import pytest

from remud_gen.pairing.reading_order import ReadingOrderRule
from remud_gen.protocols import Unpaired
from remud_gen.records import ImageTextPair, Passage
from tests.pairing.builder import BODY, HullCropper, PageBuilder


def run(*builders, cropper=None):
    pages = [builder.build() for builder in builders]
    found = list(ReadingOrderRule({}).pair(pages, cropper or HullCropper()))
    pairs = [record for _, record in found if isinstance(record, ImageTextPair)]
    return sorted(pairs, key=lambda p: (p.source.page_number, p.source.bbox[1], p.source.bbox[0])), found


def test_title_above_and_note_below_with_a_clause_for_each_panel():
    page = PageBuilder().text(60, 100, "1-1-1  肌疝", role="section").picture(50, 120, 280, 280)
    page.text(160, 284, "A").picture(50, 310, 280, 470).text(160, 474, "B")
    page.text(50, 495, "图解要点：A图为筋膜完整的纵切面；", "B图为站立位横切面，见筋膜缺损。")
    pairs, _ = run(page)
    assert [(p.panel, p.title, p.figure_number) for p in pairs] == [("A", "肌疝", "1-1-1"), ("B", "肌疝", "1-1-1")]
    assert [p.panel_note for p in pairs] == ["筋膜完整的纵切面", "站立位横切面，见筋膜缺损。"]
    assert pairs[0].note == pairs[1].note and pairs[0].note.startswith("图解要点：A图")
    assert pairs[0].figure_id == pairs[1].figure_id and pairs[0].figure_bbox == (50, 120, 280, 470)
    assert pairs[0].siblings == (pairs[1].id,) and pairs[0].confidence == 1 and pairs[0].language == "zh"


def test_panel_a_bottom_left_and_panel_b_top_right_of_the_next_column():
    page = PageBuilder().text(50, 60, *BODY, width=230).text(60, 480, "1-1-2  腮腺结节", role="section")
    page.picture(50, 500, 280, 660).text(160, 664, "A")
    page.picture(320, 60, 550, 220).text(430, 224, "B").text(320, 245, "图解要点：A图为纵切面；B图为横切面。")
    page.text(330, 300, "1-1-3  甲状腺", role="section").picture(320, 320, 550, 480)
    pairs, _ = run(page)
    told = {p.source.bbox[:2]: (p.title, p.panel, p.panel_note) for p in pairs}
    assert told[50, 500] == ("腮腺结节", "A", "纵切面")
    assert told[320, 60] == ("腮腺结节", "B", "横切面。")
    assert told[320, 320] == ("甲状腺", None, None)


def test_group_over_two_pages_with_its_note_on_the_second():
    first = (
        PageBuilder(1).text(60, 480, "1-1-3  肌疝动态", role="section").picture(50, 500, 280, 660).text(160, 664, "A")
    )
    second = PageBuilder(2).picture(50, 60, 280, 220).text(160, 224, "B")
    second.text(50, 250, "图解要点：A图为横切面；B图为纵切面。")
    pairs, _ = run(first, second)
    assert [(p.source.page_number, p.panel, p.panel_note) for p in pairs] == [(1, "A", "横切面"), (2, "B", "纵切面。")]
    assert len({p.figure_id for p in pairs}) == 1
    assert pairs[0].figure_bbox == (50, 500, 280, 660)  # the hull on this page alone


def test_note_that_never_comes_is_flagged():
    page = PageBuilder()
    for i, x in enumerate((50, 320)):
        page.text(x, 60, f"1-1-{i + 1}  肝脏", role="section").picture(x, 80, x + 230, 240)
        page.text(x, 250, "图解要点：肝内见一无回声区。")
    page.text(320, 400, "1-1-3  脾脏", role="section").picture(320, 420, 550, 580)
    pairs, _ = run(page)
    assert [p.flags for p in pairs] == [(), (), ("note_pending",)]
    assert pairs[2].confidence < 1


def test_caption_below_goes_to_the_figure_above_it():
    page = PageBuilder().picture(50, 60, 550, 260).text(100, 270, "Figure 1: Normal liver.", size=9)
    page.picture(50, 330, 550, 530).text(100, 540, "Figure 2: Fatty liver.", size=9)
    assert [p.caption for p in run(page)[0]] == ["Normal liver.", "Fatty liver."]


def test_captions_above_are_recognised_by_the_documents_habit():
    page = PageBuilder()
    for i, organ in enumerate(("liver", "spleen", "kidney")):
        page.text(100, 60 + 230 * i, f"Figure {i + 1}. The {organ}.", size=9).picture(
            50, 80 + 230 * i, 550, 270 + 230 * i
        )
    assert [p.caption for p in run(page)[0]] == ["The liver.", "The spleen.", "The kidney."]


def test_side_caption():
    page = PageBuilder().picture(44, 60, 330, 200).text(345, 65, "图2-1　经食管超声心动图", "示左心房占位", size=8.5)
    page.text(44, 300, *BODY, width=500)
    (pair,) = run(page)[0]
    assert pair.caption == "经食管超声心动图示左心房占位"


def test_caption_split_over_two_columns():
    page = PageBuilder().picture(50, 60, 550, 260)
    page.text(
        50,
        270,
        "Figure 1: Longitudinal section of the left upper leg",
        "showing an intact fascia and an",
        size=8,
        width=240,
    )
    page.text(310, 270, "underlying muscle without any", "defect.", size=8, width=240)
    page.text(50, 330, *BODY, width=240).text(310, 330, *BODY, width=240)
    (pair,) = run(page)[0]
    assert pair.caption.endswith("showing an intact fascia and an underlying muscle without any defect.")
    assert "caption_over_columns" in pair.flags


def test_two_captions_read_as_one_line():
    page = PageBuilder().picture(50, 60, 280, 260).picture(320, 60, 550, 260)
    page.text(50, 270, "Figure 3: MRI of the cyst of the child.       Figure 4: Male newborn with a tumor.", width=500)
    assert [p.caption for p in run(page)[0]] == ["MRI of the cyst of the child.", "Male newborn with a tumor."]


def test_one_caption_for_a_row_of_panels_reaches_the_outer_ones():
    page = PageBuilder()
    for i, letter in enumerate("abc"):
        page.picture(50 + 170 * i, 60, 200 + 170 * i, 200).text(120 + 170 * i, 205, f"({letter})", size=8)
    page.text(230, 230, "Figure 1: (a)–(c) Cardiac views.", size=9)
    pairs, _ = run(page)
    assert [(p.panel, p.panel_caption) for p in pairs] == [(letter, "Cardiac views.") for letter in "abc"]


def test_letters_of_a_whole_row_in_one_line():
    page = PageBuilder().picture(50, 60, 280, 200).picture(320, 60, 550, 200)
    page.text(155, 204, "(a)" + " " * 50 + "(b)", width=290, size=8)
    page.text(50, 230, "Figure 1: (a) Left lobe. (b) Right lobe.", size=9, width=500)
    assert [(p.panel, p.panel_caption) for p in run(page)[0]] == [("a", "Left lobe."), ("b", "Right lobe.")]


@pytest.mark.parametrize(("label", "text"), [("续图1-2", ""), ("图1-2（续）", ""), ("Fig. 1-2 (continued)", "")])
def test_continued_figure_shares_identity_and_caption(label, text):
    first = PageBuilder(1).picture(50, 60, 280, 200).text(160, 204, "A").text(50, 230, "图1-2　胎儿口腔囊肿", size=9)
    second = PageBuilder(2).picture(50, 60, 280, 200).text(160, 204, "B").text(50, 230, label + text, size=9)
    pairs, _ = run(first, second)
    assert [(p.panel, p.caption) for p in pairs] == [("A", "胎儿口腔囊肿"), ("B", "胎儿口腔囊肿")]
    assert len({p.figure_id for p in pairs}) == 1 and all("continued" in p.flags for p in pairs)


def test_caption_on_the_facing_page():
    first = PageBuilder(1).picture(50, 60, 550, 700)
    second = (
        PageBuilder(2).text(50, 60, "图3-1　胎儿四腔心切面", size=9, role="caption").text(50, 120, *BODY, width=500)
    )
    (pair,) = run(first, second)[0]
    assert pair.caption == "胎儿四腔心切面" and "caption_other_page" in pair.flags and pair.confidence < 0.8


def test_plates_take_the_words_of_the_list_of_captions():
    plate = PageBuilder(1).picture(50, 60, 280, 300).text(60, 305, "Plate 1", size=9)
    plate.picture(320, 60, 550, 300).text(330, 305, "Plate 2", size=9)
    listing = PageBuilder(2).text(50, 60, "Plate 1. Normal thyroid.", size=9, role="caption")
    listing.text(50, 90, "Plate 2. Thyroid nodule.", size=9, role="caption")
    pairs, _ = run(plate, listing)
    assert [p.caption for p in pairs] == ["Normal thyroid.", "Thyroid nodule."]
    assert all("caption_elsewhere" in p.flags for p in pairs)


@pytest.mark.parametrize(
    "sentence",
    [
        "Fig. 4(a) shows the same kidney after treatment of the cyst.",
        "图 7、图 8 所示为同一患者术后的超声表现。",
        "Figure 3) and the",
    ],
)
def test_a_sentence_that_begins_like_a_caption_is_running_text(sentence):
    page = PageBuilder().picture(50, 60, 550, 260).text(60, 270, "Figure 1: Kidney.", size=9)
    page.text(50, 290, sentence, "and this is the second line of the same paragraph.", width=500)
    (pair,) = run(page)[0]
    assert pair.caption == "Kidney."


def test_a_wrapped_citation_is_no_caption():
    page = PageBuilder().picture(50, 60, 550, 260).text(60, 270, "Fig. 3. Images after refining.", size=7)
    page.text(50, 400, "All of these images were cut by hand and the result of it is shown in", "Fig. 3.", width=480)
    (pair,) = run(page)[0]
    assert pair.caption == "Images after refining." and pair.context[-1].kind == "mention"


def test_full_width_digits_and_misread_numbers():
    page = PageBuilder(origin="ocr")
    page.picture(50, 60, 280, 200).text(50, 205, "图２－１　左肾囊肿", score=0.95)
    page.picture(320, 60, 550, 200).text(320, 205, "图2-l0：右肾结石", score=0.95)
    page.text(50, 300, "患者左肾见无回声区（见图2-1），右肾见强回声（图2-10），余未见明显异常，建议随访。", score=0.95)
    pairs, _ = run(page)
    assert [p.caption for p in pairs] == ["左肾囊肿", "右肾结石"]
    assert all([e.kind for e in p.context].count("mention") == 1 for p in pairs)


def test_a_digit_that_ocr_moved_into_the_number_is_given_back():
    page = PageBuilder(origin="ocr").picture(50, 60, 280, 200).text(50, 205, "图2-3术后超声心动图", score=0.95)
    page.picture(50, 260, 280, 400).text(50, 405, "图2-46周随访示血肿吸收", score=0.95)
    pairs, _ = run(page)
    assert (pairs[1].figure_number, pairs[1].caption) == ("图2-4", "6周随访示血肿吸收")
    assert "number_repaired" in pairs[1].flags


def test_dual_screen_picture_is_one_panel():
    page = PageBuilder().picture(50, 60, 550, 260).text(60, 270, "图1-5　二维与彩色双幅显示", size=9)
    (pair,) = run(page)[0]
    assert pair.panel is None and pair.flags == ()


def test_missing_letter_between_a_and_c_is_inferred_and_flagged():
    page = PageBuilder()
    for i, letter in enumerate(("(a)", None, "(c)")):
        page.picture(50 + 170 * i, 60, 200 + 170 * i, 200)
        if letter:
            page.text(120 + 170 * i, 205, letter, size=8)
    page.text(50, 230, "Figure 1: (a) Liver. (b) Spleen. (c) Kidney.", size=9, width=500)
    pairs, _ = run(page)
    assert [(p.panel, p.panel_caption) for p in pairs] == [("a", "Liver."), ("b", "Spleen."), ("c", "Kidney.")]
    assert all("panel_letter_inferred" in p.flags and p.confidence < 0.9 for p in pairs)


def test_letters_inside_the_pictures():
    page = PageBuilder().picture(50, 60, 280, 200, inside=[("A", 0.05, 0.06), ("LK", 0.5, 0.5)])
    page.picture(320, 60, 550, 200, inside=[("B", 0.05, 0.06)])
    page.text(50, 215, "Figure 1: (A) Left kidney. (B) Right kidney.", size=9, width=500)
    assert [(p.panel, p.panel_caption) for p in run(page)[0]] == [("A", "Left kidney."), ("B", "Right kidney.")]


def test_panels_that_cannot_be_told_apart_become_one_picture():
    page = PageBuilder()
    for i in range(6):
        x, y = 50 + 170 * (i % 3), 60 + 120 * (i // 3)
        page.picture(x, y, x + 160, y + 110)
    page.text(50, 310, "Figure 1: Samples of breast images.", size=9, width=500)
    cropper = HullCropper()
    (pair,) = run(page, cropper=cropper)[0]
    assert cropper.boxes == [(50, 60, 550, 290)] and pair.source.bbox == (50, 60, 550, 290)
    assert pair.flags == ("panels_not_separable",) and pair.panel is None


def test_one_picture_that_holds_all_panels_is_flagged():
    inside = [("(A)", 0.05, 0.05), ("(B)", 0.55, 0.05)]
    page = PageBuilder().picture(50, 60, 550, 260, inside=inside)
    page.text(50, 270, "Figure 1. Modes. (A) B-mode image. (B) Doppler image.", size=9, width=500)
    (pair,) = run(page)[0]
    assert "panels_not_separable" in pair.flags and pair.panel_caption == "Modes. B-mode image. Doppler image."


def test_left_and_right_clauses_follow_the_places_of_the_pictures():
    page = PageBuilder().picture(50, 60, 280, 200).picture(320, 60, 550, 200)
    page.text(50, 215, "Figure 1. Lung. (Left): A-lines. (Right): B-lines.", size=9, width=500)
    pairs, _ = run(page)
    assert [p.panel_caption for p in pairs] == ["Lung. A-lines.", "Lung. B-lines."]
    assert [p.panel for p in pairs] == [None, None]


def test_table_logo_and_frame_without_words():
    page = (
        PageBuilder()
        .text(50, 60, "Table 1. Measurements of all patients", size=9)
        .picture(50, 80, 550, 200, ultrasound=0.1)
    )
    page.picture(500, 700, 560, 740, ultrasound=0.1)
    page.picture(50, 500, 300, 700, ultrasound=0.95)
    pairs, found = run(page)
    assert sorted(record.code for _, record in found if isinstance(record, Unpaired)) == [
        "PICTURE_WITHOUT_TEXT",
        "TABLE",
    ]
    assert [(p.flags, p.confidence) for p in pairs] == [(("no_caption",), 0.25)]


def test_every_citing_paragraph_is_context_with_its_page_and_box():
    first = PageBuilder(1).text(50, 40, "2. Case report", role="section", bold=True, size=12)
    first.text(50, 60, "The mass was large and mobile on both days (Figs. 1–3) in this patient.", width=500)
    first.text(50, 100, "No other finding was made in the remaining examination of this patient.", width=500)
    second = PageBuilder(2).text(
        50, 60, "As was seen before in Figure 2(b), the mass had grown much by then.", width=500
    )
    for i in range(3):
        second.picture(50, 120 + 200 * i, 280, 260 + 200 * i).text(50, 265 + 200 * i, f"Figure {i + 1}: Mass.", size=9)
    pairs, _ = run(first, second)
    mentions = [[(e.page_number, e.bbox[1]) for e in p.context if e.kind == "mention"] for p in pairs]
    assert mentions == [[(1, 60)], [(1, 60), (2, 60)], [(1, 60)]]
    assert [e.text for e in pairs[0].context if e.kind == "heading"] == ["2. Case report"]
    assert all(len({e.id for e in p.context}) == len(p.context) for p in pairs)


def test_passages_hold_prose_under_their_headings_and_no_captions():
    page = PageBuilder().text(50, 40, "1. Technique", role="section", bold=True, size=12).text(50, 60, *BODY, width=500)
    page.picture(50, 120, 280, 260).text(50, 265, "Figure 1: Probe in use at the knee of the patient.", size=9)
    page.text(50, 300, "References", role="section", bold=True, size=12)
    page.text(50, 320, "[1] Somebody A. A long title of a paper about the probe. Journal of Probes. 2010.", width=500)
    _, found = run(page)
    (passage,) = [record for _, record in found if isinstance(record, Passage)]
    assert passage.heading_path == ("1. Technique",) and passage.text.endswith("knowledge of the first result.")
    assert [e.text for e in passage.evidence] == [passage.text]

"""How books and papers set figures, English and Chinese: labels, places, plates, shared and continued captions."""

import pytest

from tests.pairing.builder import BODY, PageBuilder
from tests.pairing.test_cases import run

BODY_ZH = (
    "患者取仰卧位，使用高频线阵探头沿血管走行方向依次进行横切面及纵切面扫查，",
    "测量血管内径并记录血流频谱，所有测量均重复三次取平均值，由两名医师独立完成。",
)


@pytest.mark.parametrize(
    ("label", "words"),
    [
        ("Fig. 2-1. ", "Left renal cyst."),
        ("Fíg. 2-l. ", "Left renal cyst."),
        ("Fig, 2–1. ", "Left renal cyst."),
        ("FIGURE 2.1 | ", "Left renal cyst."),
        ("Flg.2-1. ", "Left renal cyst."),
        ("Figure S1. ", "Left renal cyst."),
        ("Supplementary Figure 1. ", "Left renal cyst."),
        ("Figure A.1. ", "Left renal cyst."),
        ("Fig. IV. ", "Left renal cyst."),
        ("Plate III. ", "Left renal cyst."),
        ("Image 3. ", "Left renal cyst."),
        ("Scheme 1. ", "Left renal cyst."),
        ("Panel 2. ", "Left renal cyst."),
        ("Photo 7: ", "Left renal cyst."),
        ("图l6-1-3　", "左肾囊肿"),
        ("图１６－１－３：", "左肾囊肿"),
        ("图16—1—3 ", "左肾囊肿"),
        ("图1O-2 ", "左肾囊肿"),
        ("图2.1　", "左肾囊肿"),
        ("图Ⅱ-1　", "左肾囊肿"),
        ("图十二　", "左肾囊肿"),
        ("【图3】", "左肾囊肿"),
        ("照片3　", "左肾囊肿"),
        ("插图 2-1　", "左肾囊肿"),
        ("图版Ⅲ　", "左肾囊肿"),
        ("彩图 5　", "左肾囊肿"),
    ],
)
def test_labels_of_all_kinds_are_taken_off_their_captions(label, words):
    page = PageBuilder().picture(50, 60, 550, 260).text(60, 268, label + words, size=9)
    page.text(50, 320, *(BODY_ZH if words == "左肾囊肿" else BODY), width=500)
    (pair,) = run(page)[0]
    assert pair.caption == words == pair.panel_caption
    assert pair.figure_number and pair.figure_number.strip(" .:|　：【】") in label
    assert pair.flags == () and pair.confidence == 1


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize(
    "lines",
    [
        ("Figure 2-1. Transverse section", "of the thyroid gland with", "a hypoechoic nodule."),
        ("图2-1　甲状腺横切面", "示低回声结节"),
    ],
)
def test_captions_beside_their_pictures(side, lines):
    picture = (44, 60, 330, 200) if side == "right" else (270, 60, 556, 200)
    page = PageBuilder().picture(*picture).text(345 if side == "right" else 60, 70, *lines, size=8.5, width=195)
    page.text(44, 300, *BODY, width=500)
    (pair,) = run(page)[0]
    assert pair.caption.replace(" ", "") == "".join(lines).replace(" ", "").split("2-1")[1].lstrip(".　")


def test_captions_above_in_chinese():
    page = PageBuilder()
    for i, organ in enumerate(("肝", "脾", "肾")):
        page.text(100, 60 + 230 * i, f"图1-{i + 1}　正常{organ}脏", size=9).picture(
            50, 80 + 230 * i, 550, 270 + 230 * i
        )
    assert [p.caption for p in run(page)[0]] == ["正常肝脏", "正常脾脏", "正常肾脏"]


def test_panel_a_bottom_left_and_b_top_right_in_english():
    page = PageBuilder().text(50, 60, *BODY, width=230)
    page.picture(50, 500, 280, 660).text(155, 664, "(A)").picture(320, 60, 550, 220).text(425, 224, "(B)")
    page.text(320, 245, "Figure 3. (A) Long axis view. (B) Short axis view.", size=9, width=230)
    page.text(320, 300, *BODY, width=230)
    assert {p.source.bbox[:2]: (p.panel, p.panel_caption) for p in run(page)[0]} == {
        (50, 500): ("A", "Long axis view."),
        (320, 60): ("B", "Short axis view."),
    }


def test_group_of_a_caption_runs_over_two_pages():
    first = PageBuilder(1).text(50, 60, *BODY, width=500).picture(50, 560, 280, 720).text(155, 724, "(a)")
    second = PageBuilder(2).picture(50, 60, 280, 220).text(155, 224, "(b)")
    second.text(50, 245, "Figure 5. (a) Before and (b) after drainage of the cyst.", size=9, width=500)
    pairs, _ = run(first, second)
    assert [(p.source.page_number, p.figure_number) for p in pairs] == [(1, "Figure 5"), (2, "Figure 5")]
    assert len({p.figure_id for p in pairs}) == 1
    assert all("caption_other_page" in p.flags and p.confidence < 0.8 for p in pairs if p.source.page_number == 1)


def test_note_without_a_marker_and_note_in_english_on_the_next_page():
    first = PageBuilder(1).text(60, 480, "1-2-3  Splenic cyst", role="section", bold=True)
    first.picture(50, 500, 280, 660).text(160, 664, "A").picture(320, 500, 550, 660).text(430, 664, "B")
    second = PageBuilder(2).text(50, 60, "Key points: (A) Long axis; (B) short axis with the cyst.", width=400)
    second.text(50, 120, *BODY, width=500)
    pairs, _ = run(first, second)
    assert [(p.panel, p.title, p.panel_note) for p in pairs] == [
        ("A", "Splenic cyst", "Long axis"),
        ("B", "Splenic cyst", "short axis with the cyst."),
    ]
    page = PageBuilder().text(60, 100, "1-1-1  肌疝", role="section").picture(50, 120, 280, 280).text(160, 284, "A")
    page.picture(320, 120, 550, 280).text(430, 284, "B").text(50, 310, "A图为纵切面，筋膜完整；B图为横切面，见缺损。")
    assert [p.panel_note for p in run(page)[0]] == ["纵切面，筋膜完整", "横切面，见缺损。"]


@pytest.mark.parametrize(
    ("printed", "words"),
    [
        (("图2-1　左肾囊肿，后方回声增强",), ("图2-2　右肾结石，后方伴声影",)),
        (("Figure 1. Left renal cyst of a child.",), ("Figure 2. Right renal stone with shadow.",)),
    ],
)
def test_two_captions_on_one_line_as_two_blocks_or_as_one(printed, words):
    for is_joined in (False, True):
        page = PageBuilder().picture(50, 60, 280, 260).picture(320, 60, 550, 260)
        if is_joined:
            page.text(50, 268, printed[0] + " " * 8 + words[0], size=9, width=480)
        else:
            page.text(60, 268, printed[0], size=9).text(330, 268, words[0], size=9)
        captions = [p.caption for p in run(page)[0]]
        assert captions == [
            text.split(maxsplit=1)[1].removeprefix("1. ").removeprefix("2. ") for text in (*printed, *words)
        ]


@pytest.mark.parametrize("label", ["Figs. 2 and 3. ", "Figures 2-3: ", "图2、图3　", "图2～3　"])
def test_one_caption_for_two_figures_goes_to_both_with_their_own_numbers(label):
    words = "Both kidneys of the same child." if label.isascii() else "同一患儿的双侧肾脏"
    cited = "As in Fig. 3 the kidney is small." if label.isascii() else "如图3所示，该侧肾脏体积明显缩小，皮质变薄。"
    page = PageBuilder().picture(50, 60, 280, 260).picture(320, 60, 550, 260).text(150, 268, label + words, size=9)
    page.text(50, 330, cited, width=500)
    pairs, _ = run(page)
    assert [p.caption for p in pairs] == [words, words]
    assert len({p.figure_id for p in pairs}) == 2
    assert all("caption_shared" in p.flags and p.confidence < 1 for p in pairs)
    assert [[e.text for e in p.context if e.kind == "mention"] for p in pairs] == [[], [cited]]


@pytest.mark.parametrize(
    "label",
    [
        "续图1-2",
        "图1-2（续）",
        "（续图1-2）",
        "图1-2 续",
        "Fig. 1-2 (continued)",
        "Fig. 1-2 (cont’d).",
        "Fig. 1-2, continued",
    ],
)
def test_continued_figures_share_identity_and_words(label):
    first = PageBuilder(1).picture(50, 60, 280, 200).text(160, 204, "A").picture(320, 60, 550, 200).text(430, 204, "B")
    first.text(50, 230, "图1-2　颈部肿物。A：灰阶；B：彩色；C：频谱", size=9)
    second = PageBuilder(2).picture(50, 60, 280, 200).text(160, 204, "C").text(50, 230, label, size=9)
    pairs, _ = run(first, second)
    assert [(p.panel, p.panel_caption) for p in pairs] == [
        ("A", "颈部肿物。灰阶"),
        ("B", "颈部肿物。彩色"),
        ("C", "颈部肿物。频谱"),
    ]
    assert len({p.figure_id for p in pairs}) == 1 and all("continued" in p.flags for p in pairs)


@pytest.mark.parametrize(
    ("heading", "plate", "words"),
    [
        ("Legends to plates", "Plate {}", ("Normal thyroid gland.", "Thyroid nodule.", "Goitre of both lobes.")),
        ("图版说明", "图版{}", ("正常甲状腺", "甲状腺结节", "双叶甲状腺肿大")),
    ],
)
def test_plates_whose_legends_are_gathered_at_the_end_of_the_chapter(heading, plate, words):
    pages = []
    for i in range(3):
        page = PageBuilder(i + 1).picture(50, 60, 550, 600).text(250, 610, plate.format(i + 1), size=9)
        pages.append(page)
    last = PageBuilder(5).text(50, 60, heading, role="section", bold=True, size=14)
    for i, text in enumerate(words):
        last.text(50, 100 + 40 * i, f"{plate.format(i + 1)}. {text}", width=400)
    pairs, _ = run(*pages, PageBuilder(4).text(50, 60, *BODY, width=500), last)
    assert [p.caption for p in pairs] == list(words)
    assert all("caption_elsewhere" in p.flags and p.confidence < 0.9 for p in pairs)


def test_legends_on_the_page_that_faces_the_plates():
    left = PageBuilder(2).text(50, 60, "Fig. 7-1. Four-chamber view.", size=9, role="caption")
    left.text(50, 90, "Fig. 7-2. Aortic arch.", size=9, role="caption")
    right = PageBuilder(3).picture(50, 60, 550, 380).picture(50, 420, 550, 740)
    pairs, _ = run(left, right)
    assert [p.caption for p in pairs] == ["Four-chamber view.", "Aortic arch."]
    assert all("caption_by_order" in p.flags and p.confidence < 0.6 for p in pairs)


@pytest.mark.parametrize(
    ("sentence", "label"),
    [
        ("图7 所示为同一患者术后的超声表现，病灶已明显缩小。", "图1　左肾"),
        ("图7A、B显示同一患者术后的超声表现，病灶已明显缩小。", "图1　左肾"),
        ("Fig. 4a and b show the same kidney after treatment.", "Figure 1: Kidney."),
        ("Figures 2 and 3 show the same kidney after treatment.", "Figure 1: Kidney."),
        ("Plate 4 shows the same kidney after treatment of it.", "Figure 1: Kidney."),
        ("Image 2 was taken after treatment of the same kidney.", "Figure 1: Kidney."),
    ],
)
def test_sentences_that_begin_like_labels(sentence, label):
    page = PageBuilder().picture(50, 60, 550, 260).text(60, 268, label, size=9)
    page.text(50, 292, sentence, *(BODY_ZH if "图" in sentence else BODY), width=500)
    (pair,) = run(page)[0]
    assert pair.caption in ("左肾", "Kidney.")


@pytest.mark.parametrize(
    "order", [("图2-1　左肾囊肿", "Fig. 2-1 Left renal cyst"), ("Fig. 2-1. Left renal cyst", "图2-1　左肾囊肿")]
)
@pytest.mark.parametrize("is_one_block", [True, False])
def test_bilingual_captions_belong_together(order, is_one_block):
    page = PageBuilder().picture(50, 60, 550, 260)
    if is_one_block:
        page.text(60, 268, *order, size=9)
    else:
        page.text(60, 268, order[0], size=9).text(60, 284, order[1], size=9)
    page.picture(50, 400, 550, 600).text(60, 608, "图2-2　右肾结石", size=9).text(
        60, 624, "Fig. 2-2 Right renal stone", size=9
    )
    page.text(50, 700, *BODY_ZH, width=500)
    pairs, _ = run(page)
    assert len(pairs) == 2
    assert "左肾囊肿" in pairs[0].caption and "Left renal cyst" in pairs[0].caption
    assert "Fig" not in pairs[0].caption and "图" not in pairs[0].caption and "2-1" not in pairs[0].caption
    assert "右肾结石" in pairs[1].caption and "Right renal stone" in pairs[1].caption
    assert "左" not in pairs[1].caption and pairs[0].confidence >= 0.9


@pytest.mark.parametrize("words", ["Longitudinal view of the liver in a healthy adult", "健康成人肝脏纵切面声像图"])
def test_small_print_without_a_label_below_a_single_picture(words):
    page = PageBuilder().text(50, 40, *(BODY_ZH if "肝" in words else BODY), width=500)
    page.picture(150, 100, 450, 300).text(170, 306, words, size=8)
    page.text(50, 400, *(BODY_ZH if "肝" in words else BODY), width=500)
    (pair,) = run(page)[0]
    assert pair.caption == words and pair.figure_number is None
    assert "caption_unlabelled" in pair.flags and 0.3 < pair.confidence < 0.8


def test_body_text_below_a_picture_is_no_unlabelled_caption():
    page = PageBuilder().picture(50, 60, 550, 300).text(50, 310, *BODY, width=500)
    (pair,) = run(page)[0]
    assert pair.caption is None and "no_caption" in pair.flags


@pytest.mark.parametrize("letters", [("A1", "A2", "B1", "B2"), ("a(i)", "a(ii)", "b(i)", "b(ii)")])
def test_nested_letters(letters):
    page = PageBuilder()
    for i, letter in enumerate(letters):
        x, y = 50 + 270 * (i % 2), 60 + 200 * (i // 2)
        page.picture(x, y, x + 230, y + 160).text(x + 105, y + 164, letter, size=8)
    page.text(50, 450, "Figure 1: (a) Left kidney. (b) Right kidney.", size=9, width=500)
    pairs, _ = run(page)
    assert [p.panel for p in pairs] == list(letters)
    assert [p.panel_caption for p in pairs] == ["Left kidney."] * 2 + ["Right kidney."] * 2


def test_nested_letters_with_clauses_of_their_own_and_roman_panels():
    page = PageBuilder().picture(50, 60, 280, 200).text(155, 204, "(A1)", size=8)
    page.picture(320, 60, 550, 200).text(425, 204, "(A2)", size=8)
    page.text(50, 230, "Figure 1: (A1) Long axis. (A2) Short axis.", size=9, width=500)
    page.picture(50, 400, 280, 540).text(155, 544, "(i)", size=8).picture(320, 400, 550, 540).text(
        425, 544, "(ii)", size=8
    )
    page.text(50, 570, "Figure 2: Kidney. (i) Cortex; (ii) medulla.", size=9, width=500)
    assert [(p.panel, p.panel_caption) for p in run(page)[0]] == [
        ("A1", "Long axis."),
        ("A2", "Short axis."),
        ("i", "Kidney. Cortex"),
        ("ii", "Kidney. medulla."),
    ]


@pytest.mark.parametrize("words", ["Figure 1: (A) Left kidney. (B) Right kidney.", "图1-1　A：左肾；B：右肾"])
@pytest.mark.parametrize("place", ["above", "below", "inside"])
def test_letters_above_below_and_inside_the_pictures(words, place):
    page = PageBuilder()
    for x, letter in ((50, "A"), (320, "B")):
        page.picture(x, 80, x + 230, 220, inside=[(letter, 0.06, 0.07)] if place == "inside" else [])
        if place != "inside":
            page.text(x + 110, 66 if place == "above" else 224, letter)
    page.text(50, 250, words, size=9, width=500)
    pairs, _ = run(page)
    assert [(p.panel, p.panel_caption.strip(".")) for p in pairs] == (
        [("A", "Left kidney"), ("B", "Right kidney")] if words.isascii() else [("A", "左肾"), ("B", "右肾")]
    )


def test_words_below_each_panel_in_chinese():
    page = PageBuilder().picture(50, 60, 280, 200).text(120, 204, "A 左肾纵切面", size=8)
    page.picture(320, 60, 550, 200).text(390, 204, "B 右肾横切面", size=8)
    page.text(200, 230, "图1-1　双侧肾脏", size=9)
    assert [(p.panel, p.panel_caption) for p in run(page)[0]] == [
        ("A", "左肾纵切面 双侧肾脏"),
        ("B", "右肾横切面 双侧肾脏"),
    ]

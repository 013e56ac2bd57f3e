from __future__ import annotations

import pytest

from remud_gen.llm.extractive import DISCLAIMER, ExtractiveClient
from remud_gen.protocols import WantedItem
from tests.llm.extractive_samples import ask, ask_one, make_request, spans_of

MUSCLE = (
    "Transverse section on the anterolateral aspect of left upper leg showing the defect of size 9.9 mm in echogenic "
    "fascia (marked by arrow) with herniation of underlying tibialis anterior muscle."
)
PAROTID = "右侧腮腺增大，内见散在低回声区（箭头）。"


def test_label_of_the_key_is_asked_where_it_is_burned_in() -> None:
    item = ask_one("anatomy", cap="Scan. LK: left kidney; SP, spleen.", ocr=["LK", "4 cm"])
    assert "LK" in item.question
    assert item.answer == "The label LK marks the left kidney."
    quotes = {(quote.span_id, quote.quote) for quote in item.claims[0].evidence}
    assert quotes == {("cap", "LK: left kidney"), ("ocr1", "LK")}


def test_label_that_is_not_on_this_panel_is_not_asked() -> None:
    reply = ask(make_request(spans_of(note="LK：左肾；RK：右肾。", ocr=["RK"]), language="zh"))
    assert reply.items
    assert all("LK" not in item.question for item in reply.items)


def test_plane_and_its_options_are_parallel() -> None:
    item = ask_one("plane", "mcq", key="C", cap="Apical 4-chamber view. Left atrial mass.")
    assert item.answer_key == "C"
    texts = [option.text for option in item.options]
    assert texts[2] == "apical 4-chamber view"
    assert all(text.endswith("view") and any(c.isdigit() for c in text) for text in texts)


@pytest.mark.parametrize(
    ("caption", "qtype", "right", "mark"),
    [
        ("Apical 4 chamber view. Left atrial mass.", "plane", "apical 4 chamber view", "chamber view"),
        ("Apical four chamber view. Left atrial mass.", "plane", "apical four chamber view", " chamber view"),
        ("Transesophageal echo of a left atrial mass.", "modality", "transesophageal echo", "echo"),
        ("Transesophageal echocardiogram of a mass.", "modality", "transesophageal echocardiogram", "echocardiogram"),
    ],
)
def test_spelling_does_not_give_the_right_option_away(caption: str, qtype: str, right: str, mark: str) -> None:
    texts = [option.text for option in ask_one(qtype, "mcq", key="A", cap=caption).options]
    assert texts[0] == right
    assert all(text.endswith(mark) and "-chamber" not in text for text in texts)


def test_of_a_picture_whose_panels_were_not_parted_nothing_is_told_that_holds_of_one() -> None:
    spans = spans_of(cap="B-mode image of the apical 4 chamber view. Doppler image of mitral inflow.")
    assert {item.qtype for item in ask(make_request(spans)).items} >= {"plane", "finding"}
    reply = ask(make_request(spans, flags=("panels_not_separable",)))
    assert not {item.qtype for item in reply.items} & {"plane", "finding"}


def test_when_a_thing_comes_up_is_not_how_it_looks() -> None:
    text = "The thyroid gland appears in the third week of life as a well-defined cystic sac."
    reply = ask(make_request(spans_of(body=text), is_visual=False))
    assert all("appearance" not in item.question and not item.question.startswith("How") for item in reply.items)
    text = "Acute thyroiditis typically appears as a poorly defined hypoechoic area in the thyroid gland."
    assert ask(make_request(spans_of(body=text), is_visual=False)).items


def test_measurement_from_a_caption_names_what_was_measured() -> None:
    item = ask_one("measurement", cap=MUSCLE)
    assert item.answer == "The size of the defect is 9.9 mm."
    assert item.claims[0].evidence[0].quote == "the defect of size 9.9 mm"


def test_measurement_printed_into_the_picture() -> None:
    item = ask_one("measurement", cap="Left kidney.", ocr=["C5-1", "14 cm", "+ Dist 13.20 cm"])
    assert item.answer == "The value of Dist is 13.20 cm."
    assert item.claims[0].support == "burned_in"


def test_false_value_is_denied_with_the_true_one() -> None:
    item = ask_one("measurement", "yesno", key="no", cap=MUSCLE)
    assert "9.9" not in item.question
    assert item.answer == "No, the size of the defect is 9.9 mm."


def test_marker_is_resolved_to_the_words_before_it() -> None:
    item = ask_one("finding", cap="Intestine (long arrow) compressed by the cyst (short arrow).")
    assert item.answer in {
        "The long arrow indicates the intestine.",
        "The short arrow indicates the cyst.",
        "The image shows intestine compressed by the cyst.",
    }


def test_finding_without_marker_brackets_and_with_its_words_quoted() -> None:
    item = ask_one("finding", language="zh", note=PAROTID)
    assert item.answer == "图像显示右侧腮腺增大，内见散在低回声区。"
    assert "右侧腮腺" in item.question
    assert item.claims[0].evidence[0].quote == PAROTID


def test_false_finding_exchanges_one_word_and_answers_with_the_truth() -> None:
    item = ask_one("finding", "yesno", "reasoning", "no", language="zh", note=PAROTID)
    assert "缩小" in item.question or "高回声" in item.question
    assert item.answer == "否，图像显示右侧腮腺增大，内见散在低回声区。"
    assert item.thinking is not None
    assert item.thinking.endswith("不一致。")


def test_finding_options_differ_in_one_property() -> None:
    item = ask_one("finding", "mcq", key="B", cap="Hypoechoic nodule in the right lobe.")
    words = {option.text.split(" nodule")[0].split()[-1].lower() for option in item.options}
    assert words == {"hypoechoic", "hyperechoic", "anechoic", "isoechoic"}


def test_diagnosis_only_where_the_text_names_it_for_sure() -> None:
    sure = ask_one("diagnosis", cap="Hyperechoic renal mass, confirmed with biopsy as renal cell carcinoma.")
    assert sure.answer == "The diagnosis is renal cell carcinoma."
    reply = ask(make_request(spans_of(cap="Hyperechoic renal mass, possibly consistent with renal cell carcinoma.")))
    assert all(item.qtype != "diagnosis" for item in reply.items)


def test_title_is_no_diagnosis_above_a_normal_finding() -> None:
    wanted = [WantedItem("diagnosis", "open", "direct")]
    sick = ask(make_request(spans_of(title="胆囊结石", note="胆囊腔内见强回声团，后方伴声影。"), wanted, language="zh"))
    assert sick.items[0].answer == "诊断为胆囊结石。"
    well = ask(make_request(spans_of(title="胆囊结石", note="正常胆囊，胆囊壁光滑，回声均匀。"), wanted, language="zh"))
    assert all(item.qtype != "diagnosis" for item in well.items)


def test_what_a_structure_shows_is_told_with_the_structure() -> None:
    item = ask_one("finding", cap="On transverse sonogram of the neck, right lobe displays homogeneous texture.")
    assert "right lobe displays" in item.answer


def test_size_belongs_to_the_thing_not_to_the_clause_before_it() -> None:
    item = ask_one("measurement", language="zh", note="左侧乳腺低回声肿块，平行生长，边界清楚，约15mm×9mm。")
    assert item.answer == "左侧乳腺低回声肿块的大小约15mm×9mm。"


def test_definition_in_running_text() -> None:
    text = "Hydronephrosis is dilatation of the renal pelvis caused by obstruction. It was seen in our patients."
    item = ask_one("knowledge", body=[text], is_visual=False)
    assert item.answer == "Hydronephrosis is dilatation of the renal pelvis caused by obstruction."
    chinese = ask_one("knowledge", body=["尿路梗阻使肾盂和肾盏扩张，称为肾积水。"], is_visual=False, language="zh")
    assert "肾积水" in chinese.question
    assert chinese.answer == "尿路梗阻使肾盂和肾盏扩张，称为肾积水。"


def test_reference_value_keeps_its_limit() -> None:
    item = ask_one(
        "knowledge", "open", "reasoning", body=["门静脉正常内径不超过13mm。"], is_visual=False, language="zh"
    )
    assert item.answer == "门静脉正常内径不超过13mm。"
    assert item.thinking is None or "不超过13mm" in item.thinking


@pytest.mark.parametrize(
    ("texts", "reason"),
    [
        ({"cap": "Flowchart of the systematic review."}, "drawing"),
        ({"cap": "Magnetic resonance imaging of the fetal cyst."}, "not of ultrasound"),
        ({"cap": "See text."}, "no fact"),
        ({"cap": ""}, "no fact"),
        ({"ocr": ["L12-3", "4 cm"]}, "no fact"),
    ],
)
def test_nothing_is_invented(texts: dict[str, object], reason: str) -> None:
    reply = ask(make_request(spans_of(**texts)))
    assert reply.items == []
    assert reply.unusable_reason is not None
    assert reason in reply.unusable_reason


def test_chinese_words_give_no_english_items() -> None:
    reply = ask(make_request(spans_of(cap=PAROTID), language="en"))
    assert reply.items == []


def test_two_views_in_one_caption_settle_neither() -> None:
    cap = "Longitudinal and transverse section of the liver. (a) Longitudinal section. (b) Transverse section."
    assert all(item.qtype != "plane" for item in ask(make_request(spans_of(cap=cap))).items)


def test_the_client_says_what_it_is() -> None:
    assert "no replacement for a model" in DISCLAIMER
    assert "no replacement for a model" in (ExtractiveClient.__doc__ or "")
    assert not ExtractiveClient.is_network


def test_a_sentence_that_breaks_off_is_no_finding() -> None:
    reply = ask(make_request(spans_of(cap="Sonogram showing a defect in the echogenic fascia with outward")))
    assert all(item.qtype != "finding" for item in reply.items)
    whole = ask(make_request(spans_of(cap="Sonogram showing a large left atrial mass of 6.6 × 3.1 cm size and")))
    assert "The image shows a large left atrial mass of 6.6 × 3.1 cm size." in [item.answer for item in whole.items]


def test_general_words_are_no_options_beside_special_ones() -> None:
    wanted = [WantedItem("finding", "mcq", "direct", "A")]
    reply = ask(make_request(spans_of(note="肝左叶低回声结节；红箭头示病灶。"), wanted, language="zh"))
    for item in reply.items:
        assert "病灶" not in [option.text for option in item.options]

from __future__ import annotations

import pytest

from remud_gen.config import Config
from remud_gen.filters.refusal import is_boilerplate
from remud_gen.stages.filter import FilterStage, judge
from tests.filters.quadruplets import chinese, english, find_codes, find_rejections


@pytest.mark.parametrize(
    "answer",
    [
        "抱歉,我无法查看图片。",
        "根据提供的信息无法确定诊断。",
        "作为AI语言模型,我不能诊断。",
        "图像信息不足,无法判断病变性质。",
        "我看不到图片。",
        "无法判断。",
        "很抱歉,无法回答该问题。",
    ],
)
def test_chinese_refusals(answer) -> None:
    assert "REFUSAL" in find_rejections(chinese(answer=answer))


@pytest.mark.parametrize(
    "answer",
    [
        "I'm sorry, but I can't view images.",
        "As an AI, I cannot give a diagnosis.",
        "No image was provided.",
        "It is not possible to determine this from the information given.",
        "There is not enough information to answer.",
        "It cannot be determined from the provided information.",
        "I don't have access to the image.",
    ],
)
def test_english_refusals(answer) -> None:
    assert "REFUSAL" in find_rejections(english(answer=answer))


@pytest.mark.parametrize(
    "answer",
    [
        "The left lobe cannot be demonstrated.",
        "The vein cannot be compressed.",
        "管腔不能被完全压瘪。",
        "左叶无法显示。",
    ],
)
def test_findings_that_say_cannot_are_no_refusals(answer) -> None:
    record = chinese(answer=answer) if not answer.isascii() else english(answer=answer)
    assert "REFUSAL" not in find_codes(record)


@pytest.mark.parametrize(
    "sentence",
    [
        "Please consult your doctor.",
        "Clinical correlation is recommended.",
        "需要结合临床情况和其他检查综合判断。",
        "建议咨询医生。",
        "Further evaluation by a specialist is recommended.",
    ],
)
def test_standing_advice_is_recognised(sentence) -> None:
    assert is_boilerplate(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "结合临床表现,考虑胆囊结石。",
        "Imaging findings agree with the clinical history of cirrhosis.",
        "建议6个月后复查。",
        "Image-guided biopsy of the solid component is appropriate.",
    ],
)
def test_advice_with_content_is_not(sentence) -> None:
    assert not is_boilerplate(sentence)


def test_answer_of_advice_alone_is_rejected_and_a_sentence_of_it_removed() -> None:
    assert "BOILERPLATE" in find_rejections(english(answer="Please consult a qualified healthcare professional."))
    kept = english().answer
    judged = judge(english(answer=f"{kept} Please consult your doctor."), FilterStage(Config()).filters)
    assert judged.status == "kept"
    assert judged.answer == kept
    (fix,) = judged.verdicts
    assert (fix.code, fix.severity, fix.replacement) == ("BOILERPLATE", "fix", kept)
    assert fix.original == f"{kept} Please consult your doctor."

from __future__ import annotations

import pytest

from remud_gen.records import Turn
from tests.filters.quadruplets import chinese, choice, claim, english, find_codes, find_rejections, options, spans

LEAKS = {
    "REF_FIGNUM": [
        "如图2-3所示,肝脏增大。",
        "见插图5。",
        "由图三可知壁厚。",
        "在16-2-1的图中可见。",
        "As seen in Fig. 4a, it is thick.",
        "Figs. 2 and 3 show it.",
        "Plate 2 shows it.",
        "See Table 3.",
        "Video 2 demonstrates it.",
    ],
    "REF_PANEL": [
        "A图显示肾囊肿。",
        "图B部分为多囊肾。",
        "A、B图分别代表什么?",
        "子图a中可见。",
        "Panel B shows it.",
        "Image (A) shows it.",
        "(b) The lesion is dark.",
        "In (A), the wall is thick.",
    ],
    "REF_OTHER_IMAGE": [
        "这张超声图像和前一张一样。",
        "与上一幅图相比变大。",
        "结合之前的图像描述可知。",
        "Unlike the previous image, it is dark.",
        "It differs from the other image.",
        "As in the image above.",
        "The second image is darker.",
    ],
    "REF_SOURCE_TEXT": [
        "根据图解要点可知。",
        "书中提到壁厚。",
        "本页文字说明指出壁厚。",
        "According to the caption, it is thick.",
        "The text states so.",
        "As the legend says, it is thick.",
        "原文指出壁厚。",
        "Based on the passage, it is thick.",
    ],
    "PAIR_CONFLICT_HEDGE": [
        "虽然标题是肾脏缩小,但图像显示增大。",
        "这张超声图像看起来不太像肾脏。",
        "Although the caption says kidney, it is liver.",
        "The image does not match the caption.",
        "图文不符。",
    ],
}
CLEAN = [
    "A型超声以波幅显示回声。",
    "B型超声图像清晰。",
    "每1-2-6个月随访一次。",
    "T3期肿瘤。",
    "BI-RADS 3类。",
    "前列腺增大。",
    "既往剖宫产史。",
    "上一次检查正常。",
    "后副作用轻微。",
    "心电图3导联异常。",
    "临床资料显示发热。",
    "与前次检查比较无变化。",
    "如图所示的肿块为低回声。",
    "A figure-of-eight knot is visible.",
    "M-mode shows motion.",
    "A-lines are visible.",
    "The graft arises from the aorta.",
    "It occurs in the context of sepsis.",
    "This is the source of bleeding.",
    "She had a previous cesarean section.",
    "Group A streptococcus.",
    "The first trimester scan.",
    "The next step is biopsy.",
    "The vein lies below the diaphragm.",
]


@pytest.mark.parametrize(("code", "text"), [(code, text) for code, texts in LEAKS.items() for text in texts])
def test_leaks_are_rejected_wherever_they_stand(code, text) -> None:
    base = english if text[-2].isascii() and text[0].isascii() and text.isascii() else chinese
    turn = Turn(question=text, thinking="It is seen well here.", answer="Yes.")
    for record in (base(question=text), base(thinking=text), base(answer=text), base(turns=(turn,))):
        assert code in find_rejections(record)
    assert code in find_rejections(choice(options=options("Inflammation", text, "x", "y")))


@pytest.mark.parametrize("text", CLEAN)
def test_words_that_look_like_leaks(text) -> None:
    assert not set(LEAKS) & set(find_codes(english(answer=text) if text.isascii() else chinese(answer=text)))


@pytest.mark.parametrize(
    "text", ["The user wants JSON output.", "用户要求生成一个四元组。", "I must not mention the caption here."]
)
def test_task_talk_has_a_code_of_its_own_in_thinking(text) -> None:
    base = english if text.isascii() else chinese
    assert "THINK_META" in find_rejections(base(thinking=text))
    assert "REF_TASK" in find_rejections(base(answer=text))


def test_arrows_and_halves_need_a_source_that_speaks_of_them() -> None:
    arrow = english(question="What does the white arrow on this image point to?")
    assert find_codes(arrow)["REF_ANNOTATION"] == "review"
    supported = spans(cap=f"{english().evidence[0].text} White arrow: the wall.")
    assert "REF_ANNOTATION" not in find_codes(arrow.model_copy(update={"evidence": supported}))
    half = english(question="What does the left panel of this image show?")
    assert find_codes(half)["REF_PANEL"] == "review"
    supported = spans(cap=f"Left panel: {english().evidence[0].text}")
    assert "REF_PANEL" not in find_codes(half.model_copy(update={"evidence": supported}))


@pytest.mark.parametrize("question", ["图中所示的脂肪肝有哪些表现?", "What does this image show about cysts?"])
def test_text_only_questions_cannot_point_at_pictures(question) -> None:
    base = english if question.isascii() else chinese
    assert "IMAGE_REF_IN_TEXT_QA" in find_rejections(base(question=question, kind="qa", images=()))


def test_text_only_questions_may_be_about_pictures_in_general() -> None:
    record = english(
        kind="qa",
        images=(),
        qtype="knowledge",
        question="How does gain affect ultrasound images of a cyst?",
        claims=(claim("Gain brightens echoes", "Gain brightens echoes", "physics", "ctx"),),
        answer="Gain brightens echoes.",
        evidence=spans(ctx="Gain brightens echoes."),
    )
    assert "IMAGE_REF_IN_TEXT_QA" not in find_codes(record)


def test_a_size_behind_the_word_image_is_no_number_of_a_figure() -> None:
    question = "Is the size of the right atrial mass in this image 2 × 2 cm?"
    assert "REF_FIGNUM" not in find_codes(english(question=question))
    assert find_codes(english(question="What is seen in image 2?"))["REF_FIGNUM"] == "reject"

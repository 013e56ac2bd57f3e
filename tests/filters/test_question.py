from __future__ import annotations

import pytest

from tests.filters.quadruplets import chinese, choice, claim, english, find_codes, find_rejections


@pytest.mark.parametrize(
    "record",
    [
        choice(question="Which process explains this inflammation of the wall on the image?"),
        english(question="Why is the wall of this gallbladder thickened by inflammation?", answer="By inflammation."),
        chinese(question="这幅图像显示胆囊壁增厚,有什么异常?", answer="胆囊壁增厚。"),
    ],
)
def test_stem_that_holds_the_answer(record) -> None:
    assert "ANSWER_IN_QUESTION" in find_rejections(record)


@pytest.mark.parametrize(
    "record",
    [
        choice(question="Is the change on this image inflammation or torsion?"),
        english(question="Is the wall of this gallbladder thickened or thinned?", answer="Thickened."),
        english(form="yesno", question="Is the wall thickened on this image?", answer="Yes, the wall is thickened."),
    ],
)
def test_alternatives_and_yes_no_repeat_words_by_nature(record) -> None:
    assert "ANSWER_IN_QUESTION" not in find_codes(record)


def test_questions_that_need_no_picture_are_for_review() -> None:
    codes = find_codes(
        english(question="What is the function of the gallbladder?", answer="It stores and concentrates bile.",
                claims=(claim("It stores and concentrates bile.", "", "knowledge"),))
    )  # fmt: skip
    assert codes["BLIND_LINT"] == "review"

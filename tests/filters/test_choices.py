from __future__ import annotations

import pytest

from tests.filters.quadruplets import choice, find_codes, options


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"answer_key": "E"}, "MCQ_KEY_INVALID"),
        ({"answer_key": None}, "MCQ_KEY_INVALID"),
        ({"options": ()}, "MCQ_KEY_INVALID"),
        ({"options": options("Inflammation", "Torsion", "torsion ", "Stones")}, "MCQ_DUP_OPTIONS"),
        ({"answer": "B. Inflammation"}, "MCQ_KEY_TEXT_MISMATCH"),
        ({"answer": "A. Torsion"}, "MCQ_KEY_TEXT_MISMATCH"),
        ({"answer": "The answer is C"}, "MCQ_KEY_TEXT_MISMATCH"),
        ({"options": options("Inflammation", "Torsion", "Stones", "None of the above")}, "MCQ_ALL_NONE"),
        ({"options": options("Inflammation", "Torsion", "Stones", "以上都不是")}, "MCQ_ALL_NONE"),
        ({"options": options("Inflammation", "Torsion", "Stones", "Both A and B")}, "MCQ_ALL_NONE"),
        ({"options": options("Inflammation with marked oedema of the whole wall", "Torsion", "Stones", "Gas")},
         "MCQ_LENGTH_CUE"),
    ],
)  # fmt: skip
def test_bad_choices_are_found(changes, code) -> None:
    assert code in find_codes(choice(**changes))


@pytest.mark.parametrize("answer", ["A", "A. Inflammation", "Inflammation.", "The answer is A: inflammation.", "选A"])
def test_ways_of_naming_the_key(answer) -> None:
    assert "MCQ_KEY_TEXT_MISMATCH" not in find_codes(choice(answer=answer))


def test_length_cue_is_for_review_only() -> None:
    record = choice(options=options("Inflammation, 7 mm", "Torsion", "Stones", "Gas"), answer="A")
    assert find_codes(record)["MCQ_LENGTH_CUE"] == "review"

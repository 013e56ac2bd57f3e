from __future__ import annotations

import pytest

from remud_gen.records import Turn
from tests.filters.quadruplets import GENERATION, build, chinese, choice, claim, english, find_codes, find_rejections


@pytest.mark.parametrize("record", [english(), chinese(), choice()], ids=["english", "chinese", "choice"])
def test_sound_records_pass_every_filter(record) -> None:
    assert find_codes(record) == {}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"question": "  "}, "EMPTY_FIELD"),
        ({"answer": "。"}, "EMPTY_FIELD"),
        ({"turns": (Turn(question="And the liver here?", thinking="It is seen well.", answer=""),)}, "EMPTY_FIELD"),
        ({"question": "What?"}, "LEN_Q"),
        ({"question": "why " * 81}, "LEN_Q"),
        ({"answer": "wall and " * 130 + "."}, "LEN_A"),
        ({"answer": "The gallbladder wall is thickened to 7 mm, sugge"}, "ANSWER_TRUNCATED"),
        ({"generation": GENERATION.model_copy(update={"finish_reason": "length"})}, "ANSWER_TRUNCATED"),
    ],
)
def test_malformed_fields_are_rejected(changes, code) -> None:
    assert code in find_rejections(english(**changes))


def test_phrase_that_ends_where_its_claim_ends_is_whole() -> None:
    phrase = "thickened wall of the inflamed gallbladder"
    record = english(answer=phrase, claims=(claim(phrase),))
    assert "ANSWER_TRUNCATED" not in find_codes(record)


def test_reports_may_be_longer() -> None:
    answer = "The wall is thickened. " * 70
    form = build("form")
    assert [v.code for v in form.check(english(answer=answer))] == ["LEN_A"]
    assert list(form.check(english(answer=answer, form="report"))) == []


def test_severity_of_a_code_can_be_changed_or_switched_off() -> None:
    record = english(question="What?")
    assert [v.severity for v in build("form", {"severities": {"LEN_Q": "info"}}).check(record)] == ["info"]
    assert list(build("form", {"severities": {"LEN_Q": "off"}}).check(record)) == []

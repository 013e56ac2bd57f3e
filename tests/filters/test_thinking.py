from __future__ import annotations

import pytest

from remud_gen.config import Config
from remud_gen.records import Turn
from remud_gen.stages.filter import FilterStage, judge
from tests.filters.quadruplets import build, chinese, choice, claim, english, find_codes, find_rejections, spans

LENGTH = spans(cap="左肾长径9.95 cm,正常范围9~12 cm。")


@pytest.mark.parametrize(
    ("record", "code"),
    [
        (english(thinking=None), "THINK_MISSING"),
        (english(turns=(Turn(question="Is flow seen here?", thinking=" ", answer="Yes."),)), "THINK_MISSING"),
        (english(thinking="It is thick."), "THINK_SHORT"),
        (chinese(thinking="壁厚7 mm。"), "THINK_SHORT"),
        (
            english(thinking="The anechoic lumen identifies the gallbladder and its wall is clearly more than the"),
            "THINK_TRUNCATED",
        ),
        (english(thinking="The gallbladder wall is thickened to 7 mm suggesting inflammation."), "THINK_COPIES_ANSWER"),
        (choice(thinking=choice().thinking.replace("is A", "is C")), "THINK_ANSWER_CONFLICT"),
        (
            choice(thinking="The wall is thick and the lumen holds bright foci with shadows, which means gallstones."),
            "THINK_ANSWER_CONFLICT",
        ),
        (
            chinese(
                form="yesno",
                question="这幅图像中胆囊壁是否增厚?",
                answer="否。",
                thinking="图像为胆囊横切面,胆囊壁测值为7 mm,超过正常的3 mm,因此胆囊壁增厚。",
            ),
            "THINK_ANSWER_CONFLICT",
        ),
        (
            chinese(
                form="yesno",
                question="图像中左肾长径是否在正常范围内?",
                answer="否,9.95 cm超出9~12 cm的正常范围。",
                thinking="图像标注左肾长径为9.95 cm,正常范围为9~12 cm,9.95 cm在9~12 cm的正常范围之内。",
                claims=(claim("左肾长径9.95 cm", kind="measurement"),),
                evidence=LENGTH,
            ),
            "THINK_ANSWER_CONFLICT",
        ),
        (
            english(
                thinking="Two lobes are compared side by side on this image, so the left lobe is the one affected.",
                answer="The right lobe is the one affected.",
            ),
            "THINK_ANSWER_CONFLICT",
        ),
    ],
)
def test_bad_thinking_is_rejected(record, code) -> None:
    assert code in find_rejections(record)


def test_thinking_of_a_direct_record_is_blanked_and_kept_beside() -> None:
    judged = judge(english(style="direct"), FilterStage(Config()).filters)
    assert judged.thinking is None
    assert judged.status == "kept"
    (fix,) = judged.verdicts
    assert (fix.code, fix.original, fix.replacement) == ("THINK_UNEXPECTED", english().thinking, "")


@pytest.mark.parametrize("answer", ["Yes, the wall is thickened to 7 mm.", "Yes."])
def test_thinking_that_leads_to_yes(answer) -> None:
    record = english(form="yesno", question="Is the gallbladder wall thickened on this image?", answer=answer)
    assert "THINK_ANSWER_CONFLICT" not in find_codes(record)


def test_weighing_two_sides_is_no_conflict() -> None:
    record = english(
        thinking="The right lobe is homogeneous and normal. The left lobe is enlarged and heterogeneous, therefore the "
        "left lobe is the abnormal one.",
        answer="The left lobe is enlarged while the right lobe is normal.",
    )
    assert "THINK_ANSWER_CONFLICT" not in find_codes(record)


def test_thinking_in_later_turns_of_a_direct_record_is_taken_out() -> None:
    turns = (
        Turn(question="How thick is it?", answer="7 mm."),
        Turn(question="Why?", thinking="Oedema.", answer="Oedema."),
    )
    judged = judge(english(style="direct", thinking="Seen.", turns=turns), [build("thinking")])
    assert [(verdict.field, verdict.severity) for verdict in judged.verdicts] == [
        ("thinking", "fix"),
        ("turns.1.thinking", "fix"),
    ]
    assert judged.thinking is None
    assert [turn.thinking for turn in judged.turns] == [None, None]
    assert judged.verdicts[1].original == "Oedema."


def test_thinking_that_is_short_for_its_answer_is_noted() -> None:
    short = english(thinking="The lumen is dark. The wall is thick at 7 mm. So the wall is inflamed.")
    assert find_codes(short)["THINK_SHORT"] == "info"
    assert "THINK_SHORT" not in {v.code for v in build("thinking", {"min_answer_lengths": 0}).check(short)}


@pytest.mark.parametrize("name", ["off", False])
def test_a_code_is_switched_off_with_or_without_quotes(name) -> None:
    missing = english(thinking=None)
    assert [v.code for v in build("thinking").check(missing)] == ["THINK_MISSING"]
    assert list(build("thinking", {"severities": {"THINK_MISSING": name}}).check(missing)) == []

from __future__ import annotations

import random

import pytest

from remud_gen.config import Config
from remud_gen.errors import ConfigError
from remud_gen.records import Quadruplet
from remud_gen.stages.base import Rejection
from remud_gen.stages.filter import FilterStage, judge
from tests.filters.quadruplets import FILTERS, english


def stage(**options) -> FilterStage:
    return FilterStage(Config.model_validate({"filter": {"options": options}}))


def test_sound_record_goes_through_unchanged() -> None:
    assert list(stage().process(english())) == [english()]


def test_rejected_record_is_kept_with_all_its_reasons() -> None:
    (outcome,) = stage().process(english(answer="See Fig. 3: Panel B shows 12 cm."))
    assert isinstance(outcome, Rejection)
    assert isinstance(outcome.record, Quadruplet)
    assert outcome.record.status == "rejected"
    codes = [verdict.code for verdict in outcome.record.verdicts]
    assert {"REF_FIGNUM", "REF_PANEL", "NUM_UNGROUNDED"} <= set(codes)
    assert outcome.code == codes[0]


def test_order_of_filters_does_not_matter() -> None:
    record = english(answer="See Fig. 3: Panel B shows 12 cm.", thinking="Short.")
    judged = judge(record, FILTERS)
    for seed in range(3):
        shuffled = random.Random(seed).sample(FILTERS, len(FILTERS))
        assert set(judge(record, shuffled).verdicts) == set(judged.verdicts)


def test_filter_switched_off_gives_no_verdicts() -> None:
    record = english(answer=f"{english().answer[:-1]} in panel B.")
    (outcome,) = stage(leaks=None).process(record)
    assert isinstance(outcome, Quadruplet)


def test_settings_change_with_options_and_only_then() -> None:
    assert stage().settings() == stage(form={}).settings()
    assert stage(form={"question_words": [1, 80]}).settings() != stage().settings()
    assert "leaks" not in stage(leaks=None).settings()


@pytest.mark.parametrize(
    ("options", "known"),
    [
        ({"nonesuch": {}}, "leaks"),
        ({"form": {"nonesuch": 1}}, "question_words"),
        ({"form": {"severities": {"NONESUCH": "off"}}}, "LEN_Q"),
        ({"form": {"severities": {"LEN_Q": "delete"}}}, "reject"),
    ],
)
def test_mistakes_in_the_configuration_name_what_is_known(options, known) -> None:
    with pytest.raises(ConfigError) as caught:
        stage(**options)
    assert known in f"{caught.value.message} {caught.value.hint}"

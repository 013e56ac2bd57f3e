"""Records of many wordings in both languages: faulty ones get their code, sound ones (hard negatives too) none."""

from __future__ import annotations

import random

import pytest

from remud_gen.stages.filter import judge
from scripts.bench_filters import WORDINGS
from scripts.filtering.wordings import build_record, read_wordings
from tests.filters.quadruplets import FILTERS

BAD = list(read_wordings(WORDINGS / "bad.tsv", is_faulty=True))
GOOD = list(read_wordings(WORDINGS / "good.tsv", is_faulty=False))
LOOKED_AT = 0.02  # of sound records, the share that may be held back for a person


def test_there_are_enough_of_both_kinds_and_languages() -> None:
    for wordings in (BAD, GOOD):
        assert len(wordings) >= 150
        assert min(sum(each.language == language for each in wordings) for language in ("en", "zh")) >= 70


@pytest.mark.parametrize("wording", BAD, ids=lambda wording: wording.name)
def test_a_faulty_record_gets_its_code(wording) -> None:
    verdicts = judge(build_record(wording), FILTERS).verdicts
    assert wording.code in {verdict.code for verdict in verdicts if verdict.severity != "info"}


@pytest.mark.parametrize("wording", GOOD, ids=lambda wording: wording.name)
def test_a_sound_record_is_not_rejected(wording) -> None:
    judged = judge(build_record(wording), FILTERS)
    assert judged.status != "rejected", [verdict for verdict in judged.verdicts if verdict.severity == "reject"]


def test_few_sound_records_are_held_back() -> None:
    held = [wording.name for wording in GOOD if judge(build_record(wording), FILTERS).status == "review"]
    assert len(held) <= LOOKED_AT * len(GOOD), held


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_filters_changes_no_verdict(seed) -> None:
    shuffled = random.Random(seed).sample(FILTERS, len(FILTERS))
    for wording in [*BAD[seed::5], *GOOD[seed::5]]:
        record = build_record(wording)
        usual, other = judge(record, FILTERS), judge(record, shuffled)
        assert set(usual.verdicts) == set(other.verdicts)
        assert usual.model_copy(update={"verdicts": ()}) == other.model_copy(update={"verdicts": ()})

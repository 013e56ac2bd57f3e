from __future__ import annotations

from remud_gen.config import Config
from remud_gen.records import Verdict
from remud_gen.stages.corpus import CorpusFilterStage
from tests.filters.quadruplets import english


def test_overlay_names_duplicates_and_ignores_rejected_records() -> None:
    rejected = english(id="q0", verdicts=(Verdict(code="REF_PANEL", severity="reject"),))
    records = [rejected, english(), english(id="q3"), english(id="q2")]
    stage = CorpusFilterStage(Config())
    overlay = list(stage.process_all(iter(records)))
    assert [(row.id, row.verdicts[0].code, row.verdicts[0].evidence) for row in overlay] == [
        ("q2", "DUP_EXACT", "of q1"),
        ("q3", "DUP_EXACT", "of q1"),
    ]
    assert list(stage.process_all(iter(records))) == overlay


def test_switched_off_filters_find_nothing() -> None:
    config = Config.model_validate({"filter": {"options": {"duplicates": None, "balance": None}}})
    assert list(CorpusFilterStage(config).process_all(iter([english(), english(id="q2")]))) == []

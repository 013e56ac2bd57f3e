from __future__ import annotations

import json

from remud_gen.filters.funnel import count_funnel
from remud_gen.records import Verdict
from tests.filters.quadruplets import chinese, english

REJECT = Verdict(code="REF_PANEL", severity="reject", field="answer", evidence="Panel B")
REVIEW = Verdict(code="BLIND_LINT", severity="review", field="question")
FIX = Verdict(code="BOILERPLATE", severity="fix", field="answer", original="a", replacement="b")


def test_counts_add_up() -> None:
    funnel = count_funnel(
        [
            english(),
            english(id="q2", verdicts=(REVIEW, REJECT)),
            chinese(id="q3", verdicts=(REVIEW,)),
            chinese(id="q4", verdicts=(FIX,)),
        ]
    )
    assert (funnel.total, funnel.kept, funnel.review, funnel.rejected, funnel.fixed) == (4, 2, 1, 1, 1)
    assert funnel.by_language == {
        "en": {"kept": 1, "review": 0, "rejected": 1},
        "zh": {"kept": 1, "review": 1, "rejected": 0},
    }
    assert funnel.by_document["book.pdf"] == {"kept": 2, "review": 1, "rejected": 1}
    blind, panel = funnel.codes["BLIND_LINT"], funnel.codes["REF_PANEL"]
    assert (blind.records, blind.first, panel.records, panel.first) == (2, 1, 1, 1)
    assert panel.examples[0].snippet == "answer: Panel B"


def test_report_is_stable_json_and_a_table() -> None:
    records = [english(id=f"q{n}", verdicts=(REJECT,)) for n in range(30)]
    funnel = count_funnel(records)
    assert json.dumps(funnel.to_json()) == json.dumps(count_funnel(iter(records)).to_json())
    assert len(funnel.codes["REF_PANEL"].examples) == 5
    lines = funnel.to_lines()
    assert "0 kept, 0 for review, 30 rejected of 30" in lines[0]
    assert any("REF_PANEL" in line and "30" in line for line in lines)
    assert lines[-1].strip().startswith("ALARM REF_PANEL rejects 100 %")


def test_filters_that_reject_nothing_at_all_raise_an_alarm() -> None:
    funnel = count_funnel(english(id=f"q{n}") for n in range(5000))
    assert "nothing was rejected" in funnel.alarms[0]
    assert count_funnel([]).to_lines() == ["filter: 0 kept, 0 for review, 0 rejected of 0"]

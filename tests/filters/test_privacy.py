from __future__ import annotations

import pytest

from tests.filters.quadruplets import CAPTION, build, english, find_rejections, spans


@pytest.mark.parametrize("field", ["question", "thinking", "answer"])
def test_identifiers_are_rejected_in_every_field_and_never_repeated(field) -> None:
    verdicts = list(build("privacy").check(english(**{field: "Patient name: John Smith, MRN 00482913."})))
    assert {verdict.code for verdict in verdicts} == {"PHI_NAME", "PHI_RECORD_NUMBER"}
    assert all(verdict.field == field and verdict.severity == "reject" for verdict in verdicts)
    assert not any("Smith" in verdict.evidence or "0482" in verdict.evidence for verdict in verdicts)


def test_identifiers_in_sources_are_found_too() -> None:
    record = english(evidence=spans(cap=CAPTION, ocr="XX医院 李秀英 女 62岁 ID:0098123 2019-03-05 10:22:31"))
    assert {"PHI_NAME_SEX_AGE", "PHI_RECORD_NUMBER", "PHI_EXAM_TIME"} <= find_rejections(record)


def test_resident_id_without_label_and_checksum_is_for_review() -> None:
    privacy = build("privacy")
    assert [v.severity for v in privacy.check(english(answer="No. 110101198003071239."))] == ["reject"]
    assert [v.severity for v in privacy.check(english(answer="No. 110101198003071234."))] == ["review"]

from __future__ import annotations

import pytest

from remud_gen.records import Evidence, Source
from tests.filters.quadruplets import CAPTION, build, english, find_codes, find_rejections, spans


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


def _burned_in(*texts: str):
    return tuple(
        Evidence(id=f"ocr{n}", kind="burned_in", text=text, bbox=(10, 10 + 30 * n, 200, 28 + 30 * n))
        for n, text in enumerate(texts)
    )


def test_what_machines_print_beside_a_name_is_told_from_labels() -> None:
    spans = (*english().evidence, *_burned_in("GALLBLADDER", "Dist 7 mm", "City General Hospital", "12/03/2019"))
    found = [verdict for verdict in build("privacy").check(english(evidence=spans)) if verdict.code == "PHI_BANNER"]
    assert [(verdict.field, verdict.severity) for verdict in found] == [
        ("evidence.ocr2", "review"),
        ("evidence.ocr3", "review"),
    ]
    assert not any("Hospital" in verdict.evidence for verdict in found)


def test_in_a_clinics_picture_they_reject() -> None:
    source = Source(document_sha256="0", file="a.dcm", unit="px", page_size=(640, 480), bbox=(0, 0, 640, 480))
    record = english(evidence=(*english().evidence, *_burned_in("City General Hospital")), source=source)
    assert find_codes(record)["PHI_BANNER"] == "reject"


def test_placeholders_are_no_banner() -> None:
    assert "PHI_BANNER" not in find_codes(english(evidence=(*english().evidence, *_burned_in("[PLACE]", "[NAME]"))))


def test_a_picture_that_was_let_pass_unmasked_is_rejected() -> None:
    assert find_codes(english(flags=("unmasked",)))["PHI_PICTURE"] == "reject"

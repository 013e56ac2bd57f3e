"""One record's verdict speaks against the other records of its pair and of its picture."""

from __future__ import annotations

from remud_gen.config import Config
from remud_gen.records import ImageRef
from remud_gen.stages.corpus import CorpusFilterStage
from remud_gen.stages.filter import judge
from tests.filters.quadruplets import FILTERS, english, spans


def _image(sha256: str, derived_from: str | None = None) -> tuple[ImageRef, ...]:
    ref = ImageRef(path=f"images/{sha256}.png", sha256=sha256, width_px=640, height_px=480, derived_from=derived_from)
    return (ref,)


def _find(*records, options=None) -> dict[str, list[tuple[str, str]]]:
    stage = CorpusFilterStage(Config.model_validate({"filter": {"options": options or {}}}))
    judged = [judge(record, FILTERS) for record in records]
    codes = ("PAIR_SUSPECT", "IMAGE_QUARANTINED")
    return {
        overlay.id: [(verdict.code, verdict.severity) for verdict in overlay.verdicts if verdict.code in codes]
        for overlay in stage.process_all(iter(judged))
        if any(verdict.code in codes for verdict in overlay.verdicts)
    }


HEDGE = "The picture does not correspond to the caption."
NAMED = spans(cap="Transverse view of the gallbladder.", ocr="Name: Olsen 7 mm thickened wall suggesting inflammation")


def test_a_hedge_marks_the_other_records_of_the_pair_before_and_after_it() -> None:
    first, other = english(id="q1", parent_id="p1"), english(id="q4", parent_id="p2")
    hedged, last = english(id="q2", parent_id="p1", answer=HEDGE), english(id="q3", parent_id="p1")
    assert _find(first, hedged, last, other) == {"q1": [("PAIR_SUSPECT", "review")], "q3": [("PAIR_SUSPECT", "review")]}


def test_a_picture_that_names_somebody_leaves_with_no_record() -> None:
    named = english(id="q1", parent_id="p1", images=_image("a1"), evidence=NAMED)
    copy = english(id="q2", parent_id="p2", document_id="e", images=_image("a1"))
    other = english(id="q3", parent_id="p3", images=_image("a2"))
    assert _find(copy, named, other) == {"q2": [("IMAGE_QUARANTINED", "reject")]}


def test_a_masked_copy_of_such_a_picture_stays() -> None:
    named = english(id="q1", parent_id="p1", images=_image("a1"), evidence=NAMED)
    masked = english(id="q2", parent_id="p1", images=_image("b1", derived_from="a1"))
    assert _find(named, masked) == {}


def test_a_masked_copy_that_still_shows_somebody_speaks_against_its_original() -> None:
    named = english(id="q1", parent_id="p1", images=_image("b1", derived_from="a1"), evidence=NAMED)
    original = english(id="q2", parent_id="p2", images=_image("a1"))
    assert _find(named, original) == {"q2": [("IMAGE_QUARANTINED", "reject")]}


def test_its_codes_can_be_switched_off() -> None:
    records = english(id="q1", answer=HEDGE), english(id="q2")
    assert _find(*records) == {"q2": [("PAIR_SUSPECT", "review")]}
    assert _find(*records, options={"companions": {"severities": {"PAIR_SUSPECT": "off"}}}) == {}
    assert _find(*records, options={"companions": None}) == {}

"""The overlay is found by ids, whatever stands in its texts, and never from other bytes than were promised."""

from __future__ import annotations

import hashlib

import pytest

from remud_gen.records import CorpusVerdict, Verdict
from remud_gen.runner.overlay import Overlay
from remud_gen.runner.reading import DamagedPart, PartInput
from tests.filters.quadruplets import english


def write(run, *rows):
    data = "".join(row.model_dump_json() + "\n" for row in rows).encode()
    (run / "corpus").mkdir(exist_ok=True)
    (run / "corpus" / "corpus.jsonl").write_bytes(data)
    return PartInput("corpus/corpus.jsonl", 0, len(data), hashlib.sha256(data).hexdigest())


def test_each_record_gets_what_was_found_about_it(tmp_path) -> None:
    rows = [
        CorpusVerdict(
            id=f"{n:020x}",
            verdicts=(Verdict(code="DUP_NEAR", severity="reject", evidence=f'of "id":"{n + 1:020x}" 胆囊\u2028'),),
            image_groups=("g",) if n % 2 else (),
        )
        for n in range(300)
    ]
    overlay = Overlay(tmp_path, [write(tmp_path, *rows)])
    for row in rows:
        assert overlay.find(row.id) == row
        laid = overlay.lay_over(english(id=row.id))
        assert (laid.verdicts, laid.image_groups, laid.status) == (row.verdicts, row.image_groups, "rejected")
    assert overlay.find("f" * 20) is None
    assert overlay.lay_over(english(id="f" * 20)) == english(id="f" * 20)


def test_no_overlay_lays_nothing_over(tmp_path) -> None:
    assert Overlay(tmp_path, []).lay_over(english()) == english()
    assert Overlay(tmp_path, [write(tmp_path)]).find("q1") is None


def test_other_bytes_are_refused(tmp_path) -> None:
    part = write(tmp_path, CorpusVerdict(id="q1", verdicts=()))
    (tmp_path / "corpus" / "corpus.jsonl").write_bytes(b"x" * part.size)
    with pytest.raises(DamagedPart):
        Overlay(tmp_path, [part])

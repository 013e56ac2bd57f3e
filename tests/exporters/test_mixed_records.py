"""The mixed corpus holds what the tests that use it count on."""

from __future__ import annotations

from tests.exporters.mixed_records import make_mixed_corpus
from tests.exporters.samples import make_store


def test_every_kind_of_record_is_there(tmp_path):
    records = make_mixed_corpus(make_store(tmp_path / "run"))
    assert len(records) == len({record.id for record in records}) == 14
    assert {len(record.images) for record in records} == {0, 1, 2, 3}
    assert {record.form for record in records} == {"open", "mcq", "yesno", "dialogue"}
    assert {(record.kind, record.style, record.language) for record in records} >= {
        (kind, style, language) for kind in ("vqa",) for style in ("reasoning", "direct") for language in ("en", "zh")
    }
    assert {record.status for record in records} == {"kept"}
    assert [record.document_id for record in records] == sorted(record.document_id for record in records)

"""Raw exports read back to the identical records."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remud_gen.errors import RecordError
from remud_gen.exporters.pictures import PictureFolder
from remud_gen.exporters.raw import RawExporter, encode_record, read_records
from remud_gen.records import (
    Claim,
    Evidence,
    Generation,
    ImageRef,
    Option,
    Quadruplet,
    Quote,
    Source,
    Turn,
    Verdict,
)
from tests.exporters.samples import GENERATION, make_mixed, make_record, make_store

text = st.text(st.characters(codec="utf-8"), max_size=12)
number = st.floats(-1e6, 1e6)
box = st.none() | st.tuples(number, number, number, number)
cost = st.none() | st.floats(0, 100)
evidence = st.builds(Evidence, id=text, kind=st.sampled_from(["caption", "body"]), text=text, bbox=box)
claim = st.builds(
    Claim,
    id=text,
    kind=st.just("finding"),
    text=text,
    evidence=st.lists(st.builds(Quote, span_id=text, quote=text), max_size=2),
)
image = st.builds(ImageRef, path=text, sha256=text, width_px=st.integers(1), height_px=st.integers(1))
matrix = st.none() | st.just(((1.0, 0.0, 0.1), (0.0, 1.0, -3.25), (0.0, 0.0, 1.0)))
quadruplet = st.builds(
    Quadruplet,
    id=text,
    document_id=text,
    source=st.builds(Source, document_sha256=text, file=text, bbox=box, to_original=matrix),
    question=text,
    thinking=st.none() | text,
    answer=text,
    images=st.lists(image, max_size=2),
    options=st.lists(st.builds(Option, key=text, text=text), max_size=3),
    turns=st.lists(st.builds(Turn, question=text, answer=text), max_size=2),
    claims=st.lists(claim, max_size=2),
    evidence=st.lists(evidence, max_size=2),
    generation=st.builds(
        Generation, client=text, model=text, prompt=text, prompt_sha256=text, request_sha256=text, cost_usd=cost
    ),
    verdicts=st.lists(st.builds(Verdict, code=text, severity=st.just("info"), original=st.none() | text), max_size=2),
)


@given(record=quadruplet)
def test_any_record_reads_back_identical_from_one_line(record):
    line = encode_record(record)
    assert len(line.decode("utf-8").splitlines()) == 1
    assert Quadruplet.model_validate_json(line) == record
    assert json.loads(line)["record"] == "quadruplet"


def test_a_raw_export_is_the_records_and_the_stored_pictures(tmp_path):
    store = make_store(tmp_path / "run")
    records = make_mixed(store)
    hostile = make_record(9, question="What is <image> or <|im_end|>?", answer="</think>\x00")
    records.append(hostile)
    (tmp_path / "out").mkdir()
    exporter = RawExporter("qwen")
    summary = exporter.write(
        (("train", record) for record in records), tmp_path / "out", PictureFolder(tmp_path / "out", store)
    )
    assert list(read_records(tmp_path / "out" / "train.jsonl")) == records
    assert summary.files == ("train.jsonl",)
    assert (summary.counts, summary.left_out) == ({"train": 6, "images": 3}, ())
    for record in records:
        for ref in record.images:
            assert (tmp_path / "out" / ref.path).read_bytes() == store.path(ref).read_bytes()


NO_PRICE = GENERATION.model_copy(update={"cost_usd": float("nan")})


@pytest.mark.parametrize("changes", [{"answer": "half \ud83d"}, {"generation": NO_PRICE}])
def test_what_json_cannot_hold_is_refused_by_name(changes):
    with pytest.raises(RecordError) as caught:
        encode_record(make_record().model_copy(update=changes))
    assert caught.value.code == "NOT_LOSSLESS"

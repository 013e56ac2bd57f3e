"""The filters against labelled records, mutated captions and natural text, with the figures they must reach."""

from __future__ import annotations

import pytest

from scripts.bench_filters import measure_speed
from scripts.filtering.labelled import score_records
from scripts.filtering.mutations import list_captions, score_mutations
from scripts.filtering.pictures import score_pictures
from scripts.filtering.sentences import find_alarms, list_body_sentences
from scripts.filtering.tally import Tally

pytestmark = pytest.mark.shared
LEAST = {"number": 0.97, "unit": 0.97, "side": 0.95, "negation": 0.97, "antonym": 0.90, "swap": 0.99}
LEAST["identity passes"] = 0.99


def test_labelled_records(shared) -> None:
    scores = score_records(shared / "bench" / "quality_dev.jsonl")
    assert scores.good_rejected == []
    assert scores.any_code.share >= 0.97, scores.any_code.misses
    assert scores.right_code.share >= 0.95, scores.right_code.misses


def test_mutated_captions(shared) -> None:
    scores = score_mutations(list_captions(shared))
    for name, least in LEAST.items():
        assert scores[name].total >= 20
        assert scores[name].share >= least, (name, scores[name].misses)


def test_natural_text(shared) -> None:
    alarms = find_alarms(list_body_sentences(sorted((shared / "corpus" / "papers").glob("*.pdf"))))
    assert alarms.total > 1000
    assert len(alarms.false) <= 2, alarms.false


def test_labelled_pictures(shared) -> None:
    caught, right, wrong = score_pictures(shared / "bench" / "images", Tally())
    assert caught.share >= 0.95, caught.misses
    assert right.share >= 0.95, right.misses
    assert wrong == []


def test_speed(shared) -> None:
    # A tenth of what one quiet core does: the machine is shared, the point is to notice a slow pattern.
    assert measure_speed(shared / "bench" / "quality_dev.jsonl", rounds=3) > 100

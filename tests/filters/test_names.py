"""Bare names, found by a pipeline of spaCy where one is installed and named."""

from __future__ import annotations

import sys

import pytest

from remud_gen.config import Config
from remud_gen.errors import MissingExtraError
from remud_gen.stages.filter import FilterStage
from tests.filters.quadruplets import build, english, find_codes, spans


def test_it_does_nothing_until_a_pipeline_is_named() -> None:
    assert list(build("names").check(english(answer="Anneliese Olsen has a thick wall."))) == []
    assert "spacy" not in FilterStage(Config()).libraries()


def _stage(model: str) -> FilterStage:
    return FilterStage(Config.model_validate({"filter": {"options": {"names": {"models": {"en": model}}}}}))


def test_without_the_extra_the_run_does_not_start(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "spacy", None)
    monkeypatch.setattr("remud_gen.filters.names.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError) as caught:
        _stage("en_core_web_sm").check()
    assert "remud-gen[ner]" in caught.value.hint


def test_without_the_pipeline_it_says_how_to_get_it() -> None:
    pytest.importorskip("spacy")
    with pytest.raises(MissingExtraError) as caught:
        _stage("no_such_pipeline").check()
    assert "spacy download no_such_pipeline" in caught.value.hint


def test_with_a_pipeline_bare_names_are_for_review(tmp_path) -> None:
    spacy = pytest.importorskip("spacy")
    pipeline = spacy.blank("en")
    words = [{"label": "PERSON", "pattern": "Anneliese Olsen"}, {"label": "PERSON", "pattern": "Murphy"}]
    pipeline.add_pipe("entity_ruler").add_patterns([*words, {"label": "ORG", "pattern": "Acme"}])
    pipeline.to_disk(tmp_path / "names")
    names = build("names", {"models": {"en": str(tmp_path / "names")}})
    record = english(
        answer="Anneliese Olsen has a positive Murphy sign, seen on an Acme machine.",
        evidence=spans(cap="Gallbladder of Anneliese Olsen."),
    )
    verdicts = list(names.check(record))
    assert [(verdict.field, verdict.severity) for verdict in verdicts] == [
        ("answer", "review"),
        ("evidence.cap", "review"),
    ]
    assert not any("Olsen" in verdict.evidence for verdict in verdicts)
    assert find_codes(record).get("PHI_BARE_NAME") is None

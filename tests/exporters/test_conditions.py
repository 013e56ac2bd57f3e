"""Conditions on records."""

from __future__ import annotations

import pytest

from remud_gen.errors import ConfigError
from remud_gen.exporters.conditions import parse_condition
from remud_gen.records import Verdict
from tests.exporters.samples import OPTIONS, make_record

RECORD = make_record(
    3,
    language="zh",
    qtype="finding",
    agreement=0.8,
    options=OPTIONS,
    flags=("masked", "twin"),
    thinking="T",
    question="肾有多大？",
    verdicts=(Verdict(code="LENGTH_SHORT", severity="info"), Verdict(code="OTHER", severity="info")),
)


@pytest.mark.parametrize(
    "text",
    [
        "language=zh", " language = zh ", "language=en|zh", "language!=en", "qtype!=report|plane", "agreement>=0.8",
        "agreement<1", "agreement=0.80", "flags=masked", "verdicts.code=OTHER", "source.page_number<=1", "page=1",
        "options.key=B", "has_thinking=true", "images=0", "turns=1", "organ=kidney", "model=none", "licence=none",
        "generation.prompt=vqa@1", "file~D1", "question~多大", "document=d1", "question_from=none",
    ],
)  # fmt: skip
def test_the_record_meets(text):
    assert parse_condition(text).is_met(RECORD)


@pytest.mark.parametrize(
    "text",
    [
        "language=en", "language!=zh", "qtype=report|plane", "agreement>0.8", "difficulty>=1", "difficulty<9",
        "flags!=masked", "verdicts.code=NONE", "flags=", "question>=1", "has_thinking=false", "organ!=kidney",
        "language>=1",
    ],
)  # fmt: skip
def test_the_record_fails(text):
    assert not parse_condition(text).is_met(RECORD)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "no condition"),
        ("language", "no condition"),
        ("language zh", "no condition"),
        ("__class__=x", "no field `__class__`"),
        ("colour=red", "no field `colour`"),
        ("source.colour=red", "no field `source.colour`"),
        ("language.colour=red", "no field `language.colour`"),
        ("source=x", "has fields of its own"),
        ("agreement>=much", "no number"),
        ("__import__('os').system('x')=1", "no condition"),
    ],
)
def test_what_is_no_condition_is_refused(text, told):
    with pytest.raises(ConfigError) as caught:
        parse_condition(text)
    assert told in caught.value.message
    assert caught.value.hint or "number" in told


def test_an_unknown_field_is_answered_with_those_that_are_there():
    with pytest.raises(ConfigError) as caught:
        parse_condition("colour=red")
    assert {"organ", "qtype", "source", "language"} <= set(caught.value.hint.replace(",", "").split())
    with pytest.raises(ConfigError) as caught:
        parse_condition("source.colour=red")
    assert "page_number" in caught.value.hint

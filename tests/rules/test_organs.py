"""Which organ a record is about."""

from __future__ import annotations

import pytest

from remud_gen.records import Evidence
from remud_gen.rules.organs import name_organ
from tests.exporters.samples import make_record


@pytest.mark.parametrize(
    ("question", "caption", "answer", "organ"),
    [
        ("What is the length of the kidney?", "Liver", "11 cm", "kidney"),
        ("What is shown?", "Left lobe of the liver", "A lobe.", "liver"),
        ("What is shown?", "", "The renal cortex.", "kidney"),
        ("Which disease is it?", "", "A thyroid nodule.", "thyroid"),
        ("What is shown?", "", "Nothing.", "unnamed"),
    ],
)
def test_the_question_comes_first_then_the_caption_then_the_answer(question, caption, answer, organ):
    spans = (Evidence(id="cap", kind="caption", text=caption),) if caption else ()
    assert name_organ(make_record(question=question, evidence=spans, answer=answer)) == organ


def test_chinese_records_have_english_names():
    assert name_organ(make_record(language="zh", question="肾皮质有多厚？", answer="一厘米。")) == "kidney"

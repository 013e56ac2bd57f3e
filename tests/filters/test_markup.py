from __future__ import annotations

import pytest

from tests.filters.quadruplets import choice, english, find_codes, find_rejections, options


@pytest.mark.parametrize(
    "text",
    ["<think>hm</think> Yes.", "The wall <|im_end|>", "<image> shows it.", "```json\n{}\n```", "[INST] go [/INST]",
     '{"answer": "thick"}', "thick</s>", "<|endoftext|>", "a&nbsp;b", "<br/>thick wall"],
)  # fmt: skip
@pytest.mark.parametrize("field", ["question", "thinking", "answer"])
def test_markup_is_rejected_in_every_field(text, field) -> None:
    assert "TAG_LEAK" in find_rejections(english(**{field: text}))


def test_markup_is_found_in_options_too() -> None:
    record = choice(options=options("Inflammation", "<image>", "Stones", "Torsion"))
    assert "TAG_LEAK" in find_rejections(record)


@pytest.mark.parametrize(
    "text",
    ["答案", "string", "<your answer here>", "{{answer}}", "$question", "N/A", "...", "[insert text here]",
     "图片标题,编号,图注信息等", "lorem ipsum dolor"],
)  # fmt: skip
def test_templates_are_rejected(text) -> None:
    assert "TEMPLATE_ECHO" in find_rejections(english(answer=text))


@pytest.mark.parametrize("text", ["RI < 0.7 and PI > 1.2 here.", "The set {5, 7} mm.", "The p-value was <0.05 (n>3)."])
def test_mathematical_signs_are_no_markup(text) -> None:
    codes = find_codes(english(answer=text))
    assert "TAG_LEAK" not in codes
    assert "TEMPLATE_ECHO" not in codes

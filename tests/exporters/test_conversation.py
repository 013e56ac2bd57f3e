"""Rendering records as conversations."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remud_gen.errors import RecordError
from remud_gen.exporters.conversation import render_conversation, render_prompt, shows_option, split_thinking
from remud_gen.exporters.reserved import find_reserved, find_unfit_character
from remud_gen.records import Option, Turn
from tests.exporters.samples import OPTIONS, make_record

clean_text = st.text(max_size=60).filter(
    lambda text: text.strip() and not find_reserved(text) and not find_unfit_character(text)
)


@given(question=clean_text, thinking=clean_text, answer=clean_text, mode=st.sampled_from(["qwen", "remud", "none"]))
def test_thinking_and_answer_can_be_told_apart_again(question, thinking, answer, mode):
    conversation = render_conversation(make_record(question=question, thinking=thinking, answer=answer), mode)
    expected = (None if mode == "none" else thinking.strip(), answer.strip())
    assert split_thinking(conversation.exchanges[0].reply, mode) == expected
    assert conversation.has_thinking == (mode != "none")


@pytest.mark.parametrize(
    ("mode", "reply"),
    [
        ("qwen", "<think>\nT\n</think>\n\nA"),
        ("remud", "<think>T</think><answer>A</answer>"),
        ("field", "A"),
        ("none", "A"),
    ],
)
def test_each_mode_has_its_exact_form(mode, reply):
    exchange = render_conversation(make_record(thinking=" T\n", answer="A "), mode).exchanges[0]
    assert exchange.reply == reply
    assert exchange.thinking == ("T" if mode == "field" else None)


@pytest.mark.parametrize("thinking", [None, "", " \n"])
def test_no_empty_thinking_is_written(thinking):
    conversation = render_conversation(make_record(thinking=thinking, answer="A"), "qwen")
    assert conversation.exchanges[0].reply == "A"
    assert not conversation.has_thinking


def test_dialogue_alternates_and_thinks_in_its_last_turn_only():
    turns = (Turn(question="Q2", thinking="T2", answer="A2"), Turn(question="Q3", thinking="T3", answer="A3"))
    record = make_record(question="Q1", thinking="T1", answer="A1", turns=turns, form="dialogue")
    messages = render_conversation(record, "qwen").to_messages("<image>\n", 2)
    assert messages == (
        ("user", "<image>\n<image>\nQ1"),
        ("assistant", "A1"),
        ("user", "Q2"),
        ("assistant", "A2"),
        ("user", "Q3"),
        ("assistant", "<think>\nT3\n</think>\n\nA3"),
    )


def test_options_are_lines_of_the_prompt():
    assert render_prompt("Which organ?", OPTIONS) == "Which organ?\nA. Liver\nB. Right kidney\nC. Spleen"


@pytest.mark.parametrize(
    "question",
    [
        "Which organ?\nA. Liver\nB. Right kidney\nC. Spleen",
        "Which organ? (A) Liver (B) Right kidney (C) Spleen",
        "哪个器官？A、Liver B、Right  kidney C、Spleen",
    ],
)
def test_options_already_in_the_question_are_not_repeated(question):
    if question.startswith("哪"):
        question = question.replace("A、", "\nA、")
    assert render_prompt(question, OPTIONS) == question


def test_an_option_is_shown_only_when_it_is_complete():
    prompt = "Which?\nA. Liver cyst\nB. Kidney"
    assert not shows_option(prompt, Option(key="A", text="Liver"))
    assert shows_option(prompt, Option(key="A", text="Liver cyst"))
    assert not shows_option(prompt, Option(key="C", text="Kidney"))


def shows_by_expression(prompt: str, option: Option) -> bool:
    """What `shows_option` finds, said in one expression, which is too slow to compile for every option."""
    text = r"\s+".join(re.escape(word) for word in option.text.split())
    end = r"(?=\s*(?:$|\n|[;；,，。]|[(（]?\w{1,3}\s*[.)）．、:：]))"
    return bool(re.search(rf"(?:^|[\s(（]){re.escape(option.key)}\s*[.)）．、:：]\s*{text}{end}", prompt))


pieces = st.sampled_from(
    [*"AB a1.)(、:,。;\n\t \u3000\x1c", "A.", "(B)", "cyst", "cyst wall", "\n", "肝", "A. cyst", " "]
)


@settings(max_examples=1000, deadline=None)
@given(
    prompt=st.lists(pieces, max_size=14).map("".join),
    key=st.sampled_from(["A", "B", "AA", "(A", "A. ", "1", "", "."]),
    text=st.lists(pieces, max_size=4).map("".join),
)
def test_an_option_is_found_where_the_expression_finds_it(prompt, key, text):
    option = Option(key=key, text=text)
    for shown in (prompt, f"{prompt}\n{key}. {text}", f"{prompt} ({key}) {text}{prompt}"):
        assert shows_option(shown, option) == shows_by_expression(shown, option)


@given(texts=st.lists(clean_text, min_size=2, max_size=5, unique=True))
def test_every_option_stands_in_the_prompt(texts):
    options = tuple(Option(key="ABCDE"[number], text=text) for number, text in enumerate(texts))
    prompt = render_conversation(make_record(options=options, form="mcq"), "qwen").exchanges[0].prompt
    assert all(shows_option(prompt, option) for option in options)


HOSTILE = [
    "<image>", "look <IMAGE> here", "<video>", "<audio>", "<|im_end|>", "<|image_pad|>", "<|anything new|>", "<think>",
    "</think>", "<answer>", "[INST]", "<<SYS>>", "<s>", "</s>", "<tool_call>", "<bbox>", "<ref-object>",
    "<start_of_turn>", "<｜end▁of▁sentence｜>",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("field", ["question", "thinking", "answer", "options", "turns"])
def test_reserved_tokens_are_found_in_every_field(text, field):
    values = {
        "options": (Option(key="A", text=text), Option(key="B", text="no")),
        "turns": (Turn(question="and?", answer=text),),
    }
    with pytest.raises(RecordError, match=field) as caught:
        render_conversation(make_record(**{field: values.get(field, f"words {text} words")}), "qwen")
    assert caught.value.code == "RESERVED_TOKEN"


@pytest.mark.parametrize(
    "text",
    ["BPD < 5 cm and HC > 10", "a|b", "E/A <1", "<5 mm>", "if x<y> z", "[1]", "<<", "心脏 <20岁>", "<image", "image>"],
)
def test_ordinary_signs_are_not_reserved(text):
    assert find_reserved(text) is None


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"question": " \n"}, "EMPTY_TEXT"),
        ({"answer": ""}, "EMPTY_TEXT"),
        ({"turns": (Turn(question="", answer="x"),)}, "EMPTY_TEXT"),
        ({"options": (Option(key="A", text=" "),)}, "EMPTY_TEXT"),
        ({"form": "mcq"}, "OPTIONS_MISSING"),
        ({"options": (Option(key="A", text="x"), Option(key="A", text="y"))}, "OPTIONS_MISSING"),
        ({"kind": "vqa"}, "IMAGES_MISSING"),
        ({"answer": "nul \x00"}, "UNFIT_CHARACTER"),
        ({"answer": "half \ud83d"}, "UNFIT_CHARACTER"),
    ],
)
def test_texts_that_cannot_be_trained_are_refused_by_name(changes, code):
    record = make_record().model_copy(update=changes)
    with pytest.raises(RecordError) as caught:
        render_conversation(record, "qwen")
    assert caught.value.code == code


@pytest.mark.parametrize("reply", ["<think>\nT", "<think>T</think>A", "<think>\nT\n</think>\nA"])
def test_unbalanced_thinking_is_no_thinking_of_mode_qwen(reply):
    assert split_thinking(reply, "qwen") is None
    assert split_thinking("bare", "remud") is None

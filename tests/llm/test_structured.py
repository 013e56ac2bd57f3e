import asyncio
import json
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remud_gen.errors import RecordError
from remud_gen.llm.reply import ReplyItem, strict_schema
from remud_gen.llm.retry import TransientError
from remud_gen.llm.structured import HINTS, UnreadableReply, ask_for_items, parse_items, read_reply, split_thinking
from remud_gen.prompts import load_prompt
from remud_gen.protocols import ModelReply, ModelRequest

ITEM = {
    "qtype": "finding",
    "form": "open",
    "style": "reasoning",
    "difficulty": 2,
    "question": "What lies behind the echogenic focus?",
    "options": [],
    "claims": [
        {
            "id": "c1",
            "kind": "finding",
            "text": "There is a clean shadow.",
            "evidence": [{"span_id": "cap", "quote": "clean posterior shadow"}],
            "support": "caption",
        }
    ],
    "thinking": "A bright focus with a dark band behind it.",
    "answer": "A clean shadow.",
    "answer_key": None,
    "needs_image_because": "the shadow must be seen",
    "turns": [],
}
WHOLE = {"pair_check": {"consistent": True, "reason": None}, "unusable_reason": None, "items": [ITEM, ITEM]}
TEXT = json.dumps(WHOLE)


def parse(text, **options):
    parsed = parse_items(text, **options)
    return [item for _, item in parsed.items], parsed


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        (TEXT, ()),
        (f"```json\n{TEXT}\n```", ("fence",)),
        (f"\n\n``` \n\n{TEXT}\n\n ```\n", ("fence",)),
        (f"<think>I must not say {{this}}.</think>\n{TEXT}", ("think_tag",)),
        (f"so the kidney it is.</think>{TEXT}", ("think_tag",)),
        (f"Here you are:\n{TEXT}\nGood luck!", ("balanced",)),
        (TEXT[:-2] + ",],}", ("json_repair",)),
        (TEXT.replace('"unusable_reason": null', '"unusable_reason": None'), ("json_repair",)),
        (json.dumps([ITEM, ITEM]), ("wrapped",)),
        (json.dumps({"reply": WHOLE}), ("unwrapped",)),
        (json.dumps({"questions": [ITEM, ITEM]}), ("unwrapped", "wrapped")),
    ],
)
def test_each_rung_is_climbed_and_named(text, steps):
    items, parsed = parse(text)
    assert [item.answer for item in items] == ["A clean shadow."] * 2
    assert parsed.steps == steps


def test_bad_item_is_left_out_by_name_and_the_good_ones_stay():
    bad = {**ITEM, "question": ""}
    items, parsed = parse(json.dumps({"items": [ITEM, bad, "nonsense", ITEM]}))
    assert [number for number, _ in parsed.items] == [0, 3]
    assert [problem.code for problem in parsed.problems] == ["ITEM_INVALID"] * 2
    assert "item 2: question" in parsed.problems[0].message
    assert len(items) == 2
    assert parsed.steps == ("item_dropped", "item_dropped")


def test_text_cut_off_keeps_finished_items_only():
    cut = TEXT[: TEXT.rindex("A clean shadow") + 4]
    items, parsed = parse(cut, is_truncated=True)
    assert len(items) == 1
    assert [problem.code for problem in parsed.problems] == ["REPLY_TRUNCATED"]
    listed = json.dumps([ITEM, ITEM, ITEM])
    assert len(parse(listed[: listed.rindex("A clean shadow") + 4], is_truncated=True)[0]) == 2
    with pytest.raises(RecordError) as caught:
        parse(TEXT[:200], is_truncated=True)
    assert caught.value.code == "REPLY_TRUNCATED"
    assert "max_output_tokens" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "JSON_INVALID"),
        ("the answer is 7", "JSON_INVALID"),
        ("I'm sorry, but I cannot interpret medical images.", "REFUSAL"),
        ("抱歉,我无法分析医学图像。", "REFUSAL"),
        ('{"items": []}', "NO_ITEMS"),
        ('{"items": [{"question": "?"}]}', "JSON_INVALID"),
        ('{"a": 1, "b": 2}', "JSON_INVALID"),
        ("[" * 100_000, "JSON_INVALID"),
        ('{"a":' * 3000, "JSON_INVALID"),
        ('{"a":' * 900 + "1" + "}" * 900, "JSON_INVALID"),
        ("{" + "1" * 6000, "JSON_INVALID"),
        ("x" * 500_000, "JSON_INVALID"),
        ("```json\n" + "\n" * 300_000 + "x", "JSON_INVALID"),
        ("```json\n" + "\n " * 100_000, "JSON_INVALID"),
        ("```\n```", "JSON_INVALID"),
        ("```", "JSON_INVALID"),
        ("__import__('os').system('true') or {'items': []}", "NO_ITEMS"),
    ],
)
def test_what_cannot_be_read_has_a_code(text, code):
    with pytest.raises(RecordError) as caught:
        parse_items(text)
    assert caught.value.code == code


@given(st.text(alphabet=st.sampled_from('{}[]",:\\ntf01 items"</think>`\ud800é')) | st.text())
def test_any_text_is_either_read_or_refused_by_name(text):
    try:
        parse_items(text)
    except RecordError as error:
        assert error.code.isupper()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from([*ITEM, *WHOLE]), inner, max_size=6),
    max_leaves=20,
)


@given(st.dictionaries(st.sampled_from(sorted(ITEM)), json_values), json_values)
def test_any_json_in_any_field_is_either_read_or_refused_by_name(changes, check):
    text = json.dumps({"items": [{**ITEM, **changes}, ITEM], "pair_check": check})
    items, parsed = (
        parse(text) if not (isinstance(check, dict) and check.get("consistent") is False) else ([ITEM], None)
    )
    assert items[-1] == ReplyItem.model_validate(ITEM) or items == [ITEM]
    if parsed:
        assert len(items) + len(parsed.problems) == 2
        for item in items:
            item.model_dump_json().encode("utf-8")


def test_near_misses_of_a_field_are_read():
    item = ReplyItem.model_validate(
        {**ITEM, "qtype": "Finding", "form": "multiple choice", "difficulty": "9", "answer": 9.5}
        | {"options": {"a": "liver", "b": "spleen"}, "answer_key": "(b)", "turns": None, "thinking": " "}
    )
    assert (item.qtype, item.form, item.difficulty, item.answer) == ("finding", "mcq", None, "9.5")
    assert [(option.key, option.text) for option in item.options] == [("A", "liver"), ("B", "spleen")]
    assert (item.answer_key, item.turns, item.thinking) == ("B", [], None)
    lettered = ReplyItem.model_validate({**ITEM, "options": ["A. liver", "B) spleen", "right kidney"]})
    assert [(option.key, option.text) for option in lettered.options] == [
        ("A", "liver"),
        ("B", "spleen"),
        ("C", "right kidney"),
    ]


def test_key_of_endless_blanks_is_read_as_it_stands():
    key = f"({' ' * 300_000}!"  # a pattern that can share the blanks out in two ways needs hours
    assert ReplyItem.model_validate({**ITEM, "answer_key": key}).answer_key == key


def test_claim_of_unknown_kind_counts_as_a_finding_and_so_needs_a_quote():
    claim = {**ITEM["claims"][0], "kind": "vibe"}
    assert ReplyItem.model_validate({**ITEM, "claims": [claim]}).claims[0].kind == "finding"


def test_way_out_is_understood():
    assert parse_items('{"items": [], "unusable_reason": "a CT scan"}').unusable_reason == "a CT scan"
    assert parse_items(TEXT.replace('"unusable_reason": null', '"unusable_reason": "None"')).unusable_reason is None
    inconsistent = {"pair_check": {"consistent": False, "reason": "liver, not kidney"}, "items": [ITEM]}
    assert parse_items(json.dumps(inconsistent)).unusable_reason == "liver, not kidney"


@pytest.mark.parametrize(
    ("text", "thinking", "rest"),
    [
        ("<think>a</think>b", "a", "b"),
        ("<thinking>\na\n</thinking>\nb", "a", "b"),
        ("a</think>b", "a", "b"),
        ("<think>never ends", "never ends", ""),
        ("<think></think>b", None, "b"),
        ('{"thinking": "x</think>"}', None, '{"thinking": "x</think>"}'),
        ("plain", None, "plain"),
    ],
)
def test_thinking_is_split_off(text, thinking, rest):
    assert split_thinking(text) == (thinking, rest)


def reply(text="", **fields):
    return ModelReply(client="openai", model="m", text=text, **fields)


@pytest.mark.parametrize(
    ("given_reply", "code"),
    [
        (reply(finish_reason="content_filter"), "CONTENT_FILTER"),
        (reply("No.", finish_reason="refusal"), "REFUSAL"),
        (reply("", finish_reason="length"), "REPLY_TRUNCATED"),
        (reply("  ", finish_reason="stop"), "EMPTY_REPLY"),
        (reply("", reasoning="hm", finish_reason="stop"), "EMPTY_REPLY"),
    ],
)
def test_ends_of_a_reply_are_named(given_reply, code):
    with pytest.raises(RecordError) as caught:
        read_reply(given_reply)
    assert caught.value.code == code


def test_json_in_the_reasoning_field_is_accepted():
    parsed = read_reply(reply("", reasoning=TEXT))
    assert len(parsed.items) == 2
    assert parsed.steps == ("swapped_reasoning",)


class Scripted:
    """Answers from a list, and keeps what it was asked."""

    def __init__(self, *texts):
        self.texts, self.requests = list(texts), []

    async def ask(self, request):
        self.requests.append(request)
        text = self.texts.pop(0)
        if isinstance(text, Exception):
            raise text
        return reply(text, finish_reason="stop", request_sha256=f"hash{len(self.requests)}")


def ask(asker):
    request = ModelRequest("vqa", "vqa.en@1", "0" * 64, "Be exact.", "[cap] a stone costs $5")
    return asyncio.run(ask_for_items(asker, request, load_prompt("reask", "en")))


def test_second_question_quotes_the_error_and_keeps_the_system_part():
    asker = Scripted('{"items": [{"question": "q"}]}', TEXT)
    answer = ask(asker)
    assert answer.parsed.steps == ("reask",)
    first, second = asker.requests
    assert second.system == first.system
    assert first.user in second.user
    assert "answer: Field required" in second.user


def test_only_one_second_question_is_asked():
    asker = Scripted("no", "no", TEXT)
    with pytest.raises(RecordError) as caught:
        ask(asker)
    assert caught.value.code == "JSON_INVALID"
    assert caught.value.replies == ("hash1", "hash2")
    assert len(asker.requests) == 2


@pytest.mark.parametrize(
    ("texts", "code", "replies"),
    [
        (["I'm sorry, but I cannot."], "REFUSAL", ("hash1",)),
        (["", "I'm sorry, but I cannot."], "REFUSAL", ("hash1", "hash2")),
        (["", ""], "EMPTY_REPLY", ("hash1", "hash2")),
        (['{"items": []}', '{"items": []}'], "NO_ITEMS", ("hash1", "hash2")),
        # What was lost on the wire left nothing in the store: the first reply is found again, the second asked for.
        (["", RecordError("TIMEOUT", "slow")], "TIMEOUT", ()),
        ([RecordError("TIMEOUT", "slow")], "TIMEOUT", ()),
    ],
)
def test_failure_names_the_stored_replies_that_led_to_it(texts, code, replies):
    with pytest.raises(RecordError) as caught:
        ask(Scripted(*texts))
    assert (caught.value.code, caught.value.replies) == (code, replies)


def test_answer_names_all_replies_it_rests_on():
    assert ask(Scripted(TEXT)).replies == ("hash1",)
    assert ask(Scripted("no", TEXT)).replies == ("hash1", "hash2")


def test_every_failure_to_read_a_reply_says_what_to_do():
    broken = json.dumps({"items": [ITEM, {"question": "?"}]})
    for problem in parse_items(broken).problems:
        assert "--retry-errors" in problem.hint
    for given_reply in (
        reply(finish_reason="content_filter"),
        reply("No.", finish_reason="refusal"),
        reply("", finish_reason="length"),
        reply(""),
        reply("no"),
        reply('{"items": []}'),
    ):
        with pytest.raises(RecordError) as caught:
            read_reply(given_reply)
        assert caught.value.hint == HINTS[caught.value.code]
        assert "--retry-errors" in caught.value.hint


@pytest.mark.parametrize(
    "error",
    [
        RecordError("REFUSAL", "no", "do this", ("a", "b")),
        UnreadableReply("NO_ITEMS", "none", replies=("a",)),
        TransientError("RATE_LIMITED", "429", "wait", 2.5, True),
    ],
)
def test_errors_survive_the_way_between_processes(error):
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert vars(copy) == vars(error)
    assert copy.args == error.args


def test_strict_schema_requires_every_key_and_puts_the_answer_after_the_thinking():
    schema = strict_schema()

    def walk(node):
        if isinstance(node, dict):
            if node.get("type") == "object":
                assert node["additionalProperties"] is False
                assert node["required"] == list(node["properties"])
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    walk(schema)
    keys = list(schema["$defs"]["ReplyItem"]["properties"])
    assert keys.index("claims") < keys.index("thinking") < keys.index("answer")
    assert "default" not in json.dumps(schema)

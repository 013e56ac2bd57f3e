"""Where servers put what a model said: the same reply by every road, and every end under its name."""

import asyncio
import json

import pytest

from remud_gen.config import GenerateConfig
from remud_gen.errors import RecordError
from remud_gen.llm.opening import open_gateway
from remud_gen.llm.structured import read_reply
from remud_gen.runner.images import ContentImageStore
from tests.llm.test_openai import complete, make_request
from tests.model_server import ModelServer

ITEM = {"qtype": "finding", "form": "open", "style": "direct", "question": "What?", "answer": "A cyst."}
REPLY = json.dumps({"pair_check": None, "unusable_reason": None, "items": [ITEM, ITEM]})


def calling(arguments):
    return [{"id": "t", "type": "function", "function": {"name": "reply", "arguments": arguments}}]


def answer(tmp_path, message, finish_reason="stop"):
    """The client's reply where a server sends this message."""

    class Server(ModelServer):
        def _build_completion(self, body, fault, signature):
            completion = super()._build_completion(body, fault, signature)
            completion["choices"] = [{"index": 0, "finish_reason": finish_reason, "message": message}]
            return completion

    with Server() as server:
        (reply,) = complete(server, tmp_path)
    return reply


@pytest.mark.parametrize(
    ("message", "reasoning"),
    [
        ({"content": REPLY}, None),
        ({"content": [{"type": "text", "text": REPLY[:20]}, {"type": "text", "text": REPLY[20:]}]}, None),
        ({"content": REPLY, "reasoning_content": "hm"}, "hm"),
        ({"content": REPLY, "reasoning": "hm"}, "hm"),
        ({"content": f"<think>hm</think>{REPLY}"}, "hm"),
        ({"content": f"hm\n</think>\n{REPLY}"}, "hm"),  # the opening tag was part of the prompt
        ({"content": None, "tool_calls": calling(REPLY)}, None),
        ({"content": None, "tool_calls": calling(json.loads(REPLY))}, None),
        ({"content": "I call the tool.", "tool_calls": calling(REPLY)}, None),
        ({"content": "<think>hm</think>", "tool_calls": calling(REPLY)}, "hm"),
        ({"content": None, "function_call": {"name": "reply", "arguments": REPLY}}, None),
        ({"content": REPLY, "tool_calls": []}, None),
        ({"content": REPLY, "tool_calls": calling("")}, None),
    ],
)
def test_reply_is_found_wherever_it_is(tmp_path, message, reasoning):
    is_call = message.get("content") != REPLY and ("tool_calls" in message or "function_call" in message)
    reply = answer(tmp_path, {"role": "assistant", **message}, "tool_calls" if is_call else "stop")
    assert json.loads(reply.text) == json.loads(REPLY)
    assert (reply.reasoning, reply.finish_reason) == (reasoning, "stop")
    assert len(read_reply(reply).items) == 2


def test_reply_in_the_reasoning_field_is_taken_from_there_by_name(tmp_path):
    reply = answer(tmp_path, {"role": "assistant", "content": "", "reasoning_content": REPLY})
    parsed = read_reply(reply)
    assert (len(parsed.items), parsed.steps) == (2, ("swapped_reasoning",))


@pytest.mark.parametrize(
    ("message", "finish_reason", "code"),
    [
        ({"content": "", "refusal": "I cannot judge medical images."}, "stop", "REFUSAL"),
        ({"content": None, "refusal": "No.", "tool_calls": []}, "stop", "REFUSAL"),
        ({"content": None, "tool_calls": calling("")}, "content_filter", "CONTENT_FILTER"),
        ({"content": None, "tool_calls": calling(REPLY)}, "content_filter", "CONTENT_FILTER"),
        ({"content": None, "tool_calls": calling("")}, "length", "REPLY_TRUNCATED"),
        ({"content": None, "tool_calls": calling(REPLY[:60])}, "length", "REPLY_TRUNCATED"),
        ({"content": "", "tool_calls": calling("")}, "tool_calls", "EMPTY_REPLY"),
        ({"content": "I'm sorry, I cannot help with that."}, "stop", "REFUSAL"),
    ],
)
def test_every_end_of_a_reply_has_its_name_for_tool_calls_too(tmp_path, message, finish_reason, code):
    with pytest.raises(RecordError) as caught:
        read_reply(answer(tmp_path, {"role": "assistant", **message}, finish_reason))
    assert caught.value.code == code


def test_tool_call_cut_off_after_a_finished_item_keeps_it(tmp_path):
    cut = REPLY[: REPLY.rindex('"question"')]
    reply = answer(tmp_path, {"role": "assistant", "content": None, "tool_calls": calling(cut)}, "length")
    parsed = read_reply(reply)
    assert [number for number, _ in parsed.items] == [0]
    assert [problem.code for problem in parsed.problems] == ["REPLY_TRUNCATED"]
    assert "json_repair" in parsed.steps


@pytest.mark.parametrize(
    ("part", "value"),
    [(part, value) for part in ("finish_reason", "message", "model") for value in (None, 5, "é\x00", ["a"], {"a": 1})]
    + [("content", [None, {"text": None}, {"text": 5}]), ("refusal", {"a": 1}), ("tool_calls", [None, "x"])],
)
def test_fields_of_another_type_than_the_protocol_says_leave_a_reply_that_can_be_stored(tmp_path, part, value):
    def spoil(completion):
        (choice,) = completion["choices"]
        place = completion if part == "model" else choice if part in choice else choice["message"]
        place |= {part: value, "content": ""} if place is choice.get("message") and part != "content" else {part: value}

    reply = ask_and_store(tmp_path, spoil)
    assert all(isinstance(text, str) for text in (reply.model, reply.text))
    assert reply.finish_reason is None or isinstance(reply.finish_reason, str)
    assert "None" not in reply.text


@pytest.mark.parametrize("choices", [None, [], [None], [5], ["x"], [[1]], {"a": 1}, "abc", 7])
def test_completion_without_a_choice_is_no_reply(tmp_path, choices):
    with pytest.raises(RecordError) as caught:
        ask_and_store(tmp_path, lambda completion: completion.update(choices=choices))
    assert caught.value.code == "SERVER_ERROR"


def ask_and_store(tmp_path, spoil):
    """A reply as it is read from the store, where a server spoils its completions so."""

    class Server(ModelServer):
        def _build_completion(self, body, fault, signature):
            completion = super()._build_completion(body, fault, signature)
            spoil(completion)
            return completion

    async def ask(config, store):
        async with open_gateway(config, store, ContentImageStore(tmp_path)) as gateway:
            return await gateway.ask(make_request())

    with Server() as server:
        config = GenerateConfig(model="tiny", base_url=server.base_url, request_timeout_s=5, max_attempts=1)
        fresh = asyncio.run(ask(config, tmp_path / "replies.sqlite"))
        stored = asyncio.run(ask(config, tmp_path / "replies.sqlite"))
        assert len(server.log) == 1
    assert stored == fresh
    return stored

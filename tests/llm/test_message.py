"""Where servers put what a model said: the same reply by every road, and every end under its name."""

import json

import pytest

from remud_gen.errors import RecordError
from remud_gen.llm.structured import read_reply
from tests.llm.test_openai import complete
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

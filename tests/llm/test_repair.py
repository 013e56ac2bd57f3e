"""Broken replies are repaired within bounds: whatever a model writes, the loop that asks goes on."""

import asyncio
import json

import pytest

from remud_gen.config import GenerateConfig
from remud_gen.errors import RecordError
from remud_gen.llm.gateway import Gateway
from remud_gen.llm.openai import OpenAIClient
from remud_gen.llm.repair import LONGEST_CHARS, MOST_LOOKS, repair_json
from remud_gen.llm.store import ReplyStore
from remud_gen.llm.structured import ask_for_items
from remud_gen.prompts import load_prompt
from remud_gen.protocols import ModelRequest
from remud_gen.runner.images import ContentImageStore
from tests.llm.test_structured import ITEM
from tests.model_server import ModelServer

HOSTILE = {
    "stray quotes": '{"items": [' + '"a" "b: ' * 12_000,  # json_repair by itself takes six minutes
    "open in open": "[{" * 49_000,
    "nested brackets": "[" * 5_000_000,
    "nested objects": '{"a":' * 1_000_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_would_take_long_is_given_up(name):
    with pytest.raises(ValueError, match=r"longer than|too tangled|no object"):
        repair_json(HOSTILE[name])


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text[:-30],
        lambda text: text.replace("]}", "],}"),
        lambda text: text.replace('\\"', '"'),
        lambda text: text.replace('": "', '" "'),
        lambda text: text.replace('"', "'"),
    ],
)
def test_replies_of_the_usual_kind_stay_far_from_the_bounds(spoil):
    item = {**ITEM, "question": 'What does the "left" kidney show?', "thinking": "Observe the cortex. " * 20}
    text = spoil(json.dumps({"items": [item] * 20}))
    assert isinstance(repair_json(text), dict)
    assert len(text) * 2 < LONGEST_CHARS
    assert len(text) * 2 * 2 < MOST_LOOKS  # looks a character, and as long again


@pytest.mark.parametrize("name", ["nested brackets", "stray quotes"])
def test_hostile_reply_of_a_server_costs_its_own_request_and_no_other(tmp_path, name):
    class Hostile(ModelServer):
        def _build_completion(self, body, fault, signature):
            completion = super()._build_completion(body, fault, signature)
            if "kidney" in str(body["messages"]):
                completion["choices"][0]["message"]["content"] = HOSTILE[name]
            return completion

    async def ask_all(server):
        config = GenerateConfig(model="tiny", base_url=server.base_url, request_timeout_s=60)
        client = OpenAIClient(config, ContentImageStore(tmp_path), {})
        asks = [
            ModelRequest(
                "vqa", "v@1", "0" * 64, "Be exact.", f"[cap] {organ}\n1. qtype=finding, form=open, style=direct"
            )
            for organ in ("a liver", "a kidney", "a spleen")
        ]
        async with Gateway(client, ReplyStore(tmp_path / "replies.sqlite")) as gateway:
            reask = load_prompt("reask", "en")
            return await asyncio.gather(
                *(ask_for_items(gateway, request, reask) for request in asks), return_exceptions=True
            )

    with Hostile() as server:
        liver, kidney, spleen = asyncio.run(ask_all(server))
    assert isinstance(kidney, RecordError)
    assert kidney.code == "JSON_INVALID"
    assert [len(answer.parsed.items) for answer in (liver, spleen)] == [1, 1]

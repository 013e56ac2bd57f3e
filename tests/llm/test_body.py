"""The body of a request says what the dictionary says, whoever shares parts of it."""

import json

from remud_gen.llm.body import write_body
from remud_gen.llm.dialect import Dialect
from remud_gen.protocols import ModelRequest
from remud_gen.rules.shared import MOST_KEPT, MadeOnce

PICTURE = [
    {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}},
    {"type": "text", "text": '肝 "é"'},
]


def test_body_is_the_json_of_the_dictionary_for_every_rung_and_schema():
    schemas = [{"type": "object", "properties": {str(number): {"type": "string"}}} for number in range(3)]
    for rung in ("json_schema", "json_object", "tool", "text"):
        for schema in [*schemas, None, *schemas]:
            params = {"temperature": 0.7, "max_output_tokens": 9, "seed": 0}
            system, params = Dialect(rung).phrase(ModelRequest("", "", "", "s\n", "", schema=schema, params=params))
            messages = [{"role": "system", "content": system}, {"role": "user", "content": PICTURE}]
            body = {"model": "m", "messages": messages, **params}
            assert json.loads(write_body(body)) == body


def test_half_a_surrogate_pair_does_not_stop_a_request():
    body = {"model": "m", "messages": [{"role": "user", "content": "a\ud800b"}]}
    assert json.loads(write_body(body))["messages"][0]["content"] == "a?b"


def test_things_are_made_once_each_and_few_are_held():
    made: list[int] = []
    once = MadeOnce[list[int], int](lambda thing: made.append(thing[0]) or len(made))
    things = [[number] for number in range(MOST_KEPT)]
    assert [once(thing) for thing in things] == [once(thing) for thing in things] == list(range(1, MOST_KEPT + 1))
    assert once([0]) == MOST_KEPT + 1  # equal is not the same

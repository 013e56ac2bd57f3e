from remud_gen.llm.foresight import guess_output, make_up_reply
from remud_gen.llm.reply import strict_schema
from remud_gen.llm.structured import read_reply
from remud_gen.protocols import ModelRequest, WantedItem
from remud_gen.records import Evidence

SPAN = Evidence(id="cap", kind="caption", text="A cyst of 3 cm.")
WANTED = tuple(
    WantedItem(qtype, form, style)
    for qtype, form, style in (
        ("finding", "open", "direct"),
        ("anatomy", "mcq", "reasoning"),
        ("plane", "yesno", "direct"),
        ("diagnosis", "dialogue", "reasoning"),
    )
)


def make_request(schema, wanted=WANTED, **params):
    return ModelRequest("vqa", "p", "0", "s", "u", spans=(SPAN,), schema=schema, wanted=wanted, params=params)


def test_made_up_reply_is_read_like_a_real_one():
    parsed = read_reply(make_up_reply(make_request(strict_schema()), "openai", "m", "k"))
    assert parsed.problems == ()
    assert parsed.unusable_reason is None
    assert [(item.qtype, item.form, item.style) for _, item in parsed.items] == [
        (wish.qtype, wish.form, wish.style) for wish in WANTED
    ]
    assert {quote.quote for _, item in parsed.items for claim in item.claims for quote in claim.evidence} == {SPAN.text}


def test_any_schema_is_filled():
    schema = {
        "type": "object",
        "properties": {
            "kind": {"enum": ["a", "b"]},
            "score": {"type": "number", "minimum": 0.5},
            "box": {"type": "array", "items": {"type": "integer"}, "minItems": 4},
            "inner": {"$ref": "#/$defs/Inner"},
            "either": {"anyOf": [{"type": "null"}, {"type": "boolean"}]},
            "refused_reason": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        },
        "$defs": {"Inner": {"type": "object", "properties": {"again": {"$ref": "#/$defs/Inner"}}}},
    }
    text = make_up_reply(make_request(schema, ()), "openai", "m", "k").text
    for part in ('"kind": "a"', '"score": 0.5', '"box": [1, 1, 1, 1]', '"either": true', '"refused_reason": null'):
        assert part in text


def test_guess_follows_what_is_wanted_and_models_that_think_unseen():
    few, many = make_request(None, WANTED[:1]), make_request(None)
    assert guess_output(few, "gpt-4o") < guess_output(many, "gpt-4o")
    assert guess_output(many, "gpt-4o") + 1000 < guess_output(many, "o4-mini") == guess_output(many, "gpt-5-mini")
    assert guess_output(many, "gpt-5-chat-latest") == guess_output(many, "gpt-4o")

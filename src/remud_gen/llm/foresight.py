"""Stands in for a model when a run is only thought through: what is stored is given, anything else is made up.

A made-up reply lets a stage go on to the questions that would follow from it. It holds what the request's schema asks
for, with quotes from the sources it names, and is never written anywhere.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from remud_gen.protocols import ModelReply, ModelRequest, WantedItem
from remud_gen.rules.late import compile_late

SENTENCE = "The structure in the middle of the image is round, without echoes, and has a thin smooth wall."
OUTPUT_TOKENS_PER_ITEM = {"direct": 260, "reasoning": 420}  # questions with claims, quotes and answers, as JSON
OUTPUT_TOKENS_PER_CALL = 350
HIDDEN_TOKENS = 1_500  # of thinking that is billed and not shown
THINKS_UNSEEN = compile_late(r"\bo[1-9](?:\b|-)|gpt-[5-9](?!.*chat)|-r1\b|qwq|qvq|thinking|reason", re.IGNORECASE)
GUESS_LOW, GUESS_HIGH = 0.5, 2.0  # without a sample it is no more than this
DEEPEST = 12


def guess_output(request: ModelRequest, model: str) -> int:
    """Output tokens of a reply that nothing has been measured about."""
    items = [OUTPUT_TOKENS_PER_ITEM.get(item.style, OUTPUT_TOKENS_PER_CALL) for item in request.wanted]
    likely = sum(items) or OUTPUT_TOKENS_PER_CALL
    return likely + HIDDEN_TOKENS if THINKS_UNSEEN.search(model) else likely


def make_up_reply(request: ModelRequest, client: str, model: str, request_sha256: str) -> ModelReply:
    """A reply of the shape that was asked for."""
    text = SENTENCE
    if request.schema is not None:
        text = json.dumps(_fill(request.schema, request, request.schema, request.wanted), ensure_ascii=False)
    # What follows from different questions must differ, or it would count as one.
    parts = text.split(SENTENCE)
    text = "".join(f"{part}{SENTENCE} ({request_sha256[:8]}-{n})" for n, part in enumerate(parts[:-1])) + parts[-1]
    return ModelReply(client, model, text, SENTENCE, "stop", request_sha256=request_sha256)


def _fill(
    schema: Mapping[str, Any],
    request: ModelRequest,
    root: Mapping[str, Any],
    wanted: Sequence[WantedItem],
    depth: int = 0,
) -> Any:
    if "$ref" in schema:
        name = str(schema["$ref"]).rpartition("/")[2]
        schema = root.get("$defs", {}).get(name, {})
    for key in ("anyOf", "oneOf"):
        if key in schema:
            choices = [choice for choice in schema[key] if choice.get("type") != "null"]
            schema = choices[0] if choices else {}
            return _fill(schema, request, root, wanted, depth)
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return next((value for value in schema["enum"] if value is not None), None)
    kind = schema.get("type")
    kinds = kind if isinstance(kind, list) else [kind]
    if depth > DEEPEST or kinds == ["null"]:
        return None
    if "object" in kinds:
        fields = schema.get("properties", {})
        return {name: _fill_field(name, field, request, root, wanted, depth + 1) for name, field in fields.items()}
    if "array" in kinds:
        return _fill_list(schema, request, root, wanted, depth)
    if "integer" in kinds or "number" in kinds:
        return schema.get("minimum", 1)
    return True if "boolean" in kinds else SENTENCE


def _fill_field(
    name: str,
    schema: Mapping[str, Any],
    request: ModelRequest,
    root: Mapping[str, Any],
    wanted: Sequence[WantedItem],
    depth: int,
) -> Any:
    span = request.spans[0] if request.spans else None
    if name == "span_id" and span is not None:
        return span.id
    if name == "quote" and span is not None:
        return span.text
    if "reason" in name and "null" in json.dumps(schema):
        return None  # of why something cannot be done
    return _fill(schema, request, root, wanted, depth)


def _fill_list(
    schema: Mapping[str, Any], request: ModelRequest, root: Mapping[str, Any], wanted: Sequence[WantedItem], depth: int
) -> list[Any]:
    entry = schema.get("items", {})
    if wanted and depth <= 1:
        filled = [_fill(entry, request, root, (), depth + 1) for _ in wanted]
        for number, (made, item) in enumerate(zip(filled, wanted, strict=True), 1):
            if isinstance(made, dict):
                if "question" in made:  # each of its own, or what is asked about one would count for all
                    made["question"] = f"{number}. {made['question']}"
                made.update({name: getattr(item, name) for name in ("qtype", "form", "style") if name in made})
                _suit_form(made, item)
        return filled
    return [_fill(entry, request, root, (), depth + 1) for _ in range(max(1, int(schema.get("minItems", 1))))]


def _suit_form(made: dict[str, Any], item: WantedItem) -> None:
    if "options" in made:
        made["options"] = [{"key": key, "text": f"{key} {SENTENCE}"} for key in "ABCD"] if item.form == "mcq" else []
    if "answer_key" in made:
        made["answer_key"] = {"mcq": "A", "yesno": "yes"}.get(item.form)
    if "turns" in made and item.form != "dialogue":
        made["turns"] = []

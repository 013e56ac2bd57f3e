"""What a model said, wherever the server put it: content, parts, tool-call arguments, refusal, reasoning fields."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from remud_gen.llm.structured import split_thinking

REASONING_FIELDS = ("reasoning_content", "reasoning")
FINISH_REASONS = {
    "max_tokens": "length",
    "sensitive": "content_filter",
    "tool_calls": "stop",  # the arguments are the reply
    "function_call": "stop",
}


def find_choice(completion: Any) -> Mapping[str, Any] | None:
    """The first choice of what a server sent as a completion; None where it holds none."""
    choices = completion.get("choices") if isinstance(completion, Mapping) else None
    first = choices[0] if isinstance(choices, list) and choices else None
    return first if isinstance(first, Mapping) else None


def read_message(choice: Mapping[str, Any]) -> tuple[str, str | None, str | None]:
    """Text, reasoning and how it ended: stop, length, content_filter or refusal (the text is then what it said).

    Nothing in a server's reply is certain to have the type that its protocol says.
    """
    message, ended = choice.get("message"), choice.get("finish_reason")
    finish_reason = FINISH_REASONS.get(ended, keep_storable(ended)) if isinstance(ended, str) else None
    if not isinstance(message, Mapping):
        return "", None, finish_reason
    native, text = split_thinking(_read_content(message))
    reasoning = _read_reasoning(message) or native
    text = _read_arguments(message) or text
    if (refusal := message.get("refusal")) and not text:
        return str(refusal), reasoning, "refusal"
    return text, reasoning, finish_reason


def keep_storable(text: str) -> str:
    """Half of a surrogate pair is legal in JSON and in no file: it becomes U+FFFD."""
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _read_content(message: Mapping[str, Any]) -> str:
    content = message.get("content")
    if isinstance(content, list):  # some servers return parts
        words = (part.get("text") for part in content if isinstance(part, Mapping))
        return "".join(word for word in words if isinstance(word, str))
    return content if isinstance(content, str) else ""


def _read_arguments(message: Mapping[str, Any]) -> str:
    """The arguments of the first call of a tool; some servers send them as an object instead of as text."""
    calls = message.get("tool_calls")
    functions = [call.get("function") for call in calls if isinstance(call, Mapping)] if isinstance(calls, list) else []
    functions.append(message.get("function_call"))
    for function in functions:
        arguments = function.get("arguments") if isinstance(function, Mapping) else None
        if isinstance(arguments, Mapping):
            return json.dumps(arguments, ensure_ascii=False)
        if isinstance(arguments, str) and arguments.strip():
            return arguments.strip()
    return ""


def _read_reasoning(message: Mapping[str, Any]) -> str | None:
    for name in REASONING_FIELDS:
        value = message.get(name)
        if isinstance(value, str) and value.strip():
            return value.strip()
    return None

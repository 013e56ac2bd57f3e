"""A request's body as it is sent; what is the same in every request (system text, schema) is written once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from remud_gen.rules.shared import MadeOnce


def write_body(body: Mapping[str, Any]) -> bytes:
    """The JSON of a body as the openai package spells it; half of a surrogate pair is sent as `?`."""
    fields = (
        f"{_write(name)}:{_write_messages(value) if name == 'messages' else _write_field(value)}"
        for name, value in body.items()
    )
    return f"{{{','.join(fields)}}}".encode("utf-8", "replace")


def _write_field(value: Any) -> str:
    return _write_shared(value) if isinstance(value, dict) else _write(value)


def _write_messages(messages: list[dict[str, Any]]) -> str:
    return f"[{','.join(map(_write_message, messages))}]"


def _write_message(message: dict[str, Any]) -> str:
    content = message["content"]
    written = _write_system(content) if message["role"] == "system" else _write(content)
    return f'{{"role":{_write(message["role"])},"content":{written}}}'


def _write(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


_write_system = lru_cache(maxsize=32)(_write)
_write_shared = MadeOnce[dict[str, Any], str](_write)

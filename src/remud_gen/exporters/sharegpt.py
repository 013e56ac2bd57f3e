"""The `conversations` form with `from` and `value` that LLaMA-Factory, qwen-vl-finetune and LLaVA read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from remud_gen.exporters.chat import Messages

_ROLES = {"system": "system", "user": "human", "assistant": "gpt"}
_NAMES = {name: role for role, name in _ROLES.items()}


def to_conversations(messages: Messages) -> list[dict[str, str]]:
    """(role, text) as turns."""
    return [{"from": _ROLES[role], "value": text} for role, text in messages]


def from_conversations(turns: Sequence[Any]) -> Messages:
    """Turns as (role, text); an unknown role keeps its name, so that the validator shows it."""
    return tuple((_NAMES.get(turn["from"], turn["from"]), turn["value"]) for turn in turns)

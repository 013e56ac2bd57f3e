"""Tokens of one reply, out of the `usage` that endpoints send in several dialects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class TokenUsage:
    """Tokens as they are billed; `cached` are part of the input, `reasoning` part of the output."""

    input: int | None = None
    output: int | None = None
    cached: int = 0
    reasoning: int = 0


def read_usage(usage: Any) -> TokenUsage:
    """Read a completion's usage, an object or a mapping; what is missing or no count is left out."""
    fields = _to_mapping(usage)
    details, written = _to_mapping(fields.get("prompt_tokens_details")), fields.get("completion_tokens_details")
    sent, received = _count(fields.get("prompt_tokens")), _count(fields.get("completion_tokens"))
    # OpenAI and most others, DeepSeek, Moonshot.
    reports = (details.get("cached_tokens"), fields.get("prompt_cache_hit_tokens"), fields.get("cached_tokens"))
    cached = next((count for count in map(_count, reports) if count), 0)
    reasoning = _count(_to_mapping(written).get("reasoning_tokens")) or 0
    total = _count(fields.get("total_tokens"))
    if reasoning and sent is not None and received is not None and total == sent + received + reasoning:
        received += reasoning  # xAI and Gemini bill the thinking, but leave it out of completion_tokens
    if sent is not None:
        cached = min(cached, sent)
    return TokenUsage(sent, received, cached, min(reasoning, received or 0))


def _to_mapping(value: Any) -> Mapping[str, Any]:
    if isinstance(value, Mapping):
        return value
    dump = getattr(value, "model_dump", None)
    dumped = dump() if callable(dump) else {}
    return dumped if isinstance(dumped, Mapping) else {}


def _count(value: Any) -> int | None:
    is_count = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e12
    return int(value) if is_count else None

"""Which family a model belongs to, by its name: a judge favours what its own kind has written."""

from __future__ import annotations

import re
from collections.abc import Mapping

from remud_gen.rules.late import compile_late

# family -> what stands in the names of its models, as a word or the beginning of one
FAMILIES: Mapping[str, str] = {
    "gpt": r"gpt|chatgpt|o[1-9](?![a-z])|davinci",
    "claude": r"claude",
    "gemini": r"gemini|gemma|medgemma|palm",
    "qwen": r"qwen|qwq|qvq|tongyi",
    "deepseek": r"deepseek|janus",
    "llama": r"llama|vicuna|llava(?!-onevision)",
    "glm": r"glm|chatglm|cogvlm|zhipu",
    "mistral": r"mistral|mixtral|pixtral|magistral|ministral",
    "intern": r"intern(?:vl|lm|-?s\d)",
    "phi": r"phi-?\d",
    "yi": r"yi-(?:vl|\d|lightning|large|vision)",
    "grok": r"grok",
    "kimi": r"kimi|moonshot",
    "minicpm": r"minicpm",
    "doubao": r"doubao|seed-?\d|seed-oss|bagel",
    "ernie": r"ernie",
    "hunyuan": r"hunyuan",
    "minimax": r"minimax|abab\d",
    "step": r"step-?\d",
    "nova": r"nova-(?:pro|lite|micro|premier)",
    "command": r"command-[ar]|c4ai|aya-",
}
_PATTERNS = {name: compile_late(rf"(?<![a-z0-9])(?:{words})", re.IGNORECASE) for name, words in FAMILIES.items()}


def find_families(model: str) -> frozenset[str]:
    """Every family that a model's name tells of: a distilled one has two; empty where the name tells nothing."""
    return frozenset(name for name, pattern in _PATTERNS.items() if pattern.search(model))


def share_family(one: str, other: str) -> str | None:
    """The family that two models have in common, or their name where they are one model; None: none that is known."""
    common = find_families(one) & find_families(other)
    if common:
        return min(common)
    return one if one.lower() == other.lower() else None

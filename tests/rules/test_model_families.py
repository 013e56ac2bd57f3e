from __future__ import annotations

import pytest

from remud_gen.rules.model_families import find_families, share_family

NAMES = {
    "gpt-4o": "gpt", "openai/gpt-5-mini": "gpt", "o3-mini": "gpt", "chatgpt-4o-latest": "gpt",
    "claude-sonnet-4-5": "claude", "anthropic/claude-3.5-haiku": "claude",
    "gemini-2.5-pro": "gemini", "google/gemma-3-27b-it": "gemini", "google/medgemma-4b": "gemini",
    "Qwen/Qwen2.5-VL-72B-Instruct": "qwen", "qwen3-vl-plus": "qwen", "qvq-max": "qwen",
    "deepseek-reasoner": "deepseek", "meta-llama/Llama-3.2-90B-Vision": "llama", "glm-4.5v": "glm",
    "THUDM/cogvlm2": "glm", "mistralai/Pixtral-12B": "mistral", "OpenGVLab/InternVL3-78B": "intern",
    "microsoft/Phi-4-multimodal": "phi", "grok-4": "grok", "moonshotai/Kimi-VL-A3B": "kimi",
    "doubao-1-5-vision-pro": "doubao", "openbmb/MiniCPM-V-2_6": "minicpm", "hunyuan-vision": "hunyuan",
}  # fmt: skip


@pytest.mark.parametrize(("name", "family"), NAMES.items())
def test_family_is_told_by_the_name(name, family):
    assert find_families(name) == {family}


def test_distilled_model_belongs_to_both():
    assert find_families("deepseek-r1-distill-qwen-32b") == {"deepseek", "qwen"}
    assert share_family("deepseek-r1-distill-qwen-32b", "qwen-max") == "qwen"


@pytest.mark.parametrize("name", ["tiny", "my-finetune-v2", "photo3", "stepwise", "theophi", ""])
def test_name_that_tells_nothing_has_no_family(name):
    assert find_families(name) == frozenset()


def test_same_unknown_model_is_its_own_family():
    assert share_family("my-tune", "My-Tune") == "my-tune"
    assert share_family("my-tune", "your-tune") is None
    assert share_family("gpt-4o", "claude-3") is None
    assert share_family("gpt-4o", "o3") == "gpt"

"""Counts of o200k_base, taken once with tiktoken, against the rule that needs no vocabulary."""

import sys
import types

import pytest

from remud_gen.llm import text_tokens
from remud_gen.llm.text_tokens import count_by_characters, count_text, describe_counting

SAMPLES = [
    (
        "Longitudinal view of the left kidney: a simple cortical cyst of 3.5 cm in the lower pole, "
        "anechoic, with a thin wall and posterior acoustic enhancement. The cortex is less echogenic "
        "than the liver.",
        47,
        47,
    ),
    (
        "You write questions about one ultrasound image. Every fact of an answer must quote the numbered "
        "source it rests on, word for word. If the sources do not fit the image, say so in "
        "`unusable_reason` and give no items.",
        48,
        48,
    ),
    (
        "左肾下极见一囊性无回声区，大小约3.2cm×2.8cm，边界清，壁薄，后方回声增强。CDFI：囊内未见血流信号。右肾大小形态正常，集合系统未见分离。",
        68,
        60,
    ),
    (
        "请根据图像和编号的资料写出问题、思考过程和答案。每个事实都必须逐字引用资料；不能提到图号、分图字母或说明文字。若图像与文字不符，请说明原因并不出题。",
        57,
        48,
    ),
    (
        "Stones above 4 mm cast a clean posterior shadow at 5 MHz. Doppler twinkling helps where the "
        "shadow is missing; look for it with a high pulse repetition frequency, and compare both kidneys "
        "in two planes.",
        46,
        45,
    ),
]


@pytest.fixture(autouse=True)
def nothing_is_remembered():
    text_tokens._find_tokenizer.cache_clear()
    yield
    text_tokens._find_tokenizer.cache_clear()


@pytest.mark.parametrize(("text", "o200k", "qwen"), SAMPLES)
def test_rule_is_near_the_tokeniser(text, o200k, qwen):
    assert count_by_characters(text, "gpt-4o") == pytest.approx(o200k, rel=0.25)
    assert count_by_characters(text, "Qwen/Qwen2.5-VL-7B-Instruct") == pytest.approx(qwen, rel=0.25)


def test_whole_corpus_is_nearer_than_its_texts():
    counted = sum(count_by_characters(text, "gpt-4o") for text, _, _ in SAMPLES)
    assert counted == pytest.approx(sum(o200k for _, o200k, _ in SAMPLES), rel=0.08)


def test_nothing_is_nothing():
    assert count_by_characters("", "gpt-4o") == 0


def test_tiktoken_is_used_only_with_a_vocabulary_on_the_disk(tmp_path, monkeypatch):
    """What is not there would be fetched: a dry run that waits for the net, or a laptop without one, must not."""
    asked = []
    encoding = types.SimpleNamespace(encode_ordinary=lambda text: list(text.split()))
    fake = types.SimpleNamespace(get_encoding=lambda name: asked.append(name) or encoding)
    monkeypatch.setitem(sys.modules, "tiktoken", fake)
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))
    assert describe_counting("gpt-4o") == "characters"
    assert asked == []
    text_tokens._find_tokenizer.cache_clear()
    (tmp_path / "fb374d419588a4632f3f557e76b4b70aebbca790").write_bytes(b"")
    assert count_text("three little words", "gpt-4o") == 3
    assert asked == ["o200k_base"]
    assert describe_counting("qwen2.5-vl") == "characters"

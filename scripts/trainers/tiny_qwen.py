"""Qwen2.5-VL and Qwen3-VL with the real tokenizer, processor and template, and random weights: no download, no GPU.

    python scripts/trainers/tiny_qwen.py OUT

The vocabulary is the one in the package dashscope, the templates are those in trl. OUT/qwen2_5_vl and OUT/qwen3_vl are
model folders as any trainer takes them; two steps of training take seconds.
"""

from __future__ import annotations

import json
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

import cpu_vision  # noqa: F401 - first

# In the order of the published tokenizers: the first is id 151643.
_CONTROL_NAMES = (
    "endoftext im_start im_end object_ref_start object_ref_end box_start box_end "
    "quad_start quad_end vision_start vision_end vision_pad image_pad video_pad"
)
CONTROL = [f"<|{name}|>" for name in _CONTROL_NAMES.split()]
TEXTUAL = "<tool_call> </tool_call> <|fim_prefix|> <|fim_middle|> <|fim_suffix|> <|fim_pad|> <|repo_name|> <|file_sep|>"
THINKING = "<tool_response> </tool_response> <think> </think>"  # of Qwen3 alone: its tags are single tokens
END, START_OF_TURN, PICTURE, VIDEO = 151643, 151644, 151655, 151656
END_OF_TURN = 151645
WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def make_tokenizer(textual: list[str]) -> tuple[Any, dict[str, int], list[tuple[str, str]]]:
    """The byte-pair tokenizer, its vocabulary and its merges."""
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
    from transformers.convert_slow_tokenizer import TikTokenConverter

    ranks = str(files("dashscope") / "resources" / "qwen.tiktoken")
    vocabulary, merges = TikTokenConverter(vocab_file=ranks, pattern=WORDS).extract_vocab_merges_from_model(ranks)
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges, fuse_unk=False, byte_fallback=False))
    tokenizer.normalizer = normalizers.NFC()
    split = pre_tokenizers.Split(Regex(WORDS), behavior="isolated", invert=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [split, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    tokenizer.add_special_tokens([AddedToken(text, normalized=False, special=True) for text in CONTROL])
    tokenizer.add_tokens([AddedToken(text, normalized=False, special=False) for text in textual])
    return tokenizer, vocabulary, merges


def write_processor(folder: Path, processor: str, template: str, textual: list[str], patch_px: int) -> None:
    """Tokenizer, template and picture settings, as `from_pretrained` looks for them."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer, vocabulary, merges = make_tokenizer(textual)
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False), encoding="utf-8")
    lines = ["#version: 0.2", *(" ".join(pair) for pair in merges)]
    (folder / "merges.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    settings = {
        "tokenizer_class": "Qwen2Tokenizer",
        "processor_class": processor,
        "chat_template": template,
        "bos_token": None,
        "unk_token": None,
        "eos_token": "<|im_end|>",
        "pad_token": "<|endoftext|>",
        "additional_special_tokens": CONTROL[1:],
        "model_max_length": 32768,
        "clean_up_tokenization_spaces": False,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")
    (folder / "chat_template.jinja").write_text(template, encoding="utf-8")
    is_third = processor.startswith("Qwen3")
    cell_px = 2 * patch_px
    pictures: dict[str, Any] = {
        "processor_class": processor,
        "patch_size": patch_px,
        "merge_size": 2,
        "temporal_patch_size": 2,
        "image_mean": [0.5, 0.5, 0.5],
        "image_std": [0.5, 0.5, 0.5],
        "size": {"shortest_edge": 4 * cell_px**2, "longest_edge": 64 * cell_px**2},
    }
    if not is_third:
        pictures |= {"min_pixels": 4 * cell_px**2, "max_pixels": 64 * cell_px**2}
    kind = "Qwen2VLImageProcessorFast" if is_third else "Qwen2VLImageProcessor"
    film = "Qwen3VLVideoProcessor" if is_third else "Qwen2VLVideoProcessor"
    for name, extra in (
        ("preprocessor_config.json", {"image_processor_type": kind}),
        ("video_preprocessor_config.json", {"video_processor_type": film}),
    ):
        (folder / name).write_text(json.dumps({**pictures, **extra}), encoding="utf-8")


TEXT_MODEL = {
    "vocab_size": 151936,
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 32768,
    "tie_word_embeddings": True,
    "bos_token_id": END,
    "eos_token_id": END_OF_TURN,
    "pad_token_id": END,
}
EYE = {
    "depth": 2,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_heads": 2,
    "out_hidden_size": 64,
    "spatial_merge_size": 2,
    "temporal_patch_size": 2,
}
TOKENS = {
    "image_token_id": PICTURE,
    "video_token_id": VIDEO,
    "vision_start_token_id": 151652,
    "vision_end_token_id": 151653,
    "tie_word_embeddings": True,
}


def make_second() -> Any:
    """A Qwen2.5-VL of random weights."""
    from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

    rope = {"type": "mrope", "rope_type": "default", "mrope_section": [2, 3, 3], "rope_theta": 1e6}
    eye = {**EYE, "patch_size": 14, "window_size": 112, "fullatt_block_indexes": [1]}
    config = Qwen2_5_VLConfig(text_config={**TEXT_MODEL, "rope_scaling": rope}, vision_config=eye, **TOKENS)
    return Qwen2_5_VLForConditionalGeneration(config)


def make_third() -> Any:
    """A Qwen3-VL of random weights."""
    from transformers import Qwen3VLConfig, Qwen3VLForConditionalGeneration

    rope = {"rope_type": "default", "mrope_section": [2, 3, 3], "mrope_interleaved": True, "rope_theta": 5e6}
    eye = {**EYE, "patch_size": 16, "deepstack_visual_indexes": [0], "num_position_embeddings": 64}
    text = {**TEXT_MODEL, "head_dim": 16, "rope_scaling": rope}
    return Qwen3VLForConditionalGeneration(Qwen3VLConfig(text_config=text, vision_config=eye, **TOKENS))


def main(out: Path) -> None:
    """Write both model folders and check that the tokenizer gives the ids that are published."""
    import torch
    from transformers import AutoProcessor

    templates = files("trl") / "chat_templates"
    for name, processor, make, textual, patch_px in (
        ("qwen2_5_vl", "Qwen2_5_VLProcessor", make_second, TEXTUAL.split(), 14),
        ("qwen3_vl", "Qwen3VLProcessor", make_third, f"{TEXTUAL} {THINKING}".split(), 16),
    ):
        template = (templates / f"{name}.jinja").read_text(encoding="utf-8")
        write_processor(out / name, processor, template, textual, patch_px)
        tokenizer = AutoProcessor.from_pretrained(str(out / name)).tokenizer
        found = [tokenizer.convert_tokens_to_ids(text) for text in ("<|im_start|>", "<|im_end|>", "<|image_pad|>")]
        if found != [START_OF_TURN, END_OF_TURN, PICTURE] or tokenizer.encode("assistant") != [77091]:
            raise SystemExit(f"{name}: the tokenizer gives other ids than the published one: {found}")
        torch.manual_seed(0)
        model = make()
        model.generation_config.pad_token_id = END
        model.save_pretrained(str(out / name))
        print(f"{name}: {sum(each.numel() for each in model.parameters()) / 1e6:.1f} M random weights in {out / name}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

"""Character sequences that a trainer's template or tokenizer takes for structure when they stand in ordinary text."""

from __future__ import annotations

import re

from remud_gen.rules.late import compile_late

# LLaMA-Factory counts `<image>` in every turn and aborts the run on a wrong count; `<|im_end|>` in an answer is
# tokenised as the real end of turn without any warning. The lists are the special tokens of the Qwen, Llama, Mistral,
# Gemma, DeepSeek and LLaVA families and the words of our own thinking modes.
_TAGS = (
    "image|video|audio|img|bbox|box|ref|ref-object|quad|point|region|mask|pad|unk|bos|eos|s|"
    "think|thinking|answer|tool_call|tool_response|tools|im_patch|im_start|im_end|"
    "start_of_turn|end_of_turn|start_of_image|end_of_image|image_soft_token|image_pad|video_pad|vision_start|vision_end"
)
_RESERVED = compile_late(
    rf"""<\|[^<>|\n]{{1,64}}\|>
    | <｜[^<>｜\n]{{1,64}}｜>
    | </?(?:{_TAGS})\s*/?>
    | \[/?(?-i:INST|IMG|IMG_BREAK|IMG_END|SYSTEM_PROMPT|TOOL_CALLS|AVAILABLE_TOOLS|TOOL_RESULTS)\]
    | <</?SYS>>""",
    re.IGNORECASE | re.VERBOSE,
)
# C0 and C1 controls but for tab and the line ends; lone surrogates cannot be written as UTF-8 at all.
_UNFIT = compile_late("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff]")


def find_reserved(text: str) -> str | None:
    """The first sequence that a trainer would not read as text; None means the text is clean."""
    if "<" not in text and "[" not in text:  # all of them begin so, and hardly a text does
        return None
    found = _RESERVED.search(text)
    return found.group() if found else None


def find_unfit_character(text: str) -> str | None:
    """The first control character or lone surrogate, as `U+XXXX`; None means the text is clean."""
    if text.isprintable():  # no control character is
        return None
    found = _UNFIT.search(text)
    return f"U+{ord(found.group()):04X}" if found else None

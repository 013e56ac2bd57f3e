"""How many input tokens a picture costs, by the rules that each family of models publishes.

Sizes are in pixels and those of the picture as it is sent. What an endpoint really counts stands in the `usage` of its
replies; these rules are for before.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

from remud_gen.rules.smart_resize import smart_resize

Count = Callable[[int, int], int]


@dataclass(frozen=True, slots=True)
class ImageRule:
    """The rule of one family: which models, in words, and the tokens of a picture of some width and height."""

    label: str
    models: re.Pattern[str]  # found in the lower-case model name
    count: Count


def count_tiles(width: int, height: int, base: int, tile: int) -> int:
    """OpenAI's tiles at high detail: into 2048 x 2048, shortest side to 768, then squares of 512 and a base."""
    for is_longest, most_px in ((True, 2048), (False, 768)):
        side = max(width, height) if is_longest else min(width, height)
        if side > most_px:  # whole pixels in between: bills show it
            width, height = round(width * most_px / side), round(height * most_px / side)
    return base + tile * math.ceil(width / 512) * math.ceil(height / 512)


def count_patches(width: int, height: int, multiplier: float, budget: int) -> int:
    """OpenAI's patches of 32 px at high detail: longest side 2048, at most `budget` patches, times a multiplier."""
    scale = min(1.0, 2048 / max(width, height))
    wide, high = width * scale, height * scale
    if math.ceil(wide / 32) * math.ceil(high / 32) > budget:
        shrink = math.sqrt(32 * 32 * budget / (wide * high))
        across, down = wide * shrink / 32, high * shrink / 32
        shrink *= min(math.floor(across) / across or 1.0, math.floor(down) / down or 1.0)
        wide, high = wide * shrink, high * shrink
    patches = min(budget, math.ceil(round(wide, 6) / 32) * math.ceil(round(high, 6) / 32))
    return math.ceil(round(patches * multiplier, 6))


def count_qwen(width: int, height: int, factor: int, min_pixels: int, max_pixels: int) -> int:
    """Qwen-VL: sides to multiples of `factor`, one token for each of its squares, and one before and one after."""
    longest, shortest = max(width, height), min(width, height)
    shortest = max(shortest, math.ceil(longest / 200))  # what is more elongated the model refuses
    wide, high = smart_resize(longest, shortest, factor, min_pixels, max_pixels)
    return wide // factor * (high // factor) + 2


def count_gemini_tiles(width: int, height: int) -> int:
    """Gemini up to 2.5: 258 tokens for a small picture, else for every tile of a unit that follows the shorter side."""
    if width <= 384 and height <= 384:
        return 258
    unit = min(768, max(256, math.floor(min(width, height) / 1.5)))
    return 258 * math.ceil(width / unit) * math.ceil(height / unit)


def count_claude(width: int, height: int, most_px: int, most_tokens: int) -> int:
    """Claude: a token for every 750 pixels, after the picture was made to fit a longest side and a most of tokens."""
    scale = min(1.0, most_px / max(width, height))
    return min(most_tokens, math.ceil(width * scale * height * scale / 750))


def count_internvl(width: int, height: int, most_tiles: int = 12) -> int:
    """InternVL: the grid of 448 px tiles whose shape is nearest, 256 tokens each, and a small whole picture."""
    shape = width / height
    grids = [(i, j) for i in range(1, most_tiles + 1) for j in range(1, most_tiles + 1) if i * j <= most_tiles]
    best, least = (1, 1), float("inf")
    for i, j in sorted(grids, key=lambda grid: grid[0] * grid[1]):
        distance = abs(shape - i / j)
        is_large = width * height > 0.5 * 448 * 448 * i * j
        if distance < least or (distance == least and is_large):
            best, least = (i, j), distance
    tiles = best[0] * best[1]
    return 256 * (tiles + (tiles > 1))


def _tiles(base: int, tile: int) -> Count:
    return lambda width, height: count_tiles(width, height, base, tile)


def _patches(multiplier: float, budget: int) -> Count:
    return lambda width, height: count_patches(width, height, multiplier, budget)


def _qwen(factor: int, min_pixels: int, max_pixels: int) -> Count:
    return lambda width, height: count_qwen(width, height, factor, min_pixels, max_pixels)


def _claude(most_px: int, most_tokens: int) -> Count:
    return lambda width, height: count_claude(width, height, most_px, most_tokens)


def _rule(label: str, models: str, count: Count) -> ImageRule:
    return ImageRule(label, re.compile(models), count)


RULES: tuple[ImageRule, ...] = (  # the first that fits
    _rule("OpenAI tiles, 2833 + 5667 each", r"gpt-4o-mini", _tiles(2833, 5667)),
    _rule("OpenAI patches x 1.62, at most 1536", r"gpt-(?:4\.1|5)-mini|gpt-5\.?\d?-codex-mini", _patches(1.62, 1536)),
    _rule("OpenAI patches x 2.46, at most 1536", r"gpt-(?:4\.1|5)-nano", _patches(2.46, 1536)),
    _rule("OpenAI patches x 1.72, at most 1536", r"\bo4-mini", _patches(1.72, 1536)),
    _rule("OpenAI patches x 1.2, at most 1536", r"gpt-5\.[23]", _patches(1.2, 1536)),
    _rule("OpenAI patches x 1.2, at most 2500", r"gpt-5\.[4-9]|gpt-[6-9]", _patches(1.2, 2500)),
    _rule("OpenAI tiles, 70 + 140 each", r"gpt-5", _tiles(70, 140)),
    _rule("OpenAI tiles, 75 + 150 each", r"\bo[13](?:\b|-)", _tiles(75, 150)),
    _rule("OpenAI tiles, 65 + 129 each", r"computer-use", _tiles(65, 129)),
    _rule("OpenAI tiles, 85 + 170 each", r"gpt-4|chatgpt-4o", _tiles(85, 170)),
    _rule("Qwen squares of 32 px", r"qwen-?(?:3\.?\d*-?(?:vl|omni)|3\.[5-9]|[4-9])", _qwen(32, 256 * 256, 4096 * 4096)),
    _rule("Qwen squares of 28 px", r"qwen|qvq", _qwen(28, 56 * 56, 16384 * 28 * 28)),
    _rule("Gemini 3: 1120 for a picture", r"gemini-[3-9]", lambda width, height: 1120),
    _rule("Gemini tiles of 258", r"gemini", count_gemini_tiles),
    _rule("Claude, a token for 750 px, at most 4784", r"claude-opus-(?:4-[7-9]|[5-9])", _claude(2576, 4784)),
    _rule("Claude, a token for 750 px, at most 1600", r"claude", _claude(1568, 1600)),
    _rule("InternVL tiles of 256", r"intern-?vl|internvl", count_internvl),
    _rule("Gemma: 256 for a picture", r"gemma", lambda width, height: 256),
)
DEFAULT_RULE = _rule("no rule known: squares of 28 px", r"", _qwen(28, 56 * 56, 16384 * 28 * 28))


def find_rule(model: str) -> ImageRule:
    """The rule for a model's name; what no rule is known for is counted as Qwen2-VL counts, as many servers do."""
    name = model.lower()
    return next((rule for rule in RULES if rule.models.search(name)), DEFAULT_RULE)


def count_image(model: str, width: int, height: int, max_side_px: int | None = None) -> int:
    """Input tokens of a picture that is sent no larger than `max_side_px` on its longest side."""
    if max_side_px is not None and max(width, height) > max_side_px:
        scale = max_side_px / max(width, height)
        width, height = max(1, round(width * scale)), max(1, round(height * scale))
    return find_rule(model).count(max(1, width), max(1, height))

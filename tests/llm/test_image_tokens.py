"""Against the numbers that the makers of the models publish."""

import pytest

from remud_gen.llm.image_tokens import DEFAULT_RULE, count_image, count_internvl, find_rule

PUBLISHED = [
    ("gpt-4o", 1024, 1024, 765),
    ("gpt-4o", 2048, 4096, 1105),
    ("gpt-4o-2024-08-06", 512, 512, 255),
    ("gpt-4o-mini", 1024, 1024, 2833 + 4 * 5667),
    ("gpt-4.1", 2050, 513, 765),  # as bills show: brought to 2048 x 512,
    ("gpt-4.1", 2049, 513, 1445),  # and this one to 2048 x 513, which takes twice the tiles
    ("gpt-5", 1024, 1024, 70 + 4 * 140),
    ("gpt-5.1", 1024, 1024, 70 + 4 * 140),
    ("gpt-5-chat-latest", 512, 512, 210),
    ("o1", 1024, 1024, 75 + 4 * 150),
    ("o3", 512, 512, 225),
    ("gpt-4.1-mini", 1024, 1024, 1659),  # 1024 patches x 1.62
    ("gpt-5-mini", 1800, 2400, 2353),  # 1452 patches x 1.62
    ("gpt-5-nano", 1024, 1024, 2520),
    ("o4-mini", 1024, 1024, 1762),
    ("gpt-5.2", 1024, 1024, 1229),
    ("gpt-5.4", 640, 480, 360),
    ("gpt-5.5", 1280, 720, 1104),
    ("gemini-2.5-flash", 300, 300, 258),
    ("gemini-2.0-flash", 960, 540, 6 * 258),
    ("gemini-3-pro-preview", 4000, 3000, 1120),
    ("claude-sonnet-4-5", 200, 200, 54),
    ("claude-sonnet-4-5", 1000, 1000, 1334),
    ("claude-3-7-sonnet", 1092, 1092, 1590),
    ("claude-sonnet-4-6", 4000, 4000, 1600),
    ("claude-opus-4-7", 2000, 2000, 4784),
    ("Qwen/Qwen2.5-VL-7B-Instruct", 1036, 1036, 37 * 37 + 2),
    ("qwen2-vl-72b-instruct", 280, 140, 10 * 5 + 2),
    ("Qwen3-VL-8B-Instruct", 1024, 1024, 32 * 32 + 2),
    ("qwen3-vl-plus", 100, 100, 8 * 8 + 2),  # enlarged to 256 x 256
    ("OpenGVLab/InternVL3-8B", 448, 448, 256),
    ("InternVL2_5-8B", 896, 896, 5 * 256),
    ("google/gemma-3-27b-it", 2000, 1000, 256),
]


@pytest.mark.parametrize(("model", "width", "height", "tokens"), PUBLISHED)
def test_published_numbers(model, width, height, tokens):
    assert count_image(model, width, height) == tokens


def test_patches_never_exceed_their_budget_whatever_the_shape():
    for width in (1, 31, 500, 1474, 2049, 9000):
        for height in (1, 33, 700, 4000, 8000):
            assert count_image("gpt-5-mini", width, height) <= 2489
            assert count_image("gpt-5.4", width, height) <= 3000
            assert count_image("claude-sonnet-4-5", width, height) <= 1600
            for model in ("gpt-4o", "gemini-2.5-pro", "qwen2.5-vl-7b", "internvl3", "unheard-of"):
                assert count_image(model, width, height) > 0


def test_picture_is_counted_as_it_is_sent():
    assert count_image("qwen2.5-vl-7b", 4000, 2000, max_side_px=1536) == count_image("qwen2.5-vl-7b", 1536, 768)
    assert count_image("qwen2.5-vl-7b", 800, 600, max_side_px=1536) == count_image("qwen2.5-vl-7b", 800, 600)


def test_what_no_rule_is_known_for_says_so():
    assert find_rule("unheard-of-7b") is DEFAULT_RULE
    assert "no rule known" in DEFAULT_RULE.label


def test_internvl_prefers_the_larger_of_two_equal_grids_for_a_large_picture():
    assert count_internvl(448, 448) == 256
    assert count_internvl(1344, 1344) == 256 * 10
    assert count_internvl(896, 448) == 256 * 3

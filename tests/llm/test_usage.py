from openai.types.completion_usage import CompletionUsage

from remud_gen.llm.usage import TokenUsage, read_usage


def test_openai_counts_cached_within_the_input_and_reasoning_within_the_output():
    usage = CompletionUsage.model_validate({
        "prompt_tokens": 1000, "completion_tokens": 700, "total_tokens": 1700,
        "prompt_tokens_details": {"cached_tokens": 768}, "completion_tokens_details": {"reasoning_tokens": 512},
    })  # fmt: skip
    assert read_usage(usage) == TokenUsage(1000, 700, cached=768, reasoning=512)


def test_reasoning_that_the_output_leaves_out_is_added_to_it():
    usage = {
        "prompt_tokens": 32, "completion_tokens": 9, "total_tokens": 135,
        "completion_tokens_details": {"reasoning_tokens": 94},
    }  # fmt: skip
    assert read_usage(usage) == TokenUsage(32, 103, reasoning=94)


def test_other_names_of_cached_tokens():
    deepseek = {"prompt_tokens": 500, "completion_tokens": 5, "prompt_cache_hit_tokens": 448}
    assert read_usage(deepseek).cached == 448
    assert read_usage({"prompt_tokens": 500, "completion_tokens": 5, "cached_tokens": 300}).cached == 300
    assert read_usage({"prompt_tokens": 5, "completion_tokens": 5, "cached_tokens": 300}).cached == 5


def test_what_is_missing_or_no_count_is_unknown_and_never_nothing():
    assert read_usage(None) == TokenUsage()
    assert read_usage({"prompt_tokens": None, "completion_tokens": "many"}) == TokenUsage()
    assert read_usage({"prompt_tokens": -3, "completion_tokens": True}) == TokenUsage()

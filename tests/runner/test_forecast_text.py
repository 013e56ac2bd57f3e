"""What a dry run tells of how sure it is."""

import pytest

from remud_gen.llm.estimate import Range
from remud_gen.runner.forecast import StageForecast
from remud_gen.runner.reports.forecast_text import forecast_lines


def foretold(high):
    bill = Range(0.5, 1.0, high)
    counts = {"n_inputs": 90, "n_asking": 90, "n_new": 60, "n_stored": 30, "n_sampled": 30, "n_measured": 30}
    ranges = dict.fromkeys(("calls", "input_tokens", "output_tokens", "cost_usd", "bill_usd"), bill)
    told = {"name": "generate", "unit": "pair", "model": "tiny", "price": "$1", "hint": "", "counting": "by characters"}
    return StageForecast(**counts, **ranges, **told, sampled_usd=0.1)


@pytest.mark.parametrize(("high", "told"), [(1.6, "  within 60%; "), (7.19, "  up to 7.2 times as much; ")])
def test_wide_range_is_told_as_a_share_or_as_so_many_times_the_amount(high, told):
    assert any(line.startswith(told) for line in forecast_lines([foretold(high)]))

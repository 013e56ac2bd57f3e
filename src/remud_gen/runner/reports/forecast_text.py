"""The forecasts of a dry run -> the text or JSON on stdout."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from remud_gen.llm.estimate import Range
from remud_gen.runner.forecast import StageForecast
from remud_gen.runner.reports.table import lay_out
from remud_gen.runner.reports.wording import count_noun

HEADINGS = ("stage", "inputs", "calls to make", "stored", "input tokens", "output tokens", "low", "likely", "high")
GOOD_SPREAD = 0.15  # a sample whose ends lie further apart than this could be larger


def forecast_lines(forecasts: Sequence[StageForecast]) -> list[str]:
    """A row for every stage that would ask, how the figures came about, and what would make them surer."""
    if not forecasts:
        return ["Dry run: no model would be asked anything."]
    lines = lay_out(HEADINGS, [_row(one) for one in forecasts], ("stage",))
    for one in forecasts:
        lines += ["", *_explain(one)]
    return [*lines, "", _last_line(forecasts)]


def forecast_json(forecasts: Sequence[StageForecast]) -> dict[str, Any]:
    """The same for scripts."""
    return {
        one.name: {
            "model": one.model,
            "inputs": one.n_inputs,
            "inputs_asking": one.n_asking,
            "calls_new": one.n_new,
            "calls_stored": one.n_stored,
            "calls": _to_json(one.calls, 1),
            "input_tokens": _to_json(one.input_tokens, 0),
            "output_tokens": _to_json(one.output_tokens, 0),
            "cost_usd": _to_json(one.cost_usd, 6),
            "bill_usd": _to_json(one.bill_usd, 6),
            "is_measured": one.n_measured > 0,
            "inputs_measured": one.n_measured,
            "inputs_sampled": one.n_sampled,
            "sampled_usd": one.sampled_usd,
            "price": one.price,
            "counting": one.counting,
            "notes": list(one.notes),
        }
        for one in forecasts
    }


def _to_json(amount: Range | None, digits: int) -> dict[str, float] | None:
    if amount is None:
        return None
    return {name: round(getattr(amount, name), digits) for name in ("low", "likely", "high")}


def _row(one: StageForecast) -> tuple[str, ...]:
    calls = f"{one.calls.likely:,.0f}"
    cost = ("unknown", "unknown", "unknown") if one.cost_usd is None else tuple(_to_usd(one.cost_usd))
    tokens = f"{one.input_tokens.likely:,.0f}", f"{one.output_tokens.likely:,.0f}"
    return (one.name, f"{one.n_inputs:,}", calls, f"{one.n_stored:,}", *tokens, *cost)


def _to_usd(amount: Range) -> list[str]:
    return [f"${usd:,.4f}" if usd < 1 else f"${usd:,.2f}" for usd in (amount.low, amount.likely, amount.high)]


def _explain(one: StageForecast) -> list[str]:
    if not one.n_new:
        return [f"{one.name}: {one.notes[0] if one.notes else 'nothing is left to ask'}"]
    lines = [f"{one.name}: {one.model}, {one.price}"]
    if one.hint:
        lines.append(f"  {one.hint}")
    lines.append(f"  counted before sending: {one.counting}")
    if not one.n_measured:
        low, high = one.output_tokens.low, one.output_tokens.high
        lines.append(f"  replies are guessed at {low:,.0f} to {high:,.0f} tokens in all: --sample 50 measures them")
        return [*lines, *one.notes]
    if one.n_sampled:
        paid = "" if one.sampled_usd is None else f", ${one.sampled_usd:.4f} paid for it now"
        lines.append(f"  measured on a sample of {count_noun(one.n_sampled, 'input')}{paid}; its replies are stored")
    else:
        lines.append(f"  measured on {count_noun(one.n_measured, 'input')} that were answered before")
    if one.bill_usd is not None:
        least, amount, most = _to_usd(one.bill_usd)
        lines.append(f"  with what is paid already: {amount} ({least} to {most}, 95 % sure)")
    spread = one.bill_usd.spread if one.bill_usd is not None else one.output_tokens.spread
    if spread > GOOD_SPREAD and one.n_measured < one.n_asking:
        wanted = min(one.n_asking, round(one.n_measured * (spread / GOOD_SPREAD) ** 2 / 10 + 0.5) * 10)
        told = f"within {spread:.0%}" if spread < 1 else f"up to {1 + spread:.1f} times as much"
        lines.append(f"  {told}; --sample {wanted} would come within about {GOOD_SPREAD:.0%}")
    return [*lines, *one.notes]


def _last_line(forecasts: Sequence[StageForecast]) -> str:
    n_sampled = sum(one.n_sampled for one in forecasts)
    told = f"{count_noun(n_sampled, 'input')} were asked as a sample" if n_sampled else "nothing was asked or paid"
    return f"Dry run: {told}. The same command without --dry-run does it; --max-cost USD sets a limit."

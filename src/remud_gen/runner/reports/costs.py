"""What a run costs: by stage, by quadruplet that was kept, and what its folder has paid in all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from remud_gen.config import BudgetConfig
from remud_gen.llm.budget import Spent
from remud_gen.runner.account import read_spending
from remud_gen.runner.parts import Usage
from remud_gen.runner.reports.wording import count_noun

Costs = Sequence[tuple[str, Usage]]  # by stage, in the pipeline's order


def add_usage(costs: Costs) -> Usage:
    """All stages together."""
    total = Usage()
    for _, usage in costs:
        total.add(usage)
    return total


def tell_costs(run: Path, limits: BudgetConfig, costs: Costs, n_kept: int | None) -> list[str]:
    """Lines for people; none where no model was asked."""
    reading, total = read_spending(run), add_usage(costs)
    spent = reading.total
    is_free = not total.cost_usd and not total.unpriced_calls and not total.output_tokens
    if is_free and not spent.n_replies and not spent.n_lost:
        return []
    return [
        *_tell_kept(total, n_kept),
        f"paid by this run folder so far: {_tell_spent(spent, reading.n_late)}{_tell_limits(limits)}",
    ]


def costs_json(run: Path, limits: BudgetConfig, costs: Costs, n_kept: int | None) -> dict[str, Any]:
    """The same for scripts: an unknown cost is null."""
    reading, total = read_spending(run), add_usage(costs)
    return {
        "stages_usd": {stage: _to_usd(usage) for stage, usage in costs if usage.calls},
        "total_usd": _to_usd(total),
        "per_kept_usd": _divide(total, n_kept),
        "paid_usd": None if reading.total.n_unpriced else round(reading.total.usd, 6),
        "paid_tokens": reading.total.tokens,
        "paid_by_stage_usd": {
            stage: None if spent.n_unpriced else round(spent.usd, 6) for stage, spent in reading.by_stage.items()
        },
        "lost_requests": reading.total.n_lost - reading.n_late,
        "batched_requests": reading.n_late,  # counted as the most they can cost
        "max_cost_usd": limits.max_cost_usd,
        "max_tokens": limits.max_tokens,
    }


def _tell_kept(total: Usage, n_kept: int | None) -> Iterator[str]:
    if n_kept is None or not total.calls:
        return
    cost = _divide(total, n_kept)
    if cost is not None:
        yield f"cost of a kept quadruplet: ${cost:.4f} ({count_noun(n_kept, 'quadruplet')} kept)"
    elif n_kept:
        yield "cost of a kept quadruplet: unknown"


def _tell_spent(spent: Spent, n_late: int) -> str:
    """`n_late` requests of it were handed over in batches."""
    tokens = f"{spent.tokens:,} tokens"
    n_lost = spent.n_lost - n_late
    lost = f", {count_noun(n_lost, 'lost reply')} guessed".replace("replys", "replies") if n_lost else ""
    if n_late:
        lost += f", {count_noun(n_late, 'request')} in batches counted as the most they can cost"
    if not spent.n_unpriced:
        return f"${spent.usd:.4f}, {tokens}{lost}"
    known = f"${spent.usd:.4f} and {count_noun(spent.n_unpriced, 'call')} of unknown cost" if spent.usd else "unknown"
    return f"{known}, {tokens}{lost}"


def _tell_limits(limits: BudgetConfig) -> str:
    told = [] if limits.max_cost_usd is None else [f"${limits.max_cost_usd:g}"]
    told += [] if limits.max_tokens is None else [f"{limits.max_tokens:,} tokens"]
    return f" (limit {' and '.join(told)})" if told else ""


def _to_usd(usage: Usage) -> float | None:
    return None if usage.unpriced_calls else round(usage.cost_usd, 6)


def _divide(total: Usage, n_kept: int | None) -> float | None:
    return round(total.cost_usd / n_kept, 6) if n_kept and not total.unpriced_calls else None

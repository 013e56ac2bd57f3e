"""Figures in words: prices, times, counts of things."""

from __future__ import annotations


def describe_price(cost_usd: float, unpriced_calls: int, calls: int) -> str:
    """A cost in words: what is not known is never shown as nothing."""
    if not unpriced_calls:
        return f"${cost_usd:.4f}"
    return "unknown" if unpriced_calls >= calls else f"unknown (${cost_usd:.4f} for the calls of known price)"


def count_noun(count: int, noun: str) -> str:
    """`1 page`, `2,000 pages`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def format_duration(seconds: float) -> str:
    """For people: `12.3 s`, `4 min 05 s`, `3 h 20 min`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    if seconds < 3600:
        return f"{int(seconds) // 60} min {int(seconds) % 60:02d} s"
    return f"{int(seconds) // 3600} h {int(seconds) % 3600 // 60:02d} min"

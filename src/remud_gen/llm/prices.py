"""What a reply costs: the user's own prices first, else the snapshot bundled with genai-prices, which is never renewed
over the net from here. A price that nobody knows is unknown, which is not nothing.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from functools import cache
from typing import Any, Literal
from urllib.parse import urlsplit

from remud_gen.config import ModelConfig, PriceConfig
from remud_gen.llm.endpoint import find_address
from remud_gen.protocols import ModelReply

PER = 1_000_000
INSTALL = 'pip install "remud-gen[prices]"'
Charge = Callable[[int, int, int], float]


@dataclass(frozen=True, slots=True)
class Price:
    """What one model costs at one endpoint; `label` says how much and by whom, for people."""

    label: str
    charge: Charge | None  # (input, of it cached, output tokens) -> USD; None: unknown
    hint: str = ""  # how an unknown price becomes a known one

    @property
    def is_known(self) -> bool:
        """Whether a cost can be told at all."""
        return self.charge is not None

    def cost(self, input_tokens: int, output_tokens: int, cached_tokens: int = 0, share: float = 1.0) -> float | None:
        """USD for so many tokens at a share of the list price; None where the price is unknown."""
        if self.charge is None:
            return None
        return share * self.charge(input_tokens, min(cached_tokens, input_tokens), output_tokens)

    def cost_of(self, reply: ModelReply) -> float | None:
        """USD for a reply; None where the price is unknown, or the endpoint says nothing about tokens."""
        if self.charge is None:
            return None
        if reply.input_tokens is None or reply.output_tokens is None:
            return 0.0 if self.cost(PER, PER) == 0 else None
        return self.cost(reply.input_tokens, reply.output_tokens, reply.cached_tokens, reply.paid_share)


def find_price(model: ModelConfig, own: Mapping[str, PriceConfig | Literal["free"]]) -> Price:
    """The price of a configured model: as its user says, else as genai-prices knows it for its address."""
    name = model.model or ""
    for pattern, given in own.items():
        if pattern == name or fnmatchcase(name, pattern):
            return _read_own(given)
    address = find_address(model.base_url)
    return _look_up(name, address)


def _read_own(given: PriceConfig | Literal["free"]) -> Price:
    if given == "free":
        return Price("free, as budget.prices says", lambda input_tokens, cached, output_tokens: 0.0)
    per_cached = given.input if given.cached_input is None else given.cached_input

    def charge(input_tokens: int, cached_tokens: int, output_tokens: int) -> float:
        fresh = input_tokens - cached_tokens
        return (fresh * given.input + cached_tokens * per_cached + output_tokens * given.output) / PER

    told = f"${given.input:g} in, ${given.output:g} out a million tokens, as budget.prices says"
    return Price(told, charge)


@cache
def _look_up(name: str, address: str) -> Price:
    own = f"set it under `budget.prices` in a config: `{name}: {{input: …, output: …}}`, or `{name}: free`"
    host = urlsplit(address).hostname or address
    try:
        package: Any = importlib.import_module("genai_prices")
        snapshot: Any = importlib.import_module("genai_prices.data_snapshot").get_snapshot()
    except ImportError:
        return Price(f"unknown: no price of {name} is set, genai-prices is not installed", None, f"{INSTALL}, or {own}")
    try:
        provider, model = snapshot.find_provider_model(name, None, None, address)
    except LookupError:
        return Price(f"unknown: genai-prices {package.__version__} knows no {name} at {host}", None, own)
    prices = model.get_prices(datetime.now(tz=UTC))
    if prices.input_mtok is None or prices.output_mtok is None:
        return Price(f"unknown: genai-prices {package.__version__} has no price per token of {name}", None, own)

    def charge(input_tokens: int, cached_tokens: int, output_tokens: int) -> float:
        usage = package.Usage(
            input_tokens=input_tokens, output_tokens=output_tokens, cache_read_tokens=cached_tokens or None
        )
        return float(prices.calc_price(usage)["total_price"])

    listed = (prices.input_mtok, prices.cache_read_mtok, prices.output_mtok)
    is_plain = not any(hasattr(price, "tiers") for price in listed) and prices.requests_kcount is None
    base = (getattr(price, "base", price) for price in (prices.input_mtok, prices.output_mtok))
    told = "${:g} in, ${:g} out a million tokens".format(*(float(price) for price in base))
    return Price(
        f"{told}, by genai-prices {package.__version__} for {provider.id}", _make_quick(charge) if is_plain else charge
    )


def _make_quick(charge: Charge) -> Charge:
    """The same sum without the package's care, which takes longer than all other bookkeeping of a request."""
    per_input, per_cached, per_output = charge(PER, 0, 0) / PER, charge(PER, PER, 0) / PER, charge(0, 0, PER) / PER

    def quick(input_tokens: int, cached_tokens: int, output_tokens: int) -> float:
        return (input_tokens - cached_tokens) * per_input + cached_tokens * per_cached + output_tokens * per_output

    return quick

"""From a few inputs that were asked to the bill of all: which few, and how sure the bill then is.

The sample is spread over the kinds of inputs and, within a kind, over their length and their documents. The rest is
predicted by a line through the sample of its kind, over the input tokens counted before; where length tells nothing
about the reply the line is level. Nothing is assumed about how reply lengths are distributed.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

CONFIDENCE = 0.95
FEWEST_FOR_SLOPE = 8
LEAST_T = 2.0  # a slope nearer to nothing than this many standard errors is taken for none


@dataclass(frozen=True, slots=True)
class Candidate:
    """One input that models will be asked about."""

    key: str
    stratum: str  # kind of input
    document: str
    size: float  # its input tokens as counted before


@dataclass(frozen=True, slots=True)
class Range:
    """A likely amount, and between which amounts it lies with the confidence of this module."""

    low: float
    likely: float
    high: float

    def shift(self, known: float) -> Range:
        """With an amount that is certain added."""
        return Range(self.low + known, self.likely + known, self.high + known)

    @property
    def spread(self) -> float:
        """How far the ends are from the likely amount, as a share of it."""
        return max(self.high - self.likely, self.likely - self.low) / self.likely if self.likely else 0.0


def choose_sample(candidates: Sequence[Candidate], n: int, seed: int) -> list[int]:
    """Positions of the inputs to ask, the same for the same inputs and seed."""
    strata: dict[str, list[int]] = {}
    for position, candidate in enumerate(candidates):
        strata.setdefault(candidate.stratum, []).append(position)
    chosen: list[int] = []
    for stratum, share in _allot(candidates, strata, min(n, len(candidates))).items():
        ordered = _spread(candidates, strata[stratum], share)
        draw = random.Random(f"{seed}/{stratum}")
        for number in range(share):  # one of each stretch of equal length
            first, last = number * len(ordered) // share, (number + 1) * len(ordered) // share
            chosen.append(ordered[draw.randrange(first, last)])
    return chosen


def predict_rest(candidates: Sequence[Candidate], measured: Mapping[int, float], rest: Sequence[int]) -> Range:
    """What the inputs at positions `rest` come to together, by what was measured at other positions.

    The measured ones must be in the order in which `choose_sample` names them.
    """
    if not rest:
        return Range(0.0, 0.0, 0.0)
    strata: dict[str, list[int]] = {}
    for position in rest:
        strata.setdefault(candidates[position].stratum, []).append(position)
    likely = variance = 0.0
    freedom = 0
    for stratum, positions in strata.items():
        known = [position for position in measured if candidates[position].stratum == stratum] or list(measured)
        line = _fit([(candidates[position].size, measured[position]) for position in known])
        likely += sum(line.at(candidates[position].size) for position in positions)
        count = len(positions)
        variance += line.variance * (count * count / max(1, len(known)) + count)
        freedom += max(0, len(known) - 1)
    likely = max(likely, 0.0)
    if not likely:
        return Range(0.0, 0.0, 0.0)
    # Amounts are never below nothing and lean to the high side: the interval is even in their logarithm.
    factor = math.exp(_choose_t(freedom) * math.sqrt(variance) / likely)
    return Range(likely / factor, likely, likely * factor)


@dataclass(frozen=True, slots=True)
class _Line:
    height: float  # at the mean size
    slope: float
    middle: float  # mean size
    variance: float  # of single inputs around it

    def at(self, size: float) -> float:
        return max(0.0, self.height + self.slope * (size - self.middle))


def _fit(points: Sequence[tuple[float, float]]) -> _Line:
    n = len(points)
    middle, height = (sum(values) / n for values in zip(*points, strict=True))
    spread = sum((size - middle) ** 2 for size, _ in points)
    slope = 0.0
    if n >= FEWEST_FOR_SLOPE and spread > 0:
        slope = sum((size - middle) * (value - height) for size, value in points) / spread
        left = sum((value - height - slope * (size - middle)) ** 2 for size, value in points) / (n - 2)
        if abs(slope) < LEAST_T * math.sqrt(left / spread):
            slope = 0.0
    errors = [value - height - slope * (size - middle) for size, value in points]
    if n < 2:
        return _Line(height, slope, middle, height * height)  # one input tells the amount and nothing about its spread
    return _Line(height, slope, middle, sum(error * error for error in errors) / max(1, n - 1 - (slope != 0)))


def _allot(candidates: Sequence[Candidate], strata: Mapping[str, Sequence[int]], n: int) -> dict[str, int]:
    """How many of each stratum, by the tokens it sends; at least two where there are two, while they last."""
    weights = {name: sum(candidates[p].size for p in positions) for name, positions in strata.items()}
    order = sorted(strata, key=lambda name: (-weights[name], name))
    shares = dict.fromkeys(order, 0)
    left = n
    for _ in range(2):
        for name in order:
            if left and shares[name] < len(strata[name]):
                shares[name] += 1
                left -= 1
    while left:
        open_names = [name for name in order if shares[name] < len(strata[name])]
        # The stratum that lags most behind its part of the whole.
        name = max(open_names, key=lambda name: weights[name] / (shares[name] + 0.5))
        shares[name] += 1
        left -= 1
    return {name: share for name, share in shares.items() if share}


def _spread(candidates: Sequence[Candidate], positions: Sequence[int], share: int) -> list[int]:
    """A stratum by length in coarse steps, and by document within a step."""
    by_size = sorted(positions, key=lambda p: (candidates[p].size, candidates[p].document, candidates[p].key))
    n_steps = max(1, share // 2)
    steps = {p: rank * n_steps // len(by_size) for rank, p in enumerate(by_size)}
    return sorted(by_size, key=lambda p: (steps[p], candidates[p].document, candidates[p].key))


def _choose_t(freedom: int) -> float:
    """Student's t at this module's confidence, to two digits from four degrees of freedom on."""
    return 1.96 + 2.5 / max(1, freedom)

"""Laws by which replies are long: none of them was looked at when the estimator was written.

Each gives the output tokens of one call from a number of its own and the input tokens of the call.
"""

from __future__ import annotations

import hashlib
import math
import random
from collections.abc import Callable

MOST = 4096  # where an endpoint breaks off
Law = Callable[[random.Random, float], int]


def _lognormal(draw: random.Random, size: float) -> int:
    return int(draw.lognormvariate(math.log(700), 0.6))


def _bimodal(draw: random.Random, size: float) -> int:
    return int(draw.gauss(1900, 250) if draw.random() < 0.3 else draw.gauss(450, 90))


def _heavy_tail(draw: random.Random, size: float) -> int:
    return int(300 * draw.paretovariate(1.6))


def _long_input_long_reply(draw: random.Random, size: float) -> int:
    return int(0.5 * size * draw.lognormvariate(0, 0.35))


LAWS: dict[str, Law] = {
    "lognormal": _lognormal,
    "bimodal": _bimodal,
    "heavy tail": _heavy_tail,
    "with the input": _long_input_long_reply,
}


def _weibull(draw: random.Random, size: float) -> int:
    return int(60 + draw.weibullvariate(650, 0.8))


def _rare_thinking(draw: random.Random, size: float) -> int:
    hidden = draw.lognormvariate(math.log(2200), 0.4) if draw.random() < 0.08 else 0.0
    return int(draw.gauss(500, 120) + hidden)


def _uniform(draw: random.Random, size: float) -> int:
    return int(draw.uniform(100, 1800))


def _root_of_input(draw: random.Random, size: float) -> int:
    return int(draw.gammavariate(2.2, 9 * math.sqrt(size) / 2.2 * 1.5))


def _three_humps(draw: random.Random, size: float) -> int:
    return int(draw.choice((220, 220, 800, 2600)) * draw.lognormvariate(0, 0.15))


FURTHER: dict[str, Law] = {  # written later, when nothing was left to be changed
    "weibull": _weibull,
    "rare thinking": _rare_thinking,
    "uniform": _uniform,
    "root of input": _root_of_input,
    "three humps": _three_humps,
}


def draw_length(law: str, key: str, size: float) -> int:
    """Output tokens of the call that `key` names: the same every time it is asked."""
    draw = random.Random(hashlib.sha256(f"{law}/{key}".encode()).hexdigest())
    return max(20, min(MOST, {**LAWS, **FURTHER}[law](draw, size)))

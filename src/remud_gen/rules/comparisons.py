"""Statements that compare a value with a limit or a range, and sums that are written out, recomputed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, permutations

from remud_gen.rules.late import compile_late
from remud_gen.rules.normalise import fold
from remud_gen.rules.numbers import Quantity, evaluate_chain, read_quantities

_CLAUSE = compile_late(r"[。;;!?\n]|\.(?=\s|$)")
_OUTSIDE = compile_late(
    r"\b(?:outside|out of|not within|beyond|not in|falls? outside|exceeds?(?= the (?:normal"
    r"|reference)))\b|超出|不在|在[^。,]{0,24}(?:范围)?(?:之外|以外)|超过(?=[^。,]{0,8}(?:正常"
    r"|参考)?(?:值)?范围)|范围(?:之)?外"
)
_INSIDE = compile_late(
    r"\b(?:within|inside|falls? in|lies in|in the (?:normal|reference) range|between)\b|(?:在|位于"
    r"|属于|处于|介于)[^。]{0,30}(?:范围|之间|内)|范围(?:之)?内|属正常范围"
)
_ABOVE = compile_late(
    r"(?:大于|高于|超过|多于|>)|\b(?:greater|larger|more|higher|thicker|wider|longer|above|over"
    r"|exceed(?:s|ing)?|>)(?:\s+than)?\b"
)
_BELOW = compile_late(
    r"(?:小于|低于|不足|少于|不到|<)|\b(?:less|smaller|lower|fewer|thinner|narrower|shorter|below"
    r"|under|<)(?:\s+than)?\b"
)
# The second number is then compared with something else, or the comparison is denied.
_OTHER_SUBJECT = compile_late(
    r"不(?=[大高超多小低少])|\b(?:not|no|or|and|but|while|whereas|it|here)\b|及|或|而|且|这里"
)
MOST_GAP = 45  # characters between a value and its limit
_LIMIT = compile_late(
    r"(?:大于|高于|超过|小于|低于|不足|[<>≤≥]|\b(?:below|under|above|over|than|exceed(?:s|ing)?|most|least))\s*$"
)
_AND = compile_late(r"\s*(?:和|与|及|、|,|and|,\s*and)\s*")
_RANGE_MARK = compile_late(r"\s*(?:[-–—~〜至到]|to|and|和|与)\s*")
_EQUATION = compile_late(
    r"(?<!\d)(\d+(?:\.\d+)?)((?:\s*(?:(?:mm|cm|ml|m/s|cm/s|厘米|毫米|%)\s*)?[-+x×*÷/−–]\s*\d+(?:\.\d+)?){1,4})"
    r"\s*(?:(?:mm|cm|ml|m/s|cm/s|厘米|毫米|%)[23]?\s*|[23]\s*)?(?:=|≈|等于|约等于|equals?)"
    r"\s*(?:约|about |approximately )?(\d+(?:\.\d+)?)\s*(%)?"
)
_RATIO = compile_late(r"\bratio\b|比值|比例|之比|[a-z]\s?/\s?[a-z]")
_MOST_OPERANDS = 12
_TERM = compile_late(r"([-+x×*÷/−–])\s*(\d+(?:\.\d+)?)")
_OPERATORS = {"x": "*", "×": "*", "*": "*", "÷": "/", "/": "/", "+": "+"}


@dataclass(frozen=True, slots=True)
class RangeVerdict:
    """A sentence says that a value lies inside or outside a range; `is_true` is what the numbers say."""

    text: str
    is_inside: bool
    is_true: bool


def read_range_verdicts(text: str) -> Iterator[RangeVerdict]:
    """Every sentence that holds one value, one range of the same dimension and a word for inside or outside."""
    folded = fold(text)
    quantities = read_quantities(text)
    if len(quantities) < 3:  # a value, and the two ends of a range
        return
    for start, end in _split_spans(folded):
        sentence = folded[start:end]
        outside = _OUTSIDE.search(sentence)
        if not outside and not _INSIDE.search(sentence):
            continue
        here = [q for q in quantities if start <= q.start < end]
        found = _find_range(folded, here)
        if found is None:
            continue
        low, high = found
        ends = (low.base_value, high.base_value)
        # Both the value and the range may be said again.
        values = {
            q.base_value
            for q in here
            # `below 77°` is a limit of its own and no value that could lie inside the range.
            if q.dimension == low.dimension and q.base_value not in ends and not _LIMIT.search(folded[: q.start][-12:])
        }
        if len(values) != 1:
            continue
        is_inside = low.base_value <= min(values) <= high.base_value
        yield RangeVerdict(sentence.strip(), not outside, is_inside != bool(outside))


def says_outside(text: str) -> bool:
    """Whether a text says that something lies outside a range."""
    return bool(_OUTSIDE.search(fold(text)))


def find_false_comparison(text: str) -> str | None:
    """A clause `value above limit` or `value below limit` whose two numbers say the opposite."""
    folded = fold(text)
    quantities = read_quantities(text)
    for number, (first, second) in enumerate(pairwise(quantities)):
        gap = folded[first.end : second.start]
        if first.dimension != second.dimension or len(gap) > MOST_GAP or re.search(r"[。;;.!?]", gap):
            continue
        if not first.unit and not (first.decimals and first.decimals == second.decimals):  # counts, codes, years
            continue
        above, below = _ABOVE.search(gap), _BELOW.search(gap)
        if bool(above) == bool(below) or _OTHER_SUBJECT.search(gap):
            continue
        if second.base_value == first.base_value or _goes_on(folded, quantities, number + 1):
            continue
        if (first.base_value > second.base_value) != bool(above):
            return folded[first.start : second.end]
    return None


def _goes_on(folded: str, quantities: Sequence[Quantity], number: int) -> bool:
    """Whether a limit is the first of several: `14.8 cm and 5.6 cm are above 12 cm and 4 cm`."""
    if number + 1 >= len(quantities):
        return False
    limit, following = quantities[number], quantities[number + 1]
    is_alike = limit.dimension == following.dimension
    return is_alike and _AND.fullmatch(folded[limit.end : following.start]) is not None


def find_false_equation(text: str) -> str | None:
    """A written-out sum whose result is wrong beyond rounding."""
    for match in _EQUATION.finditer(fold(text)):
        if not _is_equal(match):
            return match.group(0)
    return None


def list_derived_values(text: str) -> frozenset[float]:
    """Results of the sums in a text that are right."""
    return frozenset(float(match.group(3)) for match in _EQUATION.finditer(fold(text)) if _is_equal(match))


def list_ratios(text: str) -> frozenset[float]:
    """Bare numbers that a text calls a ratio and that are one of two of its measured values: no sum is written out."""
    folded = fold(text)
    quantities = read_quantities(text)
    measured = list(dict.fromkeys((q.dimension, q.base_value) for q in quantities if q.unit and q.base_value))
    found = set()
    for quantity in quantities if 1 < len(measured) <= _MOST_OPERANDS else ():
        if quantity.unit or quantity.decimals < 2 or not _RATIO.search(folded[: quantity.start][-24:]):
            continue
        for one, other in permutations(measured, 2):
            if one[0] == other[0] and round(one[1] / other[1] + 1e-9, quantity.decimals) == quantity.value:
                found.add(quantity.value)
    return frozenset(found)


def _is_equal(match: re.Match[str]) -> bool:
    terms = _TERM.findall(match.group(2))
    values = [float(match.group(1)), *(float(value) for _, value in terms)]
    result = evaluate_chain(values, [_OPERATORS.get(sign, "-") for sign, _ in terms])
    if match.group(4) == "%" and result <= 3:
        result *= 100
    printed = match.group(3)
    tolerance = 0.5 * 10.0 ** -len(printed.partition(".")[2])
    # Rounded operands carry their own error into the result.
    return abs(result - float(printed)) <= max(tolerance * 1.01, 0.02 * abs(result))


def _split_spans(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for match in _CLAUSE.finditer(text):
        yield start, match.start()
        start = match.end()
    yield start, len(text)


def _find_range(text: str, quantities: list[Quantity]) -> tuple[Quantity, Quantity] | None:
    for low, high in pairwise(quantities):
        is_rising = low.dimension == high.dimension and low.base_value < high.base_value
        if is_rising and _RANGE_MARK.fullmatch(text[low.end : high.start]):
            return low, high
    return None

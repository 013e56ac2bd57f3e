"""Numbers with units in both languages: reading, converting, comparing, recomputing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from remud_gen.rules.late import compile_late
from remud_gen.rules.measurements import SPELLINGS
from remud_gen.rules.measurements import UNITS as MEASURED_UNITS
from remud_gen.rules.normalise import fold

# Beside what machines measure, texts speak of ages, doses and settings. Units of two dimensions never agree.
UNITS: dict[str, tuple[str, float]] = {
    **MEASURED_UNITS,
    "km": ("length", 1e6), "m": ("length", 1e3), "m2": ("area", 1e6), "dl": ("volume", 100.0), "mg": ("mass", 1e-3),
    "ug": ("mass", 1e-6), "ghz": ("frequency", 1e9), "mpa": ("pressure", 7500.62), "year": ("years", 1.0),
    "month": ("months", 1.0), "h": ("time", 3.6e6), "min": ("time", 6e4), "s": ("time", 1e3), "us": ("time", 1e-3),
    "degc": ("temperature", 1.0), "w": ("power", 1.0), "mw": ("power", 1e-3),
}  # fmt: skip
_ALIASES: dict[str, str] = SPELLINGS | {
    "米": "m", "升": "l", "平方毫米": "mm2", "千克": "kg", "公斤": "kg", "克": "g", "毫克": "mg", "μg": "ug",
    "兆赫": "mhz", "赫兹": "hz", "岁": "year", "年": "year", "个月": "month", "月龄": "month", "日": "day",
    "小时": "h", "分钟": "min", "秒": "s", "μs": "us", "º": "deg", "degree": "deg", "°c": "degc", "℃": "degc",
    "millimeters": "mm", "millimetres": "mm", "millimeter": "mm", "millimetre": "mm", "centimeters": "cm",
    "centimetres": "cm", "centimeter": "cm", "centimetre": "cm", "milliliters": "ml", "millilitres": "ml",
    "years": "year", "yrs": "year", "yr": "year", "y": "year", "yo": "year", "months": "month", "weeks": "week",
    "wks": "week", "wk": "week", "days": "day", "hours": "h", "hour": "h", "hrs": "h", "minutes": "min",
    "minute": "min", "seconds": "s", "second": "s", "sec": "s", "mm/sec": "mm/s",
}  # fmt: skip
_UNIT = "|".join(re.escape(name) for name in sorted({*UNITS, *_ALIASES}, key=len, reverse=True))
_NUMBER = compile_late(
    r"(?<![a-z0-9_.])(?P<value>\d+(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)"
    rf"(?:[ -]?(?P<unit>{_UNIT})(?![a-z]))?"
)
_LIST_MARK = compile_late(r"(?:^|[;。:,(\n])[^\S\n]*\(?\d{1,2}(?:[)、]|\.(?=\s))", re.MULTILINE)
_CONNECTOR = compile_late(r"\s*(?:[-–—~〜至到x×✕*/±]|to|and|or|和|或|、|by|,)+\s*")
_WORDS: dict[str, float] = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "eleven": 11, "twelve": 12, "half": 0.5, "single": 1, "double": 2, "twice": 2, "first": 1, "second": 2, "third": 3,
    "fourth": 4, "i": 1, "ii": 2, "iii": 3, "iv": 4, "v": 5, "vi": 6, "vii": 7, "viii": 8, "一": 1, "二": 2, "两": 2,
    "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9, "十": 10, "半": 0.5, "双": 2,
}  # fmt: skip
_WORD = compile_late(
    "|".join(
        [rf"(?<![a-z0-9])(?:{'|'.join(w for w in _WORDS if w.isascii())})(?![a-z0-9])", "[一二两三四五六七八九十半双]"]
    )
)
_SMALL = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16, "seventeen": 17,
    "eighteen": 18, "nineteen": 19,
}  # fmt: skip
_ENGLISH = _SMALL | {
    "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
}  # fmt: skip
_DIGITS = {"一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
_TENS = {"十": 10, "百": 100}
# Units of measures alone: 三度 is a grade, `two days` an order of events.
_MEASURES = {
    name
    for name in {*UNITS, *_ALIASES}
    if len(name) > 1 - (not name.isascii())
    and UNITS[_ALIASES.get(name, name)][0] in ("length", "area", "volume", "velocity", "pressure")
}
_MEASURE = "|".join(re.escape(name) for name in sorted(_MEASURES, key=len, reverse=True))
_WORDED = compile_late(
    rf"(?:(?<![a-z0-9])(?P<en>(?:{'|'.join(_ENGLISH)})(?:[- ](?:{'|'.join(list(_SMALL)[:9])}))?)[ -]"
    rf"|(?<![第一二两三四五六七八九十百零点])(?P<zh>[一二两三四五六七八九十百][一二三四五六七八九十百零]{{0,6}}(?:点[零一二三四五六七八九]{{1,3}})?))"
    rf"(?P<unit>{_MEASURE})(?![a-z])"
)
_WORD_UNIT = compile_late(rf"[ -]?({_UNIT})(?![a-z])")


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number as printed: `unit` is canonical ("" for none), `start` and `end` are places in the folded text."""

    value: float
    unit: str
    decimals: int
    text: str
    start: int
    end: int

    @property
    def dimension(self) -> str:
        """The kind of thing measured, "" for a bare number."""
        return UNITS[self.unit][0] if self.unit else ""

    @property
    def base_value(self) -> float:
        """The value in its dimension's own unit (mm, cm/s, ml, …)."""
        return self.value * UNITS[self.unit][1] if self.unit else self.value


@lru_cache(maxsize=4096)
def read_quantities(text: str) -> tuple[Quantity, ...]:
    """All numbers of a text but list marks and codes such as R1; in `6 × 27 mm` and `9–12 cm` both carry the unit."""
    folded = fold(text)
    marks = {match.end() for match in _LIST_MARK.finditer(folded)} if folded else set()
    found = [_to_quantity(match) for match in _NUMBER.finditer(folded)]
    found = [q for q in found if q.unit or not any(q.end < mark <= q.end + 1 for mark in marks)]
    for i in range(len(found) - 2, -1, -1):
        following = found[i + 1]
        gap = folded[found[i].end : following.start]
        if not found[i].unit and following.unit and len(gap) < 8 and _CONNECTOR.fullmatch(gap):
            found[i] = replace(found[i], unit=following.unit)
    return tuple(found)


@lru_cache(maxsize=4096)
def read_sources(text: str) -> tuple[Quantity, ...]:
    """What a source supports: its numbers, those inside codes (R1, T3) and those written as words (six weeks)."""
    folded = fold(text)
    found = list(read_quantities(text))
    known = {q.start for q in found}
    for match in re.finditer(r"\d+(?:\.\d+)?", folded):
        if match.start() not in known:
            found.append(
                Quantity(float(match.group(0)), "", _count_decimals(match.group(0)), match.group(0), *match.span())
            )
    found += read_worded(text)
    for match in _WORD.finditer(folded):
        unit = _WORD_UNIT.match(folded, match.end())
        name = _canonical(unit.group(1)) if unit else ""
        found.append(Quantity(float(_WORDS[match.group(0)]), name, 0, match.group(0), *match.span()))
    return tuple(found)


@lru_cache(maxsize=4096)
def read_worded(text: str) -> tuple[Quantity, ...]:
    """Measures whose number is written as a word: `three centimetres`, 十二毫米, 二十五点五厘米."""
    folded = fold(text)
    found = []
    for match in _WORDED.finditer(folded):
        value = _read_english(match["en"]) if match["en"] else _read_chinese(match["zh"])
        if value is not None:
            found.append(
                Quantity(value, _canonical(match["unit"]), _count_decimals(str(value)), match[0], *match.span())
            )
    return tuple(found)


def _read_english(words: str) -> float | None:
    tens, _, ones = words.replace("-", " ").partition(" ")
    if ones and not (_ENGLISH[tens] >= 20 and _ENGLISH[ones] < 10):
        return None
    return float(_ENGLISH[tens] + (_ENGLISH[ones] if ones else 0))


def _read_chinese(digits: str) -> float | None:
    """十二 is 12, 一百零五 is 105, 三点二 is 3.2; None for digits in a row."""
    whole, _, decimals = digits.partition("点")
    total, latest = 0, 0
    for digit in whole.replace("零", ""):
        if digit in _TENS:
            total += (latest or 1) * _TENS[digit]
            latest = 0
        elif latest:
            return None
        else:
            latest = _DIGITS[digit]
    return float(f"{total + latest}.{''.join(str(_DIGITS.get(digit, 0)) for digit in decimals) or 0}")


def is_supported(wanted: Quantity, sources: Iterable[Quantity]) -> bool:
    """Whether a number stands in the sources: equal after conversion, or a source value rounded to its digits.

    A bare figure supports a number with a unit only where no source gives the same figure another unit.
    """
    bare, contradicted = False, False
    for source in sources:
        if agree(wanted, source):
            if not wanted.unit or source.unit:
                return True
            bare = True
        elif source.unit and _equals(source.value, wanted.value):
            contradicted = True
    return bare and not contradicted


def agree(wanted: Quantity, source: Quantity) -> bool:
    """Equal values of one dimension; a number without unit agrees with the same figure in any unit."""
    if not wanted.unit or not source.unit:
        return _equals(wanted.value, source.value) or _rounds(source.value, source.decimals, wanted)
    if wanted.dimension != source.dimension:
        return False
    if _equals(wanted.base_value, source.base_value):
        return True
    factor = UNITS[wanted.unit][1]
    converted_decimals = source.decimals if source.unit == wanted.unit else 9
    return _rounds(source.base_value / factor, converted_decimals, wanted)


def evaluate_chain(values: Sequence[float], operators: Sequence[str]) -> float:
    """Compute `a op b op c` with the usual precedence; dividing by zero gives infinity."""
    totals, signs = [values[0]], ["+"]
    for operator, value in zip(operators, values[1:], strict=True):
        if operator == "*":
            totals[-1] *= value
        elif operator == "/":
            totals[-1] = totals[-1] / value if value else float("inf")
        else:
            totals.append(value)
            signs.append(operator)
    return sum(total if sign == "+" else -total for total, sign in zip(totals, signs, strict=True))


def _rounds(value: float, decimals: int, wanted: Quantity) -> bool:
    return decimals > wanted.decimals and value >= 1 and _equals(round(value + 1e-9, wanted.decimals), wanted.value)


def _equals(a: float, b: float) -> bool:
    return abs(a - b) <= 1e-6 * max(1.0, abs(a), abs(b))


def _to_quantity(match: re.Match[str]) -> Quantity:
    digits = match["value"].replace(",", "")
    unit = _canonical(match["unit"]) if match["unit"] else ""
    return Quantity(float(digits), unit, _count_decimals(digits), match.group(0), match.start(), match.end())


def _canonical(name: str) -> str:
    return _ALIASES.get(name, name)


def _count_decimals(digits: str) -> int:
    return len(digits.partition(".")[2])

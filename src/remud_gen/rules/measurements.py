"""Text -> quantities with units, Chinese and English, and their conversion.

A quantity may have several numbers (6.6 × 3.1 cm), a range (9-12 cm) or a tolerance (3.2 ± 0.4 cm). Units are folded to
one spelling each (厘米 and CM to cm); numbers of one dimension can be compared in any unit.
"""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass

from remud_gen.rules.late import compile_late

# unit -> (dimension, size in the dimension's base unit)
UNITS: dict[str, tuple[str, float]] = {
    "um": ("length", 1e-3), "mm": ("length", 1.0), "cm": ("length", 10.0), "mm2": ("area", 1.0), "cm2": ("area", 100.0),
    "mm3": ("volume", 1e-3), "cm3": ("volume", 1.0), "ml": ("volume", 1.0), "l": ("volume", 1000.0),
    "ml/m2": ("indexed volume", 1.0), "g/m2": ("indexed mass", 1.0), "ml/min": ("flow", 1.0), "l/min": ("flow", 1000.0),
    "mm/s": ("velocity", 0.1), "cm/s": ("velocity", 1.0), "m/s": ("velocity", 100.0),
    "mmhg": ("pressure", 1.0), "kpa": ("pressure", 7.50062), "hz": ("frequency", 1.0), "khz": ("frequency", 1e3),
    "mhz": ("frequency", 1e6), "db": ("gain", 1.0), "%": ("share", 1.0), "bpm": ("rate", 1.0), "deg": ("angle", 1.0),
    "ms": ("time", 1.0), "week": ("age", 7.0), "day": ("age", 1.0), "g": ("mass", 1.0), "kg": ("mass", 1000.0),
}  # fmt: skip
SPELLINGS: dict[str, str] = {
    "μm": "um", "µm": "um", "微米": "um", "毫米": "mm", "厘米": "cm", "公分": "cm", "mm^2": "mm2", "cm^2": "cm2",
    "平方毫米": "mm2", "平方厘米": "cm2", "cm^3": "cm3", "mm^3": "mm3", "cc": "ml", "毫升": "ml", "立方厘米": "cm3",
    "毫米/秒": "mm/s", "厘米/秒": "cm/s", "米/秒": "m/s", "cm/sec": "cm/s", "m/sec": "m/s", "mm hg": "mmhg",
    "毫米汞柱": "mmhg", "千帕": "kpa", "percent": "%", "次/分": "bpm", "次/min": "bpm", "beats/min": "bpm",
    "°": "deg", "度": "deg", "degrees": "deg", "weeks": "week", "周": "week", "days": "day", "天": "day",
    "毫秒": "ms", "ml/m^2": "ml/m2", "g/m^2": "g/m2",
}  # fmt: skip
# Measured values carry these dimensions; a frequency or a gain is a setting of the machine.
MEASURED = frozenset(
    {"length", "area", "volume", "velocity", "pressure", "share", "rate", "angle", "time", "mass", "flow",
     "indexed volume", "indexed mass", "age"}
)  # fmt: skip

_NUMBER = r"\d+(?:[.．]\d+)?"
_UNIT = "|".join(sorted((re.escape(unit) for unit in (*UNITS, *SPELLINGS)), key=len, reverse=True))
_UNIT = _UNIT.replace("mm\\ hg", r"mm\s+hg") + r"|[cm]m[²³]"
QUANTITY = compile_late(
    rf"(?P<comparison>[<>≤≥≈~＜＞]|约|大于|小于|approx\.|approximately|about|up\s+to)?\s*"
    rf"(?<![\d.A-Za-z])(?P<numbers>{_NUMBER}(?:\s*(?:{_UNIT})?\s*(?:[×xX*✕]|±|[-–~～]|to|by)\s*{_NUMBER}){{0,2}})"
    rf"\s*(?P<unit>{_UNIT})(?![A-Za-z0-9²³])",
    re.IGNORECASE,
)

# What machines print beside a measured value. Settings (MI, TI, gain, depth, frame rate) are not among them.
LABELS = (
    "Dist(?:ance)?|Length|Len|Width|Height|Diam(?:eter)?|Depth of lesion|Vol(?:ume)?|Area|Circ|AP|Trans|IVSd|IVSs|"
    "LVIDd|"
    "LVIDs|LVPWd|LVPWs|LVEDV|LVESV|LVEF|EF|FS|SV|LAD?|Ao|RVD|TAPSE|BPD|OFD|HC|AC|FL|HL|CRL|NT|NB|GSD?|YS|EFW|AFI|MVP|"
    "PSV|EDV|MDV|PS|ED|RI|PI|S/D|TAMAX|TAMEAN|Vmax|Vmean|Vel|maxPG|meanPG|PGmax|PGmean|PG|MG|VTI|HR|E/A|IMT|CBD|PV|"
    "E-?mean|E-?max|距离|长径|短径|宽径|前后径|上下径|左右径|厚度|内径|直径|面积|体积|容积|流速|峰值流速|周长|心率"
)
UNITLESS = "RI|PI|S/D|E/A"
PRINTED = compile_late(
    rf"(?<![A-Za-z0-9.])(?P<label>(?:[+×✕]?\s?\d{{1,2}}\s+)?(?:(?:{LABELS})(?:\s?\d{{1,2}}(?=[\s:：=]))?|"
    rf"D\d(?=[\s:：=])|L(?:\d(?=[\s:：=]))?|W|H|D(?<=\d\sD))|"
    rf"[+×✕](?:\s?\d{{1,2}}(?=[\s:：=]))?|(?<!\S)\d{{1,2}}(?=\s+\d+\.))"
    rf"\s*[:：=]?\s*(?P<value>{_NUMBER}\s*(?:{_UNIT})(?![A-Za-z0-9²³])|(?<=(?:RI|PI)\s){_NUMBER}|"
    rf"(?<=S/D\s){_NUMBER}|(?<=E/A\s){_NUMBER})",
)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A measured value where it stands in a text."""

    numbers: tuple[float, ...]
    unit: str
    text: str  # as printed, with its comparison (约, <, approx.)
    start: int
    end: int

    @property
    def dimension(self) -> str:
        """length, area, velocity, …"""
        return UNITS[self.unit][0]


@dataclass(frozen=True, slots=True)
class PrintedValue:
    """A value that a machine printed into the picture, with its label."""

    label: str
    value: str
    start: int
    end: int


def fold_unit(unit: str) -> str:
    """One spelling per unit; KeyError for an unknown one."""
    folded = _fold_spelling(unit)
    if folded not in UNITS:
        raise KeyError(unit)
    return folded


def _fold_spelling(unit: str) -> str:
    folded = re.sub(r"\s+", " ", unicodedata.normalize("NFKC", unit).lower().strip()).replace("μ", "u")
    return SPELLINGS.get(unit.lower(), SPELLINGS.get(folded, folded))


def find_quantities(text: str) -> list[Quantity]:
    """All numbers with a unit, in text order."""
    found = []
    for match in QUANTITY.finditer(text):
        unit = _fold_spelling(match.group("unit"))
        if unit not in UNITS:
            continue  # a Turkish dotted I matches the i of `min`, and is none
        numbers = tuple(float(number.replace("．", ".")) for number in re.findall(_NUMBER, match.group("numbers")))
        start = match.end() - len(match.group(0).lstrip())
        found.append(Quantity(numbers, unit, match.group(0).strip(), start, match.end()))
    return found


def find_printed_values(text: str) -> list[PrintedValue]:
    """Values with the labels that ultrasound machines print beside them (`Dist 9.95 cm`, `RI 0.72`, `1 D 13.18cm`)."""
    return [
        PrintedValue(re.sub(r"\s+", " ", match.group("label")).strip(), match.group("value").strip(),
                     match.start(), match.end())
        for match in PRINTED.finditer(text)
    ]  # fmt: skip


def convert(value: float, unit: str, target: str) -> float:
    """The value in another unit of the same dimension; ValueError when the dimensions differ."""
    dimension, size = UNITS[fold_unit(unit)]
    target_dimension, target_size = UNITS[fold_unit(target)]
    if dimension != target_dimension:
        raise ValueError(f"{unit} is a {dimension}, {target} a {target_dimension}")
    return value * size / target_size


def is_same_quantity(first: Quantity, second: Quantity) -> bool:
    """Equal numbers after conversion: 20 mm and 2.0 cm are the same."""
    if first.dimension != second.dimension or len(first.numbers) != len(second.numbers):
        return False
    return all(
        math.isclose(convert(a, first.unit, second.unit), b, rel_tol=1e-6)
        for a, b in zip(first.numbers, second.numbers, strict=True)
    )


def scale_quantity(text: str, factor: float) -> str:
    """The same text with every number multiplied, decimals kept: what a wrong option of a measurement looks like."""

    def scale(match: re.Match[str]) -> str:
        decimals = len(match.group(0).partition(".")[2])
        return f"{float(match.group(0)) * factor:.{decimals}f}"

    return re.sub(r"(?<![A-Za-z\d.])\d+(?:\.\d+)?|(?<=[xX])\d+(?:\.\d+)?", scale, text.replace("．", "."))

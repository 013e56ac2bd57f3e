"""Normal forms for comparing texts: `fold` keeps the layout, `squash` keeps only what carries meaning."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from remud_gen.rules.late import compile_late

HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
# Longest first: 厘米/秒 must not become cm/秒.
_CHINESE_UNITS = (
    ("厘米/秒", "cm/s"),
    ("米/秒", "m/s"),
    ("厘米", "cm"),
    ("毫米", "mm"),
    ("毫升", "ml"),
    ("千帕", "kpa"),
)
_THOUSANDS = compile_late(r"(?<=\d),(?=\d{3}(?!\d))")
_LINE_HYPHEN = compile_late(r"(?<=[a-z])[-\u00ad][^\S\n]*\n\s*(?=[a-z])")
_SPACES = compile_late(r"\s+")
_RANGE = compile_late(r"(?<=\d)\s*[-–—~〜\u2212]+\s*(?=\d)")
_TIMES = compile_late(r"(?<=[\d a-z]) ?[×✕*x] ?(?=\d)")
_POINT = compile_late(r"(?<!\d)\.|\.(?!\d)")
_NOISE = compile_late(r"[^\w%<>≥≤±°/+.~]|_")


@lru_cache(maxsize=8192)
def unify(text: str) -> str:
    """NFKC: full-width letters, digits and punctuation become plain; letter case stays."""
    return text if text.isascii() else unicodedata.normalize("NFKC", text)


@lru_cache(maxsize=8192)
def fold(text: str) -> str:
    """`unify` in lower case."""
    return unify(text).lower()


@lru_cache(maxsize=8192)
def squash(text: str) -> str:
    """Lower case without spaces and punctuation; decimal points, units and ranges survive.

    Line-end hyphens, thousands separators and Chinese unit names are unified, so that the same words printed in two
    ways are the same string.
    """
    folded = _SPACES.sub(" ", _LINE_HYPHEN.sub("", fold(text)))
    for name, unit in _CHINESE_UNITS:
        if name in folded:
            folded = folded.replace(name, unit)
    folded = _TIMES.sub("x", _RANGE.sub("~", _THOUSANDS.sub("", folded)))
    return _POINT.sub("", _NOISE.sub("", folded))


def shorten(text: str, limit: int = 80) -> str:
    """The beginning of a text on one line, for messages and verdicts."""
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"

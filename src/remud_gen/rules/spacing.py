"""Blanks that OCR puts inside numbers, units and Chinese text are taken out again."""

from __future__ import annotations

import re

from remud_gen.rules.late import compile_late

_HAN = r"[\u3400-\u9fff]"
_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    (compile_late(r"(?<=\d) ?- ?(?=\d)"), "-"),  # 1 - 1 - 3; a subtraction is not printed in books
    (compile_late(r"(?<=\d) \. ?(?=\d)"), "."),  # 6 . 6; "1. 2" may be a list number and a value
    (compile_late(r"(?<=\d)( ?)([cm]) m(?![A-Za-z])"), r"\1\2m"),  # 1c m, 3 m m
    (compile_late(rf"(?<={_HAN}) (?={_HAN})"), ""),
    (compile_late(r"(?<=[\u3000-\u303f\uff00-\uffef]) | (?=[\u3001\u3002\uff0c\uff1b\uff1a\uff09])"), ""),
    (compile_late(rf"(?<={_HAN}) (?=\d)|(?<={_HAN}) (?=[A-H]{_HAN})|(?<=[A-H]) (?=图)|(?<=\d) (?={_HAN})"), ""),
)


def tighten(text: str) -> str:
    """A line as it was printed; words of Latin letters keep their blanks."""
    text = " ".join(text.split())
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text

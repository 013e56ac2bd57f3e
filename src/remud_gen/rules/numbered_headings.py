"""Numbered headings: an atlas prints them above its figures, a paper above its sections."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from remud_gen.rules.figure_labels import narrow, normalise_number
from remud_gen.rules.late import compile_late

TitleClass = tuple[Literal["-", ".", " "], int]
_NUMBERED = compile_late(
    r"\s*(?:例 ?)?(?P<number>[0-9lI]{1,3}(?: ?[-.] ?[0-9lI]{1,3}){1,3})(?![0-9%])\.?(?![0-9])"
    r"(?P<space> *)(?P<title>\S.{0,89})$"
)


@dataclass(frozen=True, slots=True)
class NumberedHeading:
    """A line such as "1-1-2  title": a figure's title in an atlas, or a section's in a paper."""

    number: str
    printed: str
    title: str
    kind: TitleClass  # separator and depth: a document uses one for its figures


def parse_numbered_heading(text: str) -> NumberedHeading | None:
    """Number and title of a numbered heading; None for sentences, measurements and anything without a number."""
    match = _NUMBERED.match(narrow(text))
    if match is None or not re.search(r"[0-9]", match["number"]):
        return None
    title = text[match.start("title") : match.end("title")].strip()
    # "1.2 cm" and "3-5 days" are quantities; a heading does not end like a sentence.
    if re.search(r"[.。;；,，:：]$", title) or (not match["space"] and title[0].isascii()) or title[0] in ")），,、~%":
        return None
    if re.match(r"(?:cm|mm|ml|m|s|kg|mg|Hz|kHz|MHz|%|days?|weeks?|years?|次|岁|周|天|个|例|倍)(?![A-Za-z])", title):
        return None
    separator: Literal["-", "."] = "-" if "-" in match["number"] else "."
    number = normalise_number(match["number"])
    return NumberedHeading(number, match["number"].strip(), title, (separator, number.count("-") + 1))

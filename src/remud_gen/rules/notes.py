"""How explanatory notes below figures begin, Chinese and English."""

from __future__ import annotations

import re

from remud_gen.rules.figure_labels import narrow
from remud_gen.rules.late import compile_late

_WORDS_ZH = "图解要点|图解说明|图解|要点|图注|图释|注释|说明|注"
NOTE_MARKER = compile_late(
    rf"\s*(?:{_WORDS_ZH}|key points?|legend|notes?|annotations?|explanation)\s*[:.]\s*|"
    rf"\s*[【\[](?:{_WORDS_ZH})[】\]]\s*:?\s*",
    re.IGNORECASE,
)
LEGEND_MARKER = compile_late(
    r"\s*(?:abbreviations?|缩略语|缩写|英文缩写|略语)(?:说明|对照|注释)?\s*[:.]?\s*", re.IGNORECASE
)


def begins_note(text: str) -> bool:
    """Whether a text begins with the marker of a figure's note."""
    return NOTE_MARKER.match(narrow(text)) is not None


def strip_note_marker(text: str) -> str:
    """The note without its marker; any other text unchanged."""
    match = NOTE_MARKER.match(narrow(text))
    return text[match.end() :].strip() if match else text.strip()


def begins_legend(text: str) -> bool:
    """Whether a text begins a list of abbreviations."""
    match = LEGEND_MARKER.match(narrow(text))
    return match is not None and len(text) > match.end()

"""Which of the two languages a text is written in, by the share of its scripts."""

from __future__ import annotations

from remud_gen.records import Language
from remud_gen.rules.late import compile_late

HAN = compile_late(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
LATIN_WORD = compile_late(r"[A-Za-zÀ-ÖØ-öø-ÿ]+(?:['’-][A-Za-z]+)*")
# Units, devices and abbreviations stand in Chinese text unchanged, so they say nothing about the language.
ABBREVIATION = compile_late(r"^(?:[A-Z0-9-]{1,6}s?|[A-Za-z]|mm|cm|ml|kg|mg|mmHg|kPa|MHz|kHz|Hz|bpm|min|dB|cine|vs)$")
HAN_SHARE = 0.3  # of the units of meaning: one Chinese character weighs about as much as half an English word


def measure_han_share(text: str) -> float:
    """Share of Chinese in a text, 0 to 1, two characters counting as one English word; 0 for a text without either."""
    han = len(HAN.findall(text)) / 2
    words = sum(1 for word in LATIN_WORD.findall(text) if not ABBREVIATION.match(word))
    return han / (han + words) if han or words else 0.0


def detect_language(text: str, default: Language = "en") -> Language:
    """The language most of the text is written in; `default` where it holds only numbers and abbreviations."""
    if not HAN.search(text) and not any(not ABBREVIATION.match(word) for word in LATIN_WORD.findall(text)):
        return default
    return "zh" if measure_han_share(text) >= HAN_SHARE else "en"

"""Text that is broken, foreign, in the wrong language, or goes round in circles."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import ClassVar

from remud_gen.filters.fields import FieldText, read_texts
from remud_gen.filters.rule import Finding, RuleFilter, RuleOptions, reject_all
from remud_gen.records import Language, Quadruplet, Severity
from remud_gen.rules.language import HAN, LATIN_WORD, measure_han_share
from remud_gen.rules.late import compile_late
from remud_gen.rules.normalise import squash

# Letters of scripts that neither language uses. Greek stays: it names physical quantities.
_FOREIGN = compile_late(
    "[\u0400-\u052f\u0530-\u06ff\u0700-\u08ff\u0900-\u109f\u10a0-\u11ff\u1200-\u137f\u1780-\u17ff"
    "\u3041-\u3096\u30a1-\u30fa\u3131-\u318e\uac00-\ud7af]+"
)
_MOJIBAKE = compile_late(
    "\ufffd|锟斤拷|烫烫烫|屯屯屯|锘縚|â€|Ã[\u0080-\u00bf‚ƒ„…†‡ˆ‰Š‹Œ\u017d©®±]|Â[\u0080-\u00bf]|Â(?=[ \\d]|$)"
    "|ï»¿|[èéåæçä][\u0080-\u00a0¡-¿][\u0080-\u00bf]?"
    r"|[\ue000-\uf8ff]|\(cid:\d+\)|[\u0000-\u0008\u000b\u000c\u000e-\u001f\u0080-\u009f]"
    r"|\\u[0-9a-fA-F]{4}|\\x[0-9a-f]{2}|\?{4,}|[¿½]{2,}|ï¿½"
)
_WORD_CHARS = 4  # shorter words are names of modes and abbreviations
# Function words of other Latin-script languages that English texts do not hold.
_OTHER_LATIN = frozenset([
    "der", "die", "das", "und", "ist", "nicht", "mit", "ein", "eine", "el", "los", "las", "una", "del",
    "con", "para", "les", "des", "une", "est", "dans", "avec", "pour", "della", "sono", "não", "uma", "é",
    "auf", "zeigt", "muestra", "montre",
])  # fmt: skip
_SENTENCE = compile_late(r"[^.。!!??;;,,\n]{6,}")


class TextOptions(RuleOptions):
    """Limits of repetition: share of characters inside repeated pieces, by length of the text."""

    repeated_share_short: float = 0.60  # below 100 characters
    repeated_share_medium: float = 0.40  # below 300
    repeated_share_long: float = 0.30
    same_sentence_times: int = 4


class TextFilter(RuleFilter[TextOptions]):
    """Can the text be read, and is it in the record's language."""

    name = "text"
    options_class = TextOptions
    codes: ClassVar[Mapping[str, str]] = {
        "LANG_MISMATCH": "A question, thinking or answer is not in the record's language.",
        "SCRIPT_FOREIGN": "A field holds letters of a script neither language uses, or Chinese in an English record.",
        "MOJIBAKE": "A field holds characters of a wrong decoding, control characters or private ones.",
        "REPETITION": "A field says the same words again and again.",
    }
    severities: ClassVar[Mapping[str, Severity]] = reject_all(codes)

    def find(self, record: Quadruplet) -> Iterator[Finding]:
        """Look at every shown field; quotes are read for broken characters too."""
        for field in read_texts(record).shown:
            text = field.text
            foreign = None if text.isascii() else _FOREIGN.search(text)
            if foreign:
                yield Finding("SCRIPT_FOREIGN", field.name, foreign.group(0))
            broken = _find_broken(text)
            if broken:
                yield Finding("MOJIBAKE", field.name, broken)
            yield from _check_language(record.language, field)
            if len(text) >= 40 and self._is_repetitive(text):
                yield Finding("REPETITION", field.name, text[-60:])
        for claim in record.claims:
            for quote in claim.evidence:
                broken = _find_broken(quote.quote)
                if broken:
                    yield Finding("MOJIBAKE", f"claims.{claim.id}", broken)

    def _is_repetitive(self, text: str) -> bool:
        packed = squash(text)
        options = self.options
        limit = options.repeated_share_long
        if len(packed) < 300:
            limit = options.repeated_share_short if len(packed) < 100 else options.repeated_share_medium
        # A repeated piece of 20 characters holds repeated pieces of 10, so one look at those settles most texts.
        short = measure_repetition(packed, 10, 0.8 * limit)
        if short > limit or (short and measure_repetition(packed, 20, 0.8 * limit) > 0.8 * limit):
            return True
        sentences = Counter(part.strip() for part in _SENTENCE.findall(text))
        return max(sentences.values(), default=0) >= options.same_sentence_times


@lru_cache(maxsize=4096)
def _find_broken(text: str) -> str:
    """Characters of a wrong decoding, escaped; empty for a sound text."""
    if text.isascii() and text.isprintable() and not any(sign in text for sign in ("\\", "(cid:", "????")):
        return ""
    match = _MOJIBAKE.search(text)
    return ascii(match.group(0)) if match else ""


def measure_repetition(text: str, size: int, floor: float = 0.0) -> float:
    """Share of a text's pieces of `size` characters that occur more than once; 0.0 when surely not above `floor`."""
    pieces = [text[i : i + size] for i in range(len(text) - size + 1)]
    if not pieces or 2 * (len(pieces) - len(set(pieces))) <= floor * len(pieces):
        return 0.0
    counts = Counter(pieces)
    return sum(count for count in counts.values() if count > 1) / len(pieces)


def _check_language(language: Language, field: FieldText) -> Iterator[Finding]:
    han = len(HAN.findall(field.text)) if not field.text.isascii() else 0
    if language == "en" and han:
        yield Finding("SCRIPT_FOREIGN", field.name, f"{han} Chinese characters")
    if field.kind == "options":
        return
    found = LATIN_WORD.findall(field.text)
    words = [word for word in found if len(word) >= _WORD_CHARS and not word.isupper()]
    if language == "zh":
        is_other = len(words) >= 2 and (not han or (len(words) >= 4 and measure_han_share(field.text) < 0.4))
    else:
        is_other = han >= 2 and measure_han_share(field.text) > 0.5
        if not is_other and len(words) >= 5:
            is_other = sum(word.lower() in _OTHER_LATIN for word in found) * 6 > len(words) + 6
    if is_other:
        yield Finding("LANG_MISMATCH", field.name, field.text)

"""Multiple choice: key, options and answer must fit together and not give the answer away."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import ClassVar

from rapidfuzz import fuzz

from remud_gen.filters.rule import Finding, RuleFilter, RuleOptions, reject_all
from remud_gen.records import Option, Quadruplet, Severity
from remud_gen.rules.late import compile_late
from remud_gen.rules.normalise import squash, unify

_LETTER = compile_late(
    r"^\s*(?:(?:the\s+)?(?:correct\s+|best\s+|right\s+)?(?:answer|option|choice)\s*(?:is|:|=)?\s*(?:option\s+)?"
    r"|(?:正确)?(?:答案|选项|选择|选)(?:应)?(?:是|为|选)?\s*[::]?\s*|故选|应选)?[(\[]?([A-H])(?:[)\].、:,，。]|\s*$)",
    re.IGNORECASE,
)
_ALL_NONE = compile_late(
    r"\s*(?:(?:以上|上述|上面|前述)(?:选项|答案|各项|几项|几种|三项|四项|内容|说法|所有|情况)?(?:都|均|皆|全|全部|全都)?"
    r"(?:不)?(?:是|对|正确|错误|错|有|没有|非|可能|成立|符合|可以?)?(?:都|均)?(?:是|对|正确|不是|有)?"
    r"|(?:都|均|皆|全部)(?:不)?(?:是|对|正确|错误|有可能|可能|成立|符合)"
    r"|[A-H]\s*[和与、及+,]\s*[A-H](?:\s*[和与、及+,]\s*[A-H])*(?:都|均)?(?:是|对|正确)?"
    r"|(?:all|none|any|both|neither|some)\s+(?:of\s+)?(?:the\s+)?(?:(?:listed|given|other|named|stated|mentioned)\s+)?(?:above|these|those|following"
    r"|options?|other options?)(?:\s+(?:answers?|options?))?(?:\s+(?:are|is)\s+(?:correct|true"
    r"|right))?"
    r"|(?:both\s+)?[A-H]\s*(?:and|&|or|\+)\s*[A-H](?:\s+(?:are|only).*)?|(?:none|all)"
    r"|all (?:are )?correct|none (?:is |are )?correct)\s*[.。]?\s*",
    re.IGNORECASE,
)
_NUMBER_UNIT = compile_late(r"\d")


class ChoicesOptions(RuleOptions):
    """Thresholds of multiple-choice rules."""

    min_similarity: float = 85.0
    """Percent; an answer's text must match the key's text at least so well."""
    length_cue_factor: float = 1.8
    """A key this many times longer than the mean option gives itself away."""
    length_cue_from_chars: int = 12
    """Shorter keys cannot stand out by their length."""


class ChoicesFilter(RuleFilter[ChoicesOptions]):
    """Is a multiple-choice record sound: one key, distinct options, an answer that says the key."""

    name = "choices"
    options_class = ChoicesOptions
    codes: ClassVar[Mapping[str, str]] = {
        "MCQ_KEY_INVALID": "The key is missing or names no option, options are fewer than two, or two share a letter.",
        "MCQ_DUP_OPTIONS": "Two options say the same.",
        "MCQ_KEY_TEXT_MISMATCH": "The answer's letter or text is not that of the key.",
        "MCQ_ALL_NONE": "An option says all, none or several of the others.",
        "MCQ_LENGTH_CUE": "The key is much longer than the others, or the only option with a number.",
    }
    severities: ClassVar[Mapping[str, Severity]] = reject_all(codes, MCQ_LENGTH_CUE="review")

    def find(self, record: Quadruplet) -> Iterator[Finding]:
        """Check options and key; records of other forms have neither."""
        if record.form != "mcq":
            return
        by_key = {option.key: option for option in record.options}
        if len(record.options) < 2 or len(by_key) < len(record.options) or record.answer_key not in by_key:
            yield Finding("MCQ_KEY_INVALID", "answer_key", f"{record.answer_key!r} of {sorted(by_key)}")
        yield from _find_bad_options(record.options)
        key = by_key.get(record.answer_key or "")
        if key is not None:
            yield from self._check_answer(record, key)
            yield from self._check_cues(record.options, key)

    def _check_answer(self, record: Quadruplet, key: Option) -> Iterator[Finding]:
        answer = unify(record.answer)
        letter, body = split_letter(answer)
        if letter and letter != key.key.upper():
            yield Finding("MCQ_KEY_TEXT_MISMATCH", "answer", f"{letter}, the key is {key.key}")
            return
        said, wanted = squash(body), squash(key.text)
        if not said or wanted in said or fuzz.ratio(said, wanted) >= self.options.min_similarity:
            return
        yield Finding("MCQ_KEY_TEXT_MISMATCH", "answer", answer)

    def _check_cues(self, options: tuple[Option, ...], key: Option) -> Iterator[Finding]:
        lengths = [len(squash(option.text)) for option in options]
        size = len(squash(key.text))
        if size >= self.options.length_cue_from_chars and size > self.options.length_cue_factor * sum(lengths) / len(
            lengths
        ):
            yield Finding("MCQ_LENGTH_CUE", f"options.{key.key}", f"{size} characters, others {lengths}")
        with_number = [option.key for option in options if _NUMBER_UNIT.search(option.text)]
        if with_number == [key.key] and len(options) > 2:
            yield Finding("MCQ_LENGTH_CUE", f"options.{key.key}", "the only option with a number")


def split_letter(answer: str) -> tuple[str | None, str]:
    """The option letter an answer begins with, and what follows it."""
    match = _LETTER.match(answer)
    if match is None:
        return None, answer
    return match.group(1).upper(), answer[match.end() :]


def _find_bad_options(options: tuple[Option, ...]) -> Iterator[Finding]:
    seen: dict[str, str] = {}
    for option in options:
        text = squash(option.text)
        if not text:
            yield Finding("MCQ_KEY_INVALID", f"options.{option.key}", "blank option")
        elif text in seen:
            yield Finding("MCQ_DUP_OPTIONS", f"options.{option.key}", f"same as {seen[text]}: {option.text}")
        seen.setdefault(text, option.key)
        if _ALL_NONE.fullmatch(unify(option.text)):
            yield Finding("MCQ_ALL_NONE", f"options.{option.key}", option.text)

"""Is the thinking there when it should be, whole, about the picture, and does it lead to the answer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import ClassVar

from pydantic import Field
from rapidfuzz import fuzz

from remud_gen.filters.fields import read_texts
from remud_gen.filters.form import TERMINAL
from remud_gen.filters.rule import Finding, RuleFilter, RuleOptions, reject_all
from remud_gen.records import Quadruplet, Severity
from remud_gen.rules import leaks
from remud_gen.rules.comparisons import read_range_verdicts, says_outside
from remud_gen.rules.late import compile_late
from remud_gen.rules.normalise import squash, unify
from remud_gen.rules.opposites import find_swap
from remud_gen.rules.polarity import find_flip, has_negation
from remud_gen.rules.words import list_content_words, measure_cover, split_sentences

_CHOSEN = compile_late(
    r"(?:故选|应选|选择|选项?|正确答案(?:是|为|应为|应是)?|答案(?:应)?(?:是|为"
    r"|选)?)\s*[::]?\s*[(]?([A-H])(?![A-Za-z型超])"
    r"|(?<![A-Za-z0-9])([A-H])\s*(?:选?项)?(?:才|为|是)?(?:最)?(?:正确|符合题意)(?!的?吗)"
    r"|\b(?:answer|option|choice|choose|select|pick)s?\s*(?:is|would be|should be|must be|:|="
    r"|-)?\s*(?:option\s+|choice\s+)?[(]?([A-H])(?![A-Za-z'-])"
    r"|\b(?:therefore|thus|so|hence|making)\s*,?\s*[(]?([B-H])\)?(?=[\s.,;]|$)(?!-)",
)
_YES = compile_late(
    r"\s*(?:是的?|对的?|有(?!没)|可以|符合|正确|能|会|存在|属于|yes|correct|true|indeed)(?![a-z])", re.IGNORECASE
)
_NO = compile_late(r"\s*(?:否|不(?!同)|没有|没|无|未|错|no\b|not\b|incorrect|false)", re.IGNORECASE)
_CONCLUSION = compile_late(
    r"因此|所以|故|综上|可见|提示|考虑|符合|支持|\b(?:so|therefore|thus|hence|consistent with"
    r"|suggests?|indicates?|favou?rs?|supports?|diagnosis)\b",
    re.IGNORECASE,
)
_THEREFORE = compile_late(
    r"\s*(?:hence|thus|therefore|so|in conclusion|in summary)\b|\s*(?:因此|所以|故|综上|总之)", re.IGNORECASE
)
_SETTLES = compile_late(
    r"应为|应是|属于|考虑|符合|诊断为|因此|所以"
    r"|\b(?:must be|makes? it|so|hence|thus|therefore|typical of|consistent with)\b",
    re.IGNORECASE,
)
_SETS_ASIDE = compile_late(
    r"\b(?:not|no|unlike|would|rather|usually|often|has|have|neither|excluded?|ruled out|against)\b"
    r"|不|无|未|排除|除外|常|可|多|则|而",
    re.IGNORECASE,
)
_HESITATION = compile_late(r"\bwait\b|\bhmm\b|等等|不对|让我(?:再|重新)", re.IGNORECASE)
SAME_COVER = 0.5  # share of an answer's words in the thinking's last sentence from which both say the same
_YES_NO_LEAD = compile_late(r"^\s*(?:yes|no|是的?|否|不是|对|不对|有|没有|不)[.,。,::;、\s]+", re.IGNORECASE)


class ThinkingOptions(RuleOptions):
    """Bounds of thinking."""

    min_chars_zh: int = 30
    min_chars_en: int = 60
    min_answer_lengths: float = Field(1.5, ge=0)
    """Thinking shorter than so many times the answer is noted."""
    max_chars: int = 16000
    copy_ratio: float = Field(90.0, ge=0, le=100)
    """Percent; thinking that resembles the answer so closely adds nothing."""
    hesitations_per_1000_chars: float = 3.0
    min_answer_cover: float = Field(0.15, ge=0, le=1)
    """A conclusion sharing fewer of the answer's words leads somewhere else."""


class ThinkingFilter(RuleFilter[ThinkingOptions]):
    """Does a reasoning record reason, and a direct one not."""

    name = "thinking"
    options_class = ThinkingOptions
    codes: ClassVar[Mapping[str, str]] = {
        "THINK_MISSING": "A reasoning record has no thinking.",
        "THINK_UNEXPECTED": "A direct record has thinking; it is blanked.",
        "THINK_SHORT": "The thinking is too short to reason.",
        "THINK_TRUNCATED": "The thinking stops in mid-sentence.",
        "THINK_COPIES_ANSWER": "The thinking is the answer in other punctuation.",
        "THINK_META": "The thinking is about the task of writing the record, not about the picture.",
        "THINK_ANSWER_CONFLICT": "The thinking concludes something else than the answer.",
        "THINK_OVERLONG": "The thinking is very long or hesitates all the time.",
    }
    severities: ClassVar[Mapping[str, Severity]] = reject_all(codes, THINK_UNEXPECTED="fix", THINK_OVERLONG="review")

    def find(self, record: Quadruplet) -> Iterator[Finding]:
        """Check the record's own turn and the later ones."""
        if record.style == "direct":
            if record.thinking and record.thinking.strip():
                yield Finding("THINK_UNEXPECTED", "thinking", record.thinking, None, record.thinking, "")
            for index, turn in enumerate(record.turns):
                if turn.thinking and turn.thinking.strip():
                    name = f"turns.{index}.thinking"
                    yield Finding("THINK_UNEXPECTED", name, turn.thinking, None, turn.thinking, "")
            return
        yield from self._check_turn(record, "thinking", record.thinking or "", record.answer)
        for index, turn in enumerate(record.turns):
            yield from self._check_turn(record, f"turns.{index}.thinking", turn.thinking or "", turn.answer)
        for field, found in read_texts(record).scan(leaks.TASK_TALK):
            if field.kind == "thinking":
                yield Finding("THINK_META", field.name, found)
        yield from self._check_conclusion(record)

    def _check_turn(self, record: Quadruplet, name: str, thinking: str, answer: str) -> Iterator[Finding]:
        text, options = unify(thinking).strip(), self.options
        if not squash(text):
            yield Finding("THINK_MISSING", name)
            return
        least = options.min_chars_zh if record.language == "zh" else options.min_chars_en
        if name == "thinking" and len(text) < least and record.form != "dialogue":
            yield Finding("THINK_SHORT", name, f"{len(text)} characters, at least {least}")
        elif name == "thinking" and len(text) < options.min_answer_lengths * len(answer):
            yield Finding("THINK_SHORT", name, f"{len(text)} characters for an answer of {len(answer)}", "info")
        if not TERMINAL.search(text):
            yield Finding("THINK_TRUNCATED", name, text[-24:])
        if squash(answer) and fuzz.ratio(squash(text), squash(answer)) >= options.copy_ratio:
            yield Finding("THINK_COPIES_ANSWER", name, text)
        hesitations = len(_HESITATION.findall(text))
        if len(text) > options.max_chars or (
            hesitations >= 6 and hesitations * 1000 > options.hesitations_per_1000_chars * len(text)
        ):
            yield Finding("THINK_OVERLONG", name, f"{len(text)} characters, {hesitations} hesitations")

    def _check_conclusion(self, record: Quadruplet) -> Iterator[Finding]:
        thinking, answer = unify(record.thinking or ""), unify(record.answer)
        if not squash(thinking) or not squash(answer):
            return
        if record.form == "mcq":
            found = _contradict_key(record, thinking)
        else:
            found = _contradict_yes_no(record, thinking, answer) or _contradict_statement(thinking, answer)
        if found:
            yield Finding("THINK_ANSWER_CONFLICT", "thinking", found)
        elif record.form == "open" and _CONCLUSION.search(split_sentences(thinking)[-1]):
            words = list_content_words(answer)
            if len(words) >= 2 and measure_cover(answer, list_content_words(thinking)) < self.options.min_answer_cover:
                yield Finding("THINK_ANSWER_CONFLICT", "thinking", "no word of the answer", "review")


def _contradict_key(record: Quadruplet, thinking: str) -> str:
    options = {option.key: squash(option.text) for option in record.options}
    key = record.answer_key or ""
    chosen = [next(filter(None, match.groups())) for match in _CHOSEN.finditer(thinking)]
    if chosen:
        return "" if chosen[-1] == key else f"chooses {chosen[-1]}, the key is {key}"
    sentences = split_sentences(thinking)
    tail = sentences[-1]
    if not any(text and text in squash(tail) for text in options.values()) and len(sentences) > 1:
        tail = sentences[-2] if _SETTLES.search(sentences[-2]) else tail  # the last one may only round it off
    named = [other for other, text in options.items() if other != key and text and text in squash(tail)]
    # `type iv` does not name the option `type i`.
    named = [one for one in named if not any(options[one] in options[two] for two in named if two != one)]
    is_last_word = _THEREFORE.match(tail) is not None and not _SETS_ASIDE.search(tail)
    if key not in options or (options[key] in squash(thinking) and not is_last_word) or options[key] in squash(tail):
        return ""
    # Several, or one that is spoken of as it usually looks, are left aside rather than chosen.
    is_left_aside = len(named) > 1 or (_SETS_ASIDE.search(tail) is not None and not _SETTLES.search(tail))
    return f"ends on option {named[0]}" if named and not is_left_aside else ""


def _contradict_yes_no(record: Quadruplet, thinking: str, answer: str) -> str:
    said_yes, said_no = bool(_YES.match(answer)), bool(_NO.match(answer))
    if record.form != "yesno" or said_yes == said_no:
        return ""
    tail = split_sentences(thinking)[-1]
    body = _YES_NO_LEAD.sub("", answer)
    chosen = re.search(r"(?:answer is|答案(?:是|为))\s*[::]?\s*[\"“]?(yes|no|是|否|不是)", thinking, re.IGNORECASE)
    if chosen and (chosen.group(1).lower() in ("yes", "是")) != said_yes:
        return f"concludes {chosen.group(1)}"
    if said_no and _ends_alike(body, tail):
        return ""
    if said_no and not has_negation(tail) and not find_swap(record.question, tail):
        # A denial may rest on an opposite instead of a negation: asked for an increase, the thinking finds a decrease.
        return (
            ""
            if has_negation(thinking[-80:]) or _is_about_another(record.question, tail)
            else "the answer denies, the thinking affirms"
        )
    if said_yes and (swap := find_swap(body, tail)) and not find_swap(tail, thinking[: -len(tail)], min_context=2):
        return swap
    if said_yes and len(list_content_words(body)) < 2 and has_negation(tail) and find_flip(record.question, tail):
        return "the answer affirms, the thinking denies"
    return ""


def _ends_alike(body: str, tail: str) -> bool:
    """Whether an answer goes on to say what the thinking ends on: `No, it is enlarged`."""
    words = list_content_words(body)
    if not words or has_negation(body) or says_outside(body) != says_outside(tail):
        return False
    return measure_cover(body, list_content_words(tail)) >= SAME_COVER and not find_swap(body, tail)


def _is_about_another(question: str, tail: str) -> bool:
    return measure_cover(question, list_content_words(tail)) < 0.3


def _contradict_statement(thinking: str, answer: str) -> str:
    body, tail = _YES_NO_LEAD.sub("", answer), split_sentences(thinking)[-1]
    flip = find_flip(body, tail)
    if flip:
        return flip
    swap = find_swap(body, tail, min_context=2)
    if swap and not find_swap(tail, thinking, min_context=2):
        return swap
    said = {verdict.is_inside for verdict in read_range_verdicts(answer)}
    thought = {verdict.is_inside for verdict in read_range_verdicts(thinking)}
    if len(said) == len(thought) == 1 and said != thought:
        return "inside the range" if thought == {True} else "outside the range"
    return ""

"""Questions that hold their own answer, or need no picture."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import ClassVar

from remud_gen.filters.choices import split_letter
from remud_gen.filters.fields import read_texts
from remud_gen.filters.rule import Finding, RuleFilter, RuleOptions
from remud_gen.records import Quadruplet, Severity
from remud_gen.rules.late import compile_late
from remud_gen.rules.normalise import fold, squash, unify
from remud_gen.rules.patterns import compile_pattern, search_first
from remud_gen.rules.words import list_content_words

_ALTERNATIVE = compile_late(r"\bor\b|\bversus\b|\bvs\b|还是|或者|或|哪一侧|哪侧", re.IGNORECASE)
_VISUAL = (
    compile_pattern(
        r"[该此本][\u4e00-\u9fff]{0,6}(?:肿块|包块|结节|病灶|病变|囊肿|胎儿|患[者儿]|血管|动脉|静脉|瓣|肌腱|神经|器官|脏器)",
        "该|此|本",
    ),
    compile_pattern(
        r"图|影像|声像|切面|标注|箭头|标记|测值|测量|屏幕|显示|频谱|彩色|可见|回声|这(?:个|一|是|幅|张"
        r"|处|些)|该(?:肿块|结节|病灶|患者|处|区)|此(?:处|区|病灶)|本例|所示|所指|哪个切面|取样|患者"
        r"|病灶|所见|扫查|表现|此时|看到|位于|相邻|多少|大小|厚度|流速|狭窄率|哪一侧|哪个部位|处的"
    ),
    compile_pattern(
        r"(?i)\b(?:images?|sonograms?|ultrasound|scan|views?|frame|picture|figure|panel|arrows?"
        r"|label(?:l?ed|s)?|marked|shown|visible|seen|depicted|displayed|here|this|these|window"
        r"|echocardiogra\w+|doppler|appearance|lesions?|findings?|dark|bright|\w*echoic|echogenic|calipers?|measured|measurements?|cine|clip"
        r"|spectral|[bm]-mode|calib(?:re|er)|diameter|measures?|trace|waveform|echogenicity|patient|PSV|EDV|RI|PI|velocity|located|where"
        r"|how (?:wide|large|thick|long|big|deep|fast|many)|side)\b"
    ),
)
_WORD = compile_late(r"[^\W_]+")
_GENERAL_KINDS = frozenset({"knowledge", "physics", "management"})


class QuestionFilter(RuleFilter[RuleOptions]):
    """Is the question a question, and one about the picture."""

    name = "question"
    codes: ClassVar[Mapping[str, str]] = {
        "ANSWER_IN_QUESTION": "The stem holds the answer.",
        "BLIND_LINT": "A question with a picture has no visual word, or rests on general knowledge alone.",
    }
    severities: ClassVar[Mapping[str, Severity]] = {"ANSWER_IN_QUESTION": "reject", "BLIND_LINT": "review"}

    def find(self, record: Quadruplet) -> Iterator[Finding]:
        """Compare stem and answer, then ask whether the picture is needed."""
        stem = squash(record.question)
        found = _find_key_in_stem(record, stem) if record.form == "mcq" else _find_answer_in_stem(record, stem)
        if found:
            yield Finding("ANSWER_IN_QUESTION", "question", found)
        if record.kind == "vqa" and stem:
            if not search_first(_VISUAL, read_texts(record).shown[0].text):
                yield Finding("BLIND_LINT", "question", "no visual word")
            if record.claims and all(claim.kind in _GENERAL_KINDS for claim in record.claims):
                yield Finding("BLIND_LINT", "claims", "general knowledge only")


def _find_key_in_stem(record: Quadruplet, stem: str) -> str:
    texts = {option.key: squash(option.text) for option in record.options}
    key = texts.get(record.answer_key or "", "")
    wording = next((option.text for option in record.options if option.key == record.answer_key), "")
    # A stem that lists several options is a choice in words, not a giveaway.
    others = [text for option, text in texts.items() if option != record.answer_key and text and text in stem]
    least = 6 if key.isascii() else 3
    is_held = len(key) >= least and key in stem and not others
    return key if is_held and _stands_in(wording, record.question) else ""


def _find_answer_in_stem(record: Quadruplet, stem: str) -> str:
    if record.form in ("yesno", "report") or _ALTERNATIVE.search(record.question):
        return ""
    _, body = split_letter(unify(record.answer))
    answer = squash(body)
    if len(answer) < (8 if answer.isascii() else 4):
        return ""
    words = list_content_words(body)
    is_repeated = len(words) >= 3 and words <= list_content_words(record.question)
    is_held = answer in stem and _stands_in(body, record.question)
    return record.answer if is_held or is_repeated else ""


def _stands_in(text: str, question: str) -> bool:
    """Whether words stand in a question as words: `vitamin d` is no part of `vitamin deficiency`."""
    words, asked = (" ".join(_WORD.findall(fold(each))) for each in (text, question))
    return not words.isascii() or f" {words} " in f" {asked} "

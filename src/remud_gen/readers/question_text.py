"""Numbered questions written one after the other as text, their answers below each or gathered in a key at the end."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

from remud_gen.readers.flow import tidy_text
from remud_gen.readers.question_rows import KEYS, OPTION_MARK, split_options
from remud_gen.records import Option
from remud_gen.rules.late import compile_late
from remud_gen.rules.normalise import unify

_QUESTION = compile_late(
    r"(?:(?:question|q|题目?|第)\s*)?(\d{1,4})\s*(?:[.．、)）:：]|题[.．、:：]?)\s*(?=\D)(.+)", re.IGNORECASE
)
_ANSWER = compile_late(
    r"[\[【]?\s*(?:the\s+)?(?:正确|参考|标准|correct\s+)?(?:答案|答|answers?|ans|key)\s*(?:is)?\s*[\]】]?\s*[:：.]?\s*(.*)",
    re.IGNORECASE,
)
_EXPLANATION = compile_late(
    r"[\[【]?\s*(?:答案解析|试题解析|解析|解释|分析|explanation|rationale|reason)\s*[\]】]?\s*[:：]?\s*(.*)",
    re.IGNORECASE,
)
_HAS_COLON = compile_late(r"^[^:：\]】]{0,24}(?:[:：\]】])")
_KEY_LIST = compile_late(r"(\d{1,4})\s*[.．、:：)）-]?\s*([A-JＡ-Ｊ]{1,6})(?![A-Za-z])")
_GAP = r"[(（]\s*([A-JＡ-Ｊ]{1,6})\s*[)）]"
_SET_IN = compile_late(rf"(?<=\S){_GAP}|{_GAP}(?=\s*[.。?？]?\s*$)")
LEAST_SHARE = 0.6  # of the lines of a text are questions, options, answers and what continues them


@dataclass(slots=True)
class Entry:
    """A question as it stands in a text."""

    number: int
    line: int
    stem: str
    options: tuple[Option, ...] = ()
    answer: str = ""
    explanation: str = ""
    _body: list[str] = field(default_factory=list)


def looks_like_questions(text: str) -> bool:
    """Whether a text (or its beginning) is a bank of questions rather than prose with a list in it."""
    lines = [line for line in text.splitlines() if line.strip()]
    entries = read_questions(text)
    asked = [entry for entry in entries if len(entry.options) >= 2 or (entry.answer and entry.stem)]
    told = sum(1 + len(entry.options) + bool(entry.answer) + bool(entry.explanation) for entry in asked)
    return len(asked) >= 2 and told >= LEAST_SHARE * len(lines)


def read_questions(text: str) -> list[Entry]:
    """All numbered questions that have options or an answer, in their order."""
    entries: list[Entry] = []
    keys: Counter[tuple[int, str]] = Counter()
    part = "body"
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip().strip("*#").strip()
        if not line:
            continue
        listed = _read_key_list(line)
        if len(listed) >= 2:
            keys.update(listed)
            continue
        opened = _QUESTION.fullmatch(line)
        if opened is not None and (not entries or int(opened[1]) != entries[-1].number):
            entries.append(Entry(int(opened[1]), number, "", _body=[opened[2]]))
            part = "body"
        elif entries:
            part = _continue(entries[-1], line, part)
    for entry in entries:
        _close(entry)
    asked = [entry for entry in entries if entry.options or entry.answer]
    _give_keys(asked, keys)
    return asked


def _continue(entry: Entry, line: str, part: str) -> str:
    """Add a line to the part of a question that it belongs to; returns that part."""
    explained, answered = _EXPLANATION.fullmatch(line), _ANSWER.fullmatch(line)
    if explained is not None and _HAS_COLON.match(line):
        entry.explanation = explained[1]
        return "explanation"
    if answered is not None and _HAS_COLON.match(line):
        entry.answer = answered[1]
        return "answer"
    if part == "body":
        entry._body.append(line)
    elif part == "answer":
        entry.answer = f"{entry.answer}\n{line}".strip()
    else:
        entry.explanation = f"{entry.explanation}\n{line}".strip()
    return part


def _close(entry: Entry) -> None:
    body = "\n".join(entry._body)
    if not entry.answer and (found := _SET_IN.search(entry._body[0])):
        # The letter is written into the gap of the stem, as printed keys have it.
        bare = f"{body[: found.start()]}（ ）{body[found.end() :]}"
        letters = unify(found[1] or found[2])
        if set(letters) <= {option.key for option in split_options(bare)}:
            entry.answer, body = letters, bare
    entry.options = split_options(body)
    first = OPTION_MARK.search(body) if entry.options else None
    entry.stem = tidy_text(body[: first.start()] if first is not None else body)
    entry.answer, entry.explanation = tidy_text(entry.answer), tidy_text(entry.explanation)


def _read_key_list(line: str) -> list[tuple[int, str]]:
    rest = _KEY_LIST.sub("", unify(line))
    is_list = not re.sub(r"(?i)[\W_]|参考答案|答案|answers?|key", "", rest)
    found = [(int(number), letters) for number, letters in _KEY_LIST.findall(unify(line))] if is_list else []
    return [pair for pair in found if all(letter in KEYS for letter in pair[1])]


def _give_keys(entries: list[Entry], keys: Counter[tuple[int, str]]) -> None:
    """Answers from a key at the end; a number that stands there or in the text more than once names nothing."""
    listed = Counter(number for number, _ in keys.elements())
    asked = Counter(entry.number for entry in entries)
    told = {number: letters for number, letters in keys if listed[number] == 1 and asked[number] == 1}
    for entry in entries:
        if not entry.answer:
            entry.answer = told.get(entry.number, "")

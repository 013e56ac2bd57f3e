"""A quadruplet as a conversation: options in the prompt, thinking as the mode writes it, later turns after it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from remud_gen.errors import RecordError
from remud_gen.exporters.reserved import find_reserved, find_unfit_character
from remud_gen.records import Option, Quadruplet, Turn
from remud_gen.rules.late import compile_late

THINKING_MODES = ("qwen", "remud", "field", "none")
_QWEN = compile_late(r"<think>\n(?P<thinking>.*?)\n</think>\n\n(?P<answer>.*)", re.DOTALL)
_MARK = compile_late(r"\s*[.)）．、:：]")
_LETTER = compile_late("[A-Z]")
_SAID = compile_late(r"[(（]?(?P<key>[A-Z])(?:\s*[.)）．、:：]|$)")
_OPTION_END = compile_late(r"\s*(?:$|\n|[;；,，。]|[(（]?\w{1,3}\s*[.)）．、:：])")
_REMUD = compile_late(r"(?:<think>(?P<thinking>.*?)</think>)?<answer>(?P<answer>.*)</answer>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Exchange:
    """One user turn and the reply to it. `thinking` is set in mode `field` only; else it is inside `reply`."""

    prompt: str
    reply: str
    thinking: str | None = None


@dataclass(frozen=True, slots=True)
class Conversation:
    """The exchanges of one record, still without image placeholders."""

    exchanges: tuple[Exchange, ...]
    has_thinking: bool

    def to_messages(self, placeholder: str, image_count: int) -> tuple[tuple[str, str], ...]:
        """Alternating (user|assistant, text), with one placeholder per image at the head of the first prompt."""
        messages: list[tuple[str, str]] = []
        for exchange in self.exchanges:
            head = "" if messages else placeholder * image_count
            messages += [("user", head + exchange.prompt), ("assistant", exchange.reply)]
        return tuple(messages)


def render_conversation(record: Quadruplet, mode: str) -> Conversation:
    """Render a record for trainers.

    Raises:
        RecordError: whose code is the rule that the record's text breaks, and whose message names the field.
    """
    _check_texts(record)
    if record.kind == "vqa" and not record.images:
        raise RecordError("IMAGES_MISSING", "a question about a picture without a picture")
    first = Turn(question=record.question, thinking=record.thinking, answer=record.answer)
    turns = (first, *record.turns)
    exchanges = []
    for number, turn in enumerate(turns):
        prompt = render_prompt(turn.question, record.options) if number == 0 else turn.question.strip()
        # Inference templates strip the thinking of all turns but the last: what is trained must be what is seen.
        thinking = (turn.thinking or "").strip() if number == len(turns) - 1 else ""
        exchanges.append(_render_exchange(prompt, thinking, turn.answer.strip(), mode))
    _check_options(record, exchanges[0].prompt)
    has_thinking = mode != "none" and bool((turns[-1].thinking or "").strip())
    return Conversation(tuple(exchanges), has_thinking)


def render_prompt(question: str, options: Sequence[Option]) -> str:
    """The question with one line per option, unless the question's own text already lists all of them."""
    question = question.strip()
    if not options or all(shows_option(question, option) for option in options):
        return question
    return "\n".join([question, *(f"{option.key}. {_one_line(option.text)}" for option in options)])


def shows_option(prompt: str, option: Option) -> bool:
    """Whether a prompt lists this option as `A. text`, `(A) text` or `A、text`, complete to where it ends."""
    # No expression is compiled per option: over a corpus that costs more than all the rest of an export.
    words = option.text.split()
    if any(word not in prompt for word in words):
        return False
    start = prompt.find(option.key)
    while start >= 0:
        is_first_word = start == 0 or prompt[start - 1] in "(（" or prompt[start - 1].isspace()
        if is_first_word and _stands_at(prompt, start + len(option.key), words):
            return True
        start = prompt.find(option.key, start + 1)
    return False


def _stands_at(prompt: str, place: int, words: Sequence[str]) -> bool:
    """Whether a full stop or the like, these words and the end of an option follow at a place."""
    mark = _MARK.match(prompt, place)
    if mark is None:
        return False
    place = mark.end()
    for number, word in enumerate(words):
        begin = _skip_space(prompt, place)
        if (begin == place and number > 0) or not prompt.startswith(word, begin):
            return False
        place = begin + len(word)
    return _OPTION_END.match(prompt, place) is not None


def _skip_space(text: str, place: int) -> int:
    while place < len(text) and text[place].isspace():
        place += 1
    return place


def find_choice(record: Quadruplet) -> str | None:
    """The letter that a reward may be given for; None without options, in a dialogue, or where the answer says another.

    A reviewer who mends an answer does not mend its key.
    """
    key = record.answer_key or ""
    if not record.options or record.turns or not _LETTER.fullmatch(key):
        return None
    answer = _one_line(record.answer)
    said = _SAID.match(answer)
    if said is not None and said["key"] != key and said["key"] in {option.key for option in record.options}:
        return None
    named = {option.key for option in record.options if _one_line(option.text).rstrip("。.") == answer.rstrip("。.")}
    return key if not named or key in named else None


def split_thinking(reply: str, mode: str) -> tuple[str | None, str] | None:
    """(thinking, answer) of a rendered reply; None when its tags are not those that the mode writes."""
    if mode == "qwen" and not reply.startswith("<think>"):
        return None, reply
    if mode in ("qwen", "remud"):
        found = (_QWEN if mode == "qwen" else _REMUD).fullmatch(reply)
        return (found["thinking"], found["answer"]) if found else None
    return None, reply


def _render_exchange(prompt: str, thinking: str, answer: str, mode: str) -> Exchange:
    if mode == "qwen" and thinking:
        return Exchange(prompt, f"<think>\n{thinking}\n</think>\n\n{answer}")
    if mode == "remud":
        return Exchange(prompt, (f"<think>{thinking}</think>" if thinking else "") + f"<answer>{answer}</answer>")
    return Exchange(prompt, answer, thinking if mode == "field" and thinking else None)


def _check_texts(record: Quadruplet) -> None:
    for field, text, is_required in _list_texts(record):
        if is_required and not text.strip():
            raise RecordError("EMPTY_TEXT", f"{field} is empty")
        if (token := find_reserved(text)) is not None:
            raise RecordError("RESERVED_TOKEN", f"{field} holds {token}, which trainers do not read as text")
        if (character := find_unfit_character(text)) is not None:
            raise RecordError("UNFIT_CHARACTER", f"{field} holds the control character {character}")


def _list_texts(record: Quadruplet) -> Iterator[tuple[str, str, bool]]:
    yield "question", record.question, True
    for option in record.options:
        yield f"options[{option.key[:8]}]", option.text, True
        yield "option key", option.key, True
    yield "thinking", record.thinking or "", False
    yield "answer", record.answer, True
    for number, turn in enumerate(record.turns):
        yield f"turns[{number}].question", turn.question, True
        yield f"turns[{number}].thinking", turn.thinking or "", False
        yield f"turns[{number}].answer", turn.answer, True


def _check_options(record: Quadruplet, prompt: str) -> None:
    if record.form == "mcq" and not record.options:
        raise RecordError("OPTIONS_MISSING", "a multiple-choice question without options")
    if len({option.key for option in record.options}) < len(record.options):
        raise RecordError("OPTIONS_MISSING", "two options have the same letter")
    for option in record.options:
        if not shows_option(prompt, option):
            raise RecordError("OPTIONS_MISSING", f"option {option.key} does not stand in the prompt")


def _one_line(text: str) -> str:
    return " ".join(text.split())

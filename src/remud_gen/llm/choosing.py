"""Which of a sketch's numbers a model chose: numbers are all that is ever taken over from its reply."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import BeforeValidator, ValidationError

from remud_gen.llm.reply import Lenient, Many, OptionalText, strict_schema
from remud_gen.llm.structured import HINTS as ITEM_HINTS
from remud_gen.llm.structured import UnreadableReply, choose_text, read_whole
from remud_gen.protocols import ModelReply
from remud_gen.records import Sketch

NOTHING = {"", "none", "null", "n/a", "0", "无", "没有"}
ASK_AGAIN = "--retry-errors asks again; if it stays so, "
HINTS = {
    **{code: ITEM_HINTS[code] for code in ("CONTENT_FILTER", "REFUSAL")},
    "REPLY_TRUNCATED": f"{ASK_AGAIN}raise vision.max_output_tokens",
    "EMPTY_REPLY": f"{ASK_AGAIN}raise vision.max_output_tokens: long thinking may leave no tokens for the reply",
    "JSON_INVALID": f"{ASK_AGAIN}use a model that keeps to a JSON schema",
    "CHOICE_INVALID": f"{ASK_AGAIN}use a stronger model",
    "CHOICE_CONTRADICTS": f"{ASK_AGAIN}use a stronger model",
}


def _read_number(value: object) -> object:
    """`"box 3"` and 3.0 are 3, words for nothing are None; true is no number."""
    if isinstance(value, str):
        bare = value.strip().lower().removeprefix("box").strip(" []#")
        return None if bare in NOTHING else bare
    if isinstance(value, bool):
        raise ValueError("must be a number")  # noqa: TRY004 - pydantic turns a ValueError into its own
    return None if value == 0 else value


Number = Annotated[int | None, BeforeValidator(_read_number)]


class ReplyChoice(Lenient):
    """What one figure's words are, by number."""

    figure: Annotated[int, BeforeValidator(_read_number)]
    caption: Number
    note: Number = None


class ReplyChoices(Lenient):
    """The whole reply about one sketch; the reason is written before the choice and kept in the reply store alone."""

    reason: OptionalText = None
    figures: Many[ReplyChoice]
    sure: bool


def choices_schema() -> dict[str, Any]:
    """The JSON schema of the wanted reply."""
    return strict_schema(ReplyChoices)


def make_reader(sketch: Sketch) -> Callable[[ModelReply], ReplyChoices]:
    """What reads replies about this sketch."""

    def read(reply: ModelReply) -> ReplyChoices:
        text, _ = choose_text(reply)
        value = read_whole(reply, text)  # half a number is another box
        try:
            choices = ReplyChoices.model_validate(value)
        except ValidationError as error:
            told = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_url=False)]
            raise UnreadableReply("JSON_INVALID", f"not the form asked for: {'; '.join(told[:3])}") from None
        problem = _find_problem(sketch, choices)
        if problem is not None:
            raise UnreadableReply("CHOICE_INVALID", problem, HINTS["CHOICE_INVALID"])
        return choices

    return read


def _find_problem(sketch: Sketch, choices: ReplyChoices) -> str | None:
    """Numbers that are on no box, or on a box of the other kind; figures named twice or not at all."""
    figures, words = {one.number for one in sketch.figures}, {one.number for one in sketch.choices}
    named = [one.figure for one in choices.figures]
    for number in named:
        if number not in figures:
            return f"{number} is the number of no figure box ({_tell(figures)})"
    for one in choices.figures:
        wrong = {number for number in (one.caption, one.note) if number is not None} - words
        if wrong:
            return f"{min(wrong)} is the number of no text box ({_tell(words)})"
        if one.caption is not None and one.caption == one.note:
            return f"box {one.note} cannot be the caption of figure {one.figure} and its note"
    twice = {number for number in named if named.count(number) > 1}
    if twice:
        return f"figure {min(twice)} is named more than once"
    missing = figures - set(named)
    return f"figure {min(missing)} is left out" if missing else None


def _tell(numbers: set[int]) -> str:
    return ", ".join(str(number) for number in sorted(numbers))

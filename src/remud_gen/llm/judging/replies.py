"""The forms in which a judging model replies, and how they are read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, TypeVar, get_args

from pydantic import BaseModel, BeforeValidator, Field, field_validator

from remud_gen.llm.plain_reply import read_as
from remud_gen.llm.reply import Lenient, Many, OptionalKey, OptionalText, Text, strict_schema
from remud_gen.protocols import ModelReply

Gate = Literal[
    "self_contained", "supported", "image_agrees", "image_needed", "single_answer", "clinically_valid", "no_leak",
    "thinking_leads",
]  # fmt: skip
GATES: tuple[Gate, ...] = get_args(Gate)


def _fold(value: object) -> object:
    return value.strip().lower().replace("-", "_").replace(" ", "_") if isinstance(value, str) else value


def _read_score(value: object) -> object:
    """`4/5` and "4" are 4; what cannot be read is no score."""
    text = str(value).strip().split("/")[0]
    return float(text) if text.replace(".", "", 1).isdigit() and 1 <= float(text) <= 5 else None


Score = Annotated[float | None, BeforeValidator(_read_score)]
Where = Annotated[str, BeforeValidator(lambda value: str(value or "none").strip().strip("[]【】").lower())]


class ReplyBlind(Lenient):
    """What one says who has not seen the image."""

    reason: OptionalText = None
    can_tell: bool
    basis: OptionalText = None
    answer: OptionalText = None
    answer_key: OptionalKey = None


class ReplyGuess(Lenient):
    """Which option stands out by its wording."""

    reason: OptionalText = None
    can_tell: bool
    answer_key: OptionalKey = None


class ReplyAnswer(Lenient):
    """What one says who sees an image and the question."""

    seen: OptionalText = None
    can_tell: bool
    answer: OptionalText = None
    answer_key: OptionalKey = None


class ReplyConclusion(Lenient):
    """What a line of thought without its last sentence comes to."""

    reason: OptionalText = None
    can_tell: bool
    answer: OptionalText = None
    answer_key: OptionalKey = None


class ReplySame(Lenient):
    """Whether two answers say the same."""

    reason: OptionalText = None
    same: bool | None


class ReplyFeature(Lenient):
    """Words, and what of the image agrees with them or not."""

    quote: Text = ""
    seen: Text = ""


class ReplyMatch(Lenient):
    """Whether words can describe an image."""

    agree: Many[ReplyFeature] = Field(default_factory=list)
    contradict: Many[ReplyFeature] = Field(default_factory=list)
    verdict: Annotated[Literal["fits", "contradicts", "unsure"], BeforeValidator(_fold)]


class ReplyGate(Lenient):
    """One gate, and what the verdict rests on."""

    name: Annotated[Gate, BeforeValidator(_fold)]
    where: Where = "none"
    quote: Text = ""
    reason: OptionalText = None
    verdict: Annotated[Literal["pass", "fail", "unsure"], BeforeValidator(_fold)]


class ReplyScores(Lenient):
    """From 1 to 5; none where a gate failed."""

    usefulness: Score = None
    depth: Score = None


class ReplyJudgement(Lenient):
    """All gates, then the scores."""

    gates: list[ReplyGate]
    scores: ReplyScores | None = None

    @field_validator("gates")
    @classmethod
    def _check_gates(cls, gates: list[ReplyGate]) -> list[ReplyGate]:
        named = [gate.name for gate in gates]
        missing = [name for name in GATES if name not in named]
        if missing or len(named) != len(GATES):
            raise ValueError(f"each gate once is wanted; missing: {', '.join(missing) or 'none, but one is twice'}")
        return gates


Reply = TypeVar("Reply", bound=BaseModel)
FORMS: Mapping[str, type[BaseModel]] = {
    "blind": ReplyBlind,
    "options_only": ReplyGuess,
    "reanswer": ReplyAnswer,
    "conclude": ReplyConclusion,
    "same": ReplySame,
    "mismatch": ReplyMatch,
    "judge": ReplyJudgement,
}
"""Prompt -> the form of its reply."""
SCHEMAS: Mapping[str, Mapping[str, Any]] = {name: strict_schema(form) for name, form in FORMS.items()}


def make_reader(form: type[Reply]) -> Callable[[ModelReply], Reply]:
    """What reads replies of one form by the ladder of all replies."""
    read = read_as(form)
    return lambda reply: read(reply).value

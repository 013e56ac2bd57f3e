"""A finished record as a probe looks at it, and its question in the forms in which it is asked again."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from remud_gen.records import Evidence, ImageRef, Language, Option, Quadruplet

WORDS = ("caption", "title", "note")  # kinds of evidence that are printed with the image
DIALOGUE: dict[Language, tuple[str, str]] = {"en": ("Then asked: ", "Then answered: "), "zh": ("追问：", "追答：")}


@dataclass(frozen=True, slots=True)
class Case:
    """One record, and the one whose image may stand in for its own."""

    record: Quadruplet
    partner: Quadruplet | None = None

    @property
    def is_visual(self) -> bool:
        """Whether its own image is what its question is about."""
        return self.record.kind == "vqa" and bool(self.record.images) and self.record.question_from is None

    @property
    def words(self) -> tuple[Evidence, ...]:
        """The spans that are printed with the image."""
        return tuple(span for span in self.record.evidence if span.kind in WORDS)

    @property
    def other_images(self) -> tuple[ImageRef, ...]:
        """The partner's images."""
        return self.partner.images if self.partner is not None else ()


@dataclass(frozen=True, slots=True)
class Asking:
    """A question as it is asked: with its options in some order, and the letter that is right in it."""

    question: str
    options: tuple[Option, ...]
    key: str | None

    def describe(self) -> str:
        """The question with its options below it."""
        return "\n".join([self.question, *list_options(self.options)])


def list_options(options: Sequence[Option]) -> list[str]:
    """A line for each option."""
    return [f"{option.key}. {option.text}" for option in options]


def pose(record: Quadruplet, number: int = 0, seed: int = 0) -> Asking:
    """The `number`-th way to ask a record's question: the first as it stands, later ones with options reshuffled."""
    options, key = record.options, record.answer_key
    if record.form != "mcq" or not number:
        return Asking(record.question, options, key)
    order = sorted(options, key=lambda option: draw(f"{seed}/{record.id}/{number}/{option.key}"))
    letters = [option.key for option in options]
    mixed = tuple(option.model_copy(update={"key": letter}) for letter, option in zip(letters, order, strict=True))
    right = next((letter for letter, option in zip(letters, order, strict=True) if option.key == key), None)
    return replace(Asking(record.question, mixed, right))


def describe_answer(record: Quadruplet) -> str:
    """The answer, and the later turns of a dialogue."""
    asked, said = DIALOGUE[record.language]
    later = [line for turn in record.turns for line in (f"{asked}{turn.question}", f"{said}{turn.answer}")]
    return "\n".join([record.answer, *later])


def describe_thinking(record: Quadruplet) -> str:
    """The thinking of all turns."""
    return "\n".join(part for part in (record.thinking, *(turn.thinking for turn in record.turns)) if part)


def draw(text: str) -> float:
    """A number from 0 to 1 that is the same on every machine."""
    return int(hashlib.sha256(text.encode()).hexdigest()[:8], 16) / 0x1_0000_0000

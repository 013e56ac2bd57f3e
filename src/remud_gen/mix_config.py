"""What kinds of questions are asked for, and in what shares: the section `generate.mix` of the configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, field_validator

from remud_gen.records import QuestionForm, QuestionType

IMAGE_TYPES: dict[QuestionType, float] = {
    "modality": 5, "plane": 8, "anatomy": 12, "finding": 20, "measurement": 10, "grading": 5, "diagnosis": 12,
    "differential": 6, "comparison": 3, "next_step": 5, "acquisition": 3, "report": 3,
}  # fmt: skip
TEXT_TYPES: dict[QuestionType, float] = {
    "knowledge": 40, "finding": 15, "acquisition": 12, "next_step": 10, "differential": 8, "diagnosis": 8,
    "measurement": 4, "grading": 3,
}  # fmt: skip
FORMS: dict[QuestionForm, float] = {"open": 55, "mcq": 25, "yesno": 12, "dialogue": 8}
OptionCount = Literal[4, 5]
Difficulty = Literal[1, 2, 3, 4, 5]
OPTION_COUNTS: dict[OptionCount, float] = {4: 50, 5: 50}
Share = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Shares = TypeVar("Shares", bound=Mapping[Any, float])


class MixConfig(BaseModel):
    """Shares of what is asked for, of any sum; what a list leaves out is not asked for.

    How many questions are reasoned is `generate.reasoning_share`. A type that the words of an input cannot bear
    (measurement, grading, comparison) is never asked for there; a report is a form of its own.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    image_types: Mapping[QuestionType, Share] = Field(default_factory=lambda: dict(IMAGE_TYPES))
    text_types: Mapping[QuestionType, Share] = Field(default_factory=lambda: dict(TEXT_TYPES))
    forms: Mapping[QuestionForm, Share] = Field(default_factory=lambda: dict(FORMS))
    difficulties: Mapping[Difficulty, Share] = Field(default_factory=dict)  # empty: left to the model
    option_counts: Mapping[OptionCount, Share] = Field(default_factory=lambda: dict(OPTION_COUNTS))  # of mcq

    @field_validator("difficulties", "option_counts", mode="before")
    @classmethod
    def _read_numbers(cls, value: object) -> object:
        # In JSON, which the resolved configuration is written by way of, every key is text.
        if not isinstance(value, Mapping):
            return value
        return {int(key) if isinstance(key, str) and key.isdigit() else key: share for key, share in value.items()}

    @field_validator("image_types", "text_types", "forms", "option_counts")
    @classmethod
    def _refuse_nothing(cls, value: Shares) -> Shares:
        if not sum(value.values()):
            raise ValueError("needs at least one share above 0")
        return value

    @field_validator("image_types")
    @classmethod
    def _refuse_knowledge(cls, value: Shares) -> Shares:
        if value.get("knowledge"):
            raise ValueError("a question of knowledge never carries an image: it belongs to text_types")
        return value

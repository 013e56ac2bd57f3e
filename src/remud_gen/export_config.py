"""What is exported, how, and under which terms: the section `export` of the configuration."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

LicencePolicy = Literal["permissive", "research", "private"]
ImageMode = Literal["link", "copy", "pack"]
ThinkingMode = Literal["qwen", "remud", "field", "none"]
Balance = Literal["qtype", "organ", "language", "answer"]
Order = Literal["quality", "diversity", "difficulty"]


class ExportConfig(BaseModel):
    """Kept quadruplets -> a trainer's files."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    formats: tuple[str, ...] = ("llamafactory",)
    thinking: ThinkingMode = "qwen"
    images: ImageMode = "link"  # beside the data; formats that hold pictures in their data files do so in any case
    split: tuple[float, ...] = (0.9, 0.1)  # train, validation[, test], by document
    seed: int = 0
    statuses: tuple[Literal["kept", "review"], ...] = Field(("kept",), min_length=1)  # review: only to be judged
    where: tuple[str, ...] = ()  # conditions that a record must meet, such as language=zh
    balance: Balance | None = None  # as many records of each value as of the rarest
    reasoning_share: float | None = Field(None, ge=0, le=1)  # of records with thinking
    max: int | None = Field(None, ge=1)  # records
    by: tuple[Order, ...] = Field(("quality", "diversity"), min_length=1)  # what comes first under `max` and `balance`
    licence_policy: LicencePolicy = "private"
    licences: Path | None = None  # None: licences.csv in the input folders

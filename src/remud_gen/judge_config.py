"""What a model is asked about finished records: all of the section `judge` but where the model is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator


class JudgeOptions(BaseModel):
    """Which probes run, on how many records, and what their verdicts do."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    probes: tuple[str, ...] = ()
    shares: Mapping[str, float] = Field(default_factory=dict)  # of the records that no rule rejected
    repeats: int = Field(3, ge=1, le=16)  # of blind, options_only and reanswer, at most
    sampling_temperature: float | None = 0.7  # of questions that are asked more than once
    planted_share: float = Field(0.05, ge=0, le=0.5)  # bad records made of good ones, at least one in each part
    min_planted_recall: float = Field(0.8, ge=0, le=1)  # below it a probe's verdicts do not count
    weak_below: float = Field(2.5, ge=1, le=5)  # mean of the two scores below which a question is weak
    severities: Mapping[str, Literal["reject", "review", "info", "off"]] = Field(default_factory=dict)  # by code
    seed: int = 0

    @field_validator("shares")
    @classmethod
    def _check_shares(cls, value: Mapping[str, float]) -> Mapping[str, float]:
        for name, share in value.items():
            if not 0 <= share <= 1:
                raise ValueError(f"the share of {name} must lie between 0 and 1")
        return value

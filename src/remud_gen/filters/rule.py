"""What every filter of single records shares: options with a severity per code, findings, verdicts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar, Generic, Literal, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field, field_validator

from remud_gen.errors import ConfigError
from remud_gen.records import Quadruplet, Severity, Verdict
from remud_gen.rules.normalise import shorten


class RuleOptions(BaseModel):
    """Options that every filter has."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    severities: Mapping[str, Severity | Literal["off"]] = Field(default_factory=dict)
    """Reason code -> reject, review, fix, info or off, where the filter's own choice does not suit."""

    @field_validator("severities", mode="before")
    @classmethod
    def read_off(cls, value: object) -> object:
        """YAML takes a bare `off` for false."""
        if not isinstance(value, Mapping):
            return value
        return {code: "off" if severity is False else severity for code, severity in value.items()}


Options = TypeVar("Options", bound=RuleOptions)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing a rule found; a replacement is what the field should read instead."""

    code: str
    field: str
    evidence: str = ""
    severity: Severity | None = None  # None: the filter's severity for this code
    original: str | None = None
    replacement: str | None = None


class RuleFilter(Generic[Options]):
    """Base of the filters that look at one record: subclasses find, this class judges."""

    name: ClassVar[str]
    scope: ClassVar[Literal["record"]] = "record"
    version: ClassVar[int] = 1
    codes: ClassVar[Mapping[str, str]]
    severities: ClassVar[Mapping[str, Severity]]
    options_class: ClassVar[type[RuleOptions]] = RuleOptions

    def __init__(self, options: Options) -> None:
        self.options = options
        check_severities(self.name, self.codes, options.severities)

    def find(self, record: Quadruplet) -> Iterator[Finding]:
        """Every finding on a record, before the options have their say."""
        raise NotImplementedError

    def check(self, record: Quadruplet) -> Iterator[Verdict]:
        """Findings as verdicts, with the severities of the options."""
        for finding in self.find(record):
            chosen = self.options.severities.get(finding.code)
            if chosen == "off":
                continue
            severity = chosen or finding.severity or self.severities[finding.code]
            can_fix = severity == "fix" and finding.replacement is not None
            yield Verdict(
                code=finding.code,
                severity="reject" if severity == "fix" and not can_fix else severity,
                field=finding.field,
                evidence=shorten(finding.evidence),
                filter=self.name,
                original=finding.original if can_fix else None,
                replacement=finding.replacement if can_fix else None,
            )


def check_severities(name: str, codes: Mapping[str, str], chosen: Mapping[str, str]) -> None:
    """Raise ConfigError for a reason code that a filter does not have."""
    for code in chosen:
        if code not in codes:
            known = ", ".join(sorted(codes))
            raise ConfigError(f"filter.options.{name}.severities: unknown code {code!r}", f"known here: {known}")


def reject_all(codes: Mapping[str, str], **others: Severity) -> dict[str, Severity]:
    """Reject for every code but those named."""
    return {code: others.get(code, "reject") for code in codes}


SEVERITY_ORDER: Mapping[str, int] = {severity: rank for rank, severity in enumerate(get_args(Severity))}

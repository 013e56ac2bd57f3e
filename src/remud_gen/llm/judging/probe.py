"""What every probe offers: what it catches, whom it fits, and what it finds."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from remud_gen import registry
from remud_gen.config import JudgeConfig
from remud_gen.errors import ConfigError
from remud_gen.judge_records import ProbeOutcome
from remud_gen.llm.judging.case import Case
from remud_gen.llm.judging.desk import Desk
from remud_gen.records import Severity, Verdict
from remud_gen.rules.normalise import shorten

MOST_CHARS = 200  # of evidence
FAILED, FALSE_QUOTE = "PROBE_FAILED", "JUDGE_QUOTE_FALSE"
SHARED_CODES: Mapping[str, str] = {
    FAILED: "A probe got no reply that could be read, so that the record is not judged; --retry-errors asks again.",
    FALSE_QUOTE: "The judge quoted words that do not stand where it says: what rests on them does not count.",
}
SHARED_SEVERITIES: Mapping[str, Severity] = {FAILED: "review", FALSE_QUOTE: "info"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a probe found."""

    code: str
    field: str
    evidence: str
    severity: Severity | None = None  # None: the probe's severity for this code


@dataclass(frozen=True, slots=True)
class Examined:
    """What came of one probe of one record."""

    outcome: ProbeOutcome
    findings: tuple[Finding, ...] = ()


class Probe(ABC):
    """Base of the probes: subclasses ask and find, this class says what a finding does."""

    name: ClassVar[str]
    version: ClassVar[int] = 1
    codes: ClassVar[Mapping[str, str]]  # reason code -> what it catches, in one sentence
    severities: ClassVar[Mapping[str, Severity]]
    catching: ClassVar[frozenset[str]] = frozenset()  # codes that a planted bad record must get; none: it is not tested

    def __init__(self, config: JudgeConfig) -> None:
        self.config = config

    @abstractmethod
    def fits(self, case: Case) -> bool:
        """Whether this probe has anything to ask about a record."""

    @abstractmethod
    async def examine(self, case: Case, desk: Desk) -> Examined:
        """Ask, and say what was found.

        Raises:
            RecordError: a request failed, or its reply could not be read.
        """

    def judge(self, finding: Finding) -> Verdict | None:
        """A finding as a verdict; None where its code is switched off."""
        known = {**self.severities, **SHARED_SEVERITIES}
        severity = self.config.severities.get(finding.code, finding.severity or known[finding.code])
        if severity == "off":
            return None
        evidence = shorten(finding.evidence, MOST_CHARS)
        return Verdict(code=finding.code, severity=severity, field=finding.field, evidence=evidence, filter=self.name)


def build_probes(config: JudgeConfig) -> list[Probe]:
    """The probes that are switched on, in the order of their table.

    Raises:
        ConfigError: for an unknown name, with the known ones.
    """
    for name in (*config.probes, *config.shares):
        registry.check_name("probes", name)
    return [registry.load("probes", name)(config) for name in registry.table("probes") if name in config.probes]


def list_tested(config: JudgeConfig) -> frozenset[str]:
    """The probes whose verdicts count only while they find the planted records."""
    return frozenset(probe.name for probe in build_probes(config) if probe.catching)


def check_codes(config: JudgeConfig, known: Mapping[str, str]) -> None:
    """Refuse severities of codes that no probe has.

    Raises:
        ConfigError: naming the code and the known ones.
    """
    for code in config.severities:
        if code not in known:
            raise ConfigError(f"judge.severities: unknown code {code!r}", f"known: {', '.join(sorted(known))}")

"""What the questions to a model about a finished quadruplet came to, and what they say together about the model."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from remud_gen.record_base import Record


class ProbeOutcome(Record):
    """What one probe of one record came to."""

    probe: str
    asked: int = 0  # questions that were asked until the outcome was certain
    right: int = 0  # replies that agree with the record
    chance: float | None = None  # of a guess being right, where a guess is possible
    is_failed: bool = False  # a reply was missing or could not be read: nothing is known
    is_flagged: bool = False  # a verdict that rejects or asks for review came of it
    n_false_quotes: int = 0
    told: str = ""  # what was replied, in short


class PlantedOutcome(Record):
    """A bad record that was made of a good one, shown to a probe like any other."""

    probe: str
    kind: str  # number, side, negation, opposite, key, caption
    changed: str  # what was changed, as `old -> new`
    is_caught: bool
    is_failed: bool = False
    codes: tuple[str, ...] = ()


class Probing(Record):
    """All that was asked about one record."""

    outcomes: tuple[ProbeOutcome, ...] = ()
    planted: tuple[PlantedOutcome, ...] = ()
    family: str | None = None  # that the judge has in common with the generator


class ProbeTrial(Record):
    """How one probe did over a whole run."""

    records: int = 0
    failed: int = 0
    flagged: int = 0
    false_quotes: int = 0
    planted: int = 0
    caught: int = 0
    missed: dict[str, int] = Field(default_factory=dict)  # kind of change -> how many were let pass
    originals_flagged: int = 0  # of the good records that the planted ones were made of
    asked: int = 0  # of probes that guess
    right: int = 0
    expected: float = 0.0  # right by chance alone
    is_applied: bool = True

    @property
    def recall(self) -> float | None:
        """Share of the planted bad records that were caught."""
        return self.caught / self.planted if self.planted else None

    @property
    def precision(self) -> float | None:
        """Caught ones of all that were flagged among the planted and those they were made of: as many bad as good."""
        flagged = self.caught + self.originals_flagged
        return self.caught / flagged if flagged else None


class Trial(Record):
    """What a run says about its judge; `is_applied` of a probe tells whether its verdicts count."""

    record: Literal["trial"] = "trial"
    schema_version: int = 1
    id: str = "trial"
    judge: str
    probes: dict[str, ProbeTrial]
    family: str | None = None
    same_family: int = 0  # records whose generator is of the judge's family
    alarms: tuple[str, ...] = ()

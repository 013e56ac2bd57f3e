"""A whole run's probings -> what they say about the judge, and which of its verdicts count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from math import sqrt

from remud_gen.config import JudgeConfig
from remud_gen.judge_records import ProbeOutcome, ProbeTrial, Probing, Trial
from remud_gen.records import Quadruplet

TWO = 2.0  # standard deviations above chance
FEWEST_GUESSES = 20  # below, a share says nothing


def weigh(records: Iterable[Quadruplet], config: JudgeConfig, tested: frozenset[str]) -> Trial:
    """Count every probing of a run; `tested` are the probes that are shown planted records."""
    counts = {name: _Count() for name in config.probes}
    families: Counter[str] = Counter()
    for record in records:
        if record.probing is not None:
            families.update([record.probing.family] if record.probing.family else [])
            for name, count in counts.items():
                count.add(record.probing, name)
    probes = {name: count.close(config, is_tested=name in tested) for name, count in counts.items()}
    family = max(families, key=lambda name: (families[name], name)) if families else None
    trial = Trial(judge=config.model or "", probes=probes, family=family, same_family=sum(families.values()))
    return trial.model_copy(update={"alarms": tuple(_list_alarms(trial, config, tested))})


def settle(record: Quadruplet, trial: Trial | None) -> Quadruplet:
    """The record with the verdicts that count; those of a probe that failed its trial become information."""
    void = set() if trial is None else {name for name, one in trial.probes.items() if not one.is_applied}
    if not any(verdict.filter in void and verdict.severity != "info" for verdict in record.verdicts):
        return record
    verdicts = tuple(
        verdict.model_copy(update={"severity": "info"}) if verdict.filter in void else verdict
        for verdict in record.verdicts
    )
    return record.model_copy(update={"verdicts": verdicts})


class _Count:
    """One probe over all records."""

    def __init__(self) -> None:
        self.sums: Counter[str] = Counter()
        self.missed: Counter[str] = Counter()
        self.expected = 0.0

    def add(self, probing: Probing, name: str) -> None:
        """Count what one record says about the probe."""
        own = next((one for one in probing.outcomes if one.probe == name), None)
        if own is not None:
            self._add_outcome(own)
        for planted in probing.planted:
            if planted.probe != name or planted.is_failed:
                continue
            self.sums["planted"] += 1
            self.sums["caught"] += planted.is_caught
            self.sums["originals_flagged"] += own is not None and own.is_flagged
            if not planted.is_caught:
                self.missed[planted.kind] += 1

    def _add_outcome(self, own: ProbeOutcome) -> None:
        self.sums["records"] += 1
        self.sums["failed"] += own.is_failed
        self.sums["flagged"] += own.is_flagged
        self.sums["false_quotes"] += own.n_false_quotes
        if own.chance is not None and not own.is_failed:
            self.sums["asked"] += 1
            self.sums["right"] += own.right > 0  # of the first reply: later ones are asked where it is right
            self.expected += own.chance

    def close(self, config: JudgeConfig, *, is_tested: bool) -> ProbeTrial:
        """The figures, and whether they suffice."""
        figures = ProbeTrial(**self.sums, missed=dict(sorted(self.missed.items())), expected=round(self.expected, 2))
        if not is_tested or not config.planted_share or not figures.records:
            return figures
        is_applied = figures.recall is not None and figures.recall >= config.min_planted_recall
        return figures.model_copy(update={"is_applied": is_applied})


def _list_alarms(trial: Trial, config: JudgeConfig, tested: frozenset[str]) -> Iterable[str]:
    for name, one in trial.probes.items():
        if not one.is_applied and one.recall is None:
            yield f"{name}: no bad record could be made to test the judge with: its verdicts are NOT applied"
        elif not one.is_applied:
            told = f"found {one.caught} of {one.planted} planted bad records (below {config.min_planted_recall:g})"
            yield f"{name}: the judge {told}: its verdicts are NOT applied"
        if one.asked >= FEWEST_GUESSES:
            share = one.expected / one.asked
            limit = one.expected + TWO * sqrt(one.asked * share * (1 - share))
            if one.right > limit:
                told = (
                    f"the options alone give {one.right} of {one.asked} answers away, chance gives {one.expected:.0f}"
                )
                yield f"{name}: {told}: look at how wrong options are written"
    if trial.same_family:
        told = f"the judge {trial.judge} is of the generator's family ({trial.family}) for {trial.same_family} records"
        yield f"judge: {told}: it favours its own, name one of another family in judge.model"

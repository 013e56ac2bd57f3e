"""How the judge of a run did, in lines and for scripts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from remud_gen.judge_records import ProbeTrial, Trial
from remud_gen.runner.reports.wording import count_noun


def trial_lines(trial: Trial) -> list[str]:
    """One or two lines per probe; what is wrong with the judge stands among the alarms of the funnel."""
    width = max((len(name) for name in trial.probes), default=0)
    lines = [f"asked of {trial.judge}:"]
    for name, one in trial.probes.items():
        lines.append(f"  {name:<{width}}  {', '.join(_list_facts(one))}")
        lines += [f"  {'':<{width}}  {told}" for told in _tell_planted(one)]
    return lines


def trial_json(trial: Trial) -> dict[str, Any]:
    """All figures, with the shares that follow from them."""
    data = trial.model_dump(mode="json", exclude={"record", "schema_version", "id"})
    for name, one in trial.probes.items():
        data["probes"][name] |= {"recall": _round(one.recall), "precision": _round(one.precision)}
    return data


def _list_facts(one: ProbeTrial) -> Iterator[str]:
    yield f"{one.flagged} of {count_noun(one.records, 'record')} flagged"
    if one.failed:
        yield f"{one.failed} without a usable reply"
    if one.asked:
        yield f"{one.right} of {one.asked} first guesses right ({one.expected:.1f} by chance)"
    if one.false_quotes:
        yield f"{count_noun(one.false_quotes, 'quote')} found nowhere"
    if not one.is_applied:
        yield "verdicts NOT APPLIED"


def _tell_planted(one: ProbeTrial) -> Iterator[str]:
    if one.recall is None:
        return
    missed = ", ".join(f"{kind} {n}" for kind, n in one.missed.items())
    precision = f", precision {one.precision:.2f}" if one.precision is not None else ""
    yield (
        f"planted bad records: {one.caught} of {one.planted} caught, {one.originals_flagged} of the good ones they are "
        f"made of flagged (recall {one.recall:.2f}{precision})" + (f"; missed: {missed}" if missed else "")
    )


def _round(share: float | None) -> float | None:
    return None if share is None else round(share, 4)

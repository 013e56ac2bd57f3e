"""How a stage stands: parts on disk -> counts that add up, usage, and the errors on record."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from remud_gen.errors import RecordError
from remud_gen.runner.parts import Counts, PartState, Usage, part_paths
from remud_gen.runner.plan import StageRow, find_orphans
from remud_gen.runner.reading import read_errors


@dataclass
class StageReport:
    """How a stage stands after a command."""

    name: str
    unit: str
    command: str  # the command that runs it
    counts: Counts = field(default_factory=Counts)
    usage: Usage = field(default_factory=Usage)
    n_parts: int = 0
    n_run: int = 0
    n_partial: int = 0
    n_stale: int = 0  # left as they are by --only
    n_unasked: int = 0  # inputs that need a model, left so by a command that may not ask
    is_paid: bool = False  # asks a model for money
    is_retry: bool = False  # what is left has failed before
    n_failed: int = 0  # parts with failed inputs
    n_orphans: int = 0
    seconds: float = 0.0  # of this command
    work_s: float = 0.0  # that the parts on disk took, over all commands and workers
    calls_paid: int = 0
    calls_stored: int = 0  # answered by replies that were there before
    n_retried: int = 0  # errors that this command tried again
    n_remaining: int = 0  # of these, errors that are still there
    states: list[PartState] = field(default_factory=list)
    orphans: list[str] = field(default_factory=list)


def report_stage(run: Path, row: StageRow, states: list[PartState]) -> StageReport:
    """Add up the parts of a stage."""
    report = StageReport(row.name, row.unit, row.run_by, n_parts=len(states), states=states)
    for state in states:
        report.n_stale += state.state in ("stale", "missing")
        report.n_partial += state.state == "partial" or (state.meta is not None and state.meta.is_partial)
        if state.meta is not None:
            report.counts.add(state.meta.counts)
            report.usage.add(state.meta.usage)
            report.work_s += state.meta.seconds
            report.n_failed += state.meta.counts.errors > 0
    report.orphans = find_orphans(run, row.name, {state.spec.key: state for state in states})
    report.n_orphans = len(report.orphans)
    return report


def count_retries(report: StageReport, todo: Sequence[PartState], done: Collection[str]) -> None:
    """Note how many errors were tried again: those of good parts that are run all the same."""
    retried = {state.spec.key for state in todo if state.state == "fresh" and state.spec.key in done}
    report.n_retried = sum(
        state.meta.counts.errors for state in todo if state.spec.key in retried and state.meta is not None
    )
    report.n_remaining = sum(
        state.meta.counts.errors for state in report.states if state.spec.key in retried and state.meta is not None
    )


def describe_progress(row: StageRow, states: Sequence[PartState], hint: str) -> str:
    """How far a stage came that did not end, and how to go on unless the hint says so already."""
    made = (state.meta.counts.inputs for state in states if state.state in ("fresh", "partial") and state.meta)
    total = sum(state.spec.taken for state in states)
    is_told = "run the same command" in hint or "--retry-errors" in hint
    advice = "" if is_told else "; run the same command to go on"
    return f"finished so far: {row.name} {min(sum(made), total):,} of {total:,} {row.unit}s{advice}"


def list_errors(run: Path, reports: Sequence[StageReport], most: int = 10) -> list[str]:
    """The first failed inputs of every stage, each with what to do."""
    return [f"{report.name}: {line}" for report in reports for line in quote_errors(run, report, most)]


def quote_errors(run: Path, report: StageReport, most: int = 5, *, is_all_lost: bool = False) -> list[str]:
    """The first error lines of a stage, for people: what failed first, then what was rejected.

    Without any failure what was rejected goes unsaid, unless it is all there was.
    """
    failed: list[str] = []
    rejected: list[str] = []
    for error in _iterate_errors(run, report, is_all_lost=is_all_lost):
        (failed if error["outcome"] == "failed" else rejected).append(_to_line(error))
        if len(failed) >= most:
            break
    return [*failed, *rejected][:most] if report.counts.errors or is_all_lost else []


def _iterate_errors(run: Path, report: StageReport, *, is_all_lost: bool) -> Iterator[dict[str, Any]]:
    for state in report.states:
        # Only parts that are known to hold errors are opened.
        if state.meta is not None and (state.meta.counts.errors or (is_all_lost and state.meta.counts.rejected)):
            try:
                yield from read_errors(part_paths(run, report.name, state.spec.key).errors)
            except RecordError:
                continue  # a damaged part is stale, and named so


def _to_line(error: dict[str, Any]) -> str:
    page = f", page {error['page_number']}" if error.get("page_number") else ""
    hint = f" ({error['hint']})" if error.get("hint") else ""
    return f"{error['file']}{page}: {error['code']}: {error['message']}{hint}"


def find_report(reports: Sequence[StageReport], name: str) -> StageReport:
    """The report of one stage among those of a run that has it."""
    return next(report for report in reports if report.name == name)

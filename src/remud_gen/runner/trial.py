"""What a run says about its judge: the last line of the overlay, where one was asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from remud_gen.records import Trial
from remud_gen.runner.parts import PartState, part_paths
from remud_gen.runner.plan import join_parts
from remud_gen.runner.reading import parse_line, read_verified
from remud_gen.runner.reports.report import StageReport

MARK = b'"record":"trial"'


def read_trial(run: Path, corpus: Sequence[PartState]) -> Trial | None:
    """How the judge did; None where none was asked.

    Raises:
        DamagedPart: when the overlay does not hold the bytes that were promised.
    """
    for part in join_parts([state for state in corpus if state.meta is not None]).parts:
        lines = read_verified(run, part).splitlines()
        if lines and MARK in lines[-1]:
            record = parse_line(lines[-1])
            return record if isinstance(record, Trial) else None
    return None


def choose_filtered(states: Mapping[str, Sequence[PartState]]) -> Sequence[PartState]:
    """By stage: the parts of the judged records, which are those of the model's judgement where one was asked."""
    return states.get("judge", states["filter"])


def list_filtered(reports: Sequence[StageReport]) -> Sequence[PartState]:
    """The same of a command's stages."""
    return choose_filtered({report.name: report.states for report in reports})


def find_trial(run: Path) -> Trial | None:
    """The same of a run folder as it lies there, for those who look at a single record."""
    path = part_paths(run, "corpus", "corpus").records
    lines = path.read_bytes().splitlines() if path.is_file() else []
    record = parse_line(lines[-1]) if lines and MARK in lines[-1] else None
    return record if isinstance(record, Trial) else None

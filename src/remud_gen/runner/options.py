"""What a command is asked to do, under which configuration, and what it did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from remud_gen.config import Config, load_config

if TYPE_CHECKING:  # a command loads what it does, not what it could tell of another
    from remud_gen.filters.funnel import Funnel
    from remud_gen.llm.store_reading import WaitingBatch
    from remud_gen.records import Trial
    from remud_gen.runner.dry_run import DryRun
    from remud_gen.runner.parts import PartState
    from remud_gen.runner.publish import Publication
    from remud_gen.runner.reports.report import StageReport


@dataclass(frozen=True, slots=True)
class Options:
    """What every command takes."""

    run: Path
    config_file: Path | None = None
    assignments: tuple[str, ...] = ()
    inputs: tuple[Path, ...] = ()
    limit: int | None = None
    is_only: bool = False
    retries_errors: bool = False
    is_quiet: bool = False
    out: Path | None = None
    dry_run: int | None = None  # ask so many inputs at most, and say what all would cost; None: no dry run
    waits: bool = False  # for replies that come by a batch
    is_thorough: bool = False  # read records and pictures again, instead of trusting size and time


@dataclass
class Result:
    """What a command did."""

    run: Path
    config: Config
    reports: list[StageReport] = field(default_factory=list)
    imported: Sequence[PartState] = ()
    review: Mapping[str, int] = field(default_factory=dict)  # people's decisions by outcome, for the status
    funnel: Funnel | None = None
    trial: Trial | None = None  # how the judge did, where one was asked
    exports: Mapping[str, Publication] = field(default_factory=dict)
    export_folder: Path | None = None
    errors: list[str] = field(default_factory=list)
    dry_run: DryRun | None = None
    waiting: str | None = None  # what was handed over in batches and is to be collected by a later command
    batches: Sequence[WaitingBatch] = ()  # for the status

    @property
    def n_errors(self) -> int:
        """Failed inputs over all stages."""
        return sum(report.counts.errors for report in self.reports)


def resolve_config(options: Options) -> Config:
    """Flags over environment over file; without a file the run's own configuration is the file."""
    file = options.config_file
    kept = options.run / "config.yaml"
    if file is None and kept.is_file():
        file = kept
    return _fix_paths(load_config(file, options.assignments))


def _fix_paths(config: Config) -> Config:
    """Relative paths mean this folder, now: the run keeps its configuration and may be called from elsewhere."""
    sections = {
        "runner": ("replies",),
        "generate": ("prompts", "replay"),
        "vision": ("replay",),
        "judge": ("replay",),
        "export": ("licences",),
    }
    fixed = {}
    for name, keys in sections.items():
        section = getattr(config, name)
        paths = {key: path.absolute() for key in keys if (path := getattr(section, key)) is not None}
        fixed[name] = section.model_copy(update=paths)
    sets = tuple(path.absolute() for path in config.filter.decontaminate)
    return config.model_copy(update={**fixed, "filter": config.filter.model_copy(update={"decontaminate": sets})})

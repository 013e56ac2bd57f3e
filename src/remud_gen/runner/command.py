"""One command of the command line, from its options to its result."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from remud_gen.config import Config, load_config
from remud_gen.errors import InputError
from remud_gen.protocols import ExportSummary
from remud_gen.records import Quadruplet
from remud_gen.runner.driver import Driver, StageReport, Wish, iterate_judged
from remud_gen.runner.files import TEMPORARY
from remud_gen.runner.folder import RunFolder
from remud_gen.runner.interrupt import Interruption
from remud_gen.runner.plan import StageRow
from remud_gen.runner.progress import tell
from remud_gen.runner.run import load_stage
from remud_gen.stages.export import ExportStage


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


@dataclass
class Result:
    """What a command did."""

    run: Path
    config: Config
    reports: list[StageReport] = field(default_factory=list)
    funnel: object | None = None
    exports: Mapping[str, ExportSummary] = field(default_factory=dict)
    export_folder: Path | None = None
    errors: list[str] = field(default_factory=list)

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
    return load_config(file, options.assignments)


@contextmanager
def _open_driver(rows: Sequence[StageRow], options: Options) -> Iterator[tuple[Driver, RunFolder, Config, list[Path]]]:
    config = resolve_config(options)
    folder = RunFolder(options.run)
    roots = list(options.inputs) or folder.recall_roots()
    if not roots:
        raise InputError(
            f"{options.run} has no inputs yet", "name a folder or files: remud extract books/ --run " + str(options.run)
        )
    for root in roots:
        if not root.exists():
            raise InputError(f"{root} does not exist", "check the spelling, or name another folder or file")
    for row in rows:
        load_stage(row.target, config)
    ExportStage(config)  # a run remembers its configuration: only one that can be built may be written down
    folder.open(config)
    try:
        if options.inputs:
            folder.remember_roots(roots)
        with Interruption(tell) as interruption:
            yield Driver(folder, config, rows, interruption, is_quiet=options.is_quiet), folder, config, roots
    finally:
        folder.close()


def run_stages(rows: Sequence[StageRow], options: Options, last: str) -> Result:
    """Bring the stages up to `last` up to date; `last` may be `export`."""
    rows_last = "corpus" if last in ("filter", "export", "run") else last
    limited = [row.name for row in rows if row.is_limited] if last == "run" else [last]
    limits = {name: options.limit for name in limited if options.limit is not None}
    alone = {"filter": {"filter", "corpus"}, "export": set()}.get(last, {last})
    wish = Wish(rows_last, frozenset(alone) if options.is_only else None, options.retries_errors, limits)
    with _open_driver(rows, options) as (driver, folder, config, roots):
        if last in ("export", "run"):
            _refuse_foreign_folders(config, options.out or folder.path / "export")
        reports = driver.bring_up_to(wish, roots)
        result = Result(folder.path, config, reports)
        if rows_last == "corpus":
            result.funnel = _count_funnel(folder.path, reports)
        if last in ("export", "run"):
            result.export_folder = options.out or folder.path / "export"
            result.exports = _export(folder, config, reports, result.export_folder, options.limit)
        return result


def survey(rows: Sequence[StageRow], options: Options) -> Result:
    """How a run stands, without changing it."""
    folder = RunFolder(options.run)
    if not folder.marker:
        raise InputError(f"{options.run} is not a run folder", "start one: remud extract books/ --run DIR")
    config = resolve_config(options)
    with Interruption(tell) as interruption:
        driver = Driver(folder, config, rows, interruption, is_quiet=True)
        reports = driver.survey(list(options.inputs) or folder.recall_roots())
        return Result(folder.path, config, reports, errors=driver.list_errors(reports))


def _states(reports: Sequence[StageReport], name: str) -> StageReport:
    return next(report for report in reports if report.name == name)


def _count_funnel(run: Path, reports: Sequence[StageReport]) -> object:
    from remud_gen.filters.funnel import count_funnel

    return count_funnel(iterate_judged(run, _states(reports, "filter").states, _states(reports, "corpus").states))


def _export(
    folder: RunFolder, config: Config, reports: Sequence[StageReport], target: Path, limit: int | None
) -> Mapping[str, ExportSummary]:
    """Write every format beside its place and move it there whole."""
    filtered, corpus = _states(reports, "filter").states, _states(reports, "corpus").states

    def iterate_kept() -> Iterator[Quadruplet]:
        count = 0
        for record in iterate_judged(folder.path, filtered, corpus):
            if record.status == "kept":
                if limit is not None and count >= limit:
                    return
                count += 1
                yield record

    if next(iterate_kept(), None) is None:
        codes = (f"{report.name}: {code} {n}" for report in reports for code, n in sorted(report.counts.codes.items()))
        hint = "\n".join(codes) or "no book gave a pair or passage"
        raise InputError("nothing to export: no record was kept", f"{hint}\n`remud status` says more")
    try:
        target.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot write the export to {target}: {error.strerror or error}") from None
    scratch = target / f"{TEMPORARY}{uuid.uuid4().hex}"
    try:
        scratch.mkdir()
        summaries = ExportStage(config).export(iterate_kept, folder.images, scratch)
        for name in summaries:
            _swap(scratch / name, target / name, scratch / f"{name}.old")
    except OSError as error:
        raise InputError(f"cannot write the export to {target}: {error.strerror or error}") from None
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return summaries


def _refuse_foreign_folders(config: Config, target: Path) -> None:
    """An export replaces an older export of its own, never a folder of the user's."""
    for name in config.export.formats:
        place = target / name
        if place.is_dir() and any(place.iterdir()) and not (place / "MANIFEST.json").is_file():
            raise InputError(f"{place} holds files that are no export", "name another folder with --out")


def _swap(new: Path, place: Path, aside: Path) -> None:
    if place.exists():
        place.replace(aside)
    new.replace(place)

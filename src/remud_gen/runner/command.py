"""One command of the command line, from its options to its result."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from remud_gen import registry
from remud_gen.config import Config, load_config
from remud_gen.errors import ConfigError, InputError, ProviderError
from remud_gen.filters.funnel import Funnel
from remud_gen.llm.store_reading import WaitingBatch, list_waiting
from remud_gen.records import Trial
from remud_gen.runner.driver import Driver, Wish
from remud_gen.runner.folder import RunFolder
from remud_gen.runner.imported import describe_faults, list_imported
from remud_gen.runner.interrupt import Interruption
from remud_gen.runner.judged import take_funnel, view_funnel
from remud_gen.runner.parts import PartState, list_parts
from remud_gen.runner.plan import StageRow, choose_rows
from remud_gen.runner.progress import tell
from remud_gen.runner.publish import Crop, Publication, Publisher, describe_gaps, recover_exports
from remud_gen.runner.reports.codes import tell_codes
from remud_gen.runner.reports.report import StageReport, list_errors
from remud_gen.runner.review import load_review
from remud_gen.runner.run import load_stage
from remud_gen.runner.store_place import find_store
from remud_gen.runner.trial import list_filtered, read_trial
from remud_gen.runner.unasked import FREE_COMMANDS
from remud_gen.stages.base import AsyncStage, Stage
from remud_gen.stages.export import ExportStage

if TYPE_CHECKING:
    from remud_gen.runner.dry_run import DryRun


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


@dataclass(frozen=True, slots=True)
class _Session:
    """A run that this command holds."""

    driver: Driver
    folder: RunFolder
    config: Config
    roots: list[Path]
    interruption: Interruption


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


@contextmanager
def _open_session(rows: Sequence[StageRow], options: Options, wish: Wish) -> Iterator[_Session]:
    config = resolve_config(options)
    folder = RunFolder(options.run)
    roots = list(options.inputs) or folder.recall_roots()
    if not (roots or (wish.only is not None and is_import_alone(options))):
        raise InputError(
            f"{options.run} has no inputs yet", "name a folder or files: remud extract books/ --run " + str(options.run)
        )
    for root in roots:
        if not root.exists():
            raise InputError(f"{root} does not exist", "check the spelling, or name another folder or file")
    from remud_gen.runner.outbound import check_key, check_spending

    # A run remembers its configuration: only one that can work may be written down.
    stages = {row.name: load_stage(row.target, config) for row in choose_rows(rows, config)}
    for stage in list(stages.values())[: list(stages).index(wish.last) + 1]:
        if wish.only is None or stage.name in wish.only:
            stage.check()
            if isinstance(stage, AsyncStage) and wish.may_ask(stage.name):
                check_spending(config, stage.model)
                if (warning := stage.warn()) is not None:
                    tell(f"warning: {warning}")
                # What was asked before needs none; a dry run asks for one when it comes to a sample.
                is_new = not (find_store(config, folder.path).exists() or list_parts(folder.path, stage.name))
                if is_new and options.dry_run != 0:
                    check_key(stage.model)
    registry.check_name("executors", config.runner.executor)
    ExportStage(config)
    folder.open(config)
    try:
        if options.inputs:
            folder.remember_roots(roots)
        recover_exports(folder.path)
        with Interruption(tell) as interruption:
            driver = Driver(folder, config, rows, interruption, is_quiet=options.is_quiet)
            yield _Session(driver, folder, config, roots, interruption)
    except (ConfigError, ProviderError):
        _forget_config(folder, config, stages)
        raise
    finally:
        folder.close()


def _forget_config(folder: RunFolder, config: Config, stages: Mapping[str, Stage[Any, Any]]) -> None:
    """Take back settings under which nothing was made: a mistyped address must not be there for the next command.

    Where stages that ask no model have made parts, the sections of models alone are taken back.
    """
    made = folder.list_made(stages)
    if any(isinstance(stages[name], AsyncStage) for name in made):
        return
    kept = folder.put_back_config()
    if made:
        before = Config()
        with suppress(ConfigError):  # edited by hand
            before = load_config(kept, environment={}) if kept.is_file() else before
        models = {name: getattr(before, name) for name in ("generate", "vision", "judge")}
        folder.keep_config(config.model_copy(update=models))


def run_stages(rows: Sequence[StageRow], options: Options, last: str) -> Result:
    """Bring the stages up to `last` up to date; `last` may be `export`."""
    config = resolve_config(options)
    if options.waits and not config.generate.batch:
        told = "--wait stays for what was handed over in batches, and generate.batch is off"
        raise ConfigError(told, "add --batch, or leave --wait out: other replies are waited for anyway")
    wanted = choose_rows(rows, config)
    own = [row for row in wanted if row.run_by == last]
    limited = [row for row in wanted if row.is_limited] if last == "run" else _list_limited(own)
    limits = {row.name: options.limit for row in limited if options.limit is not None}
    only = frozenset(row.name for row in own) if options.is_only else None
    if last in FREE_COMMANDS and is_import_alone(options):
        only = frozenset({"filter", "corpus"})  # the stages before have nothing to look at, and need no model for it
    wish = Wish((own or wanted)[-1].name, only, options.retries_errors, limits, options.waits, options.is_thorough)
    # These pay for no stage of another command; `filter` has one of its own that asks, where probes are switched on.
    paying = frozenset(row.name for row in own) if last in FREE_COMMANDS else None
    wish = replace(wish, pays_twice="generate.batch=false" in options.assignments, paying=paying)
    if options.dry_run is not None:
        return _think_through(rows, options, wish)
    with _open_session(rows, options, wish) as session:
        run = session.folder.path
        target = (options.out or run / "export") if last in ("export", "run") else None
        publisher = Publisher(session.folder, session.config, target) if target is not None else None
        if publisher is not None:
            publisher.refuse_foreign_folders()
        reports = session.driver.bring_up_to(wish, session.roots)
        result = Result(run, session.config, reports, export_folder=target, waiting=session.driver.waiting)
        if result.waiting is not None:
            return result
        if wish.last == wanted[-1].name:
            result.imported = list_imported(run, is_thorough=options.is_thorough)
            filtered = [*result.imported, *list_filtered(reports)]
            corpus, review = _find(reports, "corpus").states, load_review(run, session.config)
            result.funnel = take_funnel(run, filtered, corpus, review)
            result.trial = read_trial(run, corpus)
            if publisher is not None:
                gaps = describe_gaps(reports, options.limit if last == "run" else None)
                gaps = (*describe_faults(result.imported), *gaps)
                statuses = session.config.export.statuses
                kept = sum(getattr(result.funnel, status) for status in statuses)
                crop = Crop(run, filtered, corpus, kept, gaps, options.limit, review, statuses)
                _require_kept(crop, reports)
                check = session.interruption.raise_if_requested
                result.exports = publisher.publish(crop, is_quiet=options.is_quiet, check=check)
        return result


def _think_through(rows: Sequence[StageRow], options: Options, wish: Wish) -> Result:
    """What models would be asked and what it would cost; stages without models are brought up to date."""
    from remud_gen.runner.dry_run import DryRun

    dry_run = DryRun(options.dry_run or 0)
    names = [row.name for row in choose_rows(rows, resolve_config(options))]
    asking = "judge" if "judge" in names else "generate"  # the last stage that does
    last = asking if names.index(wish.last) > names.index(asking) else wish.last
    with _open_session(rows, options, wish) as session:
        reports = session.driver.bring_up_to(replace(wish, last=last, dry_run=dry_run), session.roots)
        return Result(session.folder.path, session.config, reports, dry_run=dry_run)


def survey(rows: Sequence[StageRow], options: Options) -> Result:
    """How a run stands, without changing it."""
    folder = RunFolder(options.run)
    if not folder.marker:
        raise InputError(f"{options.run} is not a run folder", "start one: remud extract books/ --run DIR")
    config = resolve_config(options)
    with Interruption(tell) as interruption:
        driver = Driver(folder, config, rows, interruption, is_quiet=True)
        roots = list(options.inputs) or folder.recall_roots()
        reports = driver.survey(roots, is_thorough=options.is_thorough)
        return Result(
            folder.path,
            config,
            reports,
            imported=list_imported(folder.path, is_thorough=options.is_thorough),
            review=load_review(folder.path).count(),
            errors=list_errors(folder.path, reports),
            batches=list_waiting(find_store(config, folder.path)),
        )


def survey_funnel(rows: Sequence[StageRow], options: Options) -> Result:
    """How a run stands, with the funnel over its judged records, without writing anything.

    Raises:
        InputError: the folder is no run, or nothing in it is judged yet.
    """
    result = survey(rows, options)
    filtered = [*result.imported, *list_filtered(result.reports)]
    corpus = _find(result.reports, "corpus").states
    result.funnel = view_funnel(result.run, filtered, corpus, load_review(result.run, result.config))
    if not result.funnel.total:
        raise InputError(f"nothing in {result.run} is judged yet", "run `remud filter` first")
    return result


def is_import_alone(options: Options) -> bool:
    """Whether a run was never given a file, and holds imported records."""
    is_given = bool(options.inputs) or bool(RunFolder(options.run).recall_roots())
    return not is_given and bool(list_imported(options.run))


def _list_limited(own: Sequence[StageRow]) -> list[StageRow]:
    """The rows of one command whose inputs its limit counts."""
    return [row for row in own if row.is_limited or row.is_limited_alone or row.name == row.run_by]


def _find(reports: Sequence[StageReport], name: str) -> StageReport:
    return next(report for report in reports if report.name == name)


def _require_kept(crop: Crop, reports: Sequence[StageReport]) -> None:
    if not crop.kept:
        told = (tell_codes(report.name, sorted(report.counts.codes.items())) for report in reports)
        lines = [*crop.gaps, *(line for lines in told for line in lines)]
        hint = "\n".join(lines) or "no book gave a pair or passage"
        raise InputError("nothing to export: no record was kept", f"{hint}\n`remud status` says more")

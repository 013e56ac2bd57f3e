"""One command of the command line, from its options to its result."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from remud_gen import registry
from remud_gen.config import Config, load_config
from remud_gen.errors import ConfigError, InputError, ProviderError
from remud_gen.runner.away import look_for_roots, require_licences
from remud_gen.runner.driver import Driver, Wish
from remud_gen.runner.export_places import recover_exports
from remud_gen.runner.folder import RunFolder
from remud_gen.runner.imported import list_imported
from remud_gen.runner.interrupt import Interruption
from remud_gen.runner.inventory import refuse_missing_root
from remud_gen.runner.options import Options, Result, resolve_config
from remud_gen.runner.parts import list_parts
from remud_gen.runner.plan import StageRow, choose_rows
from remud_gen.runner.progress import tell
from remud_gen.runner.run import load_stage
from remud_gen.runner.store_place import find_store
from remud_gen.runner.unasked import FREE_COMMANDS
from remud_gen.stages.base import AsyncStage, Stage

if TYPE_CHECKING:
    from remud_gen.runner.publish import Publisher


@dataclass(frozen=True, slots=True)
class _Session:
    """A run that this command holds."""

    driver: Driver
    folder: RunFolder
    config: Config
    roots: Sequence[Path] | None  # None: away
    interruption: Interruption


@contextmanager
def _open_session(rows: Sequence[StageRow], options: Options, wish: Wish) -> Iterator[_Session]:
    config = resolve_config(options)
    folder = RunFolder(options.run)
    if not (options.inputs or folder.recall_roots() or (wish.only is not None and is_import_alone(options))):
        raise InputError(
            f"{options.run} has no inputs yet", "name a folder or files: remud extract books/ --run " + str(options.run)
        )
    for root in options.inputs:
        if not root.exists():
            raise refuse_missing_root(root)
    roots = look_for_roots(folder, options.inputs, must_be_there=_reads_files(rows, wish))
    from remud_gen.runner.outbound import check_key, check_spending

    # A run remembers its configuration: only one that can work may be written down.
    stages = _build_stages(rows, config, wish)
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
    folder.open(config)
    try:
        if options.inputs:
            folder.remember_roots(list(options.inputs))
        recover_exports(folder.path)
        with Interruption(tell) as interruption:
            driver = Driver(folder, config, rows, interruption, is_quiet=options.is_quiet)
            yield _Session(driver, folder, config, roots, interruption)
    except (ConfigError, ProviderError):
        _forget_config(folder, config, stages)
        raise
    finally:
        folder.close()


def _reads_files(rows: Sequence[StageRow], wish: Wish) -> bool:
    """Whether a stage that is wanted may open a file of the shelf; pairing does where a page gave no picture."""
    reading = {row.run_by for row in rows if row.division in ("file", "pages", "document")}
    return wish.only is None or any(row.name in wish.only and row.run_by in reading for row in rows)


def _build_stages(rows: Sequence[StageRow], config: Config, wish: Wish) -> dict[str, Stage[Any, Any]]:
    """All stages by name, since each says what is wrong with its settings; those that judge, and the export, only where
    they are wanted now or a user has set anything of theirs: what ships was looked at when it was shipped.

    Raises:
        ConfigError: a component that does not exist, or a setting that it does not have; told before a model is paid.
    """
    wanted, shipped = choose_rows(rows, config), Config()
    names = [row.name for row in wanted]
    n_now = names.index(wish.last) + 1
    is_set = any(getattr(config, name) != getattr(shipped, name) for name in ("filter", "judge"))
    built = wanted[:n_now] if "generate" in names[:n_now] and not is_set else wanted
    if config.export != shipped.export or n_now == len(wanted):
        from remud_gen.stages.export import ExportStage

        ExportStage(config)
    return {row.name: load_stage(row.target, config) for row in built}


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
        publisher: Publisher | None = None
        if target is not None:
            from remud_gen.runner.publish import Publisher

            if session.roots is None:
                require_licences(session.folder.path, session.config, rows)
            publisher = Publisher(session.folder, session.config, target)
            publisher.refuse_foreign_folders()
        reports = session.driver.bring_up_to(wish, session.roots)
        result = Result(run, session.config, reports, export_folder=target, waiting=session.driver.waiting)
        if result.waiting is None and wish.last == wanted[-1].name:
            from remud_gen.runner.conclusion import conclude

            limit = options.limit if last == "run" else None
            conclude(result, options, publisher, limit, session.interruption.raise_if_requested)
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


def is_import_alone(options: Options) -> bool:
    """Whether a run was never given a file, and holds imported records."""
    is_given = bool(options.inputs) or bool(RunFolder(options.run).recall_roots())
    return not is_given and bool(list_imported(options.run))


def _list_limited(own: Sequence[StageRow]) -> list[StageRow]:
    """The rows of one command whose inputs its limit counts."""
    return [row for row in own if row.is_limited or row.is_limited_alone or row.name == row.run_by]

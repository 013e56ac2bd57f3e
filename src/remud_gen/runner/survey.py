"""How a run stands, told without changing it."""

from __future__ import annotations

from collections.abc import Sequence

from remud_gen.errors import InputError
from remud_gen.llm.store_reading import list_waiting
from remud_gen.runner.away import look_for_roots
from remud_gen.runner.driver import Driver
from remud_gen.runner.folder import RunFolder
from remud_gen.runner.imported import list_imported
from remud_gen.runner.interrupt import Interruption
from remud_gen.runner.judged import view_funnel
from remud_gen.runner.options import Options, Result, resolve_config
from remud_gen.runner.plan import StageRow
from remud_gen.runner.progress import tell
from remud_gen.runner.reports.report import find_report, list_errors
from remud_gen.runner.review import load_review
from remud_gen.runner.store_place import find_store
from remud_gen.runner.trial import list_filtered


def survey(rows: Sequence[StageRow], options: Options) -> Result:
    """How a run stands, without changing it."""
    folder = RunFolder(options.run)
    if not folder.marker:
        raise InputError(f"{options.run} is not a run folder", "start one: remud extract books/ --run DIR")
    config = resolve_config(options)
    with Interruption(tell) as interruption:
        driver = Driver(folder, config, rows, interruption, is_quiet=True)
        reports = driver.survey(look_for_roots(folder, options.inputs), is_thorough=options.is_thorough)
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
    corpus = find_report(result.reports, "corpus").states
    result.funnel = view_funnel(result.run, filtered, corpus, load_review(result.run, result.config))
    if not result.funnel.total:
        raise InputError(f"nothing in {result.run} is judged yet", "run `remud filter` first")
    return result

"""What a run comes to once every stage is up to date: its funnel, and its exports."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from remud_gen.config import Config
from remud_gen.errors import InputError
from remud_gen.export_config import ExportConfig
from remud_gen.runner.imported import describe_faults, list_imported
from remud_gen.runner.judged import take_funnel
from remud_gen.runner.options import Options, Result
from remud_gen.runner.publish import Crop, Publisher, describe_gaps
from remud_gen.runner.reports.codes import tell_codes
from remud_gen.runner.reports.report import StageReport, find_report
from remud_gen.runner.review import load_review
from remud_gen.runner.trial import list_filtered, read_trial


def conclude(
    result: Result, options: Options, publisher: Publisher | None, limit: int | None, check: Callable[[], None]
) -> None:
    """Count the judged records of a result and, where there is a publisher, export those that are wanted.

    Args:
        result: with the reports of all stages; it is filled in.
        options: those of the command; of `export`, its limit counts exported records.
        publisher: who exports, if anybody does.
        limit: the one under which the stages of `run` worked.
        check: raises where a stop was asked for.

    Raises:
        InputError: nothing is there to export, or it cannot be written.
    """
    run, reports = result.run, result.reports
    result.imported = list_imported(run, is_thorough=options.is_thorough)
    filtered = [*result.imported, *list_filtered(reports)]
    corpus, review = find_report(reports, "corpus").states, load_review(run, result.config)
    result.funnel = take_funnel(run, filtered, corpus, review)
    result.trial = read_trial(run, corpus)
    if publisher is not None:
        gaps = (*describe_faults(result.imported), *describe_gaps(reports, limit))
        statuses = result.config.export.statuses
        kept = sum(getattr(result.funnel, status) for status in statuses)
        crop = Crop(run, filtered, corpus, kept, gaps, options.limit, review, statuses)
        require_kept(crop, reports)
        exports = publisher.publish(crop, is_quiet=options.is_quiet, check=check)
        told = tuple(tell_remembered(result.config, options))
        result.exports = {name: replace(one, remarks=(*one.remarks, *told)) for name, one in exports.items()}


def tell_remembered(config: Config, options: Options) -> Iterator[str]:
    """That there is no validation set because an earlier command wanted none, in a whole sentence."""
    shares = config.export.split
    is_own = options.config_file is not None or any(
        text.partition("=")[0].strip() in ("export", "export.split") for text in options.assignments
    )
    if not is_own and shares != ExportConfig().split and not sum(shares[1:2]):
        told = ", ".join(f"{share:g}" for share in shares)
        yield f"validation stays empty: export.split is [{told}] in this run (config.yaml)."


def require_kept(crop: Crop, reports: Sequence[StageReport]) -> None:
    """Raise InputError with all that is known of the reasons where nothing is left to export."""
    if not crop.kept:
        told = (tell_codes(report.name, sorted(report.counts.codes.items())) for report in reports)
        lines = [*crop.gaps, *(line for lines in told for line in lines)]
        hint = "\n".join(lines) or "no book gave a pair or passage"
        raise InputError("nothing to export: no record was kept", f"{hint}\n`remud status` says more")

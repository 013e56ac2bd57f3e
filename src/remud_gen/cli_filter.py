"""`remud filter` and `remud report`: the verdicts, and what they add up to."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from remud_gen.cli_options import (
    ConfigOpt,
    InputsArg,
    JsonOpt,
    LimitOpt,
    MaxCostOpt,
    MaxTokensOpt,
    OfflineOpt,
    OnlyOpt,
    QuietOpt,
    RepliesOpt,
    RetryOpt,
    RunOpt,
    SetOpt,
    VerifyOpt,
    guard,
    make_options,
)
from remud_gen.cli_output import DEFAULT_RUN, name_run, write_out

DecontaminateOpt = Annotated[
    list[Path] | None,
    typer.Option("--decontaminate", metavar="FILE", help="Evaluation set, file or folder; may be given several times."),
]
PreviewOpt = Annotated[
    bool, typer.Option("--dry-run", help="Judge all records, print histograms, write nothing to the run.")
]


@guard
def filter_records(
    inputs: InputsArg = None, run: RunOpt = DEFAULT_RUN, config: ConfigOpt = None, assignments: SetOpt = None,
    as_json: JsonOpt = False, quiet: QuietOpt = False, limit: LimitOpt = None, only: OnlyOpt = False,
    retry_errors: RetryOpt = False, verify: VerifyOpt = False, replies: RepliesOpt = None, offline: OfflineOpt = None,
    max_cost: MaxCostOpt = None, max_tokens: MaxTokensOpt = None, decontaminate: DecontaminateOpt = None,
    dry_run: PreviewOpt = False,
) -> None:  # fmt: skip
    """Quadruplets -> quadruplets with verdicts, and the funnel."""
    from remud_gen.pipeline import PIPELINE
    from remud_gen.runner.command import run_stages

    shortcuts = {
        "privacy.offline": offline, "runner.replies": None if replies is None else str(replies),
        "budget.max_cost_usd": max_cost, "budget.max_tokens": max_tokens,
        "filter.decontaminate": [str(path) for path in decontaminate] if decontaminate else None,
    }  # fmt: skip
    options = make_options(
        run, config, assignments, inputs, limit=limit, is_only=only, retries_errors=retry_errors, is_quiet=quiet,
        is_thorough=verify, shortcuts=shortcuts,
    )  # fmt: skip
    if dry_run:
        from remud_gen.runner.preview import preview_filters
        from remud_gen.runner.reports.funnel_report import preview_json, preview_text

        preview = preview_filters(PIPELINE, options)
        write_out(preview_json(preview) if as_json else name_run(preview_text(preview), run))
        return
    from remud_gen.runner.reports.summary import to_json, to_text

    result = run_stages(PIPELINE, options, "filter")
    write_out(to_json(result) if as_json else name_run(to_text(result), result.run))


@guard
def report(
    run: RunOpt = DEFAULT_RUN, config: ConfigOpt = None, assignments: SetOpt = None, as_json: JsonOpt = False,
) -> None:  # fmt: skip
    """The funnel of a run: what each stage, document, language and code lost, and what is kept."""
    from remud_gen.pipeline import PIPELINE
    from remud_gen.runner.reports.funnel_report import report_json, report_text
    from remud_gen.runner.survey import survey_funnel

    result = survey_funnel(PIPELINE, make_options(run, config, assignments))
    write_out(report_json(result) if as_json else name_run(report_text(result), run))

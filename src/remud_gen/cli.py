"""The command line: parse, call the runner, print the summary. Heavy libraries are imported inside the calls only."""

from __future__ import annotations

import gc
import json
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from remud_gen.cli_export import FormatOpt, OutOpt, ThinkingOpt, export, export_keys
from remud_gen.cli_filter import filter_records, report
from remud_gen.cli_import import import_
from remud_gen.cli_options import (
    BatchOpt,
    ConfigOpt,
    DryRunOpt,
    InputsArg,
    JsonOpt,
    LimitOpt,
    MaxCostOpt,
    MaxTokensOpt,
    ModelOpt,
    OfflineOpt,
    OnlyOpt,
    QuietOpt,
    RepliesOpt,
    RetryOpt,
    RunOpt,
    SampleOpt,
    SamplesOpt,
    SetOpt,
    UrlOpt,
    VerifyOpt,
    WaitOpt,
    guard,
    make_dry_run,
    make_options,
)
from remud_gen.cli_outbound import outbound
from remud_gen.cli_output import DEFAULT_RUN, name_run, write_out
from remud_gen.cli_replies import app as replies_app
from remud_gen.errors import ConfigError

if TYPE_CHECKING:
    from remud_gen.runner.options import Options, Result

app = typer.Typer(
    name="remud",
    help="Ultrasound books -> fine-tuning sets of (image, question, thinking, answer), every answer traceable.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


_OBJECTS_PER_SEARCH = 20_000


def _show(result: Result, *, as_json: bool) -> None:
    from remud_gen.runner.reports.summary import to_json, to_text

    write_out(to_json(result) if as_json else name_run(to_text(result), result.run))


def _run_to(last: str, options: Options, *, as_json: bool) -> None:
    from remud_gen.pipeline import PIPELINE
    from remud_gen.runner.command import run_stages

    _show(run_stages(PIPELINE, options, last), as_json=as_json)


@app.command()
@guard
def run(
    inputs: InputsArg = None, run: RunOpt = DEFAULT_RUN, config: ConfigOpt = None, assignments: SetOpt = None,
    as_json: JsonOpt = False, quiet: QuietOpt = False, limit: LimitOpt = None, retry_errors: RetryOpt = False,
    verify: VerifyOpt = False,
    model: ModelOpt = None, base_url: UrlOpt = None, samples: SamplesOpt = None, format: FormatOpt = None,
    thinking: ThinkingOpt = None, out: OutOpt = None, replies: RepliesOpt = None, batch: BatchOpt = None,
    wait: WaitOpt = False, offline: OfflineOpt = None,
    dry_run: DryRunOpt = False, sample: SampleOpt = None, max_cost: MaxCostOpt = None, max_tokens: MaxTokensOpt = None,
) -> None:  # fmt: skip
    """All stages: books in, a trainer's files out."""
    shortcuts = {
        **_model_keys(model, base_url, samples), **_privacy_keys(offline), **export_keys(format, thinking),
        **_reply_keys(replies, batch), **_budget_keys(max_cost, max_tokens),
    }  # fmt: skip
    options = make_options(
        run, config, assignments, inputs, limit=limit, retries_errors=retry_errors, is_quiet=quiet,
        is_thorough=verify, waits=wait, out=out, dry_run=make_dry_run(dry_run, sample), shortcuts=shortcuts,
    )  # fmt: skip
    _run_to("run", options, as_json=as_json)


@app.command()
@guard
def extract(
    inputs: InputsArg = None, run: RunOpt = DEFAULT_RUN, config: ConfigOpt = None, assignments: SetOpt = None,
    as_json: JsonOpt = False, quiet: QuietOpt = False, limit: LimitOpt = None, only: OnlyOpt = False,
    retry_errors: RetryOpt = False, verify: VerifyOpt = False, offline: OfflineOpt = None,
) -> None:  # fmt: skip
    """Files -> pages with text, figures and crops."""
    options = make_options(
        run, config, assignments, inputs, limit=limit, is_only=only, retries_errors=retry_errors, is_quiet=quiet,
        is_thorough=verify, shortcuts=_privacy_keys(offline),
    )  # fmt: skip
    _run_to("extract", options, as_json=as_json)


@app.command()
@guard
def pair(
    inputs: InputsArg = None, run: RunOpt = DEFAULT_RUN, config: ConfigOpt = None, assignments: SetOpt = None,
    as_json: JsonOpt = False, quiet: QuietOpt = False, limit: LimitOpt = None, only: OnlyOpt = False,
    retry_errors: RetryOpt = False, verify: VerifyOpt = False, offline: OfflineOpt = None,
) -> None:  # fmt: skip
    """Pages -> image-text pairs and text passages."""
    options = make_options(
        run, config, assignments, inputs, limit=limit, is_only=only, retries_errors=retry_errors, is_quiet=quiet,
        is_thorough=verify, shortcuts=_privacy_keys(offline),
    )  # fmt: skip
    _run_to("pair", options, as_json=as_json)


@app.command()
@guard
def generate(
    inputs: InputsArg = None, run: RunOpt = DEFAULT_RUN, config: ConfigOpt = None, assignments: SetOpt = None,
    as_json: JsonOpt = False, quiet: QuietOpt = False, limit: LimitOpt = None, only: OnlyOpt = False,
    retry_errors: RetryOpt = False, verify: VerifyOpt = False, model: ModelOpt = None, base_url: UrlOpt = None,
    samples: SamplesOpt = None, replies: RepliesOpt = None, batch: BatchOpt = None, wait: WaitOpt = False,
    offline: OfflineOpt = None,
    dry_run: DryRunOpt = False, sample: SampleOpt = None, max_cost: MaxCostOpt = None, max_tokens: MaxTokensOpt = None,
) -> None:  # fmt: skip
    """Pairs and passages -> questions, thinking and answers from a model."""
    shortcuts = {
        **_model_keys(model, base_url, samples), **_privacy_keys(offline), **_reply_keys(replies, batch),
        **_budget_keys(max_cost, max_tokens),
    }  # fmt: skip
    options = make_options(
        run, config, assignments, inputs, limit=limit, is_only=only, retries_errors=retry_errors, is_quiet=quiet,
        is_thorough=verify, waits=wait, dry_run=make_dry_run(dry_run, sample), shortcuts=shortcuts,
    )  # fmt: skip
    _run_to("generate", options, as_json=as_json)


app.command("filter")(filter_records)
app.command()(export)
app.command()(report)
app.command("import")(import_)


@app.command()
@guard
def status(
    run: RunOpt = DEFAULT_RUN, config: ConfigOpt = None, assignments: SetOpt = None, as_json: JsonOpt = False,
    verify: VerifyOpt = False,
) -> None:  # fmt: skip
    """How every stage and document of a run stands, why parts are stale, and what to run next."""
    from remud_gen.pipeline import PIPELINE
    from remud_gen.runner.reports.status import status_json
    from remud_gen.runner.reports.status_text import status_text
    from remud_gen.runner.survey import survey

    result = survey(PIPELINE, make_options(run, config, assignments, is_thorough=verify))
    write_out(status_json(result) if as_json else name_run(status_text(result), run))


@app.command()
@guard
def inspect(
    identity: Annotated[str, typer.Argument(metavar="ID", help="Id of any record, or the beginning of one.")],
    run: RunOpt = DEFAULT_RUN,
    as_json: JsonOpt = False,
    page: Annotated[int | None, typer.Option("--page", min=1, help="Draw this page of a document, with --out.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Picture to draw; without --page, all pages small.")] = None,
) -> None:
    """One record with everything it rests on; with --out, a picture of a document (ID or file) and what was found."""
    from remud_gen.pipeline import PIPELINE
    from remud_gen.runner.reports.inspection import find_record, to_lines

    if out is not None:
        from remud_gen.runner.reports.drawing.command import draw

        written = [str(path) for path in draw(run, identity, page, out)]
        write_out(json.dumps(written) if as_json else "\n".join(written))
        return
    if page is not None:
        raise ConfigError("--page draws a picture and needs its name", "add --out page.png")
    trail = find_record(run, [row.name for row in PIPELINE], identity)
    if as_json:
        write_out(json.dumps([json.loads(record.model_dump_json()) for record in trail], ensure_ascii=False))
    else:
        write_out("\n".join(to_lines(run, trail)))


@app.command("config")
@guard
def show_config(
    run: RunOpt = DEFAULT_RUN, config: ConfigOpt = None, assignments: SetOpt = None, as_json: JsonOpt = False,
) -> None:  # fmt: skip
    """The resolved configuration: flags over environment over file over defaults."""
    from remud_gen.config import dump_config
    from remud_gen.runner.options import resolve_config

    resolved = resolve_config(make_options(run, config, assignments))
    write_out(resolved.model_dump_json() if as_json else dump_config(resolved).rstrip())


@app.command()
@guard
def doctor(
    run: RunOpt = DEFAULT_RUN, config: ConfigOpt = None, assignments: SetOpt = None, as_json: JsonOpt = False,
) -> None:  # fmt: skip
    """Is everything this configuration names installed and reachable?"""
    from remud_gen.runner.doctor import examine_setup
    from remud_gen.runner.options import resolve_config

    findings = examine_setup(resolve_config(make_options(run, config, assignments)), run)
    if as_json:
        write_out(json.dumps([finding.to_json() for finding in findings], ensure_ascii=False))
    else:
        write_out("\n".join(finding.to_line() for finding in findings))
    worst = max((finding.exit_code for finding in findings), default=0)
    if worst:
        raise typer.Exit(worst)


@app.command()
@guard
def clean(
    run: RunOpt = DEFAULT_RUN, config: ConfigOpt = None, assignments: SetOpt = None, as_json: JsonOpt = False,
    apply: Annotated[bool, typer.Option("--apply", "--yes", "-y", help="Remove it; else it is listed only.")] = False,
) -> None:  # fmt: skip
    """What no run needs any more: parts of removed books, their pictures, unneeded replies, half-written files."""
    from remud_gen.pipeline import PIPELINE
    from remud_gen.runner.cleaning.clean import clean as clean_run
    from remud_gen.runner.cleaning.text import to_json, to_text

    cleaning = clean_run(PIPELINE, make_options(run, config, assignments), is_applied=apply)
    write_out(to_json(cleaning) if as_json else name_run(to_text(cleaning), run))


app.command()(outbound)
app.add_typer(replies_app, name="replies")


@app.command()
def version() -> None:
    """Print the version."""
    _echo_version(is_wanted=True)


@guard
def _echo_version(is_wanted: bool) -> None:  # typer calls it with the value alone
    if is_wanted:
        from remud_gen import __version__

        write_out(__version__)
        raise typer.Exit


@app.callback()
def _describe(
    is_wanted: Annotated[
        bool, typer.Option("--version", callback=_echo_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    """Ultrasound books -> fine-tuning sets of (image, question, thinking, answer), every answer traceable."""


def _model_keys(model: str | None, base_url: str | None, samples: int | None) -> dict[str, Any]:
    # Naming a model on the command line means asking it, whatever client the configuration had before.
    client = "openai" if model else None
    return {
        "generate.model": model, "generate.base_url": base_url, "generate.client": client, "generate.samples": samples,
    }  # fmt: skip


def _privacy_keys(offline: bool | None) -> dict[str, bool | None]:
    return {"privacy.offline": offline}


def _reply_keys(replies: Path | None, batch: bool | None) -> dict[str, Any]:
    return {"runner.replies": None if replies is None else str(replies), "generate.batch": batch}


def _budget_keys(max_cost: float | None, max_tokens: int | None) -> dict[str, Any]:
    return {"budget.max_cost_usd": max_cost, "budget.max_tokens": max_tokens}


def main() -> None:
    """Entry point of `remud`."""
    if sys.getfilesystemencoding().lower().replace("-", "") in {"ascii", "ansi_x3.41968"}:
        sys.stderr.write("error: file names cannot be other than ASCII here: set LC_ALL=C.UTF-8 or PYTHONUTF8=1\n")
        sys.exit(ConfigError.exit_code)
    # Hundreds of modules are loaded and stay: a search for garbage at every 700 objects costs a tenth of the start.
    gc.set_threshold(_OBJECTS_PER_SEARCH, *gc.get_threshold()[1:])
    # What libraries have to say on their own is not for the user's screen.
    logging.captureWarnings(capture=True)
    logging.getLogger().addHandler(logging.NullHandler())
    if sys.stdout.encoding and sys.stdout.encoding.lower() != "utf-8":
        # Chinese captions must not crash a terminal or pipe of another encoding.
        sys.stdout.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    try:
        app()
    finally:
        # What is left ends with the process, and all that must reach the disk has: the interpreter's last search for
        # garbage would take as long as half a start.
        gc.freeze()

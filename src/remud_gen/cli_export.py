"""`remud export`: which records go out, in which formats, and under which terms."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from remud_gen.cli_options import (
    ConfigOpt,
    InputsArg,
    JsonOpt,
    LimitOpt,
    OnlyOpt,
    QuietOpt,
    RetryOpt,
    RunOpt,
    SetOpt,
    VerifyOpt,
    guard,
    make_options,
)
from remud_gen.cli_output import DEFAULT_RUN, name_run, write_out
from remud_gen.errors import ConfigError

FormatOpt = Annotated[str | None, typer.Option("--format", metavar="A,B", help="Export formats; --list names them.")]
ThinkingOpt = Annotated[
    str | None, typer.Option("--thinking", metavar="MODE", help="How it is written: qwen, remud, field or none.")
]
SplitOpt = Annotated[
    str | None, typer.Option("--split", metavar="SHARES", help="Of train, validation, test, as in 0.9,0.05,0.05.")
]
ImagesOpt = Annotated[
    str | None, typer.Option("--images", metavar="MODE", help="link or copy them beside the data; pack: inside it.")
]
OutOpt = Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Where exports go; default RUN/export.")]
ListOpt = Annotated[bool, typer.Option("--list", help="List the formats and leave.")]
StatusesOpt = Annotated[
    str | None, typer.Option("--statuses", metavar="A,B", help="kept; kept,review for formats that people look at.")
]
WhereOpt = Annotated[
    list[str] | None,
    typer.Option("--where", metavar="COND", help="language=zh, qtype!=report, agreement>=0.8; all of several hold."),
]
BalanceOpt = Annotated[
    str | None, typer.Option("--balance", metavar="FIELD", help="As many of each: qtype, organ, language or answer.")
]
ShareOpt = Annotated[float | None, typer.Option("--reasoning-share", metavar="X", help="Of records with thinking.")]
MaxOpt = Annotated[int | None, typer.Option("--max", min=1, metavar="N", help="At most N records, the best first.")]
ByOpt = Annotated[str | None, typer.Option("--by", metavar="A,B", help="What is best: quality, diversity, difficulty.")]
PolicyOpt = Annotated[
    str | None,
    typer.Option("--licence-policy", metavar="NAME", help="private, research or permissive: what may be passed on."),
]
LicencesOpt = Annotated[
    Path | None,
    typer.Option("--licences", metavar="CSV", help="Its columns: file,licence,url,note; else licences.csv."),
]


@guard
def export(
    inputs: InputsArg = None, run: RunOpt = DEFAULT_RUN, config: ConfigOpt = None, assignments: SetOpt = None,
    as_json: JsonOpt = False, quiet: QuietOpt = False, limit: LimitOpt = None, only: OnlyOpt = False,
    retry_errors: RetryOpt = False, verify: VerifyOpt = False, format: FormatOpt = None,
    thinking: ThinkingOpt = None, split: SplitOpt = None, images: ImagesOpt = None, out: OutOpt = None,
    statuses: StatusesOpt = None, where: WhereOpt = None, balance: BalanceOpt = None, reasoning_share: ShareOpt = None,
    most: MaxOpt = None, by: ByOpt = None, licence_policy: PolicyOpt = None, licences: LicencesOpt = None,
    list_formats: ListOpt = False,
) -> None:  # fmt: skip
    """Kept quadruplets -> a folder a trainer loads unchanged."""
    if list_formats:
        write_out("\n".join(_list_formats()))
        return
    keys = {
        **export_keys(format, thinking), "export.split": _read_shares(split), "export.images": images,
        "export.statuses": _split_names(statuses), "export.where": where or None, "export.balance": balance,
        "export.reasoning_share": reasoning_share,
        "export.max": most, "export.by": _split_names(by), "export.licence_policy": licence_policy,
        "export.licences": None if licences is None else str(licences.absolute()),
    }  # fmt: skip
    options = make_options(
        run, config, assignments, inputs, limit=limit, is_only=only, retries_errors=retry_errors, is_quiet=quiet,
        is_thorough=verify, out=out, shortcuts=keys,
    )  # fmt: skip
    from remud_gen.pipeline import PIPELINE
    from remud_gen.runner.command import run_stages
    from remud_gen.runner.reports.summary import to_json, to_text

    result = run_stages(PIPELINE, options, "export")
    write_out(to_json(result) if as_json else name_run(to_text(result), result.run))


def export_keys(formats: str | None, thinking: str | None) -> dict[str, Any]:
    """The configuration keys of what `remud run` has in common with `remud export`."""
    return {"export.formats": _split_names(formats), "export.thinking": thinking}


def _list_formats() -> list[str]:
    from remud_gen import registry

    return [f"{name:<14}{registry.load('exporters', name).summary}" for name in registry.names("exporters")]


def _split_names(text: str | None) -> list[str] | None:
    return [name.strip() for name in text.split(",") if name.strip()] if text else None


def _read_shares(text: str | None) -> list[float] | None:
    if text is None:
        return None
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise ConfigError(f"--split {text}: not numbers", "for example 0.9,0.1 or 0.9,0.05,0.05 or 1.0") from None

"""What the files of the command line share: the options, and how an error becomes a message and an exit code."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from remud_gen.cli_output import DEFAULT_RUN, name_run
from remud_gen.errors import BudgetReached, ConfigError, Interrupted, RemudError

if TYPE_CHECKING:
    from remud_gen.runner.options import Options

InputsArg = Annotated[list[Path] | None, typer.Argument(help="Folders or files; without any, those of the run.")]
RunOpt = Annotated[Path, typer.Option("--run", envvar="REMUD_RUN", help="The run folder.")]
ConfigOpt = Annotated[Path | None, typer.Option("--config", help="YAML file; else the run's own configuration.")]
SetOpt = Annotated[list[str] | None, typer.Option("--set", metavar="A.B=C", help="Set one configuration key.")]
JsonOpt = Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")]
QuietOpt = Annotated[bool, typer.Option("--quiet", "-q", help="No progress bars.")]
LimitOpt = Annotated[int | None, typer.Option("--limit", min=1, help="At most so many inputs of the stage.")]
OnlyOpt = Annotated[bool, typer.Option("--only", help="Run this stage alone, on what earlier stages left.")]
RetryOpt = Annotated[bool, typer.Option("--retry-errors", help="Redo parts that hold failed inputs.")]
ModelOpt = Annotated[str | None, typer.Option("--model", help="Model name at the endpoint.")]
UrlOpt = Annotated[str | None, typer.Option("--base-url", help="OpenAI-compatible endpoint.")]
RepliesOpt = Annotated[
    Path | None, typer.Option("--replies", metavar="PATH", help="Reply store, shared between runs; else the run's own.")
]
BatchOpt = Annotated[
    bool | None, typer.Option("--batch/--live", help="Hand requests over in files at half the price; run again later.")
]
MaxCostOpt = Annotated[
    float | None, typer.Option("--max-cost", metavar="USD", help="What this run folder may cost in all.")
]
MaxTokensOpt = Annotated[
    int | None, typer.Option("--max-tokens", metavar="N", help="Tokens this run folder may send and receive in all.")
]
DryRunOpt = Annotated[bool, typer.Option("--dry-run", help="Ask nothing of a model: say what it would cost.")]
SampleOpt = Annotated[
    int | None, typer.Option("--sample", min=1, metavar="N", help="With --dry-run: ask N inputs, and measure by them.")
]
SamplesOpt = Annotated[
    int | None,
    typer.Option("--samples", min=1, max=64, metavar="K", help="Traces per question, with thinking: solve."),
]
WaitOpt = Annotated[bool, typer.Option("--wait", help="With --batch: stay until the replies are there.")]
OfflineOpt = Annotated[
    bool | None, typer.Option("--offline/--online", help="Refuse every model that is asked over a network.")
]
VerifyOpt = Annotated[
    bool, typer.Option("--verify", help="Read all records and pictures again; damaged ones are stale.")
]


def guard(command: Callable[..., None]) -> Callable[..., None]:
    """Print errors as message and hint, and leave with the exit code of their kind."""

    @functools.wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> None:
        run = kwargs.get("run", DEFAULT_RUN)
        try:
            command(*args, **kwargs)
        except RemudError as error:
            is_stop = isinstance(error, Interrupted | BudgetReached)
            typer.echo(name_run(f"{'' if is_stop else 'error: '}{error.message}", run), err=True)
            if error.hint:
                typer.echo(name_run(error.hint, run), err=True)
            _echo_notes(error)
            raise typer.Exit(error.exit_code) from None
        except KeyboardInterrupt as stop:
            typer.echo(
                "stopped at once; the same command goes on from here, and replies that had come are stored", err=True
            )
            _echo_notes(stop)
            raise typer.Exit(Interrupted.exit_code) from None

    return wrapped


def _echo_notes(error: BaseException) -> None:
    """What was finished before the error, by whoever knew it."""
    for note in getattr(error, "__notes__", ()):
        typer.echo(note, err=True)


def make_options(
    run: Path, config: Path | None, assignments: list[str] | None, inputs: list[Path] | None = None, **rest: Any
) -> Options:
    """A command's options; shortcuts are flags that set one configuration key each, where they are given."""
    from remud_gen.runner.options import Options

    shortcuts = rest.pop("shortcuts", {})
    pairs = [f"{key}={json.dumps(value)}" for key, value in shortcuts.items() if value is not None]
    return Options(run, config, (*(assignments or ()), *pairs), tuple(inputs or ()), **rest)


def make_dry_run(is_dry: bool, sample: int | None) -> int | None:
    """How many inputs a dry run asks; None where it is no dry run."""
    if sample is not None and not is_dry:
        raise ConfigError(
            "--sample belongs to a dry run", "add --dry-run; to ask the first N inputs for good, --limit N"
        )
    return (sample or 0) if is_dry else None

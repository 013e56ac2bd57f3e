"""`remud import`: an exported set back into a run, and what reviewers decided about its records."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from remud_gen.cli_options import ConfigOpt, JsonOpt, RunOpt, SetOpt, guard, make_options
from remud_gen.cli_output import DEFAULT_RUN, name_run, write_out
from remud_gen.errors import InputError

PathArg = Annotated[
    Path, typer.Argument(metavar="PATH", help="A raw export (folder), or reviewed tasks of Label Studio or Argilla.")
]


@guard
def import_(
    path: PathArg, run: RunOpt = DEFAULT_RUN, config: ConfigOpt = None, assignments: SetOpt = None,
    as_json: JsonOpt = False,
) -> None:  # fmt: skip
    """A raw export back into a run, or the decisions of reviewers about its records."""
    from remud_gen.pipeline import PIPELINE
    from remud_gen.runner.importing.command import import_path, is_fruitless, to_json, to_text

    done = import_path(PIPELINE, path, make_options(run, config, assignments))
    write_out(to_json(done) if as_json else name_run(to_text(done), run))
    if is_fruitless(done):
        raise typer.Exit(InputError.exit_code)

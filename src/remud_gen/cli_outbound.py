"""`remud outbound`: what left this machine, from the ledger of a run."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from remud_gen.cli_options import JsonOpt, RunOpt, guard
from remud_gen.cli_output import DEFAULT_RUN, write_out


@guard
def outbound(
    run: RunOpt = DEFAULT_RUN,
    lines: Annotated[int, typer.Option("--lines", min=0, help="Show the newest N lines of the ledger, too.")] = 0,
    as_json: JsonOpt = False,
) -> None:
    """What left this machine: hosts, requests, pictures, what was masked. RUN/outbound.jsonl has a line for each."""
    from remud_gen.runner.reports.outbound import outbound_json, outbound_lines

    write_out(json.dumps(outbound_json(run)) if as_json else "\n".join(outbound_lines(run, lines)))

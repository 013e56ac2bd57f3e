"""`remud replies`: what was paid for, listed, written to a file, taken from one."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from remud_gen.cli_options import ConfigOpt, JsonOpt, RunOpt, SetOpt, guard, make_options
from remud_gen.cli_output import DEFAULT_RUN, write_out
from remud_gen.errors import ConfigError, InputError

app = typer.Typer(help="Stored replies of models: what a store holds; export and import.", rich_markup_mode=None)

StoreOpt = Annotated[Path | None, typer.Option("--replies", metavar="PATH", help="The store; default: the run's own.")]

NoRequestsOpt = Annotated[
    bool, typer.Option("--no-requests", help="Replies and hashes alone: no prompt, no word of what was asked about.")
]


@app.callback(invoke_without_command=True)
@guard
def show(
    context: typer.Context, run: RunOpt = DEFAULT_RUN, replies: StoreOpt = None, config: ConfigOpt = None,
    assignments: SetOpt = None, as_json: JsonOpt = False,
) -> None:  # fmt: skip
    """What a reply store holds, by model, and which batches are under way."""
    if context.invoked_subcommand is not None:
        given = [name for name in context.params if _is_given(context, name)]
        if given:
            raise ConfigError(f"put --{given[0]} behind `{context.invoked_subcommand}`")
        return
    from remud_gen.runner.replies import choose_store, count_replies
    from remud_gen.runner.reports.replies_text import account_text

    account = count_replies(choose_store(make_options(run, config, assignments), replies))
    write_out(json.dumps(account.to_json(), ensure_ascii=False) if as_json else account_text(account))


def _is_given(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


@app.command("export")
@guard
def export_file(
    file: Annotated[Path, typer.Argument(help="JSON lines; packed if the name ends in .gz.")],
    run: RunOpt = DEFAULT_RUN, replies: StoreOpt = None, config: ConfigOpt = None, assignments: SetOpt = None,
    no_requests: NoRequestsOpt = False, as_json: JsonOpt = False,
) -> None:  # fmt: skip
    """Write every stored reply to a file, one a line, each with what was asked and a digest of the line."""
    from remud_gen.runner.replies import choose_store, export_replies

    store = choose_store(make_options(run, config, assignments), replies)
    count = export_replies(store, file, has_requests=not no_requests)
    noun = "reply" if count == 1 else "replies"
    write_out(json.dumps({"exported": count, "file": str(file)}) if as_json else f"{count:,} {noun} -> {file}")


@app.command("show")
@guard
def show_one(
    request: Annotated[str, typer.Argument(help="The hash of its request, or how it begins.")],
    run: RunOpt = DEFAULT_RUN, replies: StoreOpt = None, config: ConfigOpt = None, assignments: SetOpt = None,
    as_json: JsonOpt = False,
) -> None:  # fmt: skip
    """One stored reply with what was asked: prompt, words, images by hash, settings."""
    from remud_gen.runner.replies import choose_store, find_reply
    from remud_gen.runner.reports.replies_text import reply_text

    stored = find_reply(choose_store(make_options(run, config, assignments), replies), request)
    write_out(json.dumps(asdict(stored), ensure_ascii=False) if as_json else reply_text(stored))


@app.command("import")
@guard
def import_file(
    file: Annotated[Path, typer.Argument(help="A file that `remud replies export` wrote.")],
    run: RunOpt = DEFAULT_RUN, replies: StoreOpt = None, config: ConfigOpt = None, assignments: SetOpt = None,
    as_json: JsonOpt = False,
) -> None:  # fmt: skip
    """Take the replies of a file into the store; what is there already stays, damaged lines are named and left out."""
    from remud_gen.runner.replies import choose_store, import_into
    from remud_gen.runner.reports.replies_text import transfer_json, transfer_text

    transfer = import_into(choose_store(make_options(run, config, assignments), replies), file)
    write_out(json.dumps(transfer_json(transfer)) if as_json else transfer_text(transfer, file))
    if not transfer.good:
        raise typer.Exit(InputError.exit_code)

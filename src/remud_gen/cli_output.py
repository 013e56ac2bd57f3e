"""What the command line says: text on standard output, whose commands name the run they are about."""

from __future__ import annotations

import os
import re
import shlex
import sys
from contextlib import suppress
from pathlib import Path

import typer

from remud_gen.errors import InputError

DEFAULT_RUN = Path("remud-run")
COMMAND = re.compile(
    r"`(remud (?:run|extract|pair|generate|filter|export|import|status|inspect|clean|outbound)\b(?![^`]*--run)[^`]*)`"
)


def name_run(text: str, run: Path) -> str:
    """The text, in which every command between backticks works as it stands: with --run, unless the shell has that."""
    if run == Path(os.environ.get("REMUD_RUN") or DEFAULT_RUN):
        return text
    return COMMAND.sub(lambda match: f"`{match[1]} --run {shlex.quote(str(run))}`", text)


def write_out(text: str) -> None:
    """Print to standard output.

    Raises:
        InputError: it takes no more, such as a full disk. A reader that left is none of our errors.
    """
    try:
        typer.echo(text)
    except BrokenPipeError:
        raise
    except OSError as error:
        _leave_output()
        told = f"standard output cannot be written: {error.strerror or error}"
        raise InputError(told, "what was finished is kept; `remud status` tells how the run stands") from None


def _leave_output() -> None:
    """Let what is still held for standard output go nowhere, or the interpreter fails once more when it ends."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)

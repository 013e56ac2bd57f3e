#!/usr/bin/env python3
"""Run the commands that a guide shows and tell where they print something else by now.

    scripts/check_guide.py docs/guides/generate.md            exit code 1 where a line differs
    scripts/check_guide.py docs/guides/generate.md --print    what every command prints, for writing the guide

Commands stand behind `$ ` in blocks marked ```console and run in their order in one new folder, where `books` is
data/sample. A block whose first line is `# NAME.yaml` is written to that file before. `[…]` in a block stands for any
lines. Seconds may differ; progress lines are not shown. The model is the batch server of the tests: no key, no network.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT))

PORT = 8917
ELLIPSIS = "[…]"
BLOCK = re.compile(r"^```(console|yaml)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NAMED = re.compile(r"# ([\w-]+\.yaml)\n")
PROGRESS = re.compile(r"^(plan )?\w+: [\d,]+ of [\d,]+ .* in ([\d.]+ s|\d+ min \d+ s)(, .*)?$")
SECONDS = re.compile(r"\b(\d+\.\d|\d+ min \d+)(?= s\b|$)")
BLANKS = re.compile(r" {2,}")


@dataclass
class Shown:
    """A command as a guide shows it, with what it prints there."""

    command: str
    lines: list[str] = field(default_factory=list)


def read_guide(text: str) -> tuple[dict[str, str], list[Shown]]:
    """The files that a guide names, and its commands."""
    files: dict[str, str] = {}
    commands: list[Shown] = []
    for kind, body in BLOCK.findall(text):
        named = NAMED.match(body)
        if kind == "yaml" and named:
            files[named[1]] = body
        for line in body.splitlines() if kind == "console" else ():
            if line.startswith("$ "):
                commands.append(Shown(line[2:]))
            elif commands[-1].command.endswith("\\"):
                commands[-1].command = commands[-1].command[:-1] + line.strip()
            else:
                commands[-1].lines.append(line)
    return files, commands


def run_all(files: dict[str, str], commands: list[Shown]) -> Iterator[tuple[Shown, list[str]]]:
    """Every command with the lines it printed."""
    from tests.batch_server import BatchServer
    from tests.e2e.command import environment
    from tests.length_server import LengthServer

    class Server(LengthServer, BatchServer):
        """Bills what it is sent, takes batches, and is not done with the first of them at the first look."""

    env = environment(PYTHON=sys.executable)
    begin = 'remud() { "$PYTHON" -m remud_gen "$@"; }; export COLUMNS=120; '
    with tempfile.TemporaryDirectory() as folder, Server(script=[{"looks": 1}], port=PORT):
        Path(folder, "books").symlink_to(PROJECT / "data" / "sample")
        for name, text in files.items():
            Path(folder, name).write_text(text, "utf-8")
        status = 0
        for shown in commands:
            done = subprocess.run(
                ["bash", "-c", f"{begin}(exit {status}); {shown.command}"],
                cwd=folder,
                env=env,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                encoding="utf-8",
                check=False,
            )
            status = done.returncode
            yield shown, [line.rstrip() for line in done.stdout.splitlines() if not PROGRESS.match(line)]


def find_difference(shown: list[str], printed: list[str]) -> str | None:
    """The first shown line that was not printed at its place."""
    at, may_skip = 0, False
    for line in shown:
        if line == ELLIPSIS:
            may_skip = True
            continue
        wanted = settle(line)
        while may_skip and at < len(printed) and settle(printed[at]) != wanted:
            at += 1
        if at == len(printed) or settle(printed[at]) != wanted:
            return f"shown: {line}\n  printed: {printed[at] if at < len(printed) else '(nothing more)'}"
        at, may_skip = at + 1, False
    return None if may_skip or at == len(printed) else f"not shown: {printed[at]}"


def settle(line: str) -> str:
    """A line without what differs from run to run."""
    return BLANKS.sub("  ", SECONDS.sub("S", line.strip()))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("guide", type=Path)
    parser.add_argument("--print", action="store_true", dest="is_printed")
    options = parser.parse_args()
    n_different = 0
    for shown, printed in run_all(*read_guide(options.guide.read_text("utf-8"))):
        if options.is_printed:
            print(f"$ {shown.command}", *printed, "", sep="\n", flush=True)
            continue
        difference = find_difference(shown.lines, printed)
        n_different += difference is not None
        print(f"{'differs' if difference else 'ok':<9}{shown.command}", flush=True)
        if difference:
            print(f"  {difference}", flush=True)
    return 1 if n_different else 0


if __name__ == "__main__":
    sys.exit(main())

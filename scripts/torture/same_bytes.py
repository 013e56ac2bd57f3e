"""The same books under other circumstances: executors, worker counts, orders, paths, locales, time zones."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from scripts.torture.bench import Bench
from scripts.torture.comparison import compare
from scripts.torture.processes import Command
from tests.e2e.command import remud

FOREIGN_LOCALES = ("de_DE.utf8", "zh_CN.utf8", "tr_TR.utf8")  # used where the machine has them
ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}  # Python then takes file names for ASCII
REFUSALS = {2, 3}  # exit codes of a wrong configuration and of input that cannot be used


@dataclass(frozen=True)
class Variant:
    """One way to run the whole chain; `moves` makes another machine of it: shelf, run folder and working folder."""

    settings: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    umask: int = -1
    moves: Callable[[Bench, Path], tuple[Path, Path, Path]] | None = None
    may_refuse: bool = False  # a plain refusal is as good as the same bytes


def vary_circumstances(bench: Bench) -> list[str]:
    """Every variant, compared with the undisturbed run.

    Raises:
        AssertionError: listing every variant that differed; the others were tried all the same.
    """
    lines, problems = [], []
    for name, variant in list_variants().items():
        try:
            lines.append(f"{name}: {run_variant(bench, variant)}")
        except AssertionError as error:
            problems.append(f"{name}: {error}")
    assert not problems, "\n".join([*problems, *(f"ok: {line}" for line in lines)])
    return [f"compared each time: {bench.undisturbed.size}", *lines]


def list_variants() -> dict[str, Variant]:
    """By name, so that tests can choose."""
    shuffle = {f"shuffled, seed {seed}": Variant((f"runner.shuffle_seed={seed}",)) for seed in (7, 8)}
    present = subprocess.run(["locale", "-a"], capture_output=True, text=True, check=False).stdout.split()
    foreign = {
        f"locale {name}, New York": Variant(env={"LC_ALL": name, "TZ": "America/New_York"})
        for name in FOREIGN_LOCALES
        if name in present
    }
    return {
        "serial": Variant(("runner.executor=serial",)),
        "1 process": Variant(("runner.workers=1",)),
        "4 processes": Variant(("runner.workers=4", "generate.concurrency=16")),
        "a worker per part": Variant(("runner.parts_per_worker=1",)),
        **(shuffle if _has_shuffle() else {}),
        "another machine's paths": Variant(moves=_move_far),
        "relative paths and a linked shelf": Variant(moves=_link_shelf),
        "C locale, Shanghai": Variant(env={"LC_ALL": "C", "TZ": "Asia/Shanghai"}),
        "C locale, UTF-8 mode off": Variant(env=ASCII, may_refuse=True),
        "other hash seed, umask, Kathmandu": Variant(
            env={"PYTHONHASHSEED": "12345", "TZ": "Asia/Kathmandu"}, umask=0o077
        ),
        **foreign,
    }


def run_variant(bench: Bench, variant: Variant) -> str:
    """The whole chain in one command, and the comparison."""
    expected = bench.undisturbed
    shelf, run, cwd = (bench.shelf, bench.new_run(), bench.folder)
    if variant.moves is not None:
        shelf, run, cwd = variant.moves(bench, run)
    settings = [word for setting in variant.settings for word in ("--set", setting)]
    with bench.serve(0.05) as server:
        arguments = bench.arguments("run", run, server, *settings, shelf=shelf)
        with Command(*arguments, cwd=cwd, umask=variant.umask, **variant.env) as command:
            if command.finish() in REFUSALS and variant.may_refuse:
                assert "Traceback" not in command.said, command.said
                return f"refused: {command.said.splitlines()[0]}"
            command.succeed()
    compare(cwd / run, expected)
    return "identical"


def _move_far(bench: Bench, run: Path) -> tuple[Path, Path, Path]:
    """A copy of the shelf, made in reverse order, below a folder with blanks and other letters."""
    home = bench.folder / "Zweiter Rechner" / "书架 #2"
    for path in sorted(bench.shelf.rglob("*.pdf"), reverse=True):
        target = home / "Bücher" / path.relative_to(bench.shelf)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
        os.utime(target, (10**9, 10**9))
    return home / "Bücher", home / "Läufe" / run.name, home


def _link_shelf(bench: Bench, run: Path) -> tuple[Path, Path, Path]:
    """The shelf by a link, the run folder by a relative path."""
    home = bench.folder / "linked"
    home.mkdir()
    (home / "books").symlink_to(bench.shelf, target_is_directory=True)
    return Path("books"), Path("deep") / ".." / run.name, home


def _has_shuffle() -> bool:
    return "shuffle_seed" in json.loads(remud("config", "--json").stdout)["runner"]

"""The table of scenarios. One is a function of a bench and the settings that returns the lines of its report."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from scripts.torture.bench import Bench
from scripts.torture.damage import disturb_disk
from scripts.torture.faults import fail_often
from scripts.torture.isolation import isolate_faults
from scripts.torture.kill import torture_by_kill
from scripts.torture.same_bytes import vary_circumstances
from scripts.torture.signals import send_signals


@dataclass(frozen=True)
class Settings:
    """What the command line sets."""

    kills: int = 50
    seed: int = 1


class Size(TypedDict):
    """Of a bench's shelf: the smaller, the sooner a run is done again."""

    n_books: int
    n_pages: int
    n_scanned: int


SMALL = Size(n_books=4, n_pages=3, n_scanned=1)


@dataclass(frozen=True)
class Scenario:
    """`run` raises AssertionError with what was not as it must be."""

    summary: str
    size: Size
    run: Callable[[Bench, Settings], Sequence[str]]


SCENARIOS: Mapping[str, Scenario] = {
    "kill": Scenario(
        "kill -9 of the whole process tree at random moments of every stage",
        Size(n_books=8, n_pages=4, n_scanned=2),
        lambda bench, settings: torture_by_kill(bench, settings.kills, settings.seed),
    ),
    "signals": Scenario(
        "Ctrl-C once and twice, SIGTERM, and a driver killed alone", SMALL, lambda bench, settings: send_signals(bench)
    ),
    "same-bytes": Scenario(
        "executors, worker counts, orders, paths, locales and time zones",
        SMALL,
        lambda bench, settings: vary_circumstances(bench),
    ),
    "faults": Scenario(
        "an endpoint that refuses, fails, breaks off and writes nonsense, a tenth of the attempts each",
        Size(n_books=1, n_pages=1, n_scanned=0),
        lambda bench, settings: fail_often(bench),
    ),
    "isolation": Scenario(
        "workers that crash, are killed, hang or grow",
        Size(n_books=1, n_pages=1, n_scanned=0),
        lambda bench, settings: isolate_faults(bench),
    ),
    "disk": Scenario(
        "full and read-only disks, vanished books, damaged files of a run",
        Size(n_books=3, n_pages=3, n_scanned=0),
        lambda bench, settings: disturb_disk(bench),
    ),
}


def run_scenarios(names: Sequence[str], folder: Path, settings: Settings, say: Callable[[str], None]) -> bool:
    """Run and report; whether all went well."""
    failed = []
    for name in names:
        scenario, started = SCENARIOS[name], time.monotonic()
        say(f"{name}: {scenario.summary}")
        try:
            lines, ending = scenario.run(Bench(folder / name, **scenario.size), settings), "ok"
        except AssertionError as error:
            lines, ending = str(error).splitlines(), "FAILED"
            failed.append(name)
        for line in lines:
            say(f"  {line}")
        say(f"  {ending}, {time.monotonic() - started:.0f} s\n")
    say(
        f"{len(names) - len(failed)} of {len(names)} scenarios ok"
        + (f"; failed: {', '.join(failed)}" if failed else "")
    )
    return not failed

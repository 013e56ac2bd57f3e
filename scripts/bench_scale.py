"""Measure a large run: time, memory, bytes, and whether a run with nothing to do costs next to nothing.

    python -m scripts.bench_scale --pairs 20000 --docs 500 --folder /tmp/scale

Real extraction of so many figures would take a night, so the shelf holds copies of one small PDF, the real `remud pair`
runs over it, and then every document's pair part is rewritten with variants of its pair, in the package's own files and
under its own fingerprints. From there on every command is the real one. `--only PHASE` measures again in a kept folder;
phases already done are then idle ones.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from scripts.scale.measure import PROJECT, Measurement, measure
from scripts.scale.pair_parts import multiply_pairs
from scripts.scale.shelf import make_shelf

PHASES = ("pair", "multiply", "generate", "filter", "export", "status", "idle")
STAGES = ("documents", "extract", "pair", "generate", "filter", "corpus")
LIMITS_S = {"status": 5.0, "idle generate": 10.0, "idle filter": 10.0, "idle export": 10.0, "idle run": 10.0}


class Bench:
    """One folder with a shelf and a run, and what was measured in it."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self._folder: Path = options.folder.resolve()
        self._run = self._folder / "run"
        self.rows: list[Measurement] = []
        self._notes: list[str] = []

    def work(self, phases: Sequence[str]) -> None:
        """Measure the phases in their order."""
        for phase in phases:
            getattr(self, f"_do_{phase}")()

    def _do_pair(self) -> None:
        make_shelf(self._folder / "books", self._options.docs)
        self._remud(
            "pair",
            # Pictures are read for words here: where nobody has looked for any, each is read before it is sent.
            *("pair", str(self._folder / "books")),
            *("--set", f"generate.items_per_pair={self._options.items}"),
        )

    def _do_multiply(self) -> None:
        started = time.monotonic()
        count = multiply_pairs(self._run, self._options.pairs, self._options.picture_px)
        self._notes.append(f"{count} pairs lie in the run; writing them took {time.monotonic() - started:.0f} s")

    def _do_generate(self) -> None:
        with _serve_model() as url:
            self._remud("generate", "generate", "--model", "tiny", "--base-url", url)

    def _do_filter(self) -> None:
        self._remud("filter", "filter")

    def _do_export(self) -> None:
        self._remud("export", "export", "--format", self._options.formats)

    def _do_status(self) -> None:
        self._remud("status", "status")

    def _do_idle(self) -> None:
        for name in ("generate", "filter", "export", "run"):
            self._remud(f"idle {name}", name)

    def _remud(self, label: str, *arguments: str) -> None:
        command = [*arguments, "--run", str(self._run)]
        if arguments[0] != "status":
            command.append("--quiet")
        more = {"OPENAI_API_KEY": "local"}
        if self._options.profile:
            more["REMUD_PROFILE"] = str(self._folder / f"{label.replace(' ', '_')}.prof")
        row = measure(label, command, more)
        self.rows.append(row)
        print(f"{label}: {row.wall_s:.1f} s\n{row.stdout.rstrip()}\n", file=sys.stderr, flush=True)

    def report(self) -> str:
        """Everything measured, as plain text."""
        counts = count_records(self._run)
        on_disk = {name: _count_bytes(self._run / name) / 2**20 for name in (*STAGES, "images", "export")}
        on_disk["replies"] = sum(path.stat().st_size for path in self._run.glob("replies.sqlite*")) / 2**20
        lines = [f"$ {row.command}" for row in self.rows]
        lines += ["", *format_table([row.summarise() for row in self.rows], counts), "", *self._notes]
        lines.append(f"records: {sum(counts.values())} ({', '.join(f'{name} {n}' for name, n in counts.items())})")
        lines.append("MB on disk: " + ", ".join(f"{name} {size:.1f}" for name, size in on_disk.items()))
        lines += list(_judge(self.rows, sum(counts.values())))
        return "\n".join(lines)


def format_table(rows: Sequence[dict[str, Any]], counts: dict[str, int]) -> list[str]:
    """One line per command; memory of the driver and of the largest worker at 10, 25, 50, 75 and 100 % of its time."""
    head = ("command", "wall s", "cpu s", "workers", "records/s", "peak MB", "driver MB 10-25-50-75-100 %", "worker MB",
            "read MB", "opened (driver)")  # fmt: skip
    table = [head]
    for row in rows:
        n_records = counts.get(row["label"], 0)
        opened = " ".join(f"{kind} {n}" for kind, n in sorted(row["opened"].items()) if kind != "other")
        table.append(
            (
                row["label"],
                f"{row['wall_s']:.1f}",
                f"{row['cpu_s']:.1f}",
                f"{row['workers_cpu_s']:.1f}",
                f"{n_records / row['wall_s']:.0f}" if n_records else "",
                f"{row['peak_mb']}/{row['workers_peak_mb']}",
                " ".join(str(mb) for mb in row["driver_mb"]),
                " ".join(str(mb) for mb in row["worker_mb"]),
                f"{row['read_mb']:.1f}",
                opened,
            )
        )
    widths = [max(len(line[column]) for line in table) for column in range(len(head))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in table]


def count_records(run: Path) -> dict[str, int]:
    """Records on disk per stage, as the sidecars say."""
    return {
        stage: sum(
            json.loads(path.read_bytes())["counts"]["outputs"] for path in sorted((run / stage).glob("*.meta.json"))
        )
        for stage in STAGES
    }


def _judge(rows: Sequence[Measurement], n_records: int) -> Iterator[str]:
    for row in rows:
        limit_s = LIMITS_S.get(row.label)
        if limit_s is not None:
            told = "ABOVE" if row.wall_s > limit_s else "below"
            yield f"{row.label}: {row.wall_s:.1f} s with {n_records} records, {told} the {limit_s:g} s for a million"


def _count_bytes(folder: Path) -> int:
    return sum((Path(here) / name).stat().st_size for here, _, names in os.walk(folder) for name in names)


@contextmanager
def _serve_model() -> Iterator[str]:
    environment = {**os.environ, "PYTHONPATH": f"{PROJECT / 'src'}{os.pathsep}{PROJECT}"}
    command = [sys.executable, "-m", "scripts.scale.server"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=PROJECT, env=environment) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip()
        finally:
            server.terminate()


def parse_options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=2000)
    parser.add_argument("--docs", type=int, default=500)
    parser.add_argument("--items", type=int, default=5, help="quadruplets asked for per pair")
    parser.add_argument("--picture-px", type=int, default=160, help="width of a picture")
    parser.add_argument("--formats", default="llamafactory")
    parser.add_argument("--folder", type=Path, required=True, help="kept, for measuring again")
    parser.add_argument("--only", choices=PHASES, action="append", help="these phases alone")
    parser.add_argument("--profile", action="store_true", help="write a cProfile of each driver into the folder")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> Bench:
    """Measure and print."""
    options = parse_options(arguments)
    bench = Bench(options)
    try:
        bench.work([phase for phase in PHASES if not options.only or phase in options.only])
    finally:
        print(bench.report())
    return bench


if __name__ == "__main__":
    main()

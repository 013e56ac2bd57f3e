"""Run one command and watch it: seconds, memory of the driver and its workers over time, bytes and files read."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

PROJECT = Path(__file__).resolve().parents[2]
SAMPLE_EVERY_S = 0.5
SHORT_S = 5.0  # shorter commands are sampled more often
SHARES = (0.10, 0.25, 0.50, 0.75, 1.0)
SETTINGS = re.compile(r"REMUD_(?!PROFILE)|OPENAI_")


@dataclass
class Measurement:
    """What one command did and cost; memory in MB."""

    label: str
    command: str
    wall_s: float
    exit_code: int
    stdout: str
    stderr: str
    note: dict[str, Any]
    driver_mb: list[tuple[float, float]] = field(default_factory=list)  # seconds since the start, resident
    workers_mb: list[tuple[float, float]] = field(default_factory=list)  # the largest worker at that time

    def summarise(self) -> dict[str, Any]:
        """The figures of one row."""
        io = self.note.get("io", {})
        return {
            "label": self.label,
            "wall_s": round(self.wall_s, 2),
            "cpu_s": round(self.note.get("cpu_s", 0.0), 2),
            "workers_cpu_s": round(self.note.get("workers_cpu_s", 0.0), 2),
            "peak_mb": round(self.note.get("peak_mb", 0.0)),
            "workers_peak_mb": round(max((mb for _, mb in self.workers_mb), default=0.0)),
            "driver_mb": _sample(self.driver_mb),
            "worker_mb": _sample(self.workers_mb),
            "read_mb": round(io.get("rchar", 0) / 2**20, 1),
            "written_mb": round(io.get("wchar", 0) / 2**20, 1),
            "opened": self.note.get("opened", {}),
        }


def measure(label: str, arguments: Sequence[str], more: Mapping[str, str] | None = None) -> Measurement:
    """Run `remud arguments` to its end.

    Raises:
        RuntimeError: with the command's own words, when it fails.
    """
    with tempfile.TemporaryDirectory() as scratch:
        note, out, err = (Path(scratch) / name for name in ("note.json", "out", "err"))
        command = [sys.executable, "-m", "scripts.scale.inside", str(note), *arguments]
        with out.open("wb") as out_stream, err.open("wb") as err_stream:
            started = time.monotonic()
            process = subprocess.Popen(
                command, stdout=out_stream, stderr=err_stream, cwd=PROJECT, env=_environment(more or {})
            )
            found = Measurement(label, " ".join(["remud", *arguments]), 0.0, 0, "", "", {})
            _watch(process, started, found)
        found.wall_s, found.exit_code = time.monotonic() - started, process.returncode
        found.stdout, found.stderr = out.read_text("utf-8"), err.read_text("utf-8")
        if found.exit_code:
            raise RuntimeError(f"{found.command}\n{found.stderr[-3000:]}{found.stdout[-1000:]}")
        found.note = json.loads(note.read_text("utf-8"))
    return found


def _environment(more: Mapping[str, str]) -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not SETTINGS.match(name)}
    return {**clean, "PYTHONPATH": f"{PROJECT / 'src'}{os.pathsep}{PROJECT}", **more}


def _watch(process: subprocess.Popen[bytes], started: float, found: Measurement) -> None:
    driver = psutil.Process(process.pid)
    while True:
        try:
            at = time.monotonic() - started
            found.driver_mb.append((at, driver.memory_info().rss / 2**20))
            workers = [_read_mb(child) for child in driver.children(recursive=True)]
            if workers:
                found.workers_mb.append((at, max(workers)))
        except psutil.Error:
            pass
        try:
            process.wait(SAMPLE_EVERY_S if at > SHORT_S else SAMPLE_EVERY_S / 10)
        except subprocess.TimeoutExpired:
            continue
        return


def _read_mb(process: psutil.Process) -> float:
    try:
        return float(process.memory_info().rss) / 2**20
    except psutil.Error:
        return 0.0


def _sample(series: Sequence[tuple[float, float]]) -> list[int]:
    """Megabytes at 10, 25, 50, 75 and 100 % of the time."""
    # The last sample may show a process that is giving its memory back.
    whole = series[:-1] or series
    if not whole:
        return []
    end_s = whole[-1][0]
    return [round(next(mb for at, mb in whole if at >= share * end_s)) for share in SHARES]

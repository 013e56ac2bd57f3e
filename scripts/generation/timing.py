"""A process timed from outside, and the server it asks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parents[2]
LOOK_S = 0.02


@dataclass(frozen=True)
class Look:
    """A process at one moment."""

    at_s: float
    cpu_s: float
    ready_s: float  # how long its main thread has waited for a core by then
    memory_mb: float


@dataclass(frozen=True)
class Timing:
    """A process from its start to its end; times are of the system's own clock."""

    started_s: float
    ended_s: float
    cpu_s: float
    looks: tuple[Look, ...]

    def describe(self, seen: Mapping[str, Any]) -> dict[str, float]:
        """With what its server saw: the time to the first request, from there to the last answer, and to the end."""
        before = [look for look in self.looks if look.at_s <= seen["first_s"]] or [Look(0.0, 0.0, 0.0, 0.0)]
        return {
            "wall_s": self.ended_s - self.started_s,
            "start_s": seen["first_s"] - self.started_s,
            "asking_s": seen["last_s"] - seen["first_s"],
            "end_s": self.ended_s - seen["last_s"],
            "cpu_s": self.cpu_s,
            "start_cpu_s": before[-1].cpu_s,
            "request_ms": (self.cpu_s - before[-1].cpu_s) / seen["n_requests"] * 1000,
            "ready_s": self.looks[-1].ready_s if self.looks else 0.0,
            "peak_mb": max((look.memory_mb for look in self.looks), default=0.0),
            "server_ms": seen["cpu_s"] / seen["n_requests"] * 1000,
        }


def time_process(command: list[str], environment: Mapping[str, str]) -> Timing:
    """Run it to its end; SystemExit where it fails."""
    looks: list[Look] = []
    # As a user has it, progress is shown: to a file, which takes what it is given.
    with tempfile.TemporaryFile("w+", encoding="utf-8") as told:
        started_s = time.monotonic()
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=told, env=environment)
        watched = psutil.Process(process.pid)
        while True:
            ended, status, usage = os.wait4(process.pid, os.WNOHANG)
            if ended:
                break
            looks += look_at(watched)
            time.sleep(LOOK_S)
        ended_s = time.monotonic()
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            told.seek(0)
            raise SystemExit(f"{' '.join(command)} ended with {process.returncode}: {told.read()[-2000:]}")
    return Timing(started_s, ended_s, usage.ru_utime + usage.ru_stime, tuple(looks))


def look_at(process: psutil.Process) -> list[Look]:
    try:
        times, memory = process.cpu_times(), process.memory_info().rss / 2**20
        file = Path(f"/proc/{process.pid}/schedstat")
        ready_s = int(file.read_text("utf-8").split()[1]) / 1e9 if file.exists() else 0.0
    except (psutil.Error, OSError, IndexError):  # it has just ended
        return []
    return [Look(time.monotonic(), times.user + times.system, ready_s, memory)]


def run_quietly(*words: str) -> None:
    """A Python process whose output matters only where it fails."""
    done = subprocess.run([sys.executable, *words], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(words)} ended with {done.returncode}: {done.stderr[-2000:]}")


class serve:  # noqa: N801 - reads as a verb: with serve() as server
    """A server process for the time of a `with` block; `seen` is what it saw."""

    def __init__(self, *arguments: str) -> None:
        self._command = [sys.executable, "-m", "scripts.generation.server", *arguments]
        self.url = ""
        self.seen: dict[str, Any] = {}

    def __enter__(self) -> serve:
        self._process = subprocess.Popen(self._command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        self.url = self._process.stdout.readline().strip() if self._process.stdout else ""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        told, _ = self._process.communicate(timeout=60)
        self.seen = json.loads(told) if told and kind is None else {}

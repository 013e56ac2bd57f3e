"""One run of the demo for all tests that look at what it made."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from filelock import FileLock

PROJECT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class DemoRun:
    """The run folder and what the command printed."""

    folder: Path
    stdout: str
    stderr: str


@pytest.fixture(scope="session")
def demo_run(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> DemoRun:
    """The demo's own command, once per test session however many workers share it."""
    base = tmp_path_factory.getbasetemp()
    base = base if worker_id == "master" else base.parent
    folder, printed = base / "demo-run", base / "demo-run.txt"
    with FileLock(base / "demo-run.lock"):
        if not printed.exists():
            command = [sys.executable, "-m", "remud_gen", "run", "data/sample", "--run", str(folder)]
            done = subprocess.run(
                [*command, "--config", "configs/demo.yaml"],
                cwd=PROJECT, capture_output=True, text=True, encoding="utf-8", timeout=600, check=False,
            )  # fmt: skip
            assert done.returncode == 0, done.stderr
            printed.write_text(done.stdout + "\0" + done.stderr, "utf-8")
    stdout, stderr = printed.read_text("utf-8").split("\0")
    return DemoRun(folder, stdout, stderr)

"""What only some systems have is not taken for granted: a whole command runs without it."""

from __future__ import annotations

import ast
import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from remud_gen.runner.pool import _explain_death
from tests.e2e.command import PROJECT, environment, make_book

# Read again by every worker that is started, as a spawned process reads its parent's main file.
BARREN = """
import os, signal
for name in ("SIGHUP", "pthread_sigmask", "SIGUSR1", "SIGALRM", "setitimer", "alarm"):
    delattr(signal, name)
for name in ("sched_getaffinity", "fork", "getuid", "geteuid", "O_DIRECTORY", "killpg"):
    delattr(os, name)
if __name__ == "__main__":
    from remud_gen.cli import main
    main()
"""
ONLY_SOME_SYSTEMS = {"fcntl", "termios", "pwd", "grp", "resource", "posix", "msvcrt", "winreg"}


def test_a_run_needs_no_signal_or_call_that_windows_lacks(tmp_path: Path) -> None:
    make_book(tmp_path / "shelf" / "kidney.pdf", 1)
    (tmp_path / "barren.py").write_text(BARREN, "utf-8")
    command = [sys.executable, tmp_path / "barren.py", "extract", tmp_path / "shelf", "--run", tmp_path / "run"]
    done = subprocess.run(
        [*map(str, command), "--json", "--quiet", "--set", "runner.workers=1"],
        env=environment(), capture_output=True, text=True, encoding="utf-8", timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["stages"]["extract"]["produced"] == 1


def test_a_death_is_explained_without_sigkill(monkeypatch: pytest.MonkeyPatch) -> None:
    killed = _explain_death(-signal.SIGKILL)
    monkeypatch.delattr(signal, "SIGKILL")
    assert _explain_death(-9) == killed
    assert "memory" in killed.hint
    assert _explain_death(1).hint != killed.hint
    assert _explain_death(None).code == "WORKER_DIED"


def test_no_module_imports_at_its_top_what_only_some_systems_have() -> None:
    for path in sorted((PROJECT / "src").rglob("*.py")):
        for node in ast.parse(path.read_text("utf-8")).body:
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not ONLY_SOME_SYSTEMS & {name.split(".")[0] for name in names}, path

"""What the command line says: commands that work as they stand, and no traceback where nothing can be said."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from remud_gen.cli_output import name_run
from tests.e2e.command import environment, make_book, remud

FULL = Path("/dev/full")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("run `remud generate`.", "run `remud generate --run 'my run'`."),
        ("`remud status` lists them, run `remud pair --retry-errors`",
         "`remud status --run 'my run'` lists them, run `remud pair --retry-errors --run 'my run'`"),
        ("`remud clean --run x --apply` removes this", "`remud clean --run x --apply` removes this"),
        ("a file of `remud replies export`", "a file of `remud replies export`"),
        ("no command at all", "no command at all"),
    ],
)  # fmt: skip
def test_a_suggested_command_names_the_run(monkeypatch, text, named):
    monkeypatch.delenv("REMUD_RUN", raising=False)
    assert name_run(text, Path("my run")) == named
    assert name_run(text, Path("remud-run")) == text
    monkeypatch.setenv("REMUD_RUN", "my run")
    assert name_run(text, Path("my run")) == text
    assert "--run remud-run" in name_run("`remud status`", Path("remud-run"))


@pytest.mark.skipif(not FULL.exists(), reason="no such device here")
@pytest.mark.parametrize("command", [("extract", "shelf"), ("status",), ("--version",)])
def test_an_output_that_takes_nothing_is_an_error_and_costs_no_work(tmp_path, command):
    make_book(tmp_path / "shelf" / "a.pdf", 1)
    if command == ("status",):
        assert remud("extract", "shelf", "--quiet", cwd=tmp_path).returncode == 0
    with FULL.open("w", encoding="utf-8") as full:
        done = subprocess.run(
            [sys.executable, "-m", "remud_gen", *command],
            stdout=full, stderr=subprocess.PIPE, text=True, cwd=tmp_path, env=environment(), timeout=120, check=False,
        )  # fmt: skip
    assert done.returncode == 3
    assert f"error: standard output cannot be written: {os.strerror(28)}" in done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    if "shelf" in command:
        assert " 0 of 1 " in remud("extract", "--quiet", cwd=tmp_path).stdout


@pytest.mark.parametrize("command", ["generate", "run"])
def test_waiting_without_a_batch_is_refused(tmp_path, command):
    make_book(tmp_path / "shelf" / "a.pdf", 1)
    done = remud(command, "shelf", "--wait", "--set", "generate.client=extractive", cwd=tmp_path)
    assert done.returncode == 2
    assert "--batch" in done.stderr
    assert not (tmp_path / "remud-run").exists()

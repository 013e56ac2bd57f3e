"""The set-up script: which Python it takes, and what it says when there is none."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]
OLD = "import sys; sys.version_info = (3, 9, 2); sys.version = '3.9.2 (old)'; exec(sys.argv[1])"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with nothing but the set-up script, and an empty folder to be the PATH's first."""
    (tmp_path / "scripts").mkdir()
    (tmp_path / "bin").mkdir()
    shutil.copy(PROJECT / "scripts" / "setup", tmp_path / "scripts")
    for tool in ("sh", "dirname", "rm", "touch"):
        found = shutil.which(tool)
        assert found is not None
        (tmp_path / "bin" / tool).symlink_to(found)
    return tmp_path


def add_python(checkout: Path, name: str, *, is_old: bool) -> None:
    """A Python of that name: one that says it is 3.9, or one that notes how it was called."""
    if is_old:
        script = f'#!/bin/sh\n[ "$1" = -c ] && exec "{sys.executable}" -c "{OLD}" "$2"\nexit 9\n'
    else:
        script = f'#!/bin/sh\n[ "$1" = -m ] && {{ echo "called {name} $*"; exit 9; }}\nexec "{sys.executable}" "$@"\n'
    path = checkout / "bin" / name
    path.write_text(script, "utf-8")
    path.chmod(0o755)


def set_up(checkout: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the script with the PATH of the checkout alone."""
    return subprocess.run(
        ["sh", "scripts/setup", "core"],
        cwd=checkout, capture_output=True, text=True, encoding="utf-8", check=False,
        env={"PATH": str(checkout / "bin"), "HOME": os.environ.get("HOME", "/"), **environment},
    )  # fmt: skip


def test_old_python_is_named_with_what_to_do(checkout: Path) -> None:
    add_python(checkout, "python3", is_old=True)
    done = set_up(checkout, MAKE_GOAL="demo")
    assert done.returncode == 1
    assert "needs Python 3.11 or newer; found: Python 3.9.2" in done.stderr
    assert "apt install python3.11" in done.stderr
    assert "make demo PYTHON=" in done.stderr


def test_no_python_at_all(checkout: Path) -> None:
    done = set_up(checkout)
    assert done.returncode == 1
    assert "found: no Python at all" in done.stderr


def test_named_python_that_is_too_old(checkout: Path) -> None:
    add_python(checkout, "python3", is_old=False)
    add_python(checkout, "ancient", is_old=True)
    done = set_up(checkout, PYTHON="ancient")
    assert done.returncode == 1
    assert "found: Python 3.9.2" in done.stderr


def test_a_newer_python_is_taken_before_an_old_python3(checkout: Path) -> None:
    add_python(checkout, "python3", is_old=True)
    add_python(checkout, "python3.12", is_old=False)
    done = set_up(checkout)
    assert "called python3.12 -m venv .venv" in done.stdout
    assert done.returncode == 1  # this Python's venv does nothing
    assert "python3-venv" in done.stderr


def test_half_made_environment_is_made_anew(checkout: Path) -> None:
    (checkout / ".venv" / "bin").mkdir(parents=True)
    (checkout / ".venv" / "bin" / "python").symlink_to("/nowhere/python")
    add_python(checkout, "python3.11", is_old=False)
    done = set_up(checkout)
    assert "called python3.11 -m venv .venv" in done.stdout
    assert not (checkout / ".venv").exists()

"""What users install: the wheel alone, in a clean environment, outside the checkout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from tests.e2e.command import PROJECT, make_book

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", out, PROJECT],
        check=True,
        capture_output=True,
        timeout=300,
    )
    return next(out.glob("remud_gen-*.whl"))


def test_wheel_holds_prompts_configs_and_nothing_of_the_tests(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    for name in ("vqa.zh.md", "vqa.en.md", "qa.zh.md", "demo.yaml", "default.yaml", "vocabulary.tsv", "py.typed"):
        assert any(entry.endswith(f"/{name}") for entry in names), name
    assert not [entry for entry in names if entry.startswith(("tests/", "scripts/", "data/"))]


def test_installed_wheel_runs_outside_the_checkout(wheel: Path, tmp_path: Path) -> None:
    place = tmp_path / "clean"
    venv.create(place, with_pip=True)
    binaries = place / ("Scripts" if os.name == "nt" else "bin")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("REMUD", "OPENAI", "PYTHON"))}
    subprocess.run(
        [binaries / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", wheel],
        check=True,
        capture_output=True,
        timeout=600,
        env=clean,
    )
    make_book(tmp_path / "shelf" / "kidney.pdf", 1)
    done = subprocess.run(
        [binaries / "remud", "run", "shelf", "--run", "run", "--config", "demo.yaml", "--quiet", "--json"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=clean,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["stages"]["filter"]["produced"] > 0
    assert (tmp_path / "run" / "export" / "llamafactory" / "dataset_info.json").is_file()

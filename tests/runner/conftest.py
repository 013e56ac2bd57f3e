"""A small shelf, and a run of toy stages over it that is up to date."""

from __future__ import annotations

from pathlib import Path

import pytest

from remud_gen.runner.folder import RunFolder
from tests.runner.bench import bring_up, make_shelf, settings


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    return make_shelf(tmp_path / "shelf")


@pytest.fixture
def run(tmp_path: Path, shelf: Path) -> Path:
    folder = tmp_path / "run"
    bring_up(folder, shelf, settings())
    RunFolder(folder).remember_roots([shelf])
    return folder

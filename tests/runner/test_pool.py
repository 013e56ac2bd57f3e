"""Workers are replaced when they are old or have grown."""

from __future__ import annotations

from pathlib import Path

import pytest

from remud_gen.runner.driver import Wish
from tests.runner.bench import bring_up, settings


@pytest.mark.parametrize(
    ("more", "n_expected"),
    [
        (["runner.parts_per_worker=100"], 1),
        (["runner.parts_per_worker=2"], 4),  # one of them for the part of the stage before
        (["runner.parts_per_worker=100", "runner.worker_keep_mb=128"], 6),
    ],
)
def test_workers_are_recycled(tmp_path: Path, more: list[str], n_expected: int) -> None:
    shelf, log = tmp_path / "shelf", tmp_path / "pids"
    shelf.mkdir()
    lines = [f"pid={log}" if "keep_mb" not in more[-1] else f"swell pid={log}" for _ in range(6)]
    (shelf / "book.txt").write_text("\n".join(lines), "utf-8")
    config = settings("processes", "runner.workers=1", "extract.pages_per_part=1", *more)
    report = bring_up(tmp_path / "run", shelf, config, Wish("extract"))["extract"]
    assert report.counts.produced == 6
    assert len(set(log.read_text("utf-8").split())) == n_expected

"""The kill scenario of scripts/torture.py in short: every stage is hit, and nothing is lost."""

from __future__ import annotations

import subprocess
import sys

import pytest

from scripts.torture.bench import Bench
from scripts.torture.comparison import compare, read_remains
from scripts.torture.kill import torture_by_kill
from scripts.torture.scenarios import SCENARIOS
from tests.e2e.command import PROJECT
from tests.e2e.torture_bench import share_bench


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return share_bench(tmp_path_factory.getbasetemp())


@pytest.mark.slow
def test_kills_in_every_stage_leave_the_bytes_of_an_undisturbed_run(bench: Bench) -> None:
    report = torture_by_kill(bench, 6, seed=2)
    assert report[0].startswith("6 x kill -9")
    assert not any(" 0 kills" in line for line in report), report


@pytest.mark.slow
def test_the_comparison_sees_one_changed_byte(bench: Bench) -> None:
    run = bench.new_run(after="export")
    compare(run, bench.undisturbed)
    for pattern, kind in (
        ("pair/*.jsonl", "record files"),
        ("export/raw/**/*.jsonl", "exports"),
        ("images/*/*", "images"),
    ):
        path = next(path for path in sorted(run.glob(pattern)) if path.stat().st_size)
        content = path.read_bytes()
        path.write_bytes(content[:-2] + b"?\n")
        with pytest.raises(AssertionError, match=f"{kind}: 1 of"):
            compare(run, bench.undisturbed)
        path.write_bytes(content)
    (run / ".tmp-left").touch()
    with pytest.raises(AssertionError, match="temporary files stayed"):
        compare(run, bench.undisturbed)
    assert read_remains(run).replies == bench.undisturbed.replies


def test_the_script_lists_its_scenarios() -> None:
    command = [sys.executable, str(PROJECT / "scripts" / "torture.py")]
    done = subprocess.run([*command, "--list"], capture_output=True, text=True, check=True)
    assert [line.split()[0] for line in done.stdout.splitlines()] == list(SCENARIOS)
    refused = subprocess.run([*command, "no-such"], capture_output=True, text=True, check=False)
    assert refused.returncode == 2
    assert "known: kill" in refused.stderr

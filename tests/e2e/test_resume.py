"""What makes a run worth leaving alone over a weekend, on the real command line."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.command import PROJECT, leftovers, make_book, read_records, record_files, remud, start_remud
from tests.model_server import ModelServer

SPLIT = ("--set", "extract.pages_per_part=1", "--set", "runner.workers=2")
EXTRACTIVE = ("--set", "generate.client=extractive")


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    make_book(tmp_path / "shelf" / "kidney.pdf", 3)
    make_book(tmp_path / "shelf" / "liver.pdf", 2, seed=3)
    return tmp_path / "shelf"


def stages(done: subprocess.CompletedProcess[str]) -> dict[str, int]:
    """Parts run per stage."""
    assert done.returncode == 0, done.stderr
    return {name: stage["parts_run"] for name, stage in json.loads(done.stdout)["stages"].items()}


def kill_when(process: subprocess.Popen[str], is_time: Callable[[], bool]) -> None:
    """Kill -9 the whole process group as soon as a condition holds."""
    deadline = time.monotonic() + 120
    while not is_time() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    assert process.poll() is None, "the run ended before it could be killed"
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=30)


def test_kill_in_extract_then_rerun_gives_the_same_bytes(tmp_path: Path, shelf: Path) -> None:
    run, flags = tmp_path / "run", ("--quiet", *SPLIT)
    process = start_remud("extract", shelf, "--run", run, *flags)
    kill_when(process, lambda: len(list((run / "extract").glob("*.meta.json"))) >= 1)
    n_done = len(list((run / "extract").glob("*.meta.json")))
    assert n_done < 5
    again = stages(remud("extract", shelf, "--run", run, *flags, "--json"))
    assert again["extract"] == 5 - n_done
    assert leftovers(run) == []
    remud("extract", shelf, "--run", tmp_path / "undisturbed", *flags)
    assert record_files(run) == record_files(tmp_path / "undisturbed")


def test_kill_in_generate_asks_nothing_stored_again(tmp_path: Path, shelf: Path) -> None:
    run = tmp_path / "run"
    assert remud("pair", shelf, "--run", run, "--quiet", *SPLIT).returncode == 0
    shutil.copytree(run, tmp_path / "undisturbed")
    with ModelServer(latency_s=0.25) as server:
        flags = ("--model", "tiny", "--base-url", server.base_url, "--quiet", "--set", "generate.concurrency=2")
        process = start_remud("generate", "--run", run, *flags)
        kill_when(process, lambda: sum(server.answered().values()) >= 3)
        time.sleep(0.6)  # what was in flight is answered by now, to nobody
        n_before = sum(server.answered().values())
        done = remud("generate", "--run", run, *flags)
        assert done.returncode == 0, done.stderr
        # Only what was in flight at the kill may be asked twice: the two requests of the concurrency.
        repeated = [identity for identity, count in server.answered().items() if count > 1]
        assert len(repeated) <= 2
        n_after = sum(server.answered().values())
        assert n_after > n_before
        undisturbed = remud("generate", "--run", tmp_path / "undisturbed", *flags)
        assert undisturbed.returncode == 0, undisturbed.stderr
        assert sum(server.answered().values()) > n_after
    assert leftovers(run) == []
    assert record_files(run) == record_files(tmp_path / "undisturbed")
    ids = [record["id"] for record in read_records(run, "generate")]
    assert len(ids) == len(set(ids)) > 0


def test_serial_and_processes_write_the_same_bytes(tmp_path: Path, shelf: Path) -> None:
    for executor in ("serial", "processes"):
        done = remud(
            "filter",
            shelf,
            "--run",
            tmp_path / executor,
            "--quiet",
            *EXTRACTIVE,
            "--set",
            f"runner.executor={executor}",
        )
        assert done.returncode == 0, done.stderr
    assert record_files(tmp_path / "serial") == record_files(tmp_path / "processes")
    assert read_records(tmp_path / "serial", "filter")


def test_what_a_change_makes_stale(tmp_path: Path, shelf: Path) -> None:
    run = tmp_path / "run"
    prompts = tmp_path / "prompts"
    shutil.copytree(PROJECT / "prompts", prompts)
    base = ("--run", run, "--quiet", "--json", *EXTRACTIVE, "--set", f"generate.prompts={prompts}")
    first = stages(remud("filter", shelf, *base))
    assert first == {"documents": 2, "extract": 2, "pair": 2, "generate": 2, "filter": 2, "corpus": 1}
    assert stages(remud("filter", *base)) == dict.fromkeys(first, 0)

    make_book(shelf / "spleen.pdf", 1, seed=5)
    added = stages(remud("filter", *base))
    assert added == {"documents": 1, "extract": 1, "pair": 1, "generate": 1, "filter": 1, "corpus": 1}

    prompt = prompts / "vqa.en.md"
    prompt.write_text(prompt.read_text("utf-8").rstrip() + "\nBe brief.\n", "utf-8")
    changed = stages(remud("filter", *base))
    assert (changed["documents"], changed["extract"], changed["pair"]) == (0, 0, 0)
    assert changed["generate"] == 3
    assert changed["filter"] == 3

    option = remud("filter", *base, "--set", "filter.options={form: {answer_words: [1, 240]}}")
    assert stages(option) == {"documents": 0, "extract": 0, "pair": 0, "generate": 0, "filter": 3, "corpus": 0}


def test_status_names_the_reason(tmp_path: Path, shelf: Path) -> None:
    run = tmp_path / "run"
    assert remud("pair", shelf, "--run", run, "--quiet").returncode == 0
    done = remud("status", "--run", run, "--set", "extract.min_dpi=170", *EXTRACTIVE)
    assert done.returncode == 0, done.stderr
    assert "setting min_dpi changed" in done.stdout
    data = json.loads(remud("status", "--run", run, "--json", *EXTRACTIVE).stdout)
    assert data["stages"]["pair"]["states"] == {"fresh": 2}
    assert data["stages"]["pair"]["documents"]["kidney.pdf"]["counts"]["inputs"] == 3

"""Limits of a run by the real command line: stops at the limit, goes on when it is raised, killed or not."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import pytest

from tests.e2e.command import read_records, record_files, remud, start_remud
from tests.model_server import ModelServer

FLAGS = ("--config", "spend.yaml", "--quiet")


def write_notes(folder: Path, n: int = 40) -> Path:
    """A text of n sections, each a passage."""
    folder.mkdir(parents=True, exist_ok=True)
    parts = [
        f"# Section {number}\n\nThe cyst of case {number} lies in the lower pole of the left kidney and measures "
        f"{3 + number % 7} cm. It has a thin wall, no echoes inside and clear posterior enhancement, so nothing more "
        f"than a look after {6 + number % 5} months is needed.\n"
        for number in range(n)
    ]
    (folder / "notes.md").write_text("\n".join(parts), "utf-8")
    return folder


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    write_notes(tmp_path / "books")
    (tmp_path / "spend.yaml").write_text(
        "generate: {model: tiny, concurrency: 4, max_output_tokens: 512}\n"
        "budget: {prices: {tiny: {input: 1, output: 10}}}\nrunner: {executor: serial}\n",
        "utf-8",
    )
    return tmp_path


def generate(folder: Path, server: ModelServer, *more: str, command: str = "generate"):
    run = ("--run", "run", "--base-url", server.base_url)
    return remud(command, *(["books"] if not (folder / "run").exists() else []), *run, *FLAGS, *more, cwd=folder)


def billed_usd(server: ModelServer) -> float:
    return sum(entry["usd"] for entry in server.bill)


class BillingServer(ModelServer):
    """Keeps what it bills."""

    def __init__(self, **options):
        super().__init__(**options)
        self.bill: list[dict[str, float]] = []

    def _build_completion(self, body, fault, signature):
        completion = super()._build_completion(body, fault, signature)
        usage = completion["usage"]
        self.bill.append({"usd": (usage["prompt_tokens"] + 10 * usage["completion_tokens"]) / 1e6})
        return completion


def test_run_stops_at_its_limit_and_goes_on_with_a_higher_one(shelf: Path) -> None:
    with BillingServer() as server:
        stopped = generate(shelf, server, "--max-cost", "0.05")
        assert stopped.returncode == 7, stopped.stderr
        assert "stopped at the limit of this run folder" in stopped.stderr
        assert "--max-cost" in stopped.stderr
        assert "finished so far" in stopped.stderr
        first = billed_usd(server)
        assert 0.03 < first <= 0.05
        again = remud("generate", "--run", "run", "--quiet", cwd=shelf)  # the run remembers its limit
        assert again.returncode == 7
        assert billed_usd(server) == first
        done = generate(shelf, server, "--max-cost", "5", "--json")
        assert done.returncode == 0, done.stderr
        summary = json.loads(done.stdout)
        usage = summary["stages"]["generate"]["usage"]
        assert usage["cost_usd"] == pytest.approx(billed_usd(server))
        assert max(server.answered().values()) == 1
    assert len(read_records(shelf / "run", "generate")) >= 40


def test_stopped_run_ends_with_the_bytes_of_one_that_was_never_stopped(shelf: Path) -> None:
    with BillingServer() as server:
        generate(shelf, server, "--max-tokens", "9000")
        generate(shelf, server, "--set", "budget.max_tokens=null")
        stopped = record_files(shelf / "run")
        (shelf / "run").rename(shelf / "first")
        assert generate(shelf, server).returncode == 0
    assert record_files(shelf / "run") == stopped


def test_killed_run_counts_what_was_in_flight_and_never_passes_its_limit(
    shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with BillingServer(latency_s=0.15) as server:
        arguments = ("generate", "books", "--run", "run", "--base-url", server.base_url, *FLAGS, "--max-cost", "0.12")
        monkeypatch.chdir(shelf)
        for _ in range(2):
            process = start_remud(*arguments)
            seen = len(server.bill)
            until = time.monotonic() + 60
            while len(server.bill) < seen + 3 and time.monotonic() < until and process.poll() is None:
                time.sleep(0.02)
            assert process.poll() is None
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()  # closes its pipes
        last = generate(shelf, server, "--max-cost", "0.12")
        assert last.returncode == 7, last.stderr
        assert 0 < billed_usd(server) <= 0.12


def test_limit_in_usd_without_a_price_stops_before_any_work(shelf: Path) -> None:
    (shelf / "bare.yaml").write_text("generate: {model: tiny}\n", "utf-8")
    with BillingServer() as server:
        refused = generate(shelf, server, "--max-cost", "1", "--config", "bare.yaml")
    assert refused.returncode == 2
    assert "price of tiny is unknown" in refused.stderr
    assert "budget.prices" in refused.stderr
    assert not (shelf / "run").exists()

"""`remud status`, `--verify` and the lines that tell what a stopped run has finished, on the real command line."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.e2e.command import make_book, read_records, remud
from tests.model_server import ModelServer


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    shelf = tmp_path_factory.mktemp("shelf")
    make_book(shelf / "kidney.pdf", 2)
    make_book(shelf / "liver.pdf", 1, seed=3)
    return shelf


@pytest.fixture(scope="module")
def exported(shelf: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A run with a model, to its end; and what the command printed."""
    run = tmp_path_factory.mktemp("exported") / "run"
    with ModelServer() as server:
        done = remud("run", shelf, "--run", run, "--quiet", "--model", "tiny", "--base-url", server.base_url)
    assert done.returncode == 0, done.stderr
    return run, done.stdout


def status(run: Path, *more: str) -> dict:
    done = remud("status", "--run", run, "--json", *more)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def last_line(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]


def test_counts_add_up_from_files_to_quadruplets(exported: tuple[Path, str]) -> None:
    run, _ = exported
    data = status(run)
    stages = data["stages"]
    for name, stage in stages.items():
        assert stage["inputs"] == stage["produced"] + stage["rejected"] + stage["failed"] == stage["planned"], name
        assert name == "corpus" or stage["outputs"] == len(read_records(run, name)), name
    documents = read_records(run, "documents")
    assert stages["documents"]["inputs"] == 2
    assert stages["extract"]["inputs"] == sum(document["page_count"] for document in documents) == 3
    assert stages["pair"]["inputs"] == stages["extract"]["records"]["page"]
    assert stages["generate"]["inputs"] == stages["pair"]["records"]["pair"] + stages["pair"]["records"]["passage"]
    assert stages["filter"]["inputs"] == stages["generate"]["records"]["quadruplet"] > 0
    assert stages["corpus"]["inputs"] == stages["filter"]["records"]["quadruplet"]
    assert data["faults"] == []
    assert data["is_up_to_date"]
    assert data["exports"] == {"llamafactory": "up to date"}


def test_tokens_are_counted_and_a_cost_nobody_knows_is_unknown(exported: tuple[Path, str]) -> None:
    run, printed = exported
    usage = status(run)["stages"]["generate"]["usage"]
    assert usage["calls"] == usage["unpriced_calls"] > 0
    assert usage["input_tokens"] > 0
    assert usage["cost_usd"] is None
    assert f"({usage['calls']} sent now, 0 from stored replies)" in printed
    assert "cost unknown" in printed
    text = remud("status", "--run", run).stdout
    assert f"generate: {usage['calls']} calls" in text
    assert "cost unknown" in text


def test_made_again_from_stored_replies_says_so(exported: tuple[Path, str]) -> None:
    run, _ = exported
    for sidecar in (run / "generate").glob("*.meta.json"):
        sidecar.unlink()
    done = remud("generate", "--run", run, "--quiet")
    calls = status(run)["stages"]["generate"]["usage"]["calls"]
    assert f"(0 sent now, {calls} from stored replies)" in done.stdout


def test_a_setting_makes_stages_and_export_out_of_date(exported: tuple[Path, str]) -> None:
    run, _ = exported
    assert last_line(remud("status", "--run", run)) == "Up to date, no errors."
    split = ("--set", "export.split=[1.0]")
    assert status(run, *split)["exports"] == {"llamafactory": "out of date"}
    assert (
        last_line(remud("status", "--run", run, *split))
        == f"An export is not up to date: run `remud export --run {run}`."
    )
    data = status(run, "--set", "generate.temperature=0.9")
    assert data["stages"]["generate"]["documents"]["kidney.pdf"]["reasons"] == ["stale: setting temperature changed"]
    assert not data["is_up_to_date"]
    (reason,) = {part["reason"] for part in data["stages"]["generate"]["parts"]}
    assert reason == "setting temperature changed"
    line = last_line(remud("status", "--run", run, "--set", "generate.temperature=0.9"))
    assert (
        line == f"2 parts to be made (generate 2): run `remud generate --run {run}`, then `remud export --run {run}`."
    )


def test_verify_finds_and_mends_a_damaged_picture(exported: tuple[Path, str], tmp_path: Path) -> None:
    run = shutil.copytree(exported[0], tmp_path / "run")
    picture = next(path for path in sorted((run / "images").rglob("*")) if path.is_file())
    before = picture.read_bytes()
    picture.write_bytes(before[:-1] + bytes([before[-1] ^ 1]))
    assert status(run)["stages"]["extract"]["states"] == {"fresh": 2}
    (part,) = status(run, "--verify")["stages"]["extract"]["parts"]
    assert part["state"] == "stale"
    assert part["reason"] == f"{picture.relative_to(run).as_posix()} is missing or damaged"
    done = remud("extract", "--run", run, "--quiet", "--json", "--verify")
    assert json.loads(done.stdout)["stages"]["extract"]["parts_run"] == 1
    assert picture.read_bytes() == before


def test_a_refusing_endpoint_leaves_word_of_what_is_finished(exported: tuple[Path, str], tmp_path: Path) -> None:
    run = shutil.copytree(exported[0], tmp_path / "run")
    with ModelServer(key="right") as server:
        flags = ("--model", "tiny", "--base-url", server.base_url, "--quiet", "--set", "generate.temperature=0.9")
        done = remud("generate", "--run", run, *flags, REMUD_API_KEY="wrong")
    assert done.returncode == 5
    assert "finished so far: generate 0 of " in done.stderr
    assert done.stderr.count("run the same command") == 1

"""Who asks a model: only commands that say so. `filter` and `export` go on with what is there and pay for nothing."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.e2e.command import make_book, read_records, record_files, remud
from tests.model_server import ModelServer

N = 8  # a picture and a passage on each page
LIMIT = 3


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory):
    """A run that was tried on a little first, its server, and what that took."""
    folder = tmp_path_factory.mktemp("limited")
    make_book(folder / "books" / "kidney.pdf", N // 2)
    with ModelServer() as server:
        done = remud("generate", folder / "books", *flags(folder, server), "--limit", LIMIT)
        assert done.returncode == 0, done.stderr
        yield folder, server


def flags(folder: Path, server: ModelServer) -> tuple[object, ...]:
    model = ("--model", "tiny", "--base-url", server.base_url)
    return ("--run", folder / "run", "--quiet", "--set", "runner.executor=serial", *model)


def copy(limited, tmp_path: Path) -> tuple[Path, ModelServer, int]:
    folder, server = limited
    shutil.copytree(folder / "run", tmp_path / "run")
    return tmp_path / "run", server, len(server.log)


def test_export_after_a_limit_sends_nothing_and_says_what_is_left(limited, tmp_path: Path) -> None:
    run, server, n_sent = copy(limited, tmp_path)
    made = record_files(run)
    done = remud("export", "--run", run, "--quiet")
    assert done.returncode == 0, done.stderr
    assert len(server.log) == n_sent
    told = f"generate has {N - LIMIT} inputs left that need a model: run `remud generate --run {run}` to ask for them"
    assert told in done.stdout.splitlines()
    assert "generate: 1 part is partial" not in done.stdout
    assert (run / "export" / "llamafactory" / "dataset_info.json").is_file()
    assert {name: data for name, data in record_files(run).items() if name in made} == made
    assert len(read_records(run, "filter")) == len(read_records(run, "generate")) > 0
    data = json.loads(remud("filter", "--run", run, "--quiet", "--json").stdout)
    assert data["stages"]["generate"]["inputs_unasked"] == N - LIMIT

    line = remud("status", "--run", run).stdout.splitlines()[-1]
    assert line == f"1 part to be made (generate 1): run `remud generate --run {run}`, then `remud export --run {run}`."
    assert remud("generate", "--run", run, "--quiet").returncode == 0
    assert len(server.log) > n_sent  # who asks for it gets it
    assert len({record["parent_id"] for record in read_records(run, "generate")}) == N


def test_lost_parts_are_made_of_stored_replies_without_a_key(limited, tmp_path: Path) -> None:
    run, server, n_sent = copy(limited, tmp_path)
    made = record_files(run)
    for path in (run / "generate").iterdir():
        path.unlink()
    away = ("--set", "generate.base_url=https://models.invalid/v1")  # a remote address, for which there is no key
    done = remud("filter", "--run", run, "--quiet", "--json", *away)
    assert done.returncode == 0, done.stderr
    stage = json.loads(done.stdout)["stages"]["generate"]
    assert (stage["calls_paid"], stage["calls_stored"], stage["inputs_unasked"]) == (0, LIMIT, N - LIMIT)
    assert {name: data for name, data in record_files(run).items() if name in made} == made
    assert len(server.log) == n_sent


def test_records_of_other_settings_stay_until_somebody_asks(limited, tmp_path: Path) -> None:
    run, server, n_sent = copy(limited, tmp_path)
    made = read_records(run, "generate")
    done = remud("filter", "--run", run, "--quiet", "--set", "generate.temperature=0.9")
    assert done.returncode == 0, done.stderr
    assert f"generate has {N} inputs left that need a model" in done.stdout
    assert len(server.log) == n_sent
    assert read_records(run, "generate") == made
    assert len(read_records(run, "filter")) == len(made)


def test_run_that_has_asked_nothing_says_which_command_asks(tmp_path: Path) -> None:
    make_book(tmp_path / "books" / "kidney.pdf", 1)
    with ModelServer() as server:
        done = remud("export", tmp_path / "books", *flags(tmp_path, server)[:5], "--set", "generate.model=tiny")
        assert done.returncode == 3, done.stdout
        assert f"run `remud generate --run {tmp_path / 'run'}` first" in done.stderr
        assert read_records(tmp_path / "run", "pair")  # what costs nothing is done
        assert not server.log


def test_errors_of_a_model_are_asked_for_by_the_command_that_asks(tmp_path: Path) -> None:
    make_book(tmp_path / "books" / "kidney.pdf", 2)
    with ModelServer(steady={"content_filter": 0.5}) as server:
        more = (*flags(tmp_path, server), "--set", "runner.max_error_rate=1")
        remud("generate", tmp_path / "books", *more)
        n_sent, run = len(server.log), tmp_path / "run"
        n_errors = json.loads(remud("status", "--run", run, "--json").stdout)["errors"]
        assert n_errors
        made = read_records(run, "generate")
        done = remud("filter", "--run", run, "--quiet", "--retry-errors")
        assert done.returncode == 0, done.stderr
        assert f"run `remud generate --retry-errors --run {run}` to ask for" in done.stdout
        assert len(server.log) == n_sent
        assert read_records(run, "generate") == made
        line = remud("status", "--run", run).stdout.splitlines()[-1]
        assert line.endswith(f"run `remud generate --retry-errors --run {run}`.")

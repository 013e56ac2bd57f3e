"""`remud clean` on the real command line: replies that were paid for are kept while any run may need them."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from typer.testing import CliRunner

from remud_gen.cli import app
from tests.e2e.command import make_book, record_files, remud, start_remud
from tests.e2e.test_resume import kill_when
from tests.model_server import ModelServer


def call(*arguments: object) -> dict[str, Any]:
    """The command line in this process, which spares the time to start one."""
    done = CliRunner().invoke(app, [*(str(argument) for argument in arguments), "--json"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return dict(json.loads(done.stdout))


@dataclass
class Bench:
    """A finished run of two books, its shelf, and the server that answered."""

    folder: Path
    server: ModelServer

    @property
    def run(self) -> Path:
        return self.folder / "run"

    @property
    def shelf(self) -> Path:
        return self.folder / "shelf"

    def generate(self, run: Path, *more: object, command: str = "") -> dict[str, Any]:
        """Bring a run up to date, without a command up to its filter; how many parts were run and requests sent."""
        if not command:  # a filter by itself asks for nothing
            done = [self.generate(run, *more, command=name) for name in ("generate", "filter")]
            return {name: sum(one[name] for one in done) for name in IDLE}
        before = len(self.server.log)
        settings = ("generate.model=tiny", f"generate.base_url={self.server.base_url}", "runner.executor=serial")
        flags = (flag for setting in settings for flag in ("--set", setting))
        stages = call(command, *flags, *more, "--run", run, "--quiet")["stages"].values()
        return {"parts": sum(stage["parts_run"] for stage in stages), "requests": len(self.server.log) - before}


IDLE = {"parts": 0, "requests": 0}


@pytest.fixture(scope="module")
def server() -> Iterator[ModelServer]:
    with ModelServer() as running:
        yield running


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory, server: ModelServer) -> Path:
    """A run to be copied: making one takes longer than all that is done with it."""
    folder = tmp_path_factory.mktemp("template")
    make_book(folder / "shelf" / "kidney.pdf", 2)
    make_book(folder / "shelf" / "liver.pdf", 1, seed=3)
    Bench(folder, server).generate(folder / "run", folder / "shelf", command="run")
    return folder


@pytest.fixture
def bench(tmp_path: Path, template: Path, server: ModelServer) -> Bench:
    bench = Bench(tmp_path, server)
    shutil.copytree(template, tmp_path, dirs_exist_ok=True)
    settle_in(bench.run, bench.shelf)
    return bench


def settle_in(run: Path, shelf: Path) -> None:
    """A copied run knows its own shelf, and its store only itself."""
    marker = json.loads((run / "run.json").read_bytes())
    (run / "run.json").write_text(json.dumps({**marker, "inputs": [str(shelf)]}), "utf-8")
    with closing(sqlite3.connect(run / "replies.sqlite", isolation_level=None)) as store:
        assert store.execute("UPDATE users SET run = ?", (str(run.resolve()),)).rowcount == 1


def clean(run: Path, *flags: object) -> dict[str, Any]:
    data = call("clean", "--run", run, *flags)
    return {**{kind: found["count"] for kind, found in data["found"].items() if found["count"]}, "kept": data["kept"]}


def count_replies(store: Path) -> int:
    with closing(sqlite3.connect(store)) as connection:
        return int(connection.execute("SELECT count(*) FROM replies").fetchone()[0])


def tree(folder: Path) -> dict[str, tuple[int, int]]:
    stats = {path: path.stat() for path in folder.rglob("*")}
    return {str(path): (stat.st_size, stat.st_mtime_ns) for path, stat in stats.items()}


def test_a_removed_book_goes_with_all_that_hangs_on_it(bench: Bench) -> None:
    n_replies = count_replies(bench.run / "replies.sqlite")
    assert clean(bench.run) == {"kept": []}
    (bench.shelf / "liver.pdf").unlink()
    assert call("status", "--run", bench.run)["totals"]["orphans"] == 5
    before = tree(bench.run)
    listed = clean(bench.run)
    assert tree(bench.run) == before
    assert {kind: listed[kind] for kind in ("gone_parts", "pictures")} == {"gone_parts": 5, "pictures": 1}
    bench.generate(bench.run, command="run")  # filter's overlay and the export are of one book now
    kept = {name: data for name, data in record_files(bench.run).items() if "liver" not in name}
    applied = clean(bench.run, "--apply")
    assert applied["replies"] == listed["replies"] == n_replies - count_replies(bench.run / "replies.sqlite") > 0
    assert record_files(bench.run) == kept
    assert bench.generate(bench.run, command="run") == IDLE
    assert call("status", "--run", bench.run)["totals"]["orphans"] == 0
    assert clean(bench.run) == {"kept": []}


def test_replies_of_an_old_setting_go_once_the_new_one_is_finished(bench: Bench) -> None:
    store, flags = bench.run / "replies.sqlite", ("--set", "generate.seed=7")
    n_replies = count_replies(store)
    stale = clean(bench.run, "--apply", *flags)
    assert "generate has 2 stale parts: run `remud generate` first" in stale["kept"][0]
    assert bench.generate(bench.run) == IDLE  # neither the replies nor the run's own setting were lost
    bench.generate(bench.run, "--limit", 1, *flags, command="generate")
    assert "generate has 1 partial" in clean(bench.run, "--apply", *flags)["kept"][-1]
    bench.generate(bench.run, *flags)
    assert count_replies(store) > n_replies
    applied = clean(bench.run, "--yes")
    assert applied["replies"] == n_replies
    assert bench.generate(bench.run, *flags) == IDLE
    calls = bench.run.glob("generate/*.calls.json")
    for path in calls:
        path.write_text("[]", "utf-8")
    assert any("generate has 2 stale parts" in reason for reason in clean(bench.run, "--apply")["kept"])


def test_a_model_free_trial_costs_no_reply(bench: Bench) -> None:
    n_replies = count_replies(bench.run / "replies.sqlite")
    done = remud("generate", "--run", bench.run, "--quiet", "--set", "generate.client=extractive")
    assert done.returncode == 0, done.stderr
    assert "what its own model was asked is not known" in clean(bench.run, "--apply")["kept"][0]
    assert count_replies(bench.run / "replies.sqlite") == n_replies


def test_a_shared_store_is_cleaned_for_all_its_runs(bench: Bench) -> None:
    store, other, shelf = bench.folder / "shared.sqlite", bench.folder / "other", bench.folder / "shelf2"
    shutil.copytree(bench.shelf, shelf)
    shutil.copytree(bench.run, other)
    settle_in(other, shelf)
    shared = ("--set", f"runner.replies={store}")
    shutil.copy2(bench.run / "replies.sqlite", store)
    with closing(sqlite3.connect(store, isolation_level=None)) as users:
        users.execute("DELETE FROM users")
    n_replies = count_replies(store)
    assert "has not noted this run as a user" in clean(bench.run, "--apply", *shared)["kept"][0]
    for run in (bench.run, other):  # each run notes itself when it asks
        next(run.glob("generate/kidney*.meta.json")).unlink()
        assert bench.generate(run, *shared)["requests"] == 0
    (bench.shelf / "liver.pdf").unlink()
    assert clean(bench.run, "--apply")["gone_parts"] == 5
    assert count_replies(store) == n_replies  # the other run has the book still

    (shelf / "liver.pdf").unlink()
    with FileLock(other / ".lock"):
        kept = clean(bench.run, "--apply")["kept"][0]
        assert f"the run {other} uses the same store: {other} is in use" in kept
    calls = next(other.glob("generate/kidney*.calls.json"))
    calls.rename(other / "aside")
    assert "generate has 1 stale part" in clean(bench.run, "--apply")["kept"][0]
    (other / "aside").rename(calls)
    assert count_replies(store) == n_replies
    # The other run still has the part of the book that is gone: its replies go when that part does.
    assert "replies" not in clean(bench.run, "--apply")
    assert clean(other, "--apply")["replies"] > 0
    n_replies = count_replies(store)
    bench.generate(other)
    bench.generate(bench.run)
    assert count_replies(store) == n_replies

    shutil.rmtree(other)
    (bench.shelf / "kidney.pdf").unlink()
    make_book(bench.shelf / "spleen.pdf", 1, seed=9)
    bench.generate(bench.run)
    cleaned = clean(bench.run, "--apply")
    assert cleaned["replies"] == n_replies
    assert cleaned["kept"] == [f"the run {other} is no more: its replies were not kept"]
    assert bench.generate(bench.run) == IDLE


def test_a_moved_run_is_no_unplugged_disk(bench: Bench) -> None:
    moved, shared = bench.folder / "elsewhere" / "run", bench.folder / "shared.sqlite"
    moved.parent.mkdir()
    bench.run.rename(moved)
    (bench.shelf / "liver.pdf").unlink()
    shutil.copy2(moved / "replies.sqlite", shared)
    for store in (moved / "replies.sqlite", shared):
        with closing(sqlite3.connect(store, isolation_level=None)) as users:
            users.execute("UPDATE users SET run = ?", (str(bench.folder / "before" / "run"),))
            if store == shared:
                users.execute("INSERT INTO users VALUES (?, 0)", (str(moved.resolve()),))
                users.execute("INSERT INTO users VALUES (?, 0)", (str(bench.shelf.resolve()),))
    cleaned = clean(moved)
    assert cleaned["replies"] > 0
    assert "its disk is not there" in clean(moved, "--set", f"runner.replies={shared}")["kept"][0]
    (bench.folder / "before").mkdir()
    kept = clean(moved, "--apply", "--set", f"runner.replies={shared}")["kept"][0]
    assert f"{bench.shelf.resolve()} holds files but is not a run folder" in kept
    assert not (bench.shelf / ".lock").exists()
    assert clean(moved, "--apply")["replies"] == cleaned["replies"]


def test_refusals_have_exit_codes_and_change_nothing(bench: Bench) -> None:
    with FileLock(bench.run / ".lock"):
        held = remud("clean", "--run", bench.run, "--apply")
    assert (held.returncode, "in use by another remud command" in held.stderr) == (3, True)
    bench.shelf.rename(bench.folder / "unplugged")
    before = tree(bench.run)
    for flags in ((), ("--apply",)):
        gone = remud("clean", "--run", bench.run, *flags)
        assert (gone.returncode, "does not exist" in gone.stderr) == (3, True)
    assert tree(bench.run) == before


def test_killed_while_it_removes_it_finishes_when_run_again(bench: Bench) -> None:
    (bench.shelf / "liver.pdf").unlink()
    bench.generate(bench.run, command="run")
    kept = {name: data for name, data in record_files(bench.run).items() if "liver" not in name}
    # Pictures of no record, enough for a kill to come between them; the first folder is removed when it is empty.
    for number in range(256):
        folder = bench.run / "images" / f"{number:02x}"
        folder.mkdir(exist_ok=True)
        for tail in range(30):
            (folder / f"{number:02x}{'0' * 58}{tail:04x}.png").touch()
    process = start_remud("clean", "--run", bench.run, "--apply")
    kill_when(process, lambda: not (bench.run / "images" / "00" / f"{'0' * 64}.png").exists())
    assert (bench.run / "images" / "ff" / f"ff{'0' * 58}001d.png").exists()
    again = clean(bench.run, "--apply")
    assert again["pictures"] > 0
    assert record_files(bench.run) == kept
    assert bench.generate(bench.run, command="run") == IDLE
    assert clean(bench.run) == {"kept": []}

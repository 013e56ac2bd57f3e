"""A run by batches, command after command, beside a live run of the same book: the same records, at half the price."""

import json
import os
import shutil
import signal
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from typer.testing import CliRunner

from remud_gen.cli import app
from remud_gen.runner.account import read_spending
from tests.batch_server import BatchServer
from tests.e2e.command import SECRETS, leftovers, make_book, record_files, start_remud

STEADY = {"malformed": 0.3, "length": 0.1}  # the same in both runs: some inputs take two rounds, some fail
QUIET = ("--quiet", "--set", "runner.max_error_rate=1")


@dataclass
class Done:
    """What a command left behind."""

    returncode: int
    stdout: str
    stderr: str


def remud(*arguments):
    """A command in this process: a run by batches takes many."""
    done = CliRunner().invoke(app, [str(argument) for argument in arguments], env=dict.fromkeys(SECRETS))
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return Done(done.exit_code, done.stdout, done.stderr)


@pytest.fixture(scope="module")
def paired(tmp_path_factory):
    """A run that has its pairs, and the folder of its book."""
    folder = tmp_path_factory.mktemp("batch")
    make_book(folder / "books" / "kidney.pdf", 6)
    done = remud("pair", folder / "books", "--run", folder / "paired", "--quiet")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def live(paired):
    """What a live run of the book makes, and how many requests it took."""
    with BatchServer(steady=STEADY) as server:
        done = remud("generate", "--run", copy(paired, "live"), *asking(server), "--json")
        assert done.returncode == 0, done.stderr
        return generated(paired / "live"), len(server.log), json.loads(done.stdout)["stages"]["generate"]


def copy(folder, name):
    run = folder / name
    shutil.copytree(folder / "paired", run)
    return run


DRAWN = "filter.options={images: {severities: {IMG_NOT_US: info}}}"  # the book's pictures are no ultrasound


def asking(server):
    return ("--model", "tiny", "--base-url", server.base_url, *QUIET)


def generated(run):
    return {name: data for name, data in record_files(run).items() if name.startswith("generate/")}


def finish(run, server, most=6, command: Callable = remud):
    """Run the command until nothing is waited for; how often that was."""
    for number in range(1, most + 1):
        done = command("generate", "--run", run, *asking(server), "--batch", "--json")
        assert done.returncode == 0, done.stderr
        if json.loads(done.stdout)["status"] != "waiting":
            return number
    raise AssertionError("it never ends")


def test_commands_one_after_the_other_make_the_records_of_a_live_run(paired, live):
    records, n_live, stage = live
    run = copy(paired, "rounds")
    with BatchServer(steady=STEADY, script=[{"looks": 1}]) as server:
        first = remud("generate", "--run", run, *asking(server), "--batch")
        assert first.returncode == 0, first.stderr
        assert "Not finished: " in first.stdout
        assert " requests in 1 batch under way" in first.stdout
        assert "--only" not in first.stdout
        assert "lost" not in first.stdout
        n_waiting = len(server.jobs["batch-0"]["requests"])
        status = remud("status", "--run", run)
        assert f"batch batch-0 of {n_waiting} requests" in status.stdout
        assert f"{n_waiting} requests were handed over in batches: `remud generate --batch" in status.stdout
        assert "remud filter" not in status.stdout
        second = remud("generate", "--run", run, *asking(server), "--json")  # the run remembers how it asks
        assert json.loads(second.stdout)["status"] == "waiting"
        assert f"{n_waiting} requests in 1 batch" in json.loads(second.stdout)["waiting"]
        told = json.loads(remud("status", "--run", run, "--json").stdout)["batches"]
        assert [(one["batch_id"], one["state"], one["n_requests"]) for one in told] == [
            ("batch-0", "in_progress", n_waiting)
        ]
        n_rounds = finish(run, server)
        assert remud("generate", "--run", run, *asking(server), "--json").returncode == 0
    assert generated(run) == records
    assert n_rounds == 2  # what could not be read was asked again in a second batch
    assert len(server.jobs) == 2
    assert len(server.log) + sum(server.paid.values()) == n_live
    assert set(server.paid.values()) == {1}
    assert leftovers(run) == []
    assert list((run / "batches").iterdir()) == []
    final = json.loads(remud("status", "--run", run, "--json").stdout)
    assert final["batches"] == []
    usage = final["stages"]["generate"]["usage"]
    assert (usage["calls"], usage["repairs"]) == (stage["usage"]["calls"], stage["usage"]["repairs"])


def test_wait_stays_until_all_is_made_and_exports(paired, live):
    run = copy(paired, "waiting")
    with BatchServer(steady=STEADY, script=[{"looks": 2}]) as server:
        flags = (*asking(server), "--batch", "--wait", "--set", "generate.batch_poll_s=0.05")
        done = remud("run", "--run", run, *flags, "--set", DRAWN)
    assert done.returncode == 0, done.stderr
    assert "exported llamafactory" in done.stdout
    assert generated(run) == live[0]


def test_troubles_of_every_kind_end_with_the_same_records(paired, live):
    run = copy(paired, "troubles")
    script = [
        {"ends": "expired", "answers": 0.4, "is_doubled": True},
        {"omits": 2, "errors": {500: 1, 429: 1}},
        {"ends": "cancelled", "answers": 0.0},
    ]
    with BatchServer(steady=STEADY, script=script) as server:
        server.fails["GET /files/ID/content"] = server.fails_late["POST /batches"] = 1
        flags = ("--set", "generate.batch_max_requests=7")
        finish(run, server, 9, lambda *arguments: remud(*arguments, *flags))
    assert generated(run) == live[0]
    assert set(server.paid.values()) == {1}


def test_half_the_price_is_known(paired):
    run = copy(paired, "price")
    prices = ("--set", "budget.prices={tiny: {input: 1000.0, output: 2000.0}}")
    with BatchServer() as server:
        command = lambda *arguments: remud(*arguments, *prices)  # noqa: E731
        finish(run, server, command=command)
        told = json.loads(remud("replies", "--run", run, "--json").stdout)["models"][0]
        full = (1000.0 * told["input_tokens"] + 2000.0 * told["output_tokens"]) / 1e6
    assert told["unpriced"] == 0
    assert 0.5 * full < told["cost_usd"] < 0.7 * full  # all but the first request, which was sent at once
    spent = read_spending(run).total
    assert spent.usd == pytest.approx(told["cost_usd"], abs=1e-4)  # the guesses of the first command are taken back
    assert (spent.n_lost, spent.tokens) == (0, told["input_tokens"] + told["output_tokens"])


def test_limit_is_met_by_what_is_handed_over_and_the_run_goes_on_later(paired):
    run = copy(paired, "limited")
    prices = ("--set", "budget.prices={tiny: {input: 1.0, output: 2.0}}")
    with BatchServer() as server:
        flags = (*asking(server), *prices, "--batch", "--set", "generate.max_output_tokens=3000")
        first = remud("generate", "--run", run, *flags, "--max-cost", "0.02")
        assert (first.returncode, "stopped at the limit of this run folder" in first.stderr) == (7, True), first.stderr
        n_first = sum(len(job["requests"]) for job in server.jobs.values())
        assert 0 < n_first < 11
        finish(run, server, command=lambda *rest: remud(*rest, *prices, "--max-cost", "10"))
    assert set(server.paid.values()) == {1}
    assert read_spending(run).total.n_lost == 0


def test_command_that_has_forgotten_batches_is_refused_before_it_pays_twice(paired):
    run = copy(paired, "forgetful")
    config = paired / "without.yaml"
    with BatchServer(script=[{"looks": 1}]) as server:
        config.write_text(f"generate:\n  model: tiny\n  base_url: {server.base_url}\n", encoding="utf-8")
        assert remud("generate", "--run", run, *asking(server), "--batch").returncode == 0
        n_sent, n_waiting = len(server.log), len(server.jobs["batch-0"]["requests"])
        for _ in range(2):  # to be told twice is no leave to pay
            refused = remud("generate", "--run", run, "--quiet", "--config", config)
            assert refused.returncode == 2, refused.stderr
            told = (
                f"{n_waiting} requests are under way in a batch: --batch collects them; --live asks and pays for them"
            )
            assert told in refused.stderr
        assert remud("generate", "--run", run, "--quiet", "--dry-run").returncode == 0  # sends nothing
        assert len(server.log) == n_sent
        assert finish(run, server) == 2
        assert (len(server.log), set(server.paid.values())) == (n_sent, {1})
        assert remud("generate", "--run", run, "--quiet", "--config", config).returncode == 0  # nothing is under way


def test_live_command_that_was_told_so_asks_what_is_under_way(paired):
    run = copy(paired, "impatient")
    with BatchServer(script=[{"looks": 9}]) as server:
        remud("generate", "--run", run, *asking(server), "--batch")
        n_waiting = len(server.jobs["batch-0"]["requests"])
        done = remud("generate", "--run", run, *asking(server), "--live")
        assert done.returncode == 0, done.stderr
        assert len(server.log) >= 1 + n_waiting
        assert remud("filter", "--run", run, "--quiet").returncode == 0  # all is made: nothing would be sent


def test_files_of_a_killed_command_are_listed_by_clean_and_cleared_by_the_next(paired):
    run = copy(paired, "leaving")
    with BatchServer() as server:
        done = remud("generate", "--run", run, *asking(server), "--limit", "1", "--json")
        assert done.returncode == 0, done.stderr
        process = start_remud("generate", "--run", run, *asking(server), "--batch", "--json")
        server.before = lambda made: os.kill(process.pid, signal.SIGKILL)
        _, err = process.communicate(timeout=120)
        assert process.returncode == -signal.SIGKILL, err
        left = [path for path in (run / "batches").iterdir() if path.stat().st_size]
        assert len(left) == 1
        listed = json.loads(remud("clean", "--run", run, "--json").stdout)["found"]["temporaries"]
        assert listed["names"] == [left[0].relative_to(run).as_posix()]
        assert listed["bytes"] == left[0].stat().st_size
        applied = remud("clean", "--run", run, "--apply", "--json")
        assert json.loads(applied.stdout)["found"]["temporaries"]["count"] == 1
    assert list((run / "batches").iterdir()) == []


@pytest.mark.parametrize(
    ("call", "when"),
    [
        ("POST /files", "before"),
        ("POST /files", "after"),
        ("POST /batches", "before"),
        ("POST /batches", "after"),
        ("GET /batches/ID", "after"),
        ("GET /files/ID/content", "after"),
    ],
)
def test_killed_at_any_step_nothing_is_lost_and_nothing_paid_twice(paired, live, call, when):
    run = copy(paired, f"killed-{when}-{call}".replace(" ", "-").replace("/", "-"))
    with BatchServer(steady=STEADY) as server:
        for _ in range(4):  # until a command comes to that step
            process = start_remud("generate", "--run", run, *asking(server), "--batch", "--json")
            is_killed = []

            def kill(made, process=process, is_killed=is_killed):
                if made == call and not is_killed:
                    is_killed.append(os.kill(process.pid, signal.SIGKILL))

            setattr(server, when, kill)
            _, err = process.communicate(timeout=120)
            if is_killed:
                break
        assert process.returncode == -signal.SIGKILL, err
        setattr(server, when, lambda made: None)
        finish(run, server)
    assert generated(run) == live[0]
    assert set(server.paid.values()) == {1}
    assert leftovers(run) == []
    assert list((run / "batches").iterdir()) == []

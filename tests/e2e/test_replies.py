"""Replies that are paid for once: shared between runs, carried to another machine, replayed without a model."""

import gzip
import json
import shutil
import sqlite3
from pathlib import Path

import pytest

from tests.e2e.command import make_book, record_files, remud, start_remud
from tests.model_server import ModelServer

N_PAGES = 3


@pytest.fixture(scope="module")
def paid(tmp_path_factory):
    """A book, a run that asked a model about it, and how many requests that took."""
    folder = tmp_path_factory.mktemp("paid")
    make_book(folder / "books" / "kidney.pdf", N_PAGES)
    with ModelServer() as server:
        flags = ("--model", "tiny", "--base-url", server.base_url)
        done = remud("generate", folder / "books", "--run", folder / "run", *flags)
        assert done.returncode == 0, done.stderr
        yield folder, len(server.log), server.base_url


def prepare(folder, name):
    """A run of the same book that has not asked a model yet."""
    run = folder / name
    if not (folder / "paired").exists():
        assert remud("pair", folder / "books", "--run", folder / "paired", "--quiet").returncode == 0
    shutil.copytree(folder / "paired", run)
    return run


def calls(done):
    stage = json.loads(done.stdout)["stages"]["generate"]
    return stage["calls_paid"], stage["calls_stored"]


def test_second_run_with_the_same_store_pays_nothing(paid, tmp_path):
    folder, _, _ = paid
    one, two = prepare(folder, "one"), prepare(folder, "two")
    with ModelServer() as server:
        flags = ("--model", "tiny", "--base-url", server.base_url, "--replies", tmp_path / "shared.sqlite", "--json")
        first = remud("generate", "--run", one, *flags)
        second = remud("generate", "--run", two, *flags)
        n_requests = len(server.log)
    assert calls(first) == (n_requests, 0), first.stderr
    assert calls(second) == (0, n_requests)
    assert record_files(one) == record_files(two)
    assert not (two / "replies.sqlite").exists()
    assert "shared.sqlite" in (two / "config.yaml").read_text()


def test_two_runs_at_once_write_one_store_and_end_with_the_same_records(paid, tmp_path):
    """Replies differ from call to call, as a model's do: what was stored first is what both make records of."""
    folder, _, _ = paid

    class Fickle(ModelServer):
        def _build_completion(self, body, fault, signature):
            completion = super()._build_completion(body, fault, signature)
            message = completion["choices"][0]["message"]
            message["content"] = message["content"].replace("What does", f"{len(self.log)}: what does")
            return completion

    runs = [prepare(folder, f"run{number}") for number in range(3)]
    with Fickle(latency_s=0.2, jitter=0.9) as server:
        flags = ("--model", "tiny", "--base-url", server.base_url, "--replies", tmp_path / "new" / "shared.sqlite")
        processes = [start_remud("generate", "--run", run, *flags, "--json") for run in runs]
        ended = [process.communicate(timeout=120) for process in processes]
        assert [process.returncode for process in processes] == [0, 0, 0], ended
        n_requests, n_distinct = len(server.log), len({entry["id"] for entry in server.log})
    assert record_files(runs[0]) == record_files(runs[1]) == record_files(runs[2])
    with sqlite3.connect(tmp_path / "new" / "shared.sqlite") as connection:
        assert connection.execute("SELECT count(*) FROM replies").fetchone() == (n_distinct,)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("SELECT count(*) FROM users").fetchone() == (3,)
    connection.close()
    assert n_requests <= 3 * n_distinct


@pytest.mark.parametrize("name", ["replies.jsonl", "replies.jsonl.gz"])
def test_exported_replies_make_the_same_records_elsewhere_for_nothing(paid, tmp_path, name):
    folder, n_requests, url = paid
    exported = tmp_path / name
    done = remud("replies", "export", exported, "--run", folder / "run")
    assert done.stdout.strip() == f"{n_requests:,} replies -> {exported}"
    again = tmp_path / f"again-{name}"
    remud("replies", "export", again, "--run", folder / "run")
    assert again.read_bytes() == exported.read_bytes()
    store = tmp_path / "there" / "replies.sqlite"
    done = remud("replies", "import", exported, "--replies", store, "--json")
    assert json.loads(done.stdout) == {"new": n_requests, "known": 0, "differing": 0, "refused": 0, "reasons": []}
    run = prepare(folder, f"there-{name}")
    done = remud("generate", "--run", run, "--model", "tiny", "--base-url", url, "--replies", store, "--json")
    assert calls(done) == (0, n_requests)
    assert generated(run) == generated(folder / "run")


def test_export_holds_what_was_asked_and_a_command_shows_it(paid, tmp_path):
    folder, n_requests, url = paid
    file, short = tmp_path / "r.jsonl", tmp_path / "short.jsonl"
    remud("replies", "export", file, "--run", folder / "run")
    remud("replies", "export", short, "--run", folder / "run", "--no-requests")
    rows = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    bare = [json.loads(line) for line in short.read_text("utf-8").splitlines()]
    assert [row["text"] for row in rows] == [row["text"] for row in bare]
    assert not any("request" in row for row in bare)
    assert len(rows) == n_requests
    images = {path.stem for path in (folder / "run" / "images").glob("*/*")}
    for row in rows:
        asked = row["request"]
        assert "[cap] " in asked["user"] or "[ctx1] " in asked["user"]
        assert (asked["model"], asked["schema"]["type"], asked["params"]["seed"]) == ("tiny", "object", 0)
        assert set(asked["images"]) <= images
    assert any(row["request"]["images"] for row in rows)
    assert url.encode() not in file.read_bytes()

    key = rows[0]["request_sha256"]
    records = [json.loads(line) for line in b"".join(generated(folder / "run").values()).splitlines()]
    mine = next(record["id"] for record in records if record["generation"]["request_sha256"] == key)
    assert f"asked in  {key[:12]}" in remud("inspect", mine, "--run", folder / "run").stdout
    told = remud("replies", "show", key[:12], "--run", folder / "run").stdout
    assert key in told
    assert rows[0]["request"]["user"] in told
    assert rows[0]["request"]["system"] in told
    assert rows[0]["text"] in told
    shown = json.loads(remud("replies", "show", key, "--run", folder / "run", "--json").stdout)
    assert (shown["reply"]["text"], shown["asked"]) == (rows[0]["text"], rows[0]["request"])
    gone = remud("replies", "show", "zz", "--run", folder / "run")
    assert (gone.returncode, "holds no reply with a request hash" in gone.stderr) == (3, True)
    many = remud("replies", "show", "", "--run", folder / "run")
    assert (many.returncode, "more than one reply" in many.stderr) == (3, True)


def test_secret_key_reaches_no_stored_request(paid, tmp_path):
    folder, _, _ = paid
    run, key = prepare(folder, "keyed"), "sk-secret-0123456789abcdef"
    with ModelServer(key=key) as server:
        flags = ("--model", "tiny", "--base-url", server.base_url)
        assert remud("generate", "--run", run, *flags, REMUD_API_KEY=key).returncode == 0
    remud("replies", "export", tmp_path / "r.jsonl", "--run", run)
    assert b'"request":' in (tmp_path / "r.jsonl").read_bytes()
    for path in (tmp_path / "r.jsonl", run / "replies.sqlite"):
        assert key.encode() not in path.read_bytes()


def generated(run):
    return {name: data for name, data in record_files(run).items() if name.startswith("generate/")}


@pytest.mark.parametrize("kind", ["store", "lines", "packed lines"])
def test_replay_makes_the_same_records_without_a_model(paid, tmp_path, kind):
    folder, _, _ = paid
    source = folder / "run" / "replies.sqlite"
    if kind != "store":
        source = tmp_path / ("r.jsonl" if kind == "lines" else "r.jsonl.gz")
        assert remud("replies", "export", source, "--run", folder / "run").returncode == 0
    before = source.read_bytes()
    run = prepare(folder, f"replay-{kind}")
    flags = ("--set", "generate.client=replay", "--set", "generate.model=tiny", "--set", f"generate.replay={source}")
    done = remud("generate", "--run", run, *flags)
    assert done.returncode == 0, done.stderr
    assert generated(run) == generated(folder / "run")
    assert source.read_bytes() == before
    assert not (run / "replies.sqlite").exists()


def test_live_run_stays_as_it_is_when_it_is_replayed_and_the_other_way_round(paid, tmp_path):
    folder, _, url = paid
    run, made = tmp_path / "run", generated(folder / "run")
    shutil.copytree(folder / "run", run)
    replay = ("--set", "generate.client=replay", "--set", f"generate.replay={folder / 'run' / 'replies.sqlite'}")
    done = remud("generate", folder / "books", "--run", run, *replay, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["stages"]["generate"]["parts_run"] == 0
    replayed = prepare(folder, "replayed-first")
    done = remud("generate", "--run", replayed, *replay, "--set", "generate.model=tiny")
    assert done.returncode == 0, done.stderr
    done = remud("generate", "--run", replayed, "--model", "tiny", "--base-url", url, "--json")
    assert calls(done) == (0, 0)
    assert json.loads(done.stdout)["stages"]["generate"]["parts_run"] == 0
    assert generated(run) == generated(replayed) == made


def test_request_that_was_never_answered_fails_by_name(paid, tmp_path):
    folder, n_requests, _ = paid
    lines = tmp_path / "some.jsonl"
    remud("replies", "export", lines, "--run", folder / "run")
    lines.write_bytes(b"".join(lines.read_bytes().splitlines(keepends=True)[1:]))
    run = prepare(folder, "lacking")
    flags = ("--set", "generate.client=replay", "--set", "generate.model=tiny", "--set", f"generate.replay={lines}")
    done = remud("generate", "--run", run, *flags, "--json")
    stage = json.loads(done.stdout)["stages"]["generate"]
    assert (stage["codes"], stage["failed"]) == ({"REPLY_MISSING": 1}, 1)
    assert stage["usage"]["calls"] == n_requests - 1
    # Another model, or another seed, was never asked at all.
    done = remud("generate", "--run", run, "--set", "generate.seed=7")
    assert done.returncode == 6
    assert "REPLY_MISSING: no stored reply to this request" in done.stderr


@pytest.mark.parametrize(
    ("flags", "code", "told"),
    [
        (("--set", "generate.model=tiny"), 2, "needs stored replies"),
        (("--set", "generate.replay=x.jsonl"), 2, "needs the name of the model"),
        (("--set", "generate.model=tiny", "--set", "generate.replay=gone.jsonl"), 3, "gone.jsonl cannot be read"),
        (("--set", "generate.model=tiny", "--set", "generate.replay={damaged}"), 3, "line 2 is no JSON"),
    ],
)
def test_replay_that_cannot_work_says_why(paid, tmp_path, flags, code, told):
    folder, _, _ = paid
    damaged = tmp_path / "damaged.jsonl"
    remud("replies", "export", damaged, "--run", folder / "run")
    first, *rest = damaged.read_bytes().splitlines(keepends=True)
    damaged.write_bytes(first + rest[0][:30] + b"\n" + b"".join(rest[1:]))
    run = tmp_path / "run"
    shutil.copytree(folder / "run", run)
    shutil.rmtree(run / "generate")
    flags = [flag.replace("{damaged}", str(damaged)) for flag in flags]
    without = ("--set", "generate.model=null") if not any("model" in flag for flag in flags) else ()
    done = remud("generate", "--run", run, "--set", "generate.client=replay", *without, *flags)
    assert (done.returncode, told in done.stderr) == (code, True), done.stderr


def test_list_tells_what_a_store_holds(paid):
    folder, n_requests, _ = paid
    done = remud("replies", "--run", folder / "run")
    assert f"replies.sqlite: {n_requests} replies, " in done.stdout
    assert "openai/tiny" in done.stdout
    assert "unknown" in done.stdout  # a price that nobody knows is not nothing
    told = json.loads(remud("replies", "--run", folder / "run", "--json").stdout)
    assert told["replies"] == n_requests
    assert told["models"][0]["cost_usd"] is None
    assert told["models"][0]["output_tokens"] > 0
    assert [Path(user).name for user in told["users"]] == ["run"]


def test_damaged_lines_are_named_and_the_command_says_so(paid, tmp_path):
    folder, n_requests, _ = paid
    file = tmp_path / "r.jsonl.gz"
    remud("replies", "export", file, "--run", folder / "run")
    lines = gzip.decompress(file.read_bytes()).replace(b"kidney", b"liver!", 1)
    file.write_bytes(gzip.compress(lines))
    done = remud("replies", "import", file, "--replies", tmp_path / "new.sqlite")
    assert done.returncode == 0
    assert f"{n_requests - 1} replies new, 0 known, 1 refused" in done.stdout
    assert "was changed after it was written" in done.stdout
    assert "Finished with 1 error: the good lines are stored." in done.stdout


@pytest.mark.parametrize("text", ["", "no reply\n"])
def test_file_without_one_good_line_is_an_error(tmp_path, text):
    (tmp_path / "r.jsonl").write_text(text, "utf-8")
    done = remud("replies", "import", tmp_path / "r.jsonl", "--replies", tmp_path / "new.sqlite", "--json")
    assert done.returncode == 3, done.stderr
    assert json.loads(done.stdout)["new"] == 0


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("replies",), 3, "is not a run folder"),
        (("replies", "--replies", "none.sqlite"), 3, "there is no reply store none.sqlite"),
        (("replies", "export", "out.jsonl", "--replies", "none.sqlite"), 3, "there is no reply store"),
        (("replies", "import", "none.jsonl", "--replies", "new.sqlite"), 3, "none.jsonl is no file"),
        (("replies", "--run", "x", "export", "out.jsonl"), 2, "put --run behind `export`"),
    ],
)
def test_what_cannot_be_done_is_said(tmp_path, arguments, code, told):
    done = remud(*arguments, cwd=tmp_path)
    assert (done.returncode, told in done.stderr) == (code, True), done.stderr
    assert list(tmp_path.iterdir()) == []

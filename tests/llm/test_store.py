import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remud_gen.errors import InputError
from remud_gen.llm.asked import describe_request
from remud_gen.llm.request_hash import hash_request
from remud_gen.llm.store import ReplyStore
from remud_gen.llm.store_reading import StoreReader, list_waiting, look_into_store
from remud_gen.protocols import ModelReply, ModelRequest
from tests.llm.samples import IMAGE

REPLY = ModelReply("openai", "m-2026", '{"items": []}', "hm …", "stop", 12, 34, 0.5, 1.25, "ab" * 32, 0.5)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "new" / "replies.sqlite"


def test_reply_comes_back_as_it_was_after_reopening(path):
    store = ReplyStore(path)
    assert store.get(REPLY.request_sha256) is None
    store.put(REPLY)
    store.close()
    store = ReplyStore(path)
    assert store.get(REPLY.request_sha256) == REPLY
    assert store.count() == 1
    store.close()


def test_first_reply_to_a_request_stays(path):
    store = ReplyStore(path)
    store.put(REPLY)
    store.put(ModelReply("openai", "m", "another", request_sha256=REPLY.request_sha256))
    assert store.get(REPLY.request_sha256) == REPLY
    store.close()


def test_second_process_reads_while_one_writes(path):
    writer, reader = ReplyStore(path), ReplyStore(path)
    writer.put(REPLY)
    assert reader.get(REPLY.request_sha256) == REPLY
    writer.close()
    reader.close()


def test_committed_replies_survive_kill(path):
    script = (
        "import sys; from pathlib import Path; from remud_gen.llm.store import ReplyStore\n"
        "from remud_gen.protocols import ModelReply\n"
        "store = ReplyStore(Path(sys.argv[1]))\n"
        "for number in range(10**9):\n"
        "    store.put(ModelReply('c', 'm', 'x' * 2000, request_sha256=str(number)))\n"
        "    sys.stdout.write(f'{number}\\n'); sys.stdout.flush()\n"
    )
    process = subprocess.Popen([sys.executable, "-c", script, str(path)], stdout=subprocess.PIPE, text=True)
    told = [process.stdout.readline() for _ in range(200)]
    os.kill(process.pid, signal.SIGKILL)
    told += process.communicate()[0].splitlines(keepends=True)
    last = max(int(line) for line in told if line.endswith("\n"))
    store = ReplyStore(path)
    assert all(store.get(str(number)) is not None for number in range(last + 1))
    assert store.count() in {last + 1, last + 2}
    store.close()


def test_file_that_is_no_store_is_named(path):
    path.parent.mkdir()
    path.write_text("these are my notes, not a database at all " * 200)
    with pytest.raises(InputError, match="no reply store"):
        ReplyStore(path)
    other = path.with_name("other.sqlite")
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE photos (id INTEGER)")
    connection.close()
    with pytest.raises(InputError, match="no reply store"):
        ReplyStore(other)


def test_newer_store_is_refused(path):
    ReplyStore(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(InputError, match="newer remud") as caught:
        ReplyStore(path)
    assert "upgrade" in caught.value.hint


def test_path_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="reply store"):
        ReplyStore(tmp_path / "file" / "replies.sqlite")
    with pytest.raises(InputError, match="reply store"):
        ReplyStore(tmp_path)


# --- room, rights, damage ---------------------------------------------------------------------------------------


def test_almost_full_disk_is_said_before_a_reply_is_paid_for(path, monkeypatch):
    store = ReplyStore(path)
    store.check_room()
    free = shutil.disk_usage(path.parent).free
    with pytest.raises(InputError, match="disk almost full") as caught:
        store.check_room(free // 1000)  # so many replies would not fit
    assert "make room, then run the same command" in caught.value.hint
    monkeypatch.setattr("remud_gen.llm.store.LEAST_FREE_BYTES", 2**62)
    with pytest.raises(InputError, match="disk almost full"):
        store.check_room()
    store.close()


def fill(store, connection_limit_pages):
    """SQLite's own limit of pages: the file cannot grow, as on a full disk."""
    store._connection.execute(f"PRAGMA max_page_count = {connection_limit_pages}")


def test_full_disk_is_named_and_the_store_goes_on_once_there_is_room(path):
    store = ReplyStore(path)
    store.put(REPLY)
    fill(store, 1)
    large = replace(REPLY, text="x" * 100_000, request_sha256="cd" * 32)
    with pytest.raises(InputError, match="full") as caught:
        store.put(large)
    assert "make room, then run the same command" in caught.value.hint
    assert store.get(REPLY.request_sha256) == REPLY
    fill(store, 2**30)
    store.put(large)
    store.close()
    store = ReplyStore(path)
    assert store.count() == 2
    store.close()


@contextmanager
def without_rights():
    """As a user who owns nothing: the rights of files mean nothing to root."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def open_folder():
    """A folder that every user can reach; pytest's own are closed to others."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


@pytest.mark.parametrize("is_folder_closed", [True, False])
def test_read_only_store_is_named_with_what_to_do(open_folder, is_folder_closed):
    path = open_folder / "replies.sqlite"
    ReplyStore(path).close()
    path.chmod(0o444)
    open_folder.chmod(0o555 if is_folder_closed else 0o777)
    with without_rights(), pytest.raises(InputError, match="reply store") as caught:
        ReplyStore(path)
    assert "read-only" in caught.value.hint
    assert "runner.replies" in caught.value.hint


def test_store_that_cannot_be_created_is_named_with_what_to_do(open_folder):
    open_folder.chmod(0o555)
    for path in (open_folder / "replies.sqlite", open_folder / "new" / "replies.sqlite", Path("/proc/new/r.sqlite")):
        with without_rights(), pytest.raises(InputError, match="reply store") as caught:
            ReplyStore(path)
        assert "runner.replies" in caught.value.hint


def test_damage_within_the_file_is_named(path):
    store = ReplyStore(path)
    for number in range(200):
        store.put(replace(REPLY, text="x" * 2000, request_sha256=f"{number:064}"))
    store.close()
    data = bytearray(path.read_bytes())
    data[4096 * 3 :] = b"\xff" * (len(data) - 4096 * 3)
    path.write_bytes(data)
    store = ReplyStore(path)
    with pytest.raises(InputError, match="damaged"):
        for number in range(200):
            store.get(f"{number:064}")
    store.close()


def test_clean_close_leaves_one_file(path):
    store = ReplyStore(path)
    store.put(REPLY)
    assert len(list(path.parent.iterdir())) > 1
    store.close()
    assert [file.name for file in path.parent.iterdir()] == ["replies.sqlite"]


# --- versions ---------------------------------------------------------------------------------------------------

FIRST_VERSION = Path(__file__).parent / "data" / "replies-v1.sqlite"  # written by the code of version 1
THIRD_VERSION = FIRST_VERSION.with_name("replies-v3.sqlite")  # before requests were kept


def test_store_of_version_1_is_taken_over_whole(path):
    path.parent.mkdir()
    shutil.copy(FIRST_VERSION, path)
    store = ReplyStore(path)
    assert list(store.iterate_keys()) == [f"{number:064x}" for number in range(3)]
    kept = store.get(f"{2:064x}")
    assert (kept.text, kept.reasoning, kept.output_tokens, kept.cost_usd) == ('{"items": [2]}', "hm …", 36, 0.5)
    assert store.users() == {}
    store.register_user(path.parent)
    store.put(REPLY)
    store.close()
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (4,)
    connection.close()
    store = ReplyStore(path)
    assert store.count() == 4
    store.close()


def test_store_of_version_3_is_taken_over_and_learns_requests_from_now_on(path):
    path.parent.mkdir()
    shutil.copy(THIRD_VERSION, path)
    reader = StoreReader(path)
    assert reader.get(f"{1:064x}").text == '{"items": [1]}'
    assert reader.read_asked(f"{1:064x}") is None
    reader.close()
    store = ReplyStore(path)
    old = store.get(f"{2:064x}")
    assert (old.text, old.reasoning, old.cached_tokens, old.reasoning_tokens) == ('{"items": [2]}', "hm …", 2, 3)
    assert store.recall_dialect("http://127.0.0.1:1/v1", "m") is not None
    assert store.read_asked(old.request_sha256) is None
    store.put(replace(REPLY, request_sha256=ASKED.sha256), ASKED)
    assert store.read_asked(ASKED.sha256) == ASKED
    store.close()


# --- what was asked ---------------------------------------------------------------------------------------------

REQUEST = ModelRequest(
    "vqa", "vqa.en@2", "0" * 64, "You write items.", "[cap] 囊肿 \ud800 of 3 cm",
    images=(IMAGE,), schema={"type": "object"}, params={"seed": 3, "temperature": 1.0},
)  # fmt: skip
ASKED = describe_request(REQUEST, "openai", "m")


@settings(deadline=None)
@given(st.text(), st.text(), st.none() | st.dictionaries(st.text(), st.integers() | st.text()), st.floats(0, 2))
def test_any_request_comes_back_as_it_was_and_has_the_hash_it_was_sent_under(system, user, schema, temperature):
    request = replace(REQUEST, system=system, user=user, schema=schema, params={"temperature": temperature})
    asked = describe_request(request, "openai", "m")
    assert asked.sha256 == hash_request(request, "openai", "m")
    with tempfile.TemporaryDirectory() as folder:
        store = ReplyStore(Path(folder) / "replies.sqlite")
        store.put(replace(REPLY, request_sha256=asked.sha256), asked)
        store.put_waiting("later", asked)
        store.close()
        store = ReplyStore(Path(folder) / "replies.sqlite")
        assert store.read_asked(asked.sha256) == store.read_waiting("later") == asked
        store.drop_waiting(["later"])
        assert store.read_waiting("later") is None
        store.close()


def test_what_requests_share_is_kept_once_and_theirs_goes_with_their_replies(path):
    store = ReplyStore(path)
    for number in range(50):
        asked = replace(ASKED, user=f"[cap] cyst {number}")
        store.put(replace(REPLY, request_sha256=asked.sha256), asked)
        store.put_waiting(f"never handed over {number}", asked)
    users = {store.read_asked(key).user for key in store.iterate_keys()}
    assert users == {f"[cap] cyst {number}" for number in range(50)}
    count = "SELECT (SELECT count(*) FROM texts), (SELECT count(*) FROM waiting)"
    assert store._connection.execute(count).fetchone() == (2, 50)
    store.remove(list(store.iterate_keys()))
    assert store._connection.execute(count).fetchone() == (2, 0)
    store.close()


def test_request_that_was_damaged_is_not_known_and_the_reply_stays(path):
    store = ReplyStore(path)
    store.put(replace(REPLY, request_sha256=ASKED.sha256), ASKED)
    for damage in ("UPDATE texts SET body = x'00'", "DELETE FROM texts", "UPDATE replies SET asked = x'7b7d'"):
        store._connection.execute(damage)
        assert store.read_asked(ASKED.sha256) is None
        assert store.get(ASKED.sha256).text == REPLY.text
    store.close()


def test_taking_over_is_all_or_nothing(path):
    path.parent.mkdir()
    shutil.copy(FIRST_VERSION, path)
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE users (something INTEGER)")  # the migration cannot succeed
    connection.close()
    with pytest.raises(InputError):
        ReplyStore(path)
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)
        assert connection.execute("SELECT count(*) FROM replies").fetchone() == (3,)
    connection.close()


# --- housekeeping -----------------------------------------------------------------------------------------------


def test_distrusted_reply_is_replaced_only_where_asked(path):
    store = ReplyStore(path)
    store.put(REPLY)
    fresh = replace(REPLY, text="fresh", reasoning=None)
    store.put(fresh)
    assert store.get(REPLY.request_sha256) == REPLY
    store.put(fresh, replaces=True)
    assert store.get(REPLY.request_sha256) == fresh
    assert store.count() == 1
    store.close()


def test_what_was_asked_stays_known_where_whoever_replaces_the_reply_does_not_know_it(path):
    store = ReplyStore(path)
    reply = replace(REPLY, request_sha256=ASKED.sha256)
    store.put(reply, ASKED)
    store.put(replace(reply, text="fresh"), None, replaces=True)
    assert (store.get(ASKED.sha256).text, store.read_asked(ASKED.sha256)) == ("fresh", ASKED)
    store.close()


@pytest.mark.parametrize("is_old", [False, True])
def test_removed_replies_give_their_space_back(path, monkeypatch, is_old):
    monkeypatch.setattr("remud_gen.llm.store.REMOVED_AT_ONCE", 70)
    monkeypatch.setattr("remud_gen.llm.store.READ_AT_ONCE", 90)
    path.parent.mkdir()
    if is_old:
        shutil.copy(FIRST_VERSION, path)
    store = ReplyStore(path)
    n_before = store.count()
    for number in range(1000):
        store.put(replace(REPLY, text="x" * 3000, request_sha256=f"k{number:04}"))
    before = store.size_bytes()
    assert before > 3_000_000
    assert len(list(store.iterate_keys())) == 1000 + n_before
    gone = (key for key in store.iterate_keys() if key.startswith("k") and int(key[1:]) % 10)
    assert store.remove(gone) == 900
    assert store.remove(["k0001", "never there"]) == 0
    assert store.size_bytes() < before / 4
    assert store.count() == 100 + n_before
    assert store.get("k0010").text == "x" * 3000
    assert store.get("k0011") is None
    store.close()
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("PRAGMA freelist_count").fetchone() == (0,)
    connection.close()


def test_removal_that_fails_midway_keeps_what_was_removed_and_harms_nothing(path, monkeypatch):
    monkeypatch.setattr("remud_gen.llm.store.REMOVED_AT_ONCE", 10)
    store = ReplyStore(path)
    for number in range(50):
        store.put(replace(REPLY, request_sha256=f"{number:04}"))

    def keys():
        yield from (f"{number:04}" for number in range(25))
        raise InputError("the list of keys broke off")

    with pytest.raises(InputError, match="broke off"):
        store.remove(keys())
    assert store.count() == 30
    store.put(REPLY)
    store.close()


def test_runs_that_share_a_store_are_known(path, tmp_path, monkeypatch):
    store = ReplyStore(path)
    monkeypatch.chdir(tmp_path)
    store.register_user(Path("b-run"))
    store.register_user(tmp_path / "a-run")
    store.register_user(tmp_path / "b-run")
    assert list(store.users()) == [tmp_path / "a-run", tmp_path / "b-run"]
    assert all(seen_at > 1_700_000_000 for seen_at in store.users().values())
    store.close()


def test_a_store_that_another_process_is_just_making_reads_as_an_empty_one(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    with sqlite3.connect(path) as connection:  # the file is there, its tables are not committed
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("CREATE TABLE coming (x)")
        assert list_waiting(path) == []
        assert look_into_store(path).sizes == {}
        connection.execute("ROLLBACK")
    connection.close()
    store = ReplyStore(path)  # as after a kill at that
    assert store.put(REPLY)
    store.close()

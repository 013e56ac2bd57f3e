import os
import signal
import sqlite3
import subprocess
import sys

import pytest

from remud_gen.errors import InputError
from remud_gen.llm.store import ReplyStore
from remud_gen.protocols import ModelReply

REPLY = ModelReply("openai", "m-2026", '{"items": []}', "hm …", "stop", 12, 34, 0.5, 1.25, "ab" * 32)


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

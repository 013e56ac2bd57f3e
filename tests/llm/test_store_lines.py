"""Replies as lines: out of one store, into another, and what is wrong with a line said by name."""

import gzip
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remud_gen.errors import InputError
from remud_gen.llm.asked import Asked
from remud_gen.llm.store import ReplyStore
from remud_gen.llm.store_lines import BadLine, StoredReply, import_replies, read_line, write_line
from remud_gen.protocols import ModelReply

REPLY = ModelReply("openai", "m-2026", '{"items": []}\n囊肿', "hm …", "stop", 12, 34, 0.5, 1.25, "ab" * 32, 0.5)


def make_replies(count):
    return [StoredReply(replace(REPLY, text=f"reply {n}", request_sha256=f"{n:064x}"), 1000 + n) for n in range(count)]


def take(path, *files):
    store = ReplyStore(path)
    try:
        return [import_replies(file, store) for file in files], list(store.iterate_replies())
    finally:
        store.close()


@given(st.text(), st.none() | st.text(), st.none() | st.floats(0, 1e6), st.integers(0, 2**40))
def test_any_reply_comes_back_as_it_was(text, reasoning, cost, stored_at):
    text, reasoning = (value and value.encode("utf-8", "replace").decode() for value in (text, reasoning))
    stored = StoredReply(replace(REPLY, text=text, reasoning=reasoning, cost_usd=cost), stored_at)
    line = write_line(stored)
    assert line.count(b"\n") == 1
    assert read_line(line) == stored


ASKED = Asked(1, "openai", "m", "Be exact.", "[cap] 囊肿", ("ef" * 32,), {"type": "object"}, {"seed": 1}, "vqa", "v@1")
FULL = StoredReply(replace(REPLY, request_sha256=ASKED.sha256), 5, ASKED)


def test_what_was_asked_goes_along_and_is_learned_where_it_was_not_known(tmp_path):
    file, plain = tmp_path / "f.jsonl", tmp_path / "plain.jsonl"
    file.write_bytes(write_line(FULL))
    plain.write_bytes(write_line(replace(FULL, asked=None)))
    assert read_line(file.read_bytes()) == FULL
    assert json.loads(plain.read_bytes())["remud_reply"] == 1  # as older versions write and read it
    store = ReplyStore(tmp_path / "replies.sqlite")
    assert import_replies(plain, store).new == 1
    assert store.read_asked(ASKED.sha256) is None
    assert import_replies(file, store).known == 1
    assert store.read_asked(ASKED.sha256) == ASKED
    assert import_replies(plain, store).known == 1
    assert store.read_asked(ASKED.sha256) == ASKED
    store.close()


def test_request_with_half_a_character_in_it_stays_behind_and_its_reply_goes_along():
    asked = replace(ASKED, user="cyst \ud83d")
    full = StoredReply(replace(REPLY, request_sha256=asked.sha256), 5, asked)
    assert read_line(write_line(full)) == replace(full, asked=None)


def test_taking_over_many_requests_takes_no_more_memory_than_a_few(tmp_path):
    lines = []
    for number in range(300):
        asked = replace(ASKED, system=f"Be exact. {number // 2}", user=f"{number}")
        lines.append(write_line(StoredReply(replace(REPLY, request_sha256=asked.sha256), 5, asked)))
    (tmp_path / "f.jsonl").write_bytes(b"".join(lines))
    store = ReplyStore(tmp_path / "replies.sqlite")
    assert import_replies(tmp_path / "f.jsonl", store).new == 300
    assert len(store._packer._schemas) <= 64
    assert {store.read_asked(key).user for key in store.iterate_keys()} == set(map(str, range(300)))
    store.close()


@pytest.mark.parametrize("name", ["replies.jsonl", "replies.jsonl.gz"])
def test_file_fills_another_store_and_a_second_time_changes_nothing(tmp_path, name):
    replies, file = make_replies(1200), tmp_path / name
    data = b"".join(write_line(reply) for reply in replies)
    file.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    (first, second), stored = take(tmp_path / "replies.sqlite", file, file)
    assert (first.new, first.known, first.refused) == (1200, 0, 0)
    assert (second.new, second.known, second.refused) == (0, 1200, 0)
    assert stored == [(reply.reply, reply.stored_at) for reply in replies]


def change(line, **changes):
    return json.dumps({**json.loads(line), **changes}).encode() + b"\n"


def reseal(line, **changes):
    """A line that was made by someone who knows how digests are made."""
    from remud_gen.llm.store_lines import _digest

    told = {**json.loads(line), **changes}
    told.pop("sha256")
    return json.dumps({**told, "sha256": _digest(told)}).encode() + b"\n"


LINE = write_line(StoredReply(REPLY, 5))


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (LINE[:50], "is no JSON"),
        (b"\xff\xfe\n", "is no JSON"),
        (b"[1]\n", "is no stored reply"),
        (b'{"text": "x"}\n', "is no stored reply"),
        (change(LINE, text="another"), "was changed"),
        (change(LINE, request_sha256="cd" * 32), "was changed"),
        (change(LINE, more=1), "was changed"),
        (reseal(LINE, more=1), "has fields"),
        (reseal(LINE, stored_at="now"), "has fields"),
        (reseal(LINE, remud_reply=3), "newer remud"),
        (reseal(LINE, remud_reply=2), "has fields"),
        (reseal(LINE, request_sha256="short"), "has no request hash"),
        (reseal(LINE, input_tokens="12"), "wrong kind: input_tokens"),
        (reseal(LINE, text=None), "wrong kind: text"),
        (reseal(write_line(FULL), request_sha256="ab" * 32), "another request"),
        (reseal(write_line(FULL), request={**json.loads(write_line(FULL))["request"], "user": "x"}), "another request"),
        (reseal(write_line(FULL), request={"user": "x"}), "request of the wrong form"),
        (reseal(write_line(FULL), request=7), "request of the wrong form"),
        (reseal(LINE, cost_usd=True), "wrong kind: cost_usd"),
        (LINE.replace(b'"cost_usd":0.5', b'"cost_usd":NaN'), "is no JSON"),
        (b"[" * 100_000, "is no JSON"),
    ],
)
def test_line_that_is_not_whole_is_refused_by_name_and_the_rest_is_taken(tmp_path, line, reason):
    with pytest.raises(BadLine, match=reason):
        read_line(line)
    one, two = (write_line(reply) for reply in make_replies(2))
    (tmp_path / "f.jsonl").write_bytes(one + line.rstrip() + b"\n\n" + two)
    (transfer,), stored = take(tmp_path / "replies.sqlite", tmp_path / "f.jsonl")
    assert (transfer.new, transfer.refused, len(stored)) == (2, 1, 2)
    assert transfer.reasons[0][0] == 2
    assert reason in transfer.reasons[0][1]


def test_packed_file_that_breaks_off_gives_what_came_before(tmp_path):
    data = gzip.compress(b"".join(write_line(reply) for reply in make_replies(3000)))
    (tmp_path / "f.jsonl.gz").write_bytes(data[: len(data) // 2])
    (transfer,), stored = take(tmp_path / "replies.sqlite", tmp_path / "f.jsonl.gz")
    assert 0 < transfer.new == len(stored) < 3000
    assert transfer.reasons[-1][1] in {"the file breaks off here", "is no JSON"}


def test_another_reply_to_the_same_request_is_counted_and_the_stored_one_stays(tmp_path):
    file, store = tmp_path / "f.jsonl", ReplyStore(tmp_path / "replies.sqlite")
    store.put(REPLY)
    store.close()
    other = replace(REPLY, text="another")
    file.write_bytes(write_line(StoredReply(other, 5)) + write_line(StoredReply(replace(REPLY, seconds=9.0), 5)))
    (transfer,), stored = take(tmp_path / "replies.sqlite", file)
    assert (transfer.new, transfer.known, transfer.differing) == (0, 1, 1)
    assert stored[0][0] == REPLY


def test_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        take(tmp_path / "replies.sqlite", tmp_path / "f.jsonl")

"""What the gateway does with its store: replies that are asked for again, a disk without room, a store that fails."""

import asyncio
import shutil
import sqlite3

import pytest

from remud_gen.errors import InputError, RecordError
from remud_gen.llm.gateway import Gateway
from remud_gen.llm.limits import Pace
from remud_gen.llm.opening import open_gateway
from remud_gen.llm.request_hash import hash_request
from remud_gen.llm.store import ReplyStore
from remud_gen.runner.images import ContentImageStore
from tests.llm.test_gateway import Client, make_request, run, show_life
from tests.llm.test_store import FIRST_VERSION
from tests.model_server import ModelServer
from tests.stages.test_generate import make_config

KEY = hash_request(make_request(), "told", "m")
DISTRUSTED = frozenset({KEY})


def test_distrusted_reply_is_asked_for_once_more_and_replaced(tmp_path):
    run(Client("bad"), lambda gateway: gateway.ask(make_request()), tmp_path)
    client = Client("good", "never asked for")

    async def use(gateway):
        trusting = await gateway.ask(make_request(), distrusted=frozenset({"another"}))
        fresh = [await gateway.ask(make_request(), distrusted=DISTRUSTED) for _ in range(3)]
        return [trusting, *fresh, await gateway.ask(make_request())]

    replies, gateway = run(client, use, tmp_path)
    assert [reply.text for reply in replies] == ["bad", "good", "good", "good", "good"]
    assert (len(client.sent), gateway.counts["stored"]) == (1, 4)
    later, gateway = run(Client("third"), lambda gateway: gateway.ask(make_request()), tmp_path)
    assert later.text == "good"


def test_distrusting_askers_at_once_share_one_call(tmp_path):
    run(Client("bad"), lambda gateway: gateway.ask(make_request()), tmp_path)
    client = Client("good", delay_s=0.02)
    replies, _ = run(
        client,
        lambda gateway: asyncio.gather(*(gateway.ask(make_request(), distrusted=DISTRUSTED) for _ in range(5))),
        tmp_path,
    )
    assert [reply.text for reply in replies] == ["good"] * 5
    assert len(client.sent) == 1


def test_distrusted_reply_stays_until_a_fresh_one_is_there(tmp_path):
    run(Client("bad"), lambda gateway: gateway.ask(make_request()), tmp_path)

    async def use(gateway):
        with pytest.raises(RecordError):
            await gateway.ask(make_request(), distrusted=DISTRUSTED)
        kept = await gateway.ask(make_request())
        return kept, await gateway.ask(make_request(), distrusted=DISTRUSTED)

    (kept, fresh), _ = run(Client(RecordError("REQUEST_REFUSED", "no"), "good"), use, tmp_path)
    assert (kept.text, fresh.text) == ("bad", "good")


def test_fresh_reply_is_committed_before_it_is_given(tmp_path):
    run(Client("bad"), lambda gateway: gateway.ask(make_request()), tmp_path)

    async def use(gateway):
        await gateway.ask(make_request(), distrusted=DISTRUSTED)
        other = ReplyStore(tmp_path / "replies.sqlite")
        seen = other.get(KEY)
        other.close()
        return seen

    seen, _ = run(Client("good"), use, tmp_path)
    assert seen.text == "good"


def test_almost_full_disk_stops_before_anything_is_sent(tmp_path, monkeypatch):
    run(Client("kept"), lambda gateway: gateway.ask(make_request("kept")), tmp_path)
    monkeypatch.setattr("remud_gen.llm.store.LEAST_FREE_BYTES", 2**62)
    client = Client("never")

    async def use(gateway):
        asked = [gateway.ask(make_request(str(number))) for number in range(20)]
        results = await asyncio.gather(*asked, return_exceptions=True)
        return results, await gateway.ask(make_request("kept"))

    (results, kept), _ = run(client, use, tmp_path, pace=Pace(4))
    assert {type(result) for result in results} == {InputError}
    assert "disk almost full" in results[0].message
    assert "make room, then run the same command to go on" in results[0].hint
    assert client.sent == []
    assert kept.text == "kept"


def test_full_disk_stops_sending_and_what_comes_in_late_is_stored_at_the_end(tmp_path):
    """The store's file may not grow for a while: SQLite itself refuses, as on a full disk."""
    client = Client("x" * 50_000, delay_s=0.05)

    async def inner():
        store = ReplyStore(tmp_path / "replies.sqlite")
        async with Gateway(client, store, pace=Pace(5)) as gateway:
            await show_life(gateway, client)
            tasks = [asyncio.create_task(gateway.ask(make_request(str(number)))) for number in range(30)]
            await asyncio.sleep(0.02)
            store._connection.execute("PRAGMA max_page_count = 1")
            results = await asyncio.gather(*tasks, return_exceptions=True)
            store._connection.execute("PRAGMA max_page_count = 1000000")
        return results

    results = asyncio.run(inner())
    assert {type(result) for result in results} == {InputError}
    assert "full" in results[0].message
    assert "make room, then run the same command to go on" in results[0].hint
    assert len(client.sent) == 1 + 5
    store = ReplyStore(tmp_path / "replies.sqlite")
    assert store.count() == 1 + 5
    store.close()


def test_replies_that_cannot_be_stored_are_told_and_never_passed_over(tmp_path):
    client = Client("x" * 50_000, delay_s=0.05)

    async def inner():
        store = ReplyStore(tmp_path / "replies.sqlite")
        async with Gateway(client, store, pace=Pace(5)) as gateway:
            await show_life(gateway, client)
            tasks = [asyncio.create_task(gateway.ask(make_request(str(number)))) for number in range(3)]
            await asyncio.sleep(0.02)
            store._connection.execute("PRAGMA max_page_count = 1")
            for task in tasks:
                task.cancel()  # nobody is left to hear of the trouble but whoever closes
            await asyncio.gather(*tasks, return_exceptions=True)

    with pytest.raises(InputError, match="3 replies that were paid for could not be stored") as caught:
        asyncio.run(inner())
    assert "make room" in caught.value.hint
    assert client.is_closed
    assert [file.name for file in tmp_path.iterdir()] == ["replies.sqlite"]


def test_damaged_store_stops_the_run_by_name(tmp_path):
    client = Client("x" * 3000)
    run(
        client,
        lambda gateway: asyncio.gather(*(gateway.ask(make_request(str(number))) for number in range(100))),
        tmp_path,
    )
    path = tmp_path / "replies.sqlite"
    data = path.read_bytes()
    path.write_bytes(data[: 4096 * 3].ljust(len(data), b"\xff"))

    async def use(gateway):
        asked = [gateway.ask(make_request(str(number))) for number in range(100)]
        return await asyncio.gather(*asked, return_exceptions=True)

    again = Client("never")
    results, _ = run(again, use, tmp_path)
    assert {type(result) for result in results} == {InputError}
    assert "damaged" in results[0].message
    assert again.sent == []


def test_run_that_opens_the_gateway_is_noted_as_a_user_of_the_store(tmp_path):
    async def inner(url):
        config, images = make_config(base_url=url), ContentImageStore(tmp_path)
        async with open_gateway(config.generate, tmp_path / "replies.sqlite", images, run=tmp_path / "my-run"):
            pass

    with ModelServer() as server:
        asyncio.run(inner(server.base_url))
    store = ReplyStore(tmp_path / "replies.sqlite")
    assert list(store.users()) == [tmp_path / "my-run"]
    store.close()


def test_old_store_answers_through_the_gateway(tmp_path):
    """A reply that a run of the first version paid for is found by its hash."""
    shutil.copy(FIRST_VERSION, tmp_path / "replies.sqlite")
    with sqlite3.connect(tmp_path / "replies.sqlite") as connection:
        values = (KEY, "told", "m", "paid long ago", 1.0, 5)
        names = "request_sha256, client, model, text, seconds, stored_at"
        connection.execute(f"INSERT INTO replies ({names}) VALUES (?, ?, ?, ?, ?, ?)", values)
    connection.close()
    client = Client("never")
    reply, _ = run(client, lambda gateway: gateway.ask(make_request()), tmp_path)
    assert reply.text == "paid long ago"
    assert client.sent == []

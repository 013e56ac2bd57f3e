"""How the gateway ends: after a Ctrl-C, a cancel, or in peace."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from remud_gen.config import load_config
from remud_gen.errors import Interrupted
from remud_gen.llm.gateway import Gateway
from remud_gen.llm.limits import Pace
from remud_gen.llm.opening import open_gateway
from remud_gen.llm.store import ReplyStore
from remud_gen.protocols import ModelRequest
from remud_gen.runner.images import ContentImageStore
from tests.llm.test_gateway import Client, make_request, show_life
from tests.model_server import ModelServer

ROOT = Path(__file__).parents[2]
# Asks on and on, several at a time, as the runner does. A signal cancels the asking, as the runner has it; or does what
# asyncio.run makes of it; or raises KeyboardInterrupt wherever the process is, as a notebook has it: where it works,
# the interpreter drops what is raised in a destructor, and tells of coroutines that it never came to start.
ASKING = """
import asyncio, itertools, signal, sys
from pathlib import Path
from remud_gen.config import load_config
from remud_gen.llm.opening import open_gateway
from remud_gen.protocols import ModelRequest
from remud_gen.runner.images import ContentImageStore

url, folder, n_requests, ending = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4]

async def ask(gateway, number):
    user = f"[cap] Cyst {number}.\\n\\n1. qtype=finding"
    reply = await gateway.ask(ModelRequest("qa", "p", "0" * 64, "Be exact.", user))
    sys.stdout.write(reply.request_sha256 + "\\n")
    sys.stdout.flush()

async def main():
    config = load_config(None, ["generate.model=tiny", f"generate.base_url={url}"], {})
    async with open_gateway(config.generate, folder / "replies.sqlite", ContentImageStore(folder)) as gateway:
        if ending == "cancel":
            loop, task = asyncio.get_running_loop(), asyncio.current_task()
            signal.signal(signal.SIGINT, lambda *_: loop.call_soon_threadsafe(task.cancel))
        numbers, tasks = iter(range(n_requests)), set()
        while True:
            tasks |= {asyncio.create_task(ask(gateway, n)) for n in itertools.islice(numbers, 40 - len(tasks))}
            done, tasks = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)

def interrupt(*_):
    raise KeyboardInterrupt

if ending == "raise":
    signal.signal(signal.SIGINT, interrupt)
try:
    asyncio.run(main())
except (KeyboardInterrupt, asyncio.CancelledError):
    sys.exit(130)
"""


def start_asking(server, folder, n_requests, ending, wait_until):
    """A process that asks, once `wait_until` holds of it."""
    command = [sys.executable, "-c", ASKING, server.base_url, str(folder), str(n_requests), ending]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
    deadline = time.monotonic() + 20
    while not wait_until() and time.monotonic() < deadline:
        time.sleep(0.02)
    return process


def interrupt_asking(server, folder, n_requests, ending, wait_until, settle_s=0.0):
    """Start asking, press Ctrl-C when it is time; the hashes told, and the seconds until the end."""
    process = start_asking(server, folder, n_requests, ending, wait_until)
    time.sleep(settle_s)
    started = time.monotonic()
    process.send_signal(signal.SIGINT)
    try:
        told, noise = process.communicate(timeout=15)
    finally:
        process.kill()
    assert (process.returncode, noise) == (130, "")
    return told.split(), time.monotonic() - started


def press_until_it_ends(process):
    """Ctrl-C, and again where the interpreter dropped it: what the process told."""
    try:
        for _ in range(5):
            process.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                return process.communicate(timeout=5)[0].split()
    finally:
        process.kill()
        process.communicate()
    raise AssertionError("it goes on asking")


@pytest.mark.parametrize("ending", ["cancel", "default", "raise"])
def test_ctrl_c_ends_at_once_and_every_reply_received_is_stored(tmp_path, ending):
    with ModelServer(faults={"hang": 0.4}, hang_s=30) as server:
        # When the last is asked, answers to those before it may be on their way: what has arrived is what counts.
        told, seconds = interrupt_asking(server, tmp_path, 40, ending, lambda: len(server.log) == 40, settle_s=0.5)
        n_answered = server.outcomes()["ok"]
    assert seconds < 3  # without the grace; a busy machine takes a while to end a process
    store = ReplyStore(tmp_path / "replies.sqlite")
    assert 10 < store.count() == n_answered == len(told) < 35
    store.close()


@pytest.mark.parametrize("ending", ["cancel", "default"])
def test_ctrl_c_under_load_ends_at_once_without_noise(tmp_path, ending):
    with ModelServer() as server:
        told, seconds = interrupt_asking(server, tmp_path, 10**9, ending, lambda: len(server.log) > 150)
    assert seconds < 3  # without the grace; a busy machine takes a while to end a process
    store = ReplyStore(tmp_path / "replies.sqlite")
    assert all(store.get(key) is not None for key in told)
    assert len(told) <= store.count()
    store.close()
    assert [file.name for file in tmp_path.iterdir()] == ["replies.sqlite"]


def test_ctrl_c_raised_anywhere_under_load_loses_nothing_that_was_told(tmp_path):
    with ModelServer() as server:
        told = press_until_it_ends(start_asking(server, tmp_path, 10**9, "raise", lambda: len(server.log) > 150))
    store = ReplyStore(tmp_path / "replies.sqlite")
    assert told
    assert all(store.get(key) is not None for key in told)
    store.close()


def close_while_asking(client, tmp_path, n_requests, delay_s, concurrency=32, **options):
    """Ask, close after a while; what each asker got, and how long closing took."""

    async def inner():
        gateway = Gateway(client, ReplyStore(tmp_path / "replies.sqlite"), pace=Pace(concurrency))
        await show_life(gateway, client)
        tasks = [asyncio.create_task(gateway.ask(make_request(str(number)))) for number in range(n_requests)]
        await asyncio.sleep(delay_s)
        started = time.monotonic()
        await gateway.close(**options)
        seconds = time.monotonic() - started
        return await asyncio.gather(*tasks, return_exceptions=True), seconds

    results, seconds = asyncio.run(inner())
    assert client.is_closed
    store = ReplyStore(tmp_path / "replies.sqlite")
    n_stored = store.count()
    store.close()
    return results, seconds, n_stored


def test_urgent_close_waits_for_nothing(tmp_path):
    results, seconds, n_stored = close_while_asking(Client("late", delay_s=5), tmp_path, 8, 0.02, is_urgent=True)
    assert seconds < 0.5
    assert n_stored == 1
    assert all(isinstance(result, asyncio.CancelledError) for result in results)


def test_plain_close_waits_for_what_is_in_flight_and_sends_nothing_more(tmp_path):
    client = Client("late", delay_s=0.2)
    results, seconds, n_stored = close_while_asking(client, tmp_path, 10, 0.05, concurrency=4)
    assert seconds < 1
    assert len(client.sent) == n_stored == 1 + 4
    assert sum(isinstance(result, Interrupted) for result in results) == 6


def test_cancelled_run_closes_urgently(tmp_path):
    client = Client("late", delay_s=20)

    async def use():
        async with Gateway(client, ReplyStore(tmp_path / "replies.sqlite")) as gateway:
            await gateway.ask(make_request())

    async def inner():
        task = asyncio.create_task(use())
        await asyncio.sleep(0.05)
        started = time.monotonic()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return time.monotonic() - started

    assert asyncio.run(inner()) < 0.5
    assert client.is_closed


def test_reply_on_its_way_through_the_wire_is_stored_by_an_urgent_close(tmp_path):
    """The server has answered, the client has not read it yet: nothing that is paid for is thrown away."""

    async def inner(server):
        config = load_config(None, ["generate.model=tiny", f"generate.base_url={server.base_url}"], {})
        gateway = open_gateway(config.generate, tmp_path / "replies.sqlite", ContentImageStore(tmp_path))
        request = ModelRequest("qa", "p", "0" * 64, "Be exact.", "[cap] A cyst.\n\n1. qtype=finding")
        task = asyncio.create_task(gateway.ask(request))
        while not server.log:
            await asyncio.sleep(0)
        time.sleep(0.1)
        await gateway.close(is_urgent=True)
        return await task

    with ModelServer() as server:
        reply = asyncio.run(inner(server))
    store = ReplyStore(tmp_path / "replies.sqlite")
    assert store.get(reply.request_sha256) == reply
    store.close()

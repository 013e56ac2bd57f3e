"""Connections that carry one question at a time: answers of every framing, servers that hang up, what is used again."""

import asyncio
import ssl
from contextlib import asynccontextmanager

import httpx2
import pytest

from remud_gen.llm.connections import Connections
from remud_gen.llm.endpoint import Endpoint
from remud_gen.llm.transport import LeanTransport

LENGTH = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n"
TO_THE_END = b"HTTP/1.1 200 OK\r\n\r\n{}"


class Server:
    """Answers every request with the next of some bytes; an empty one hangs up."""

    def __init__(self, *answers, closes=False, step=7):
        self.answers, self.closes, self.step = list(answers), closes, step
        self.n_connections, self.bodies, self.tasks = 0, [], set()

    async def serve(self, reader, writer):
        self.n_connections += 1
        self.tasks.add(asyncio.current_task())
        try:
            while self.answers:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
                self.bodies.append(await reader.readexactly(length))
                answer = self.answers.pop(0)
                for at in range(0, len(answer), self.step):  # as it comes from a slow network
                    writer.write(answer[at : at + self.step])
                    await writer.drain()
                if self.closes or not answer:
                    return
            await reader.read()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client is gone
        finally:
            writer.close()


@asynccontextmanager
async def opened(server):
    """A client over the transport, and the server's address."""
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/v1"
    async with httpx2.AsyncClient(transport=LeanTransport(ssl.create_default_context()), timeout=5) as client:
        yield client, url
    await asyncio.gather(*server.tasks)
    listening.close()


def ask(server, n_times=1, at_once=1):
    """What each request came to: its text, or the name of the error."""

    async def run():
        async with opened(server) as (client, url):

            async def post(number):
                try:
                    return (await client.post(url, content=b"x" * (number + 1))).text
                except httpx2.TransportError as error:
                    return type(error).__name__

            return [
                text
                for first in range(0, n_times, at_once)
                for text in await asyncio.gather(*(post(first + number) for number in range(at_once)))
            ]

    return asyncio.run(run())


@pytest.mark.parametrize("answer", [LENGTH, CHUNKED])
def test_answers_of_known_end_leave_the_connection_for_the_next(answer):
    server = Server(*[answer] * 5)
    assert ask(server, 5) == ["{}"] * 5
    assert (server.n_connections, server.bodies) == (1, [b"x" * number for number in range(1, 6)])


@pytest.mark.parametrize(
    "answer", [TO_THE_END, LENGTH.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n")], ids=["no-length", "told"]
)
def test_a_server_that_hangs_up_after_its_answer_is_connected_to_anew(answer):
    server = Server(*[answer] * 3, closes=True)
    assert ask(server, 3) == ["{}"] * 3
    assert server.n_connections == 3


def test_connections_are_as_many_as_requests_at_once_and_no_more():
    server = Server(*[LENGTH] * 24)
    assert ask(server, 24, at_once=8) == ["{}"] * 24
    assert server.n_connections == 8


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"", "RemoteProtocolError"),
        (LENGTH[:-1], "RemoteProtocolError"),
        (LENGTH[:20], "RemoteProtocolError"),
        (CHUNKED[:-5], "RemoteProtocolError"),
        (b"SSH-2.0-OpenSSH_9.9\r\n\r\n", "RemoteProtocolError"),
    ],
)
def test_an_answer_that_breaks_off_or_is_none_is_an_error_and_the_next_request_is_well(answer, error):
    server = Server(answer, LENGTH, closes=True)
    assert ask(server, 2) == [error, "{}"]


def test_more_than_the_answer_is_no_answer_to_the_next_request():
    server = Server(LENGTH + LENGTH.replace(b"{}", b"[]"), LENGTH, LENGTH, step=1000)
    assert ask(server, 3) == ["{}"] * 3


def test_what_is_given_up_is_never_used_again():
    async def run():
        server = Server(LENGTH[:-1], LENGTH)
        async with opened(server) as (client, url):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.2):
                    await client.post(url, content=b"x")
            answer = await client.post(url, content=b"y")
        return answer.text, server.n_connections

    assert asyncio.run(run()) == ("{}", 2)


def test_nobody_there_and_no_such_way():
    async def run(url):
        async with httpx2.AsyncClient(transport=LeanTransport(ssl.create_default_context()), timeout=5) as client:
            await client.post(url, content=b"x")

    with pytest.raises(httpx2.ConnectError):
        asyncio.run(run("http://127.0.0.1:9/v1"))
    with pytest.raises(httpx2.ConnectError):
        asyncio.run(run("http://no-such-host.invalid/v1"))
    with pytest.raises(httpx2.UnsupportedProtocol):
        asyncio.run(run("ftp://127.0.0.1/v1"))


@pytest.mark.parametrize(("host", "is_lean"), [("https://model.example/v1", False), ("http://127.0.0.1:8000/v1", True)])
def test_what_goes_through_a_proxy_goes_over_stock_connections(monkeypatch, host, is_lean):
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)

    async def run():
        connections = Connections(Endpoint(host, "none"), 4, 5.0)
        with connections.lend_for_question() as first, connections.lend() as stock:
            pass
        await connections.close()
        return first is not stock

    assert asyncio.run(run()) is is_lean

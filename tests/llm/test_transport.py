"""Connections that carry one question at a time: answers of every framing, servers that hang up, what is used again."""

import asyncio
import random
import ssl
from contextlib import asynccontextmanager

import httpx2
import pytest
import trustme

from remud_gen.llm.connections import Connections
from remud_gen.llm.endpoint import Endpoint
from remud_gen.llm.transport import LeanTransport

LENGTH = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n"
TO_THE_END = b"HTTP/1.1 200 OK\r\n\r\n{}"
EARLY = b"HTTP/1.1 413 Too Large\r\ncontent-length: 2\r\n\r\n{}"


class Server:
    """Answers every request with the next of some bytes; an empty one hangs up. It `closes` after each: True, or False,
    or "rudely", without the farewell that TLS asks for.
    """

    def __init__(self, *answers, closes=False, step=7, tls=None):
        self.answers, self.closes, self.step, self.tls = list(answers), closes, step, tls
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
                if self.closes == "rudely":
                    writer.transport._ssl_protocol._transport.close()
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
    tls = trust = None
    if server.tls is not None:
        tls, trust = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
        server.tls.issue_cert("127.0.0.1").configure_cert(tls)
        server.tls.configure_trust(trust)
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=tls)
    url = f"{'https' if tls else 'http'}://127.0.0.1:{listening.sockets[0].getsockname()[1]}/v1"
    async with httpx2.AsyncClient(transport=LeanTransport(trust), timeout=5) as client:
        yield client, url
    await asyncio.gather(*server.tasks)
    listening.close()


def ask(server, n_times=1, at_once=1):
    """What each request came to: its text, or the name of the error."""

    async def run():
        async with opened(server) as (client, url):

            async def post(number):
                try:
                    async with asyncio.timeout(5):
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


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.mark.parametrize("answer", [LENGTH, CHUNKED, TO_THE_END], ids=["length", "chunked", "no-length"])
@pytest.mark.parametrize("closes", [True, "rudely"])
def test_every_answer_over_tls_is_whole_however_the_server_hangs_up(authority, answer, closes):
    server = Server(*[answer] * 5, closes=closes, tls=authority)
    assert ask(server, 5) == ["{}"] * 5
    assert server.n_connections == 5


def test_answer_that_is_cut_is_an_error_over_tls_too(authority):
    server = Server(LENGTH[:-1], CHUNKED[:-5], LENGTH, closes="rudely", tls=authority)
    assert ask(server, 3) == ["RemoteProtocolError", "RemoteProtocolError", "{}"]


def test_server_whose_certificate_nobody_vouches_for_is_not_asked(authority):
    async def run():
        server = Server(LENGTH, tls=authority)
        stranger = httpx2.AsyncClient(transport=LeanTransport(ssl.create_default_context()))
        async with opened(server) as (_, url), stranger:
            with pytest.raises(httpx2.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
                await stranger.post(url, content=b"x")
        return server.bodies

    assert asyncio.run(run()) == []


def test_connection_that_was_closed_before_the_loop_took_note_is_not_used_again():
    async def run():
        server = Server(*[LENGTH] * 20, closes=True, step=1000)  # it says nothing of hanging up
        async with opened(server) as (client, url):
            return [(await client.post(url, content=b"x")).text for _ in range(20)]

    assert asyncio.run(run()) == ["{}"] * 20


def test_interim_answers_are_passed_over_and_large_headers_taken():
    interim = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n"
    large = LENGTH.replace(b"\r\n\r\n", b"\r\nx-policy: " + b"a" * 50_000 + b"\r\n\r\n")
    server = Server(interim + LENGTH, large, interim + CHUNKED, step=5000)
    assert ask(server, 3) == ["{}"] * 3
    assert server.n_connections == 1


def test_connection_whose_request_was_answered_before_it_was_read_is_not_used_again():
    async def answer_early(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(EARLY)  # the body is never read
        await ended.wait()
        writer.close()

    async def run():
        listening = await asyncio.start_server(answer_early, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/v1"
        async with httpx2.AsyncClient(transport=LeanTransport(None), timeout=5) as client:
            async with asyncio.timeout(10):
                statuses = [(await client.post(url, content=b"x" * 30_000_000)).status_code for _ in range(3)]
        ended.set()
        listening.close()
        return statuses

    ended = asyncio.Event()
    assert asyncio.run(run()) == [413, 413, 413]


async def misbehave(reader, writer, draw):
    """Answers requests with what they hold, in every framing, and hangs up, breaks off or says too much as it likes."""
    try:
        while True:
            length = int((await reader.readuntil(b"\r\n\r\n")).lower().partition(b"content-length:")[2].split()[0])
            body = await reader.readexactly(length)
            whole = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (length, body)
            chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (length, body)
            surplus = b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nnot"
            answer, closes = draw.choice(
                [(whole, False)] * 4
                + [(chunked, False)] * 4
                + [(b"HTTP/1.1 200 OK\r\n\r\n" + body, True), (whole, True), (whole + surplus, False)]
                + [(b"HTTP/1.1 100 Continue\r\n\r\n" + whole, False), (chunked[:-3], True), (whole[:20], True)]
            )
            for part in (answer[:30], answer[30:]):
                writer.write(part)
                await asyncio.sleep(draw.choice([0, 0, 0.01]))
            if closes:
                return
            if draw.random() < 0.03:
                writer.write(surplus)  # perhaps when the next request is there already
                return
    except (asyncio.IncompleteReadError, ConnectionError):
        pass  # the client is gone
    finally:
        writer.close()


@pytest.mark.parametrize("is_secret", [False, True])
def test_no_request_is_ever_given_the_answer_to_another(authority, is_secret):
    draw, told = random.Random(7), []

    async def run():
        tls, trust = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
        authority.issue_cert("127.0.0.1").configure_cert(tls)
        authority.configure_trust(trust)
        serve = lambda reader, writer: misbehave(reader, writer, draw)  # noqa: E731
        listening = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls if is_secret else None)
        url = f"{'https' if is_secret else 'http'}://127.0.0.1:{listening.sockets[0].getsockname()[1]}/v1"
        numbers = iter(range(400))

        async def ask_on(client):
            for number in numbers:
                wanted = f"{number:06}" * draw.choice([1, 1, 5000])
                try:
                    async with asyncio.timeout(draw.choice([0.02, 5, 5, 5])):
                        text = (await client.post(url, content=wanted.encode())).text
                except (httpx2.TransportError, TimeoutError):
                    continue
                told.append(text in {wanted, "not"})  # what a server says of itself nobody can tell from an answer

        async with httpx2.AsyncClient(transport=LeanTransport(trust), timeout=5) as client:
            await asyncio.gather(*(ask_on(client) for _ in range(16)))
        listening.close()
        await asyncio.sleep(0.05)  # for the server to notice

    asyncio.run(run())
    assert len(told) > 200
    assert told.count(False) == 0


def test_closing_does_not_take_a_part_of_an_answer_for_the_whole():
    async def run():
        server = Server(TO_THE_END[:-1])
        async with opened(server) as (client, url):
            asking = asyncio.create_task(client.post(url, content=b"x"))
            while not server.bodies:
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.1)  # the part is there
            await client.aclose()
            with pytest.raises(httpx2.RemoteProtocolError):
                await asking

    asyncio.run(run())


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

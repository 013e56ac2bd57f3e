"""HTTP for the openai package's client: one request at a time on each connection, at a cost that stays the same.

The stock transport looks through all its connections twice for every request, and asks the system whether each is
alive. Here a connection that is lost says so, the one that was used last is used next, and only that one is asked for.
"""

from __future__ import annotations

import asyncio
import ipaddress
import select
import ssl
from collections.abc import Callable

import h11  # what httpx2 reads answers with, too
import httpx2  # the openai package's own transport

KEEPALIVE_S = 30.0
CONNECT_DELAY_S = 0.25  # before the next address of a host is tried beside the first
MOST_HEADER_BYTES = 100 * 2**10  # as the stock transport takes
Origin = tuple[bytes, bytes, int | None]


class LeanTransport(httpx2.AsyncBaseTransport):
    """Sends requests whose body is at hand and gives back answers whole; whoever calls bounds how many at a time, and
    how long each takes: of the limits of a request only that for connecting is kept.

    Raises:
        httpx2.TransportError: as the stock transport does.
    """

    def __init__(self, tls: ssl.SSLContext | None) -> None:
        self._tls = tls  # none: for addresses without https alone
        if tls is not None:
            tls.set_alpn_protocols(["http/1.1"])
        self._idle: dict[Origin, list[_Wire]] = {}
        self._wires: set[_Wire] = set()

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """One request and its answer, whatever its status."""
        url = request.url
        origin = (url.raw_scheme, url.raw_host, url.port)
        body = await request.aread()
        wire = self._take_idle(origin) or await self._connect(request)
        try:
            head = h11.Request(method=request.method.encode(), target=url.raw_path, headers=request.headers.raw)
            answered, data = await wire.exchange(head, body)
        except h11.LocalProtocolError as error:
            raise httpx2.LocalProtocolError(str(error), request=request) from None
        finally:
            if wire.is_free:
                self._idle.setdefault(origin, []).append(wire)
            else:  # not kept to its end, or the server will not have another request on it
                wire.abort()
        return httpx2.Response(
            answered.status_code, headers=answered.headers.raw_items(), stream=httpx2.ByteStream(data), request=request
        )

    async def aclose(self) -> None:
        """Close every connection."""
        for wire in list(self._wires):
            wire.abort()
        self._idle.clear()
        await asyncio.sleep(0)  # for the connections to take note

    def _take_idle(self, origin: Origin) -> _Wire | None:
        idle = self._idle.get(origin, [])
        now_s = asyncio.get_running_loop().time()
        while idle:
            wire = idle.pop()
            if now_s - wire.free_since_s < KEEPALIVE_S and wire.is_usable:
                return wire
            wire.abort()
        return None

    async def _connect(self, request: httpx2.Request) -> _Wire:
        url, loop = request.url, asyncio.get_running_loop()
        is_secret = url.raw_scheme == b"https"
        if url.raw_scheme != b"http" and not (is_secret and self._tls is not None):
            raise httpx2.UnsupportedProtocol(f"no way to send over {url.scheme!r}", request=request)
        limit_s = request.extensions.get("timeout", {}).get("connect")
        host = url.raw_host.decode("ascii")
        try:
            async with asyncio.timeout(limit_s):
                _, wire = await loop.create_connection(
                    lambda: _Wire(self._wires.discard),
                    host,
                    url.port or (443 if is_secret else 80),
                    ssl=self._tls if is_secret else None,
                    # Given up at the wrong moment, a race of addresses leaves a socket open: none where there is one.
                    happy_eyeballs_delay=None if _is_address(host) else CONNECT_DELAY_S,
                )
        except TimeoutError:
            raise httpx2.ConnectTimeout("no connection in time", request=request) from None
        except OSError as error:
            raise httpx2.ConnectError(str(error), request=request) from error
        self._wires.add(wire)
        return wire


class _Wire(asyncio.Protocol):
    """One connection."""

    def __init__(self, leave: Callable[[_Wire], None]) -> None:
        self._leave = leave
        self._parser = h11.Connection(our_role=h11.CLIENT, max_incomplete_event_size=MOST_HEADER_BYTES)
        self._answer: asyncio.Future[tuple[h11.Response, bytes]] | None = None
        self._head: h11.Response | None = None
        self._body: list[bytes] = []
        self._is_given_up = False
        self.is_free = False  # whether another request may be sent on it
        self.free_since_s = 0.0

    @property
    def is_usable(self) -> bool:
        """Whether another request may be sent on it, and the server has not hung up unnoticed."""
        return self.is_free and not self._transport.is_closing() and not _has_news(self._transport)

    async def exchange(self, head: h11.Request, body: bytes) -> tuple[h11.Response, bytes]:
        """Send a request and wait for the whole of its answer."""
        if self._transport.is_closing():
            raise httpx2.ReadError("the server hung up before it was asked anything")
        loop = asyncio.get_running_loop()
        self.is_free, self._head, self._body = False, None, []
        self._answer = loop.create_future()
        sent = [self._parser.send(head), self._parser.send(h11.Data(body)), self._parser.send(h11.EndOfMessage())]
        self._transport.write(b"".join(part for part in sent if part))
        answer = await self._answer
        self.free_since_s = loop.time()
        return answer

    def abort(self) -> None:
        """Close at once."""
        self.is_free, self._is_given_up = False, True
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It can be written to."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """More of the answer."""
        if self._answer is None or self._answer.done():
            self.abort()  # nothing was asked
            return
        self._parser.receive_data(data)
        self._read_on()

    def eof_received(self) -> None:
        """The server sends nothing more; an answer without a length ends here."""
        if self._answer is not None and not self._answer.done():
            self._parser.receive_data(b"")
            self._read_on()
        self.is_free = False

    def connection_lost(self, error: Exception | None) -> None:
        """Nothing more can be sent on it."""
        if error is None and not self._is_given_up:
            self.eof_received()  # not called before where a server ends TLS without saying so
        self.is_free = False
        self._leave(self)
        self._fail(httpx2.ReadError(str(error)) if error else httpx2.RemoteProtocolError("the server hung up"))

    def _read_on(self) -> None:
        try:
            while (event := self._parser.next_event()) is not h11.NEED_DATA and event is not h11.PAUSED:
                if isinstance(event, h11.Response):
                    self._head = event
                elif isinstance(event, h11.Data):
                    self._body.append(bytes(event.data))
                elif isinstance(event, h11.EndOfMessage):
                    self._finish()
                    return
                elif isinstance(event, h11.ConnectionClosed):
                    return  # `connection_lost` follows
        except h11.RemoteProtocolError as error:
            self._fail(httpx2.RemoteProtocolError(str(error)))

    def _finish(self) -> None:
        assert self._answer is not None and self._head is not None
        is_done = self._parser.our_state is h11.DONE and self._parser.their_state is h11.DONE
        is_sent = not self._transport.get_write_buffer_size()  # answered early, a server may never read the rest
        if is_done and is_sent and not self._parser.trailing_data[0]:  # more would be taken for the next answer
            self._parser.start_next_cycle()
            self.is_free = True
        self._answer.set_result((self._head, b"".join(self._body)))

    def _fail(self, error: httpx2.TransportError) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _has_news(transport: asyncio.Transport) -> bool:
    """Whether something has come that nobody asked for, as a rule that the server has hung up. The loop tells, too, but
    only once it gets to it; the system is asked as the stock transport does, but for one connection.
    """
    number = transport.get_extra_info("socket").fileno()
    if number < 0:
        return True
    if not hasattr(select, "poll"):  # Windows
        return bool(select.select([number], [], [], 0)[0])
    look = select.poll()
    look.register(number, select.POLLIN)
    return bool(look.poll(0))

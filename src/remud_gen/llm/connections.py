"""Connections to one endpoint: lean ones for questions, stock ones for files and for what goes through a proxy.

A stock pool looks through all it holds at every request, twice; so there are many small ones.
"""

from __future__ import annotations

import ssl
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx2  # the openai package's own transport: its limits are set with it
import openai

from remud_gen.errors import ConfigError
from remud_gen.llm.endpoint import Endpoint
from remud_gen.llm.transport import KEEPALIVE_S, LeanTransport

CONNECT_TIMEOUT_S = 10.0
POOL_CONNECTIONS = 16
OTHER_FILES = 128  # open beside the connections: worker pipes, the reply store, pictures, parts


@dataclass
class _Pool:
    client: openai.AsyncOpenAI
    n_busy: int = 0


class Connections:
    """A client for questions, and as many stock clients as are needed, each for up to 16 requests at a time. The
    package's own retries are off.

    Raises:
        ConfigError: the system does not let a process hold so many connections.
    """

    def __init__(self, endpoint: Endpoint, n_at_once: int, timeout_s: float) -> None:
        _allow_open_files(n_at_once + OTHER_FILES)
        self._endpoint = endpoint
        self._timeout = httpx2.Timeout(timeout_s, connect=min(CONNECT_TIMEOUT_S, timeout_s))
        self._tls: ssl.SSLContext | None = None
        self.observe: Callable[[Mapping[str, str]], None] | None = None  # shown the headers of every answer
        self._pools: list[_Pool] = []
        self._lean: openai.AsyncOpenAI | None = None
        self._is_behind_proxy = not endpoint.is_local and _has_proxy(endpoint.base_url)

    @contextmanager
    def lend_for_question(self) -> Iterator[openai.AsyncOpenAI]:
        """A client for one request whose answer is wanted whole."""
        if self._is_behind_proxy:
            with self.lend() as client:
                yield client
            return
        if self._lean is None:
            is_secret = urlsplit(self._endpoint.base_url).scheme == "https"
            self._lean = self._open_client(transport=LeanTransport(self._find_tls() if is_secret else None))
        yield self._lean

    @contextmanager
    def lend(self) -> Iterator[openai.AsyncOpenAI]:
        """A client with a free connection, for one request. Early pools go first, so that connections stay warm."""
        pool = next((pool for pool in self._pools if pool.n_busy < POOL_CONNECTIONS), None)
        if pool is None:
            limits = httpx2.Limits(
                max_connections=POOL_CONNECTIONS,
                max_keepalive_connections=POOL_CONNECTIONS,
                keepalive_expiry=KEEPALIVE_S,
            )
            pool = _Pool(self._open_client(verify=self._find_tls(), limits=limits))
            self._pools.append(pool)
        pool.n_busy += 1
        try:
            yield pool.client
        finally:
            pool.n_busy -= 1

    async def close(self) -> None:
        """Close every connection."""
        lean, self._lean = self._lean, None
        if lean is not None:
            await lean.close()
        while self._pools:
            await self._pools.pop().client.close()

    def _find_tls(self) -> ssl.SSLContext:
        # Proxies and certificates named by the environment are for hosts elsewhere.
        self._tls = self._tls or httpx2.create_ssl_context(trust_env=not self._endpoint.is_local)
        return self._tls

    def _open_client(self, **transport: Any) -> openai.AsyncOpenAI:
        return openai.AsyncOpenAI(
            api_key=self._endpoint.api_key,
            base_url=self._endpoint.base_url,
            max_retries=0,
            timeout=self._timeout,
            # Redirects are not followed: they would carry images to a host that nobody named.
            http_client=openai.DefaultAsyncHttpxClient(
                timeout=self._timeout,
                follow_redirects=False,
                trust_env=not self._endpoint.is_local,
                event_hooks={"response": [self._show_headers]},
                **transport,
            ),
        )

    async def _show_headers(self, response: httpx2.Response) -> None:
        if self.observe is not None:
            self.observe(response.headers)


def _has_proxy(url: str) -> bool:
    proxies, parts = getproxies(), urlsplit(url)
    return bool(proxies.get(parts.scheme) or proxies.get("all")) and not proxy_bypass(parts.netloc)


def _allow_open_files(wanted: int) -> None:
    """Every connection is an open file, and many systems start a process with room for 256 or 1,024."""
    if sys.platform == "win32":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft >= wanted or soft == resource.RLIM_INFINITY:
        return
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    except (ValueError, OSError):
        told = f"generate.concurrency needs {wanted} open files; this system allows {soft}"
        lower = f"lower generate.concurrency below {max(2, soft - OTHER_FILES)}"
        raise ConfigError(told, f"{lower}, or raise the limit with `ulimit -n {wanted}`") from None

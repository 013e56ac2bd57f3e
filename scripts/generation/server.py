"""A model server with a fixed latency and a fixed number of places, that answers by rule and keeps nothing.

python -m scripts.generation.server --latency 0.2 --places 64 [--record FOLDER]

What comes while all places are taken waits in line. With --record every request's body goes to FOLDER/bodies.jsonl,
its picture to a file beside it: what another client must send to have done the same work. At its end (SIGTERM) it
prints what it saw: how many requests, when the first came and the last was answered (seconds of the system's own
clock), a digest of all bodies whatever their order, and its processor time.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import hashlib
import json
import signal
import sys
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scripts.scale.server import LeanServer, complete


@dataclass
class Seen:
    """What came in; bodies are looked at when all is over."""

    bodies: list[bytes] = field(default_factory=list)
    first_s: float = 0.0
    last_s: float = 0.0

    def note(self, body: bytes) -> None:
        self.first_s = self.first_s or time.monotonic()
        self.bodies.append(body)

    def describe(self) -> dict[str, Any]:
        digests = sorted(digest_body(json.loads(body)) for body in self.bodies)
        return {
            "n_requests": len(self.bodies),
            "first_s": self.first_s,
            "last_s": self.last_s,
            "digest": hashlib.sha256("".join(digests).encode()).hexdigest(),
        }


def digest_body(body: dict[str, Any]) -> str:
    """Of what a body says, however it is spelled."""
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


class Places:
    """So many requests are served at a time, each for the same time."""

    def __init__(self, n_places: int, latency_s: float) -> None:
        self._n_free, self._latency_s = n_places, latency_s
        self._line: deque[tuple[SlowServer, bytes]] = deque()

    def take(self, server: SlowServer, body: bytes) -> None:
        self._line.append((server, body))
        self._serve()

    def _serve(self) -> None:
        loop = asyncio.get_running_loop()
        while self._n_free and self._line:
            self._n_free -= 1
            loop.call_later(self._latency_s, self._finish, *self._line.popleft())

    def _finish(self, server: SlowServer, body: bytes) -> None:
        self._n_free += 1
        server.reply(complete(json.loads(body)))
        server.seen.last_s = time.monotonic()
        self._serve()


class SlowServer(LeanServer):
    """One connection to the places."""

    def __init__(self, places: Places, seen: Seen, record: Path | None) -> None:
        super().__init__()
        self._places, self.seen, self._record = places, seen, record

    def answer(self, body: bytes) -> None:
        if not body:
            super().answer(body)
            return
        if self._record is not None:
            write_down(json.loads(body), self._record)
        self.seen.note(body)
        self._places.take(self, body)


def write_down(body: dict[str, Any], folder: Path) -> None:
    """Keep a request: the picture's bytes once, the rest as a line."""
    for message in body["messages"]:
        parts = message["content"] if isinstance(message["content"], list) else []
        for part in parts:
            if part["type"] == "image_url":
                data = base64.b64decode(part["image_url"]["url"].partition(",")[2])
                name = f"{hashlib.sha256(data).hexdigest()}.bin"
                (folder / name).write_bytes(data)
                part["image_url"]["url"] = name
    with (folder / "bodies.jsonl").open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(body, ensure_ascii=False) + "\n")


async def serve(latency_s: float, n_places: int, record: Path | None) -> None:
    places, seen = Places(n_places, latency_s), Seen()
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    server = await loop.create_server(lambda: SlowServer(places, seen, record), "127.0.0.1", 0, backlog=2048)
    sys.stdout.write(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1\n")
    sys.stdout.flush()
    await ended.wait()
    cpu_s = time.process_time()
    sys.stdout.write(json.dumps({**seen.describe(), "cpu_s": cpu_s}) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--latency", type=float, default=0.2, help="seconds a request takes once it has a place")
    parser.add_argument("--places", type=int, default=64, help="requests served at a time")
    parser.add_argument("--record", type=Path, help="a folder for what is asked")
    chosen = parser.parse_args()
    asyncio.run(serve(chosen.latency, chosen.places, chosen.record))

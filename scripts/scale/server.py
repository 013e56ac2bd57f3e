"""A model server that answers by the rule of tests/model_server.py at once and keeps nothing.

python -m scripts.scale.server
"""

from __future__ import annotations

import asyncio
import json
import sys
import zlib
from typing import Any

from tests.model_server import answer_by_rule, read_user_text

OPENINGS = (
    "On this scan", "Looking at this frame", "In the view given here", "For the patient seen here", "At this level",
    "From what is displayed", "With this probe position", "Considering this sweep", "In this examination",
    "Judging by this frame", "During this study", "On the sonogram at hand", "In the plane displayed", "As imaged here",
)  # fmt: skip
ASKERS = (
    "a trainee asks", "the registrar asks", "the referring doctor asks", "an examiner asks", "a colleague asks",
    "the ward asks", "the patient asks", "a sonographer asks", "the tutor asks", "a second reader asks",
)  # fmt: skip


class LeanServer(asyncio.Protocol):
    """One connection; requests on it are answered one after the other."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = bytes(self._buffer[:end]).lower()
            length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
            if len(self._buffer) < end + 4 + length:
                return
            body = bytes(self._buffer[end + 4 : end + 4 + length])
            del self._buffer[: end + 4 + length]
            self.answer(body)

    def answer(self, body: bytes) -> None:
        """Reply to a request; one without a body asks for the models."""
        self.reply(complete(json.loads(body)) if body else {"object": "list", "data": [{"id": "tiny"}]})

    def reply(self, value: dict[str, Any]) -> None:
        """Send a JSON value."""
        data = json.dumps(value, ensure_ascii=False).encode()
        head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(data)}\r\n\r\n"
        self._transport.write(head.encode() + data)


def complete(body: dict[str, Any]) -> dict[str, Any]:
    text = read_user_text(body)
    reply = answer_by_rule(text)
    _vary(reply, text)
    content = json.dumps(reply, ensure_ascii=False)
    n_in, n_out = len(text) // 4, len(content) // 4
    return {
        "id": "x",
        "object": "chat.completion",
        "created": 0,
        "model": body["model"],
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": content}}],
        "usage": {"prompt_tokens": n_in, "completion_tokens": n_out, "total_tokens": n_in + n_out},
    }


def _vary(reply: dict[str, Any], text: str) -> None:
    """A model does not say everything in the same words; filters of sameness would hold all back. One item in thirty
    repeats the one before it, so that those filters have something to find.
    """
    before: dict[str, Any] | None = None
    for number, item in enumerate(reply["items"]):
        draw = zlib.crc32(f"{number}/{text}".encode())
        opening, asker = OPENINGS[draw % len(OPENINGS)], ASKERS[draw // 97 % len(ASKERS)]
        item["question"] = f"{opening}, {asker}: {item['question'][0].lower()}{item['question'][1:]}"
        if item["thinking"]:
            item["thinking"] = item["thinking"].partition(" Conclude:")[0]
            item["turns"] = [{**turn, "thinking": item["thinking"]} for turn in item["turns"]]
        if before and before["form"] == item["form"] == "open" and draw % 10 == 0:
            item |= {name: before[name] for name in ("question", "answer", "claims")}
        before = item


async def _serve() -> None:
    server = await asyncio.get_running_loop().create_server(LeanServer, "127.0.0.1", 0)
    sys.stdout.write(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve())

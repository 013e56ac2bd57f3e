"""The least that another client does for the same requests: send, 64 at a time, and append each answer to a file.

python -m scripts.generation.loops CLIENT --url URL --bodies FOLDER --out FILE [--places 64]

CLIENT is openai (the package, its own retries off), openai-aiohttp (the same over its aiohttp transport), httpx2 or
aiohttp (raw HTTP). Nothing is validated, stored, retried or shown: what a careful program adds is what is measured.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

Send = Callable[[dict[str, Any]], Awaitable[str]]


def iterate_bodies(folder: Path) -> Iterator[dict[str, Any]]:
    """The recorded requests, each with its picture read and encoded anew."""
    with (folder / "bodies.jsonl").open(encoding="utf-8") as stream:
        for line in stream:
            body = json.loads(line)
            for message in body["messages"]:
                for part in message["content"] if isinstance(message["content"], list) else []:
                    if part["type"] == "image_url":
                        data = (folder / part["image_url"]["url"]).read_bytes()
                        part["image_url"]["url"] = f"data:image/jpeg;base64,{base64.b64encode(data).decode()}"
            yield body


async def open_openai(url: str, n_places: int, stack: AsyncExitStack, *, over_aiohttp: bool = False) -> Send:
    import openai

    limits = openai.DefaultAioHttpClient() if over_aiohttp else None
    client = openai.AsyncOpenAI(base_url=url, api_key="none", max_retries=0, http_client=limits)
    await stack.enter_async_context(client)

    async def send(body: dict[str, Any]) -> str:
        return (await client.chat.completions.create(**body)).choices[0].message.content or ""

    return send


async def open_httpx2(url: str, n_places: int, stack: AsyncExitStack) -> Send:
    import httpx2

    limits = httpx2.Limits(max_connections=n_places, max_keepalive_connections=n_places)
    client = await stack.enter_async_context(httpx2.AsyncClient(limits=limits, timeout=60))

    async def send(body: dict[str, Any]) -> str:
        reply = await client.post(f"{url}/chat/completions", json=body)
        return str(reply.json()["choices"][0]["message"]["content"])

    return send


async def open_aiohttp(url: str, n_places: int, stack: AsyncExitStack) -> Send:
    import aiohttp

    connector = aiohttp.TCPConnector(limit=n_places)
    session = await stack.enter_async_context(aiohttp.ClientSession(connector=connector))

    async def send(body: dict[str, Any]) -> str:
        async with session.post(f"{url}/chat/completions", json=body) as reply:
            return str((await reply.json())["choices"][0]["message"]["content"])

    return send


async def run(client: str, url: str, folder: Path, out: Path, n_places: int) -> None:
    async with AsyncExitStack() as stack:
        if client.startswith("openai"):
            send = await open_openai(url, n_places, stack, over_aiohttp=client == "openai-aiohttp")
        else:
            send = await (open_httpx2 if client == "httpx2" else open_aiohttp)(url, n_places, stack)
        bodies = enumerate(iterate_bodies(folder))
        with out.open("w", encoding="utf-8") as stream:

            async def work() -> None:
                for number, body in bodies:
                    stream.write(json.dumps({"id": number, "text": await send(body)}) + "\n")
                    stream.flush()

            await asyncio.gather(*(work() for _ in range(n_places)))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("client", choices=("openai", "openai-aiohttp", "httpx2", "aiohttp"))
    parser.add_argument("--url", required=True)
    parser.add_argument("--bodies", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--places", type=int, default=64)
    chosen = parser.parse_args()
    asyncio.run(run(chosen.client, chosen.url, chosen.bodies, chosen.out, chosen.places))

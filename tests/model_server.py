"""A small server of the chat-completions protocol, for tests: answers by rule from the spans it is sent, and misbehaves
as told, the same way for the same question.

In a test: `with ModelServer(faults={"429": 0.1}) as server: … server.base_url, server.log`.
On its own: `python tests/model_server.py --port 8123 --fault 429=0.1 --log requests.jsonl`.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import re
import sys
import threading
from collections import Counter
from pathlib import Path

FAULTS = ("429", "500", "malformed", "truncated", "drop", "hang", "empty", "length", "content_filter")
REPLIES = ("malformed", "empty", "length", "content_filter")  # faults that reach the caller as a reply
BROKEN = '{"items": [{"qtype": "finding", «broken» "question": '
SIGNATURE = re.compile(r"signed:([0-9a-f]{16})")
SPAN = re.compile(r"^\[(\w+)\] (.+)$", re.MULTILINE)
WANTED = re.compile(r"^\d+\. qtype=(\w+), form=(\w+), style=(\w+)(?:, key=(\w+))?(?:, options=(\d))?", re.MULTILINE)
WORDS = {
    "en": {
        "question": "What does this image show of {topic}, seen as number {number} of {count}?",
        "thinking": "Observe the echoes from near to far field. What stands out is this: {quote} Weighing this against "
        "the neighbouring structures, nothing else explains it. Conclude: {quote}",
        "yesno": "Does this image show what the sonographer would report for {topic} (aspect {number})?",
        "yes": "Yes, {quote}",
        "no": "No, {quote}",
    },
    "zh": {
        "question": "这幅图像中关于{topic}可以看到什么（第{number}项，共{count}项）？",
        "thinking": "由近场到远场逐层观察回声，最突出的所见为：{quote}"
        "与邻近结构比较，没有其他解释更合适，因此得出结论：{quote}",
        "yesno": "这幅图像是否显示了关于{topic}的第{number}项所见？",
        "yes": "是，{quote}",
        "no": "否，{quote}",
    },
}


class ModelServer:
    """`faults` maps a kind to its share of the attempts; a question is misanswered at most `max_faults` times, and
    one that quotes a faulty reply is answered well. `steady` maps a kind of reply to its share of the questions: these
    are misanswered at every attempt, so that what a caller ends up with does not depend on how often it was killed.

    `ignores` takes every format and answers in prose unless the system text holds the schema.
    `is_signed` writes the id of the request into its reply: whoever finds the reply somewhere knows what was asked.
    """

    def __init__(
        self,
        *,
        faults: dict[str, float] | None = None,
        steady: dict[str, float] | None = None,
        key: str | None = None,
        models: tuple[str, ...] = ("tiny",),
        understands: str = "json_schema",
        refuses: tuple[str, ...] = (),
        max_faults: int = 2,
        ignores: bool = False,
        is_mended_by_reask: bool = True,
        latency_s: float = 0.0,
        jitter: float = 0.0,
        is_signed: bool = False,
        hang_s: float = 3.0,
        retry_after: str | None = "0.05",
        reasoning: str | None = None,
        port: int = 0,
        log: Path | None = None,
    ):
        unknown = (set(faults or {}) - set(FAULTS)) | (set(steady or {}) - set(REPLIES))
        if unknown:
            raise ValueError(f"unknown faults {sorted(unknown)}; known: {FAULTS}, steady: {REPLIES}")
        self.faults, self.key, self.models, self.understands = faults or {}, key, models, understands
        self.refuses, self.max_faults, self.latency_s, self.hang_s = refuses, max_faults, latency_s, hang_s
        self.is_mended_by_reask, self.ignores = is_mended_by_reask, ignores
        self.steady, self.jitter, self.is_signed = steady or {}, jitter, is_signed
        self.retry_after, self.reasoning, self.port, self.log_file = retry_after, reasoning, port, log
        self.log: list[dict] = []  # one entry per request: id (hash of the messages), outcome
        self.bodies: list[dict] = []
        self.headers: list[dict[str, str]] = []
        self._attempts: Counter[str] = Counter()
        self._loop = asyncio.new_event_loop()
        self._tasks: set[asyncio.Task] = set()

    # --- life ---------------------------------------------------------------------------------------------------

    def __enter__(self):
        started = threading.Event()
        self._thread = threading.Thread(target=self._serve, args=(started,), daemon=True)
        self._thread.start()
        started.wait(10)
        return self

    def __exit__(self, *_):
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def outcomes(self) -> Counter[str]:
        return Counter(entry["outcome"] for entry in self.log)

    def answered(self) -> Counter[str]:
        return Counter(entry["id"] for entry in self.log if entry["outcome"] == "ok")

    def _serve(self, started: threading.Event | None) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self.run(started))
        self._loop.close()

    async def run(self, started: threading.Event | None = None) -> None:
        self._stop = asyncio.Event()
        server = await asyncio.start_server(self._accept, "127.0.0.1", self.port, limit=2**26)
        self.port = server.sockets[0].getsockname()[1]
        if started:
            started.set()
        else:
            sys.stdout.write(f"{self.base_url}\n")
            sys.stdout.flush()
        await self._stop.wait()
        server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # --- HTTP ---------------------------------------------------------------------------------------------------

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._talk(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._answer_one(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _answer_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.strip().split("\r\n")
        method, path, _ = first.split(" ", 2)
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        if method == "GET":
            if path != "/log" and self.key and headers.get("authorization") != f"Bearer {self.key}":
                return await self._write(writer, 401, {"error": {"message": "wrong key", "code": "invalid_api_key"}})
            if path == "/log":
                return await self._write(writer, 200, {"log": self.log, "n_received": len(self.bodies)})
            return await self._write(writer, 200, {"data": [{"id": name} for name in self.models]})
        return await self._complete(writer, path, headers, json.loads(body))

    async def _write(self, writer, status: int, value: object, extra: str = "", cut: int = 0) -> bool:
        data = json.dumps(value, ensure_ascii=False).encode()
        head = f"HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {len(data)}\r\n{extra}\r\n"
        writer.write(head.encode() + (data[:cut] if cut else data))
        await writer.drain()
        return not cut

    async def _complete(self, writer, path: str, headers: dict[str, str], body: dict) -> bool:
        self.bodies.append(body)
        self.headers.append(headers)
        identity = hashlib.sha256(json.dumps(body["messages"]).encode()).hexdigest()[:16]
        refusal = self._refuse(path, headers, body)
        if refusal:
            status, message = refusal
            self._note(identity, str(status))
            return await self._write(writer, status, {"error": {"message": message, "code": None}})
        self._attempts[identity] += 1
        fault = self._draw_fault(identity, body)
        if fault == "hang":
            self._note(identity, fault)
            await asyncio.sleep(self.hang_s)
        else:
            await asyncio.sleep(self._draw_latency_s(identity))
            self._note(identity, fault or "ok")
        if fault in {"drop", "hang"}:
            writer.transport.abort()
            return False
        if fault in {"429", "500"}:
            extra = f"retry-after: {self.retry_after}\r\n" if fault == "429" and self.retry_after else ""
            return await self._write(writer, int(fault), {"error": {"message": f"fault {fault}"}}, extra)
        completion = self._build_completion(body, fault, f"signed:{identity}" if self.is_signed else "")
        return await self._write(writer, 200, completion, cut=60 if fault == "truncated" else 0)

    def _refuse(self, path: str, headers: dict[str, str], body: dict) -> tuple[int, str] | None:
        if path != "/v1/chat/completions":
            return 404, f"no such path {path}"
        sent = headers.get("authorization", "").removeprefix("Bearer ")
        if self.key is not None and sent != self.key:
            return 401, f"Incorrect API key provided: {sent}"
        if body["model"] not in self.models:
            return 404, f"The model `{body['model']}` does not exist"
        form = "tool" if "tools" in body else body.get("response_format", {}).get("type", "text")
        ladder = ("text", "tool", "json_object", "json_schema")
        if ladder.index(form) > ladder.index(self.understands):
            if form == "tool":
                return 400, "tool_choice is not supported by this model"
            return 400, f"This response_format type is unavailable now: {form}"
        for name in self.refuses:
            if name in body:
                instead = " Use 'max_completion_tokens' instead." if name == "max_tokens" else ""
                return 400, f"Unsupported parameter: '{name}' is not supported with this model.{instead}"
        return None

    def _draw_fault(self, identity: str, body: dict) -> str | None:
        attempt = self._attempts[identity]
        if self.is_mended_by_reask and "\n---\n" in read_user_text(body):
            return None
        fault = None if attempt > self.max_faults else pick(self.faults, f"{identity}/{attempt}")
        return fault or pick(self.steady, f"{identity}/steady")

    def _draw_latency_s(self, identity: str) -> float:
        spread = 2 * draw_share(f"{identity}/latency/{self._attempts[identity]}") - 1
        return self.latency_s * (1 + self.jitter * spread)

    def _note(self, identity: str, outcome: str) -> None:
        entry = {"id": identity, "outcome": outcome}
        self.log.append(entry)
        if self.log_file:
            with self.log_file.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(entry) + "\n")

    # --- replies ------------------------------------------------------------------------------------------------

    def answer(self, body: dict, text: str) -> dict:
        """What a request comes to; servers of other rules say it here."""
        return answer_by_rule(text)

    def _build_completion(self, body: dict, fault: str | None, signature: str) -> dict:
        text = read_user_text(body)
        reply = json.dumps(sign(self.answer(body, text), signature), ensure_ascii=False)
        finish = fault if fault in {"length", "content_filter"} else "stop"
        if fault == "malformed":
            reply = BROKEN + signature
        elif fault in {"empty", "content_filter"}:
            reply = ""
        elif fault == "length":
            reply = reply[: len(reply) // 2]
        message = {"role": "assistant", "content": reply}
        if self.ignores and not is_told_schema(body):
            message["content"] = "Here you are: the image shows what its caption says."
        elif "tools" in body:
            function = {"name": body["tools"][0]["function"]["name"], "arguments": reply}
            message |= {"content": None, "tool_calls": [{"id": "t", "type": "function", "function": function}]}
            finish = "tool_calls" if finish == "stop" else finish
        if self.reasoning is not None:
            message["reasoning_content"] = self.reasoning
        return {
            "id": "x",
            "object": "chat.completion",
            "created": 0,
            "model": body["model"],
            "choices": [{"index": 0, "finish_reason": finish, "message": message}],
            "usage": {"prompt_tokens": len(text) // 4, "completion_tokens": len(reply) // 4, "total_tokens": 0},
        }


def draw_share(text: str) -> float:
    """A number from 0 to 1 that is the same for the same text."""
    return int(hashlib.sha256(text.encode()).hexdigest()[:8], 16) / 2**32


def pick(shares: dict[str, float], text: str) -> str | None:
    draw = draw_share(text)
    for fault in FAULTS:
        draw -= shares.get(fault, 0.0)
        if draw < 0:
            return fault
    return None


def sign(answer: dict, signature: str) -> dict:
    if signature:
        for item in answer.get("items", []):
            item["needs_image_because"] += f" ({signature})"
        if answer.get("unusable_reason"):
            answer["unusable_reason"] += f" ({signature})"
    return answer


def is_told_schema(body: dict) -> bool:
    return "JSON schema" in body["messages"][0]["content"]


def read_user_text(body: dict) -> str:
    content = body["messages"][-1]["content"]
    return content if isinstance(content, str) else content[-1]["text"]


def answer_by_rule(text: str) -> dict:
    """Items of the wanted mix, each quoting one of the spans in full."""
    spans = SPAN.findall(text.split("---\n")[0])
    wanted = WANTED.findall(text)
    if not spans:
        return {"pair_check": None, "unusable_reason": "no spans", "items": []}
    items = [build_item(number, len(wanted), spans, *row) for number, row in enumerate(wanted)]
    return {"pair_check": {"consistent": True, "reason": None}, "unusable_reason": None, "items": items}


def build_item(number: int, count: int, spans: list[tuple[str, str]], qtype, form, style, key, n_options) -> dict:
    span_id, quote = spans[number % len(spans)]
    is_chinese = bool(re.search(r"[\u4e00-\u9fff]", quote))
    words = WORDS["zh" if is_chinese else "en"]
    sentence = quote if quote[-1] in ".。!?" else quote + ("。" if is_chinese else ".")
    slots = {"topic": qtype.replace("_", " "), "number": number + 1, "count": count, "quote": sentence}
    item = {
        "qtype": qtype,
        "form": form,
        "style": style,
        "difficulty": 1 + number % 5,
        "question": words["yesno" if form == "yesno" else "question"].format(**slots),
        "options": [],
        "claims": [
            {
                "id": "c1",
                "kind": "finding",
                "text": quote,
                "evidence": [{"span_id": span_id, "quote": quote}],
                "support": "burned_in" if span_id.startswith("ocr") else "caption",
            }
        ],
        "thinking": words["thinking"].format(**slots) if style == "reasoning" else None,
        "answer": sentence,
        "answer_key": None,
        "needs_image_because": "what is asked for is only on the image",
        "turns": [],
    }
    if form == "yesno":
        item["answer_key"] = key or "yes"
        item["answer"] = words[key or "yes"].format(**slots)
    elif form == "mcq":
        keys = "ABCDE"[: int(n_options or 4)]
        item["answer_key"] = key if key and key in keys else "A"
        item["options"] = [
            {"key": k, "text": quote if k == item["answer_key"] else f"{quote[: len(quote) // 2]} … {k}"} for k in keys
        ]
    elif form == "dialogue":
        follow = words["question"].format(**{**slots, "number": number + 50})
        item["turns"] = [{"question": follow, "thinking": None, "answer": sentence, "claim_ids": ["c1"]}]
    return item


def read_shares(texts: list[str]) -> dict[str, float]:
    return {kind: float(share) for kind, _, share in (text.partition("=") for text in texts)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--latency", type=float, default=0.0)
    parser.add_argument("--jitter", type=float, default=0.0, help="share by which the latency varies")
    parser.add_argument("--sign", action="store_true", help="write the id of each request into its reply")
    parser.add_argument("--hang", type=float, default=3.0)
    parser.add_argument("--key")
    parser.add_argument("--model", action="append")
    parser.add_argument("--understands", default="json_schema")
    parser.add_argument("--fault", action="append", default=[], metavar="KIND=SHARE")
    parser.add_argument("--steady", action="append", default=[], metavar="KIND=SHARE")
    parser.add_argument("--log", type=Path, help="append one JSON line per request")
    options = parser.parse_args()
    server = ModelServer(
        faults=read_shares(options.fault),
        steady=read_shares(options.steady),
        key=options.key,
        models=tuple(options.model or ["tiny"]),
        understands=options.understands,
        latency_s=options.latency,
        jitter=options.jitter,
        is_signed=options.sign,
        hang_s=options.hang,
        port=options.port,
        log=options.log,
    )
    asyncio.run(server.run())


if __name__ == "__main__":
    main()

"""The model server of the tests with files and batches: the same answers, later, in any order, with gaps and errors.

Its share of `steady` faults is that of live requests.

`with BatchServer(script=[{"looks": 1, "omits": 2}, {}]) as server: …` tells what becomes of the first batches made; one
for which nothing is told is completed at the first look.

looks: how often it is seen in progress first · ends: completed, expired, cancelled or failed · answers: share of lines
that are answered before it ends · omits: lines left out of the output · errors: {HTTP status: number of lines} ·
is_shuffled, is_doubled: the order of lines, every line twice, and a line nobody asked for.
"""

from __future__ import annotations

import hashlib
import json
import random
import re
from collections import Counter
from collections.abc import Callable
from email.parser import BytesParser
from email.policy import HTTP

from tests.model_server import ModelServer

STEPS = {"validating": "in_progress", "in_progress": "finalizing"}
MESSAGES = {400: "the request holds nonsense", 429: "slow down", 500: "the server is ill"}


class BatchServer(ModelServer):
    def __init__(self, *, script: list[dict] | None = None, like: BatchServer | None = None, **options):
        super().__init__(**options)
        self.script = list(script or [])
        self.files: dict[str, bytes] = like.files if like else {}  # a server that was started anew knows what it had
        self.jobs: dict[str, dict] = like.jobs if like else {}
        self.paid: Counter[str] = like.paid if like else Counter()  # answered lines by the id they were given
        self.calls: Counter[str] = Counter()
        self.bodies_of: dict[str, dict] = like.bodies_of if like else {}
        self.before: Callable[[str], None] = lambda call: None  # called before a call has any effect
        self.after: Callable[[str], None] = lambda call: None  # called when it has, before the answer is sent
        self.has_batches = True
        self.fails: Counter[str] = Counter()  # call -> how often it fails with status 500 before it works
        self.refuses_call: dict[str, tuple[int, dict]] = {}  # call -> status and error that it is always answered with
        self.fails_late: Counter[str] = Counter()  # the same, though it had its effect
        self.n_cuts = 0  # so many files that are fetched break off half way

    async def _answer_one(self, reader, writer) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.strip().split("\r\n")
        method, path, _ = first.split(" ", 2)
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        if headers.get("transfer-encoding") == "chunked":
            body = await read_chunks(reader)
        else:
            body = await reader.readexactly(int(headers.get("content-length", 0)))
        route = path.partition("?")[0].removeprefix("/v1")
        if not route.startswith(("/files", "/batches")):
            if method == "GET":
                return await self._write(writer, 200, {"data": [{"id": name} for name in self.models]})
            return await self._complete(writer, path, headers, json.loads(body))
        call = f"{method} {re.sub('/(file|batch)-[0-9]+', '/ID', route)}"
        self.calls[call] += 1
        if not self.has_batches:
            return await self._write(writer, 404, {"error": {"message": f"no such path {path}"}})
        self.before(call)
        if call in self.refuses_call:
            status, error = self.refuses_call[call]
            return await self._write(writer, status, {"error": error})
        if self.fails[call] > 0:
            self.fails[call] -= 1
            return await self._write(writer, 500, {"error": {"message": "not now"}})
        status, answer = self._serve_call(method, route, headers, body)
        self.after(call)
        if self.fails_late[call] > 0:
            self.fails_late[call] -= 1
            return await self._write(writer, 500, {"error": {"message": "it was done, but you shall not know"}})
        if isinstance(answer, bytes):
            is_cut = self.n_cuts > 0
            self.n_cuts -= is_cut
            sent = answer[: len(answer) // 2] if is_cut else answer
            writer.write(f"HTTP/1.1 200 X\r\ncontent-length: {len(answer)}\r\n\r\n".encode() + sent)
            await writer.drain()
            return not is_cut
        return await self._write(writer, status, answer)

    def _serve_call(self, method: str, route: str, headers: dict[str, str], body: bytes) -> tuple[int, object]:
        if (method, route) == ("POST", "/files"):
            identity = f"file-{len(self.files)}"
            self.files[identity] = read_upload(headers["content-type"], body)
            return 200, {"id": identity, "object": "file", "bytes": len(self.files[identity]), "purpose": "batch"}
        if (method, route) == ("POST", "/batches"):
            return 200, describe(self._make_job(json.loads(body)))
        if (method, route) == ("GET", "/batches"):
            newest_first = [describe(job) for job in reversed(self.jobs.values())]
            return 200, {"object": "list", "data": newest_first, "has_more": False}
        kind, identity, *rest = route.strip("/").split("/")
        if kind == "files" and identity in self.files and rest == ["content"]:
            return 200, self.files[identity]
        if kind == "batches" and identity in self.jobs:
            self._advance(self.jobs[identity])
            return 200, describe(self.jobs[identity])
        return 404, {"error": {"message": f"no such {kind}"}}

    def _make_job(self, wish: dict) -> dict:
        identity = f"batch-{len(self.jobs)}"
        requests = [json.loads(line) for line in self.files[wish["input_file_id"]].splitlines()]
        keys = [request["custom_id"] for request in requests]
        plan = self.script.pop(0) if self.script else {}
        job = {"id": identity, "plan": plan, "status": "validating", "requests": requests, "wish": wish, "looks": 0}
        if len(set(keys)) < len(keys):
            job |= {"status": "failed", "told": "custom_id is not unique"}
        for request in requests:
            self.bodies_of[request["custom_id"]] = request["body"]
        self.jobs[identity] = job
        return job

    def _advance(self, job: dict) -> None:
        if "output" in job or job["status"] == "failed":
            return
        plan = job["plan"]
        job["looks"] += 1
        if job["looks"] <= plan.get("looks", 0):
            job["status"] = STEPS.get(job["status"], job["status"])
            return
        job["status"] = plan.get("ends", "completed")
        if job["status"] == "failed":
            job["told"] = plan.get("told", "the file is no good")
            return
        self._work(job, plan)

    def _work(self, job: dict, plan: dict) -> None:
        requests, output, errors = list(job["requests"]), [], []
        wrong = [status for status, count in plan.get("errors", {}).items() for _ in range(count)]
        n_answered = int(len(requests) * plan.get("answers", 1.0))
        for number, request in enumerate(requests):
            key, body = request["custom_id"], request["body"]
            if number < plan.get("omits", 0):
                continue
            refusal = self._refuse("/v1/chat/completions", {"authorization": f"Bearer {self.key}"}, body)
            if number >= n_answered:
                code = f"batch_{job['status']}"
                errors.append({"custom_id": key, "response": None, "error": {"code": code, "message": "too late"}})
            elif refusal or wrong:
                status, message = refusal or (wrong[0], MESSAGES[wrong.pop(0)])
                told = {"status_code": status, "body": {"error": {"message": message}}}
                errors.append({"custom_id": key, "response": told, "error": None})
            else:
                self.paid[key] += 1
                identity = hashlib.sha256(json.dumps(body["messages"]).encode()).hexdigest()[:16]
                self._attempts[identity] += 1
                fault = self._draw_fault(identity, body)
                answer = {"status_code": 200, "body": self._build_completion(body, fault, "")}
                output.append({"id": "x", "custom_id": key, "response": answer, "error": None})
        if plan.get("is_doubled"):
            output = [*output, *output, {**output[0], "custom_id": "f" * 64}]
        if plan.get("is_shuffled", True):
            random.Random(1).shuffle(output)
        lines = [json.dumps(line, ensure_ascii=False).encode() for line in output]
        if plan.get("is_damaged"):
            lines[0] = lines[0][: len(lines[0]) // 2]
        job["output"] = self._store(b"\n".join(lines)) if lines else None
        job["error"] = self._store(b"\n".join(json.dumps(line).encode() for line in errors)) if errors else None

    def _store(self, data: bytes) -> str:
        identity = f"file-{len(self.files)}"
        self.files[identity] = data
        return identity


def describe(job: dict) -> dict:
    wish, n_requests = job["wish"], len(job["requests"])
    told = {"object": "list", "data": [{"message": job["told"], "code": "x"}]} if "told" in job else None
    n_done = n_requests if "output" in job else 0
    return {
        "id": job["id"],
        "object": "batch",
        "endpoint": wish["endpoint"],
        "completion_window": wish["completion_window"],
        "created_at": 4_000_000_000,
        "input_file_id": wish["input_file_id"],
        "status": job["status"],
        "metadata": wish["metadata"],
        "errors": told,
        "output_file_id": job.get("output"),
        "error_file_id": job.get("error"),
        "request_counts": {"total": n_requests, "completed": n_done, "failed": 0},
    }


def read_upload(content_type: str, body: bytes) -> bytes:
    """The file of a multipart form."""
    form = BytesParser(policy=HTTP).parsebytes(f"content-type: {content_type}\r\n\r\n".encode() + body)
    part = next(part for part in form.iter_parts() if part.get_filename())
    return part.get_payload(decode=True)


async def read_chunks(reader) -> bytes:
    body = b""
    while size := int((await reader.readline()).strip() or b"0", 16):
        body += await reader.readexactly(size)
        await reader.readline()
    await reader.readline()
    return body

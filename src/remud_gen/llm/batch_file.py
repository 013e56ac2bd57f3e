"""A file of requests, a line each, as batches take them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from remud_gen.errors import InputError
from remud_gen.llm.batch_api import COMPLETIONS
from remud_gen.llm.store import MAKE_ROOM


class RequestFile:
    """A file that grows by one request at a time, up to limits of count and bytes.

    Raises:
        InputError: it cannot be written, as where the disk is full.
    """

    def __init__(self, path: Path, max_requests: int, max_bytes: int) -> None:
        self.path = path
        self.keys: dict[str, bool] = {}  # request hash -> whether its reply replaces a stored one
        self.n_bytes = 0
        self._max_requests, self._max_bytes = max_requests, max_bytes
        self._hash = hashlib.sha256()
        with explain_writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._stream = path.open("wb")

    @property
    def sha256(self) -> str:
        """Of all that is in it."""
        return self._hash.hexdigest()

    def has_room(self, line: bytes) -> bool:
        """Whether one more line may be written."""
        return len(self.keys) < self._max_requests and self.n_bytes + len(line) <= self._max_bytes

    def add(self, request_sha256: str, line: bytes, *, is_renewal: bool) -> None:
        """Write one request."""
        with explain_writing(self.path):
            self._stream.write(line)
        self._hash.update(line)
        self.n_bytes += len(line)
        self.keys[request_sha256] = is_renewal

    def drop(self, request_sha256s: Collection[str]) -> None:
        """Write it anew without some of its requests; it is closed, and stays so."""
        kept = self.path.with_name(f"{self.path.name}.kept")
        self._hash, self.n_bytes = hashlib.sha256(), 0
        with explain_writing(self.path), self.path.open("rb") as old, kept.open("wb") as new:
            for line, key in zip(old, self.keys, strict=True):
                if key not in request_sha256s:
                    new.write(line)
                    self._hash.update(line)
                    self.n_bytes += len(line)
        with explain_writing(self.path):
            kept.replace(self.path)
        self.keys = {key: is_renewal for key, is_renewal in self.keys.items() if key not in request_sha256s}

    def close(self) -> None:
        """Nothing more is written."""
        with explain_writing(self.path):
            self._stream.close()

    def remove(self) -> None:
        """It is not needed any more."""
        with suppress(OSError):
            self._stream.close()
        with suppress(OSError):
            self.path.unlink()


@contextmanager
def explain_writing(path: Path) -> Iterator[None]:
    """Say which file cannot be written, and what to do."""
    try:
        yield
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror or error}", MAKE_ROOM) from None


def write_request(request_sha256: str, body: Mapping[str, Any]) -> bytes:
    """The line of one request; its hash is how its reply is known, in whatever order replies come. Half of a surrogate
    pair is sent as `?`, as it is live.
    """
    line = {"custom_id": request_sha256, "method": "POST", "url": COMPLETIONS, "body": body}
    return json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace") + b"\n"


def read_replies(path: Path) -> Iterator[tuple[str, int, Any]]:
    """(request hash, HTTP status, body) of every line that can be read; status 0: no answer, the body says why."""
    with path.open("rb") as stream:
        for line in stream:
            try:
                data = json.loads(line)
                key = data["custom_id"]
            except (ValueError, KeyError, TypeError, RecursionError):
                continue  # its request counts as one whose line is missing
            response = data.get("response")
            if isinstance(response, Mapping) and isinstance(response.get("status_code"), int):
                yield str(key), response["status_code"], response.get("body")
            else:
                yield str(key), 0, data.get("error")

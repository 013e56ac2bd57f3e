"""RUN/outbound.jsonl: one line for every request that leaves the machine, written before it is sent.

A line says what went where, by hashes and counts; it never holds words, pictures or keys. Lines are only added. Each is
one write to a file opened for appending, so that a killed process loses none; the disk is asked once a second to keep
them, so that a power cut may cost those of the last one. A last line that broke off was never followed by a send, and
is cut off.
"""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from remud_gen.config import PrivacyConfig
from remud_gen.errors import InputError
from remud_gen.llm.guard import comes_from_clinic
from remud_gen.llm.shield import choose_policy, find_words
from remud_gen.protocols import ImageStore, ModelRequest
from remud_gen.records import ImageRef, ImageTextPair
from remud_gen.rules.placeholders import count_placeholders, list_line_identifiers

LEDGER = "outbound.jsonl"
SYNC_S = 1.0


@dataclass(frozen=True, slots=True)
class Destination:
    """Where the requests of one stage go."""

    host: str  # with its port where the address names one
    model: str


class FileLedger:
    """Appends to RUN/outbound.jsonl; opened at the first line."""

    def __init__(self, path: Path, to: Destination, privacy: PrivacyConfig, images: ImageStore) -> None:
        self._path, self._to, self._privacy, self._images = path, to, privacy, images
        self._file: int | None = None
        self._synced_s = 0.0

    def record(self, request: ModelRequest, request_sha256: str) -> None:
        """Commit the line of one send.

        Raises:
            InputError: it cannot be written; then nothing may be sent.
        """
        entry = self._describe(request, request_sha256)
        line = json.dumps(entry, ensure_ascii=False, separators=(",", ":")).encode("utf-8") + b"\n"
        try:
            if self._file is None:
                self._file = _open_to_append(self._path)
            _write_whole(self._file, line)
            now_s = time.monotonic()
            if now_s - self._synced_s >= SYNC_S:
                os.fsync(self._file)
                self._synced_s = now_s
        except OSError as error:
            self._leave()  # opened again, it is rid of a line that broke off
            raise self._explain(error) from None

    def close(self) -> None:
        """Have the disk keep what was written; a further line opens the file again.

        Raises:
            InputError: the disk does not.
        """
        try:
            if self._file is not None:
                os.fsync(self._file)
        except OSError as error:
            raise self._explain(error) from None
        finally:
            self._leave()

    def _leave(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            os.close(file)

    def _explain(self, error: OSError) -> InputError:
        told = f"{self._path} cannot be written: {error.strerror or error}"
        return InputError(told, "nothing is sent that is not noted first: make room, or free the file")

    def _describe(self, request: ModelRequest, request_sha256: str) -> dict[str, Any]:
        is_private = comes_from_clinic(request)
        return {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "host": self._to.host,
            "model": self._to.model,
            "purpose": request.purpose,
            "prompt": request.prompt,
            "request": request_sha256,
            "record": request.payload.id if request.payload is not None else None,
            "source": "clinical" if is_private else "book",
            "policy": choose_policy(self._privacy, is_private)[1],
            "chars": len(request.system) + len(request.user),
            "images": [self._describe_image(image) for image in request.images],
            "masked": dict(sorted(count_placeholders(request.user).items())),
            "found": dict(sorted(_count_left(request).items())),
        }

    def _describe_image(self, image: ImageRef) -> dict[str, Any]:
        path = self._images.path(image)
        size = path.stat().st_size if path.is_file() else None
        return {"sha256": image.sha256, "bytes": size, "masked_from": image.derived_from}


def _count_left(request: ModelRequest) -> Counter[str]:
    """Identifiers that are sent as they are: none unless the configuration allows it."""
    found: Counter[str] = Counter(each.kind for each in list_line_identifiers(request.user))
    payload = request.payload
    if isinstance(payload, ImageTextPair) and any(image.derived_from is None for image in request.images):
        found.update(line.kind for line in find_words(payload).hidden)
    return found


def _write_whole(file: int, line: bytes) -> None:
    if os.write(file, line) != len(line):
        raise OSError("the disk took only a part of the line")


def _open_to_append(path: Path) -> int:
    file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o644)
    size = os.fstat(file).st_size
    kept = _find_last_end(file, size)
    if kept < size:
        os.ftruncate(file, kept)
    return file


def _find_last_end(file: int, size: int, step: int = 65536) -> int:
    """How many bytes there are up to the last whole line."""
    end = size
    while end > 0:
        start = max(0, end - step)
        os.lseek(file, start, os.SEEK_SET)
        at = os.read(file, end - start).rfind(b"\n")
        if at >= 0:
            return start + at + 1
        end = start
    return 0


def read_ledger(run: Path) -> Iterator[dict[str, Any]]:
    """The lines of a run's ledger, oldest first; a last one that is being written is left out."""
    path = run / LEDGER
    if not path.is_file():
        return
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                yield json.loads(line)


@dataclass
class Outbound:
    """What a ledger says in sum."""

    n_requests: int = 0
    n_chars: int = 0
    n_images: int = 0
    n_masked_images: int = 0
    n_image_bytes: int = 0
    hosts: Counter[str] = field(default_factory=Counter)
    purposes: Counter[str] = field(default_factory=Counter)
    masked: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    first: str = ""
    last: str = ""

    def add(self, entry: Mapping[str, Any]) -> None:
        """Count one line."""
        self.n_requests += 1
        self.n_chars += entry["chars"]
        for image in entry["images"]:
            self.n_images += 1
            self.n_masked_images += image["masked_from"] is not None
            self.n_image_bytes += image["bytes"] or 0
        self.hosts[entry["host"]] += 1
        self.purposes[entry["purpose"]] += 1
        self.masked.update(entry["masked"])
        self.found.update(entry["found"])
        self.first = self.first or entry["time"]
        self.last = entry["time"]


def sum_ledger(run: Path) -> Outbound:
    """All lines of a run's ledger in sum.

    Raises:
        InputError: a line in it is no line of a ledger.
    """
    total = Outbound()
    try:
        for entry in read_ledger(run):
            total.add(entry)
    except (ValueError, KeyError, TypeError, OSError) as error:
        told = f"{run / LEDGER} cannot be read after {total.n_requests} lines: {error}"
        raise InputError(told, "it was changed by hand: restore it, or move it away") from None
    return total

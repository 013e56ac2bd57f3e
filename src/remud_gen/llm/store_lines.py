"""Stored replies as lines of JSON, each with what was asked and a digest of itself: what moves replies from one store
to another.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from remud_gen.errors import InputError
from remud_gen.llm.asked import Asked
from remud_gen.llm.store import ReplyStore
from remud_gen.protocols import ModelReply
from remud_gen.rules.late import compile_late

LINE_VERSION = 2
PLAIN_VERSION = 1  # of lines without a request, which an older remud reads, too
KEY = compile_late(r"[0-9a-f]{64}")
NAMES = frozenset(field.name for field in fields(ModelReply))
ADAPTER = TypeAdapter(ModelReply)
ASKED_ADAPTER = TypeAdapter(Asked)
PUT_AT_ONCE = 500
SHOWN = 20  # refused lines that are named
WRITTEN_ELSEWHERE = "was written by a newer remud"


class BadLine(ValueError):  # noqa: N818 - says what it is of
    """A line that is no stored reply; the message says why."""


@dataclass(frozen=True, slots=True)
class StoredReply:
    """A reply with the time at which it was stored, in seconds since 1970, and what was asked, where that is known."""

    reply: ModelReply
    stored_at: int
    asked: Asked | None = None


@dataclass
class Transfer:
    """What became of the lines of a file."""

    new: int = 0
    known: int = 0
    differing: int = 0  # the store holds another reply to the same request, which stays
    refused: int = 0
    reasons: list[tuple[int, str]] = field(default_factory=list)  # number of the line, why; the first few

    @property
    def good(self) -> int:
        """Lines that hold a reply, be it taken or there already."""
        return self.new + self.known + self.differing

    def refuse(self, number: int, reason: str) -> None:
        """Note a line that was left out."""
        self.refused += 1
        if len(self.reasons) < SHOWN:
            self.reasons.append((number, reason))


def write_line(stored: StoredReply) -> bytes:
    """The same reply is the same line everywhere. A request that holds half a surrogate pair is in no line: there is no
    way to write it as it was, and it would be taken for another.
    """
    asked = None if stored.asked is None else asdict(stored.asked)
    if asked is not None and not _is_writable(asked):
        asked = None
    version = PLAIN_VERSION if asked is None else LINE_VERSION
    told = {"remud_reply": version, **asdict(stored.reply), "stored_at": stored.stored_at}
    if asked is not None:
        told["request"] = asked
    return _dump({**told, "sha256": _digest(told)}) + b"\n"


def read_line(line: bytes) -> StoredReply:
    """A line that is whole and unchanged.

    Raises:
        BadLine: it is not.
    """
    try:
        data = json.loads(line, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise BadLine("is no JSON") from None
    if not isinstance(data, Mapping) or "remud_reply" not in data:
        raise BadLine("is no stored reply")
    told = {name: value for name, value in data.items() if name != "sha256"}
    if isinstance(told["remud_reply"], int) and told["remud_reply"] > LINE_VERSION:
        raise BadLine(WRITTEN_ELSEWHERE)
    if data.get("sha256") != _digest(told):
        raise BadLine("was changed after it was written: its digest is another")
    version, stored_at, asked = told.pop("remud_reply"), told.pop("stored_at", None), told.pop("request", None)
    is_known = version == (PLAIN_VERSION if asked is None else LINE_VERSION)
    if not is_known or not isinstance(stored_at, int) or not set(told) <= NAMES:
        raise BadLine("has fields that no stored reply has, or lacks some")
    try:
        reply = ADAPTER.validate_json(json.dumps(told), strict=True)
    except ValidationError as error:
        where = ", ".join(".".join(map(str, problem["loc"])) for problem in error.errors(include_url=False))
        raise BadLine(f"has a value of the wrong kind: {where}") from None
    if not KEY.fullmatch(reply.request_sha256):
        raise BadLine("has no request hash")
    return StoredReply(reply, stored_at, None if asked is None else _read_asked(asked, reply.request_sha256))


def _read_asked(told: object, request_sha256: str) -> Asked:
    try:
        asked = ASKED_ADAPTER.validate_json(json.dumps(told), strict=True)
        is_its_own = asked.sha256 == request_sha256
    except (ValidationError, ValueError):
        raise BadLine("has a request of the wrong form") from None
    if not is_its_own:
        raise BadLine("is the reply to another request than the one it holds")
    return asked


def iterate_lines(path: Path) -> Iterator[tuple[int, bytes | None]]:
    """Number and bytes of every line that is not blank; None where the file breaks off.

    Raises:
        InputError: the file cannot be opened.
    """
    number = 0
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
            for line in stream:
                number += 1
                if line.strip():
                    yield number, line
    except (EOFError, gzip.BadGzipFile, zlib.error):
        yield number + 1, None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}", "look at its name again") from None


def import_replies(path: Path, store: ReplyStore) -> Transfer:
    """Put every good line of a file into a store; what is there already stays. Doing so twice changes nothing.

    Raises:
        InputError: the file cannot be read, or the store cannot be written; what came before is stored.
    """
    transfer = Transfer()
    waiting: list[StoredReply] = []
    for number, line in iterate_lines(path):
        if line is None:
            transfer.refuse(number, "the file breaks off here")
            break
        try:
            waiting.append(read_line(line))
        except BadLine as error:
            transfer.refuse(number, str(error))
            continue
        if len(waiting) == PUT_AT_ONCE:
            _store(waiting, store, transfer)
    _store(waiting, store, transfer)
    return transfer


def _store(waiting: list[StoredReply], store: ReplyStore, transfer: Transfer) -> None:
    fresh: dict[str, StoredReply] = {}
    for stored in waiting:
        key = stored.reply.request_sha256
        there = fresh[key].reply if key in fresh else store.get(key)
        if there is None:
            fresh[key] = stored
        elif _content(there) == _content(stored.reply):
            transfer.known += 1
        else:
            transfer.differing += 1
    # All of them: a reply that is there already may not know yet what was asked.
    store.put_all((stored.reply, stored.stored_at, stored.asked) for stored in [*fresh.values(), *waiting])
    transfer.new += len(fresh)
    waiting.clear()


def _content(reply: ModelReply) -> ModelReply:
    return replace(reply, seconds=0.0)


def _dump(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode("utf-8", "replace")


def _is_writable(told: Mapping[str, Any]) -> bool:
    try:
        json.dumps(told, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _digest(told: Mapping[str, Any]) -> str:
    return hashlib.sha256(_dump(told)).hexdigest()


def _refuse_constant(name: str) -> float:
    raise ValueError(name)

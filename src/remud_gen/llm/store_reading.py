"""A look into a reply store that writes nothing: no table, no log, no lock file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from remud_gen.errors import InputError
from remud_gen.llm.asked import Asked, unpack_asked
from remud_gen.llm.store import COLUMNS
from remud_gen.llm.store_schema import APPLICATION_ID, SCHEMA_VERSION, TABLES
from remud_gen.protocols import ModelReply

SIZES = "SELECT request_sha256, length(CAST(text AS BLOB)) + length(CAST(coalesce(reasoning, '') AS BLOB)) FROM replies"
BY_MODEL = """
SELECT client, model, count(*), coalesce(sum(input_tokens), 0), coalesce(sum(output_tokens), 0),
    coalesce(sum(cost_usd), 0.0), sum(cost_usd IS NULL)
FROM replies GROUP BY client, model ORDER BY client, model
"""
DAMAGED_HINT = "move the file away; what it held is then asked for again"
OPEN_BATCHES = """
SELECT batch_id, state, n_requests, n_ended, n_bytes, planned_at, model FROM batches
WHERE state != 'collected' ORDER BY planned_at, plan
"""


@dataclass(frozen=True, slots=True)
class StoredReplies:
    """What a store holds."""

    sizes: dict[str, int]  # request hash -> bytes of the reply's text
    users: tuple[Path, ...]  # run folders that draw on it


@dataclass(frozen=True, slots=True)
class ModelShare:
    """The replies of one model in a store."""

    client: str
    model: str
    replies: int
    input_tokens: int
    output_tokens: int
    cost_usd: float  # of those of known cost
    unpriced: int  # replies of unknown cost


@dataclass(frozen=True, slots=True)
class WaitingBatch:
    """Requests that an endpoint has been handed and has not yet given back."""

    batch_id: str | None  # None: handing over was cut short
    state: str  # as the endpoint named it when it was last asked
    n_requests: int
    n_ended: int
    n_bytes: int
    planned_at: int  # seconds since 1970
    model: str


def look_into_store(path: Path) -> StoredReplies:
    """Keys, sizes and users of a store.

    Raises:
        InputError: no reply store, of a newer version, or unreadable.
    """
    with _reading(path) as connection:
        rows = connection.execute("SELECT run FROM users ORDER BY run").fetchall() if _has(connection, "users") else []
        return StoredReplies(dict(connection.execute(SIZES)), tuple(Path(row[0]) for row in rows))


def count_by_model(path: Path) -> list[ModelShare]:
    """How many replies of which model a store holds, and what they used.

    Raises:
        InputError: no reply store, of a newer version, or unreadable.
    """
    with _reading(path) as connection:
        return [ModelShare(*row) for row in connection.execute(BY_MODEL)]


def list_waiting(path: Path) -> list[WaitingBatch]:
    """What endpoints were handed in batches and have not given back; none where there is no store yet.

    Raises:
        InputError: no reply store, of a newer version, or unreadable.
    """
    if not path.exists():
        return []
    with _reading(path) as connection:
        return [WaitingBatch(*row) for row in connection.execute(OPEN_BATCHES)] if _has(connection, "batches") else []


def list_pending(path: Path) -> frozenset[str]:
    """The requests, by hash, that endpoints were handed in batches and have not given back.

    Raises:
        InputError: no reply store, of a newer version, or unreadable.
    """
    if not path.exists():
        return frozenset()
    with _reading(path) as connection:
        rows = connection.execute("SELECT request_sha256 FROM pending") if _has(connection, "pending") else ()
        return frozenset(row[0] for row in rows)


class StoreReader:
    """The replies of a store that is not written to.

    Raises:
        InputError: no reply store, of a newer version, or unreadable.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._context = _reading(path)
        self._connection = self._context.__enter__()
        known = {row[1] for row in self._connection.execute("PRAGMA table_info(replies)")}
        self._has_requests = "asked" in known
        self._columns = [name for name in COLUMNS if name in known]  # an older store lacks the later ones

    def get(self, request_sha256: str) -> ModelReply | None:
        """The stored reply to a request, or None if it was never answered."""
        query = f"SELECT {', '.join(self._columns)} FROM replies WHERE request_sha256 = ?"
        row = self._fetch(query, request_sha256)
        return None if row is None else ModelReply(**dict(zip(self._columns, row, strict=True)))

    def find_keys(self, prefix: str) -> list[str]:
        """Request hashes that begin so; at most two."""
        query = "SELECT request_sha256 FROM replies WHERE substr(request_sha256, 1, ?) = ? LIMIT 2"
        with self._explained():
            return [row[0] for row in self._connection.execute(query, (len(prefix), prefix))]

    def read_time(self, request_sha256: str) -> int:
        """When a reply was stored, in seconds since 1970; 0 where there is none."""
        row = self._fetch("SELECT stored_at FROM replies WHERE request_sha256 = ?", request_sha256)
        return 0 if row is None else int(row[0])

    def read_asked(self, request_sha256: str) -> Asked | None:
        """What a stored reply answers; None where that is not known, as of replies that an older version stored."""
        if not self._has_requests:
            return None
        row = self._fetch("SELECT asked FROM replies WHERE request_sha256 = ?", request_sha256)
        with self._explained():
            return None if row is None or row[0] is None else unpack_asked(self._connection, row[0])

    def _fetch(self, query: str, request_sha256: str) -> Any:
        with self._explained():
            return self._connection.execute(query, (request_sha256,)).fetchone()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise InputError(f"reply store {self._path} cannot be read: {error}", DAMAGED_HINT) from None

    def close(self) -> None:
        """Close the file."""
        self._context.__exit__(None, None, None)


@contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    log = path.with_name(f"{path.name}-wal")
    # Without a log the file is all there is. With one it is shared memory that tells what is valid: a plain reader.
    mode = "mode=ro" if log.exists() and log.stat().st_size else "immutable=1"
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?{mode}", uri=True)) as connection:
            if not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                with closing(_make_empty()) as empty:
                    yield empty
                return
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
                raise InputError(f"{path} is an SQLite file, but no reply store", DAMAGED_HINT)
            if version > SCHEMA_VERSION:
                raise InputError(f"{path} was written by a newer remud", "upgrade remud-gen")
            yield connection
    except sqlite3.Error as error:
        raise InputError(f"reply store {path} cannot be read: {error}", DAMAGED_HINT) from None


def _make_empty() -> sqlite3.Connection:
    """What a file without tables stands for: another process is making it a store just now, or was killed at that."""
    connection = sqlite3.connect(":memory:")
    for statement in TABLES:
        connection.execute(statement)
    return connection


def _has(connection: sqlite3.Connection, table: str) -> bool:
    """Stores of older versions lack some tables."""
    query = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = ?"
    return bool(connection.execute(query, (table,)).fetchone()[0])

"""Every reply that was paid for, in one SQLite file, committed before it is used."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path

from remud_gen.errors import InputError
from remud_gen.protocols import ModelReply

SCHEMA_VERSION = 1
APPLICATION_ID = 0x52454D55  # "REMU": tells our file from any other SQLite file
BUSY_TIMEOUT_S = 30.0
COLUMNS = tuple(field.name for field in fields(ModelReply))
CREATE = f"""
CREATE TABLE replies (
    request_sha256 TEXT PRIMARY KEY, client TEXT NOT NULL, model TEXT NOT NULL, text TEXT NOT NULL, reasoning TEXT,
    finish_reason TEXT, input_tokens INTEGER, output_tokens INTEGER, cost_usd REAL, seconds REAL NOT NULL,
    stored_at INTEGER NOT NULL
);
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {SCHEMA_VERSION};
"""


class ReplyStore:
    """Replies keyed by the hash of their request.

    One process writes, any number read. Write-ahead log with a commit per reply: a killed process loses nothing that
    was committed; after a power cut the last replies may be missing and are asked for again, the file stays whole.

    Raises:
        InputError: the file is no reply store, of a newer version, locked, or cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._explained():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None)
            try:
                self._prepare()
            except (InputError, sqlite3.Error):
                self._connection.close()
                raise

    def get(self, request_sha256: str) -> ModelReply | None:
        """The stored reply to a request, or None if it was never answered."""
        query = f"SELECT {', '.join(COLUMNS)} FROM replies WHERE request_sha256 = ?"
        with self._explained():
            row = self._connection.execute(query, (request_sha256,)).fetchone()
        return None if row is None else ModelReply(**dict(zip(COLUMNS, row, strict=True)))

    def put(self, reply: ModelReply) -> None:
        """Store and commit; the first reply to a request stays."""
        values = [getattr(reply, name) for name in COLUMNS]
        marks = ", ".join("?" * (len(COLUMNS) + 1))
        statement = f"INSERT OR IGNORE INTO replies ({', '.join(COLUMNS)}, stored_at) VALUES ({marks})"
        with self._explained():
            self._connection.execute(statement, (*values, int(time.time())))

    def count(self) -> int:
        """How many replies there are."""
        with self._explained():
            return int(self._connection.execute("SELECT count(*) FROM replies").fetchone()[0])

    def close(self) -> None:
        """Close the file; the write-ahead log is folded into it."""
        self._connection.close()

    def _prepare(self) -> None:
        for pragma in ("journal_mode = WAL", "synchronous = NORMAL"):
            self._connection.execute(f"PRAGMA {pragma}")
        self._connection.execute("BEGIN IMMEDIATE")  # two processes must not both create the table
        version = self._connection.execute("PRAGMA user_version").fetchone()[0]
        application = self._connection.execute("PRAGMA application_id").fetchone()[0]
        is_empty = self._connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
        if is_empty:
            for statement in CREATE.split(";"):
                self._connection.execute(statement)
        elif application != APPLICATION_ID:
            raise InputError(f"{self._path} is an SQLite file, but no reply store", "name another file")
        elif version > SCHEMA_VERSION:
            raise InputError(
                f"{self._path} was written by a newer remud (reply store version {version}, this is {SCHEMA_VERSION})",
                "upgrade remud-gen, or name another file with runner.replies",
            )
        self._connection.execute("COMMIT")

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            hint = "is the disk full or read-only, or is another process writing it? SQLite needs a local disk"
            raise InputError(f"reply store {self._path}: {error}", f"{hint}: see runner.replies") from None
        except sqlite3.DatabaseError as error:
            hint = "move the file away; what it held is then asked for again"
            raise InputError(f"reply store {self._path} is damaged or no reply store: {error}", hint) from None
        except OSError as error:
            raise InputError(f"reply store {self._path}: {error.strerror}") from None

"""Every reply that was paid for, in one SQLite file, committed before it is used."""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from itertools import islice
from pathlib import Path

from remud_gen.errors import InputError
from remud_gen.llm.asked import Asked, AskedPacker, unpack_asked
from remud_gen.llm.store_schema import prepare_schema
from remud_gen.protocols import ModelReply

BUSY_TIMEOUT_S = 30.0
LEAST_FREE_BYTES = 8 * 2**20  # two write-ahead logs of the usual size
REPLY_BYTES = 32 * 2**10  # more than a reply takes, its index and log included
REMOVED_AT_ONCE = 1_000  # keys per transaction: other processes may write in between
READ_AT_ONCE = 10_000
REPLIES_AT_ONCE = 500
LONGEST_NOTE_S = 30 * 86_400  # what an endpoint could not do then it may have learned
MAKE_ROOM = "make room, then run the same command to go on"
COLUMNS = tuple(field.name for field in fields(ModelReply) if field.metadata.get("is_stored", True))
LEARN = "UPDATE replies SET asked = ? WHERE request_sha256 = ? AND asked IS NULL"
PRUNE = "DELETE FROM waiting WHERE request_sha256 NOT IN (SELECT request_sha256 FROM pending)"
HINTS = {  # by the beginning of SQLite's name for the error
    "SQLITE_FULL": f"the disk is full: {MAKE_ROOM}",
    "SQLITE_BUSY": "another process is writing it: wait until it is done, or name another file with runner.replies",
    "SQLITE_LOCKED": "another process is writing it: wait until it is done, or name another file with runner.replies",
    "SQLITE_READONLY": "the file or its folder is read-only: give yourself the right to write, or name another file "
    "with runner.replies",
    "SQLITE_CANTOPEN": "it cannot be created or its folder is read-only: name another file with runner.replies",
    "SQLITE_IOERR": f"the disk is full or fails; SQLite needs a local disk: {MAKE_ROOM}, or name another file with "
    "runner.replies",
}


class ReplyStore:
    """Replies keyed by the hash of their request, with what was asked.

    One process writes, any number read. Write-ahead log with a commit per reply: a killed process loses nothing that
    was committed; after a power cut the last replies may be missing and are asked for again, the file stays whole.

    Raises:
        InputError: the file is no reply store, of a newer version, locked, damaged, or cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._folder = path.parent
        with self._explained():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None)
            try:
                prepare_schema(self._connection, path)
            except (InputError, sqlite3.Error):
                self._connection.close()
                raise
            self._packer = AskedPacker(self._connection)

    def get(self, request_sha256: str) -> ModelReply | None:
        """The stored reply to a request, or None if it was never answered."""
        query = f"SELECT {', '.join(COLUMNS)} FROM replies WHERE request_sha256 = ?"
        with self._explained():
            row = self._connection.execute(query, (request_sha256,)).fetchone()
        return None if row is None else ModelReply(**dict(zip(COLUMNS, row, strict=True)))

    def read_time(self, request_sha256: str) -> int | None:
        """When the reply to a request was stored, in whole seconds since 1970; None if it was never answered."""
        query = "SELECT stored_at FROM replies WHERE request_sha256 = ?"
        with self._explained():
            row = self._connection.execute(query, (request_sha256,)).fetchone()
        return None if row is None else int(row[0])

    def put(self, reply: ModelReply, asked: Asked | None = None, *, replaces: bool = False) -> bool:
        """Store and commit, with what was `asked`; the first reply to a request stays, unless this one `replaces` it.
        Whether it was stored: if not, another process was first, and its reply is the one to use.
        """
        with self._explained():
            packed = self._pack(asked)
            if packed is None and replaces:  # the request is the same, and may be known
                packed = self._read_packed(reply.request_sha256)
            row = (*_list_values(reply), int(time.time()), packed)
            return self._connection.execute(_phrase_insert(replaces=replaces), row).rowcount > 0

    def put_all(self, replies: Iterable[tuple[ModelReply, int, Asked | None]]) -> None:
        """Store replies with the times they had in another store and what was asked, all or none; those that are there
        already stay, and learn what was asked if that was not known.
        """
        with self._explained():
            rows = [(reply, stored_at, self._pack(asked)) for reply, stored_at, asked in replies]
            with self._transaction():
                values = [(*_list_values(reply), stored_at, asked) for reply, stored_at, asked in rows]
                self._connection.executemany(_phrase_insert(replaces=False), values)
                learned = [(asked, reply.request_sha256) for reply, _, asked in rows if asked is not None]
                self._connection.executemany(LEARN, learned)

    def put_waiting(self, request_sha256: str, asked: Asked) -> None:
        """Keep what is asked now and answered to a later command."""
        statement = "INSERT OR REPLACE INTO waiting VALUES (?, ?)"
        with self._explained():
            self._connection.execute(statement, (request_sha256, self._pack(asked)))

    def read_waiting(self, request_sha256: str) -> Asked | None:
        """What was asked then."""
        return self._read_asked("SELECT asked FROM waiting WHERE request_sha256 = ?", request_sha256)

    def drop_waiting(self, request_sha256s: Iterable[str]) -> None:
        """Nothing more is waited for."""
        with self._explained(), self._transaction():
            keys = [(key,) for key in request_sha256s]
            self._connection.executemany("DELETE FROM waiting WHERE request_sha256 = ?", keys)

    def read_asked(self, request_sha256: str) -> Asked | None:
        """What a stored reply answers; None where that is not known, as of replies that an older version stored."""
        return self._read_asked("SELECT asked FROM replies WHERE request_sha256 = ?", request_sha256)

    def check_room(self, n_coming: int = 1) -> None:
        """Is there room for so many replies? Costs microseconds: to be asked before each of them is paid for.

        Raises:
            InputError: the disk is almost full.
        """
        with self._explained():
            free = shutil.disk_usage(self._folder).free
        if free < LEAST_FREE_BYTES + n_coming * REPLY_BYTES:
            raise InputError(
                f"disk almost full: {free / 2**20:.1f} MiB are left in {self._folder}, where replies are stored",
                MAKE_ROOM,
            )

    def count(self) -> int:
        """How many replies there are."""
        with self._explained():
            return int(self._connection.execute("SELECT count(*) FROM replies").fetchone()[0])

    def size_bytes(self) -> int:
        """What the store takes on the disk, its log included."""
        with self._explained():
            files = [self._path.with_name(f"{self._path.name}{end}") for end in ("", "-wal", "-shm")]
            return sum(file.stat().st_size for file in files if file.exists())

    def iterate_keys(self) -> Iterator[str]:
        """The request hash of every reply, in order; the store may be changed meanwhile."""
        last = ""
        query = "SELECT request_sha256 FROM replies WHERE request_sha256 > ? ORDER BY request_sha256 LIMIT ?"
        while True:
            with self._explained():
                keys = [row[0] for row in self._connection.execute(query, (last, READ_AT_ONCE))]
            yield from keys
            if not keys:
                return
            last = keys[-1]

    def remove(self, keys: Iterable[str]) -> int:
        """Forget replies, give their disk space back, and say how many there were.

        In steps, each of them committed: what was removed before an error stays removed. A file that an older version
        made is rewritten once for it where the disk has room for a second copy; else its space is used again later.
        """
        stream, n_removed = iter(keys), 0
        with self._explained():
            while some := [(key,) for key in islice(stream, REMOVED_AT_ONCE)]:
                with self._transaction():
                    cursor = self._connection.executemany("DELETE FROM replies WHERE request_sha256 = ?", some)
                n_removed += cursor.rowcount
            if n_removed:
                self._connection.execute(PRUNE)
                self._shrink()
        return n_removed

    def register_user(self, run: Path) -> None:
        """Note that a run folder draws on this store, and when it last did."""
        with self._explained():
            self._connection.execute(
                "INSERT OR REPLACE INTO users (run, seen_at) VALUES (?, ?)", (str(run.resolve()), int(time.time()))
            )

    def users(self) -> dict[Path, int]:
        """The run folders that draw on this store -> when they last did, in seconds since 1970."""
        with self._explained():
            rows = self._connection.execute("SELECT run, seen_at FROM users ORDER BY run").fetchall()
        return {Path(run): seen_at for run, seen_at in rows}

    def recall_dialect(self, endpoint: str, model: str) -> str | None:
        """How an endpoint was last spoken to with success; None if that is not known, or long ago."""
        query = "SELECT dialect FROM dialects WHERE endpoint = ? AND model = ? AND noted_at > ?"
        with self._explained():
            row = self._connection.execute(query, (endpoint, model, int(time.time()) - LONGEST_NOTE_S)).fetchone()
        return None if row is None else str(row[0])

    def note_dialect(self, endpoint: str, model: str, dialect: str) -> None:
        """Keep how an endpoint is spoken to, for later commands."""
        statement = "INSERT OR REPLACE INTO dialects (endpoint, model, dialect, noted_at) VALUES (?, ?, ?, ?)"
        with self._explained():
            self._connection.execute(statement, (endpoint, model, dialect, int(time.time())))

    def close(self) -> None:
        """Close the file; the write-ahead log is folded into it."""
        with self._explained():
            self._connection.close()

    def iterate_replies(self) -> Iterator[tuple[ModelReply, int]]:
        """Every reply with the time it was stored at, in order of the hashes; the store may be changed meanwhile."""
        query = f"SELECT {', '.join(COLUMNS)}, stored_at FROM replies WHERE request_sha256 > ? ORDER BY request_sha256"
        last: str | None = ""
        while last is not None:
            with self._explained():
                rows = self._connection.execute(f"{query} LIMIT {REPLIES_AT_ONCE}", (last,)).fetchall()
            for row in rows:
                yield ModelReply(**dict(zip(COLUMNS, row, strict=False))), row[-1]
            last = rows[-1][COLUMNS.index("request_sha256")] if rows else None

    def _pack(self, asked: Asked | None) -> bytes | None:
        return None if asked is None else self._packer.pack(asked)

    def _read_packed(self, request_sha256: str) -> bytes | None:
        query = "SELECT asked FROM replies WHERE request_sha256 = ?"
        row = self._connection.execute(query, (request_sha256,)).fetchone()
        return None if row is None else row[0]

    def _read_asked(self, query: str, request_sha256: str) -> Asked | None:
        with self._explained():
            row = self._connection.execute(query, (request_sha256,)).fetchone()
            return None if row is None or row[0] is None else unpack_asked(self._connection, row[0])

    def _shrink(self) -> None:
        """Return free pages to the disk."""
        is_incremental = self._connection.execute("PRAGMA auto_vacuum").fetchone()[0] == 2
        if is_incremental:
            # A script is run to its end; `execute` would stop after the first page, as no row comes back.
            self._connection.executescript("PRAGMA incremental_vacuum")
        elif shutil.disk_usage(self._folder).free > 3 * self.size_bytes():
            self._connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
            self._connection.execute("VACUUM")
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        finally:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            name = getattr(error, "sqlite_errorname", "")
            hint = next((hint for start, hint in HINTS.items() if name.startswith(start)), HINTS["SQLITE_IOERR"])
            raise InputError(f"reply store {self._path}: {error}", hint) from None
        except sqlite3.DatabaseError as error:
            hint = "move the file away; what it held is then asked for again"
            raise InputError(f"reply store {self._path} is damaged or no reply store: {error}", hint) from None
        except OSError as error:
            hint = "name another file with runner.replies"
            raise InputError(f"reply store {self._path}: {error.strerror or error}", hint) from None


def _list_values(reply: ModelReply) -> list[object]:
    return [getattr(reply, name) for name in COLUMNS]


def _phrase_insert(*, replaces: bool) -> str:
    verb = "INSERT OR REPLACE" if replaces else "INSERT OR IGNORE"
    return (
        f"{verb} INTO replies ({', '.join(COLUMNS)}, stored_at, asked) VALUES ({', '.join('?' * (len(COLUMNS) + 2))})"
    )

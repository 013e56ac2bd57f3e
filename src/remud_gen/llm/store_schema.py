"""The tables of the reply store, and how an older file becomes a current one."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

from remud_gen.errors import InputError
from remud_gen.llm.asked import TEXTS

SCHEMA_VERSION = 4
LOG_WAIT_S = 30.0
APPLICATION_ID = 0x52454D55  # "REMU": tells our file from any other SQLite file
REPLIES = """
CREATE TABLE replies (
    request_sha256 TEXT PRIMARY KEY, client TEXT NOT NULL, model TEXT NOT NULL, text TEXT NOT NULL, reasoning TEXT,
    finish_reason TEXT, input_tokens INTEGER, output_tokens INTEGER, cost_usd REAL, seconds REAL NOT NULL,
    stored_at INTEGER NOT NULL, paid_share REAL NOT NULL DEFAULT 1,
    cached_tokens INTEGER NOT NULL DEFAULT 0, reasoning_tokens INTEGER NOT NULL DEFAULT 0, asked BLOB
)
"""
USERS = "CREATE TABLE users (run TEXT PRIMARY KEY, seen_at INTEGER NOT NULL)"
DIALECTS = """
CREATE TABLE dialects (
    endpoint TEXT NOT NULL, model TEXT NOT NULL, dialect TEXT NOT NULL, noted_at INTEGER NOT NULL,
    PRIMARY KEY (endpoint, model)
)
"""
BATCHES = """
CREATE TABLE batches (
    plan TEXT PRIMARY KEY, endpoint TEXT NOT NULL, model TEXT NOT NULL, file_sha256 TEXT NOT NULL, batch_id TEXT,
    state TEXT NOT NULL, n_requests INTEGER NOT NULL, n_bytes INTEGER NOT NULL, n_ended INTEGER NOT NULL DEFAULT 0,
    planned_at INTEGER NOT NULL
)
"""
PENDING = """
CREATE TABLE pending (
    request_sha256 TEXT NOT NULL, plan TEXT NOT NULL, is_renewal INTEGER NOT NULL, PRIMARY KEY (request_sha256, plan)
) WITHOUT ROWID
"""
TROUBLES = """
CREATE TABLE troubles (
    request_sha256 TEXT PRIMARY KEY, n_attempts INTEGER NOT NULL, is_final INTEGER NOT NULL, code TEXT NOT NULL,
    message TEXT NOT NULL, hint TEXT NOT NULL, noted_at INTEGER NOT NULL
)
"""
WAITING = "CREATE TABLE waiting (request_sha256 TEXT PRIMARY KEY, asked BLOB NOT NULL)"  # for replies of batches
COLUMNS = tuple(
    f"ALTER TABLE replies ADD COLUMN {column}"
    for column in (
        "paid_share REAL NOT NULL DEFAULT 1",
        "cached_tokens INTEGER NOT NULL DEFAULT 0",
        "reasoning_tokens INTEGER NOT NULL DEFAULT 0",
    )
)
TABLES = (REPLIES, USERS, DIALECTS, BATCHES, PENDING, TROUBLES, WAITING, TEXTS)
MIGRATIONS = {
    1: (USERS,),
    2: (*COLUMNS, DIALECTS, BATCHES, PENDING, TROUBLES),
    3: ("ALTER TABLE replies ADD COLUMN asked BLOB", WAITING, TEXTS),
}  # from version -> what leads to the next


def prepare_schema(connection: sqlite3.Connection, path: Path) -> None:
    """Create the tables in a new file, bring an old one up to date, in one transaction.

    Raises:
        InputError: the file is another program's, or of a newer version. sqlite3.Error: as it comes.
    """
    if _read(connection, "SELECT count(*) FROM sqlite_master") == 0:
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")  # only a file without tables takes it
    _begin_log(connection)
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("BEGIN IMMEDIATE")  # two processes must not both create the tables
    if _read(connection, "SELECT count(*) FROM sqlite_master") == 0:
        for statement in (*TABLES, f"PRAGMA application_id = {APPLICATION_ID}"):
            connection.execute(statement)
    else:
        _migrate(connection, path)
    # Written even where it is set already: a read-only file takes a transaction and fails at the first write only.
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    connection.execute("COMMIT")


def _begin_log(connection: sqlite3.Connection) -> None:
    """Where two processes turn a new file to its log at once, SQLite fails for one of them instead of waiting."""
    until_s = time.monotonic() + LOG_WAIT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            is_busy = getattr(error, "sqlite_errorname", "").startswith("SQLITE_BUSY")
            if not is_busy or time.monotonic() > until_s:
                raise
            time.sleep(0.05)
        else:
            return


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    if _read(connection, "PRAGMA application_id") != APPLICATION_ID:
        raise InputError(f"{path} is an SQLite file, but no reply store", "name another file with runner.replies")
    version = _read(connection, "PRAGMA user_version")
    if version > SCHEMA_VERSION:
        raise InputError(
            f"{path} was written by a newer remud (reply store version {version}, this is {SCHEMA_VERSION})",
            "upgrade remud-gen, or name another file with runner.replies",
        )
    for old in range(version, SCHEMA_VERSION):
        for statement in MIGRATIONS[old]:
            connection.execute(statement)


def _read(connection: sqlite3.Connection, query: str) -> int:
    return int(connection.execute(query).fetchone()[0])

"""The tables of the reply store, and how an older file becomes a current one."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from remud_gen.errors import InputError

SCHEMA_VERSION = 2
APPLICATION_ID = 0x52454D55  # "REMU": tells our file from any other SQLite file
REPLIES = """
CREATE TABLE replies (
    request_sha256 TEXT PRIMARY KEY, client TEXT NOT NULL, model TEXT NOT NULL, text TEXT NOT NULL, reasoning TEXT,
    finish_reason TEXT, input_tokens INTEGER, output_tokens INTEGER, cost_usd REAL, seconds REAL NOT NULL,
    stored_at INTEGER NOT NULL
)
"""
USERS = "CREATE TABLE users (run TEXT PRIMARY KEY, seen_at INTEGER NOT NULL)"
MIGRATIONS = {1: USERS}  # from version -> the statement that leads to the next


def prepare_schema(connection: sqlite3.Connection, path: Path) -> None:
    """Create the tables in a new file, bring an old one up to date, in one transaction.

    Raises:
        InputError: the file is another program's, or of a newer version. sqlite3.Error: as it comes.
    """
    if _read(connection, "SELECT count(*) FROM sqlite_master") == 0:
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")  # only a file without tables takes it
    for pragma in ("journal_mode = WAL", "synchronous = NORMAL"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("BEGIN IMMEDIATE")  # two processes must not both create the tables
    if _read(connection, "SELECT count(*) FROM sqlite_master") == 0:
        for statement in (REPLIES, USERS, f"PRAGMA application_id = {APPLICATION_ID}"):
            connection.execute(statement)
    else:
        _migrate(connection, path)
    # Written even where it is set already: a read-only file takes a transaction and fails at the first write only.
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    connection.execute("COMMIT")


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
        connection.execute(MIGRATIONS[old])


def _read(connection: sqlite3.Connection, query: str) -> int:
    return int(connection.execute(query).fetchone()[0])

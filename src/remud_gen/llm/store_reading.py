"""A look into a reply store that writes nothing: no table, no log, no lock file."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from remud_gen.errors import InputError
from remud_gen.llm.store_schema import APPLICATION_ID, SCHEMA_VERSION

SIZES = "SELECT request_sha256, length(CAST(text AS BLOB)) + length(CAST(coalesce(reasoning, '') AS BLOB)) FROM replies"


@dataclass(frozen=True, slots=True)
class StoredReplies:
    """What a store holds."""

    sizes: dict[str, int]  # request hash -> bytes of the reply's text
    users: tuple[Path, ...]  # run folders that draw on it


def look_into_store(path: Path) -> StoredReplies:
    """Keys, sizes and users of a store.

    Raises:
        InputError: no reply store, of a newer version, or unreadable.
    """
    log = path.with_name(f"{path.name}-wal")
    # Without a log the file is all there is. With one it is shared memory that tells what is valid: a plain reader.
    mode = "mode=ro" if log.exists() and log.stat().st_size else "immutable=1"
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?{mode}", uri=True)) as connection:
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
                raise InputError(f"{path} is an SQLite file, but no reply store")
            if version > SCHEMA_VERSION:
                raise InputError(f"{path} was written by a newer remud", "upgrade remud-gen")
            has_users = connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'users'").fetchone()[0]
            rows = connection.execute("SELECT run FROM users ORDER BY run").fetchall() if has_users else []
            return StoredReplies(dict(connection.execute(SIZES)), tuple(Path(row[0]) for row in rows))
    except sqlite3.Error as error:
        raise InputError(f"reply store {path} cannot be read: {error}") from None

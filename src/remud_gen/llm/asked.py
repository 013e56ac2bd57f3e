"""What was asked, kept beside the reply to it: all that the request's hash is of, so that the reply can be understood.

Images are kept by hash; keys and addresses are in no request. System parts and schemas, which most requests share, are
kept once each.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from remud_gen.llm.request_hash import hash_identity, identify_request
from remud_gen.protocols import ModelRequest
from remud_gen.rules.shared import MOST_KEPT

TEXTS = "CREATE TABLE texts (sha256 TEXT PRIMARY KEY, body BLOB NOT NULL)"
QUICKEST = 1  # of zlib's levels: half the size in a fraction of the time
MOST_KNOWN = 1_000  # texts: builders make few, but requests from a file or another command come with their own each


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it is kept. The last two fields say what it was for; its hash is of all others."""

    version: int
    client: str
    model: str
    system: str
    user: str
    images: tuple[str, ...]  # by hash
    schema: Mapping[str, Any] | None
    params: Mapping[str, Any]
    purpose: str
    prompt: str  # name.language@version

    @property
    def sha256(self) -> str:
        """The request's hash."""
        told = asdict(self)
        del told["purpose"], told["prompt"]
        return hash_identity(told)


def describe_request(request: ModelRequest, client: str, model: str) -> Asked:
    """What is kept of a request."""
    told = identify_request(request, client, model)
    told["images"] = tuple(told["images"])
    return Asked(**told, purpose=request.purpose, prompt=request.prompt)


class AskedPacker:
    """Packs requests for a reply store, and keeps what they share in its table of texts.

    Raises:
        sqlite3.Error: as it comes.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._systems: dict[str, str] = {}  # texts that are stored -> their hash
        self._schemas: dict[int, tuple[object, str]] = {}  # by identity: builders make each schema once

    def pack(self, asked: Asked) -> bytes:
        """The request, without what it shares with others; that is stored when this returns."""
        body = {
            "version": asked.version,
            "client": asked.client,
            "model": asked.model,
            "system": self._keep_system(asked.system),
            "user": asked.user,
            "images": asked.images,
            "schema": self._keep_schema(asked.schema),
            "params": asked.params,
            "purpose": asked.purpose,
            "prompt": asked.prompt,
        }
        return _pack(json.dumps(body, ensure_ascii=False, separators=(",", ":")))

    def _keep_system(self, text: str) -> str:
        if text not in self._systems:
            if len(self._systems) >= MOST_KNOWN:
                self._systems.clear()
            self._systems[text] = self._keep_text(text)
        return self._systems[text]

    def _keep_schema(self, schema: Mapping[str, Any] | None) -> str:
        known = self._schemas.get(id(schema))
        if known is None or known[0] is not schema:
            if len(self._schemas) >= MOST_KEPT:
                self._schemas.clear()
            # Held, so that no other schema can come to lie at its place.
            known = self._schemas[id(schema)] = schema, self._keep_text(json.dumps(schema, sort_keys=True))
        return known[1]

    def _keep_text(self, text: str) -> str:
        packed = _pack(text)
        sha256 = hashlib.sha256(packed).hexdigest()
        self._connection.execute("INSERT OR IGNORE INTO texts VALUES (?, ?)", (sha256, packed))
        return sha256


def unpack_asked(connection: sqlite3.Connection, packed: bytes) -> Asked | None:
    """The request again; None where what it shares with others is not there, or it is damaged.

    Raises:
        sqlite3.Error: as it comes.
    """
    try:
        told = json.loads(_unpack(packed))
        for name in ("system", "schema"):
            query = "SELECT body FROM texts WHERE sha256 = ?"
            told[name] = _unpack(connection.execute(query, (told[name],)).fetchone()[0])
        told["images"], told["schema"] = tuple(told["images"]), json.loads(told["schema"])
        return Asked(**told)
    except (TypeError, ValueError, KeyError, zlib.error):
        return None


def _pack(text: str) -> bytes:
    return zlib.compress(text.encode("utf-8", "surrogatepass"), QUICKEST)  # words of books may hold half a pair


def _unpack(packed: bytes) -> str:
    return zlib.decompress(packed).decode("utf-8", "surrogatepass")

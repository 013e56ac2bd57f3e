"""The name of a request: equal requests have equal names on every machine."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from remud_gen.protocols import ModelRequest
from remud_gen.rules.shared import MadeOnce

HASH_VERSION = 1


def hash_request(request: ModelRequest, client: str, model: str) -> str:
    """Of all that shapes the reply. Images count by their hash; the key, the address and the limits do not count."""
    return hash_identity(identify_request(request, client, model))


def identify_request(request: ModelRequest, client: str, model: str) -> dict[str, Any]:
    """All that a request's hash is of."""
    return {
        "version": HASH_VERSION,
        "client": client,
        "model": model,
        "system": request.system,
        "user": request.user,
        "images": [image.sha256 for image in request.images],
        "schema": request.schema,
        "params": dict(request.params),
    }


def hash_identity(identity: Mapping[str, Any]) -> str:
    """The hash of a request, from what it is of."""
    fields = (f'"{name}":{WRITERS.get(name, _write)(identity[name])}' for name in sorted(identity))
    return hashlib.sha256(f"{{{','.join(fields)}}}".encode("ascii")).hexdigest()


def _write(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


# What most requests share is written once.
WRITERS: Mapping[str, Callable[[Any], str]] = {"schema": MadeOnce(_write), "system": lru_cache(maxsize=32)(_write)}

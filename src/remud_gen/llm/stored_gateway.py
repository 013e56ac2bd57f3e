"""The door to a model for commands that may not ask it: what was answered before is given, nothing is sent."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from remud_gen.config import ModelConfig
from remud_gen.errors import Deferred
from remud_gen.llm.gateway import Gateway
from remud_gen.llm.hooks import Hooks
from remud_gen.llm.opening import choose_client
from remud_gen.llm.store import ReplyStore
from remud_gen.protocols import ModelReply, ModelRequest

NOT_ASKED = "no stored reply, and this command asks no model"


class AbsentClient:
    """Stands for a network client, so that requests get its hashes; needs neither key nor address."""

    name: ClassVar[str] = "absent"
    is_network: ClassVar[bool] = True

    def __init__(self, name: str, model: str) -> None:
        self.name = name  # type: ignore[misc]  # of the client it stands for: the name is part of every hash
        self.model = model

    async def complete(self, request: ModelRequest) -> ModelReply:
        """Deferred: nothing is sent."""
        raise Deferred(NOT_ASKED)

    async def close(self) -> None:
        """Nothing is open."""


class StoredGateway(Gateway):
    """Gives stored replies; a request without one is deferred, before anything is reserved, noted or sent."""

    async def _fetch(self, request: ModelRequest, key: str) -> ModelReply:
        raise Deferred(NOT_ASKED)


def open_stored_gateway(config: ModelConfig, store_path: Path, hooks: Hooks, *, run: Path) -> StoredGateway:
    """The gateway over a store that may not be there; a `run` folder that reads one is noted as one of its users.

    Raises:
        ConfigError: no model. InputError: the reply store cannot be used.
    """
    client = AbsentClient(choose_client(config), config.model or "")
    store = ReplyStore(store_path) if store_path.exists() else None
    if store is not None:
        store.register_user(run)
    return StoredGateway(client, store, hooks=hooks)

"""Client that answers from stored replies alone: a run made again without a model, to the last byte."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import ClassVar

from remud_gen.config import ModelConfig
from remud_gen.errors import ConfigError, InputError, RecordError
from remud_gen.llm.request_hash import hash_request
from remud_gen.llm.store import ReplyStore
from remud_gen.llm.store_lines import import_replies
from remud_gen.llm.store_reading import StoreReader
from remud_gen.protocols import ImageStore, ModelReply, ModelRequest

SQLITE_MARK = b"SQLite format 3\0"


class ReplayClient:
    """Gives the replies of `generate.replay`: a reply store, or a file that `remud replies export` wrote.

    Nothing leaves the machine. A request has the hash that the live client gave it, so the records are those of the
    live run; `generate.model` must be the one that was asked then. What was never answered fails as REPLY_MISSING.
    """

    name: ClassVar[str] = "replay"
    is_network: ClassVar[bool] = False
    replayed: ClassVar[str] = "openai"  # whose requests they were: the name is part of every hash

    def __init__(self, config: ModelConfig, images: ImageStore) -> None:
        self.model, path = check_replay(config)
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._reader = StoreReader(self._find_store(path))

    async def complete(self, request: ModelRequest) -> ModelReply:
        """The stored reply to exactly this request."""
        key = hash_request(request, self.replayed, self.model)
        reply = self._reader.get(key)
        if reply is None:
            told = f"no stored reply to this request ({request.purpose}, {key[:12]})"
            hint = (
                "were settings, prompts or inputs others when the replies were made? a live client "
                "(--set generate.client=openai) with --retry-errors asks anew"
            )
            raise RecordError("REPLY_MISSING", told, hint)
        return reply

    async def close(self) -> None:
        """Close the file."""
        self._reader.close()
        if self._folder is not None:
            self._folder.cleanup()

    def _find_store(self, path: Path) -> Path:
        """The store itself, or one made of a file of lines for as long as this client lives."""
        if _is_store(path):
            return path
        self._folder = tempfile.TemporaryDirectory(prefix="remud-replay-")
        made = Path(self._folder.name) / "replies.sqlite"
        store = ReplyStore(made)
        try:
            transfer = import_replies(path, store)
        finally:
            store.close()
        if transfer.refused:
            number, reason = transfer.reasons[0]
            told = f"generate.replay {path}: line {number} {reason}"
            more = f" ({transfer.refused} lines in all)" if transfer.refused > 1 else ""
            raise InputError(told + more, "`remud replies import` says which lines are good, and takes them")
        return made


def check_replay(config: ModelConfig) -> tuple[str, Path]:
    """The model that is replayed, and the file that its replies are read from.

    Raises:
        ConfigError: one of them is not named. InputError: the file cannot be read.
    """
    if config.model is None:
        hint = "set generate.model (or --set generate.model=NAME) to the one the stored replies were asked of"
        raise ConfigError("client `replay` needs the name of the model", hint)
    if config.replay is None:
        hint = "set generate.replay to a reply store or to a file of `remud replies export`"
        raise ConfigError("client `replay` needs stored replies", hint)
    _is_store(config.replay)
    return config.model, config.replay


def _is_store(path: Path) -> bool:
    try:
        with path.open("rb") as stream:
            return stream.read(len(SQLITE_MARK)) == SQLITE_MARK
    except OSError as error:
        told = f"generate.replay {path} cannot be read: {error.strerror or error}"
        raise InputError(told, "look at its name again") from None

"""What clients keep about endpoints from one command to the next."""

from __future__ import annotations

from typing import Protocol, runtime_checkable


class DialectMemory(Protocol):
    """Notes about endpoints that outlive a command; the reply store keeps them."""

    def recall_dialect(self, endpoint: str, model: str) -> str | None:
        """What was noted last, unless that is long ago."""
        ...

    def note_dialect(self, endpoint: str, model: str, dialect: str) -> None:
        """Keep what worked, in place of what was noted before."""
        ...


@runtime_checkable
class RememberingClient(Protocol):
    """A client that speaks to an endpoint as an earlier command found it understands."""

    def use_memory(self, memory: DialectMemory) -> None:
        """Start from what is noted, and note what is found out."""
        ...


@runtime_checkable
class ReplayingClient(Protocol):
    """A client that stands for another: guards see its requests, and hashes are those of the client it replays."""

    replayed: str

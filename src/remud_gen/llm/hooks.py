"""What the gateway lets watch over the requests that leave the machine."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from remud_gen.protocols import ModelReply, ModelRequest


class OutboundGuard(Protocol):
    """Decides what may leave the machine."""

    def admit(self, request: ModelRequest) -> ModelRequest | Awaitable[ModelRequest]:
        """The request as it may be sent, perhaps masked; RecordError when it may not leave."""
        ...


class Ledger(Protocol):
    """Keeps account of what left the machine."""

    def record(self, request: ModelRequest, request_sha256: str) -> None:
        """Called before every send, repeated ones too."""
        ...

    def close(self) -> None:
        """Called when nothing more is sent; must bear to be called twice."""
        ...


class Budget(Protocol):
    """Keeps what is spent below what the user set."""

    async def reserve(self, request: ModelRequest, request_sha256: str) -> None:
        """Called before every send; waits where it depends on what is in flight whether there is room.

        Raises:
            BudgetReached: the request might lead past the limit, whatever comes of those in flight.
        """
        ...

    def settle(self, request_sha256: str, reply: ModelReply | None, *, is_lost: bool = False) -> None:
        """Called after every send with what came back; `is_lost`: nothing did, but the endpoint may bill it."""
        ...


class Pricer(Protocol):
    """Knows what replies cost."""

    def cost_of(self, reply: ModelReply) -> float | None:
        """USD; None where it is unknown."""
        ...


@runtime_checkable
class ReportsHeaders(Protocol):
    """A client that passes on the headers of every answer, which tell what the endpoint will still take."""

    def report_headers_to(self, observe: Callable[[Mapping[str, str]], None]) -> None:
        """Call this with each answer's headers."""
        ...


@dataclass(frozen=True, slots=True)
class Hooks:
    """What watches over requests that leave the machine."""

    guards: Sequence[OutboundGuard] = ()
    ledger: Ledger | None = None
    budget: Budget | None = None
    pricer: Pricer | None = None

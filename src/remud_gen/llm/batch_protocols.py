"""What handing requests over in batches needs of a client and of a budget."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol, runtime_checkable

from remud_gen.llm.batch_api import BatchApi
from remud_gen.llm.dialect import Dialect
from remud_gen.protocols import ModelReply, ModelRequest


@runtime_checkable
class BatchingClient(Protocol):
    """A client whose endpoint takes files of requests."""

    @property
    def is_understood(self) -> bool:
        """Whether it is known how the endpoint wants requests phrased."""
        ...

    @property
    def dialect(self) -> Dialect:
        """How requests are phrased by now."""
        ...

    @property
    def batches(self) -> BatchApi:
        """The endpoint's files and batches."""
        ...

    async def build_body(self, request: ModelRequest) -> dict[str, Any]:
        """What is to be asked."""
        ...

    def read_answer(self, used: Dialect, status: int, body: Any) -> ModelReply:
        """What came back; TransientError or RecordError where that is no reply."""
        ...


@runtime_checkable
class LateBudget(Protocol):
    """A budget that keeps account of requests whose replies come to a later command."""

    async def gather(self, request: ModelRequest, request_sha256: str, share: float) -> None:
        """Find room for a request, at a share of the price; BudgetReached where there is none."""
        ...

    def hand_over(self, request_sha256s: Iterable[str]) -> None:
        """Write down what was gathered: it counts as spent, as a guess, until its reply is there."""
        ...

    def let_go(self, request_sha256s: Iterable[str]) -> None:
        """Give back the room of what was gathered and will not be handed over."""
        ...

    def settle_late(self, request_sha256: str, reply: ModelReply | None) -> None:
        """Put what was paid, or nothing, in place of the guess, if it was this run that handed it over."""
        ...

    def list_late(self) -> list[str]:
        """What this run handed over and has not settled, by request hash."""
        ...

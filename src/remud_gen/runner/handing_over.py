"""Which gateway a stage asks through, and what comes before and after its inputs where replies come by batches."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from remud_gen.config import GenerateConfig, ModelConfig
from remud_gen.errors import BudgetReached, ConfigError
from remud_gen.llm.batch_gateway import BatchGateway, BatchLimits
from remud_gen.llm.gateway import Gateway
from remud_gen.llm.opening import choose_client
from remud_gen.llm.store_reading import list_pending
from remud_gen.registry import load
from remud_gen.runner.account import read_spending
from remud_gen.runner.files import TEMPORARY
from remud_gen.runner.reports.wording import count_noun
from remud_gen.runner.window import Window

FOLDER = "batches"


def choose_gateway(model: ModelConfig, store: Path, run: Path, *, pays_twice: bool = False) -> Callable[..., Gateway]:
    """Batches are for stages that make records of replies; whoever looks at pages needs them at once.

    Raises:
        ConfigError: requests of this run are under way in batches, and would be sent one by one unless it `pays_twice`.
    """
    if not isinstance(model, GenerateConfig) or not load("llm", choose_client(model)).is_network:
        return Gateway
    if not model.batch:
        if not pays_twice and (n_waiting := len(list_pending(store) & list_handed_over(run))):
            told = f"{count_noun(n_waiting, 'request')} {'is' if n_waiting == 1 else 'are'} under way in a batch"
            raise ConfigError(
                f"{told}: --batch collects them; --live asks and pays for them again",
                "run the same command with one of the two; by itself it would send them one by one",
            )
        return Gateway
    limits = BatchLimits(
        run / FOLDER, model.batch_max_requests, int(model.batch_max_mb * 1_000_000), model.batch_poll_s, TEMPORARY
    )
    return partial(BatchGateway, limits=limits, store_path=store)


def list_handed_over(run: Path) -> set[str]:
    """The requests, by hash, that this run has handed over and not settled."""
    return {key for guesses in read_spending(run).late.values() for key in guesses}


async def map_through(
    gateway: Gateway, window: Window, work: Callable[[], Awaitable[None]], *, waits: bool
) -> list[str]:
    """Collect, work, hand over; what is waited for now, in words, if not all replies were there."""
    if not isinstance(gateway, BatchGateway):
        await work()
        return []
    await gateway.begin()
    try:
        await work()
    except BudgetReached:
        await gateway.hand_over()  # what there was room for
        raise
    await gateway.hand_over()
    if not window.n_deferred:
        return []
    told = gateway.describe_waiting()
    if waits:
        await gateway.wait()
    return [told]

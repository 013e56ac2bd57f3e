"""What watches over the requests of a stage that leave the machine: guards, the ledger, the budget."""

from __future__ import annotations

from urllib.parse import urlsplit

from remud_gen.config import Config, ModelConfig
from remud_gen.llm.allow_list import check_outbound
from remud_gen.llm.budget import SpendingLimit, check_limits
from remud_gen.llm.endpoint import find_address, find_endpoint
from remud_gen.llm.guard import PrivacyGuard
from remud_gen.llm.hooks import Hooks
from remud_gen.llm.ledger import LEDGER, Destination, FileLedger
from remud_gen.llm.opening import choose_client
from remud_gen.llm.prices import find_price
from remud_gen.llm.request_tokens import RequestCounter
from remud_gen.llm.screening import make_reader
from remud_gen.registry import load
from remud_gen.runner.account import RunAccount
from remud_gen.runner.folder import RunFolder


def make_hooks(config: Config, folder: RunFolder, model: ModelConfig, account: RunAccount) -> Hooks:
    """The watchers a configuration asks for, over a stage that asks this model.

    Raises:
        ConfigError: the model may not be asked. Stages say so before any work; nobody comes past this door.
    """
    check_outbound(config, model)
    price = find_price(model, config.budget.prices)
    to = Destination(urlsplit(find_address(model.base_url)).netloc, model.model or "")
    return Hooks(
        guards=(make_guard(config, folder),),
        ledger=FileLedger(folder.path / LEDGER, to, config.privacy, folder.images),
        budget=SpendingLimit(config.budget, price, RequestCounter(model.model or ""), account),
        pricer=price,
    )


def make_guard(config: Config, folder: RunFolder) -> PrivacyGuard:
    """What decides which requests may leave, and masked how: also of one that is only looked up."""
    return PrivacyGuard(config, folder.images, make_reader(config, folder.images))


def check_spending(config: Config, model: ModelConfig) -> None:
    """Refuse, before any work, a limit that could not be held.

    Raises:
        ConfigError: a limit in USD for a model whose price nobody knows.
    """
    if load("llm", choose_client(model)).is_network:
        check_limits(config.budget, model, find_price(model, config.budget.prices))


def check_key(model: ModelConfig) -> None:
    """Refuse to start work whose end needs a key that is not there: reading the books may take a night.

    Raises:
        ConfigError: a remote address without a key.
    """
    if load("llm", choose_client(model)).is_network:
        find_endpoint(model.base_url)

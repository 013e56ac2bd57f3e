"""From a configuration to a gateway over the client it names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from remud_gen.config import ModelConfig
from remud_gen.errors import ConfigError
from remud_gen.llm.gateway import Gateway
from remud_gen.llm.hooks import Hooks
from remud_gen.llm.limits import Pace
from remud_gen.llm.memory import RememberingClient
from remud_gen.llm.store import ReplyStore
from remud_gen.protocols import ImageStore, ModelClient
from remud_gen.registry import load

NO_MODEL = (
    "no model is set for `generate`",
    "name one: `--model gpt-4o` (or REMUD_MODEL, or `generate.model` in a config) with its key in OPENAI_API_KEY or "
    "REMUD_API_KEY; for a server of your own add `--base-url http://localhost:8000/v1`. To see the pipeline work "
    "without a model: `--config demo.yaml`",
)


def choose_client(config: ModelConfig) -> str:
    """The name of the client a configuration asks for; a model without a client means an OpenAI-compatible endpoint.

    Raises:
        ConfigError: neither is set, or the endpoint's model is not named; the hint says how to set one.
    """
    if config.client is None and config.model is None:
        raise ConfigError(*NO_MODEL)
    if config.client == "openai" and config.model is None:
        raise ConfigError(*NO_MODEL)
    return config.client or "openai"


def name_asked(config: ModelConfig) -> str | None:
    """The client whose replies a configuration works with: what is replayed counts as what it replays, so that a run
    made live stays as it is when it is replayed, and the other way round; None without a model.
    """
    if config.client == "replay":
        return str(load("llm", config.client).replayed)
    return config.client or ("openai" if config.model else None)


def open_gateway(
    config: ModelConfig,
    store_path: Path,
    images: ImageStore,
    hooks: Hooks | None = None,
    *,
    run: Path | None = None,
    tell: Callable[[str], None] = lambda text: None,
    kind: Callable[..., Gateway] = Gateway,
) -> Gateway:
    """Build the configured client and its gateway; call within a running event loop and use as `async with`.

    A `run` folder is noted in the store as one of its users.

    Raises:
        ConfigError: no model, no key, or an address that is none.
        InputError: the reply store cannot be used.
    """
    client: ModelClient = load("llm", choose_client(config))(config, images)
    store = ReplyStore(store_path) if client.is_network else None
    if store is not None and run is not None:
        store.register_user(run)
    if store is not None and isinstance(client, RememberingClient):
        client.use_memory(store)
    pace = Pace(config.concurrency, config.requests_per_minute, config.tokens_per_minute)
    return kind(
        client,
        store,
        pace=pace,
        max_attempts=config.max_attempts,
        patience_s=config.patience_s,
        hooks=hooks,
        tell=tell,
    )

"""What watches over the requests of a stage that leave the machine: guards, the ledger, the budget."""

from __future__ import annotations

from urllib.parse import urlsplit

from remud_gen.config import Config, ModelConfig
from remud_gen.llm.endpoint import find_address
from remud_gen.llm.gateway import Hooks
from remud_gen.llm.guard import PrivacyGuard
from remud_gen.llm.ledger import LEDGER, Destination, FileLedger
from remud_gen.llm.screening import make_reader
from remud_gen.runner.folder import RunFolder


def make_hooks(config: Config, folder: RunFolder, model: ModelConfig) -> Hooks:
    """The watchers a configuration asks for, over a stage that asks this model."""
    to = Destination(urlsplit(find_address(model.base_url)).netloc, model.model or "")
    return Hooks(
        guards=(PrivacyGuard(config, folder.images, make_reader(config, folder.images)),),
        ledger=FileLedger(folder.path / LEDGER, to, config.privacy, folder.images),
    )

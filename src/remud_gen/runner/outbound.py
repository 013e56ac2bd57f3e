"""What watches over the requests of a stage that leave the machine: guards, the ledger, the budget."""

from __future__ import annotations

from remud_gen.config import Config
from remud_gen.llm.gateway import Hooks
from remud_gen.runner.folder import RunFolder


def make_hooks(config: Config, folder: RunFolder) -> Hooks:
    """The watchers a configuration asks for."""
    return Hooks()

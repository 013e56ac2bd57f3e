"""The watchers of a stage's requests are not handed out for a model that may not be asked, whoever forgot to check."""

from __future__ import annotations

from pathlib import Path

import pytest

from remud_gen.config import load_config
from remud_gen.errors import ConfigError
from remud_gen.runner.account import RunAccount
from remud_gen.runner.folder import RunFolder
from remud_gen.runner.outbound import make_hooks


@pytest.mark.parametrize(
    ("settings", "is_refused"),
    [
        (("privacy.offline=true",), True),
        (("privacy.allow_hosts=[other.example]",), True),
        (("privacy.allow_hosts=[models.example]",), False),
        (("privacy.offline=true", "generate.client=replay"), False),
        ((), False),
    ],
)
def test_no_watchers_without_leave(tmp_path: Path, settings: tuple[str, ...], is_refused: bool) -> None:
    config = load_config(None, ["generate.model=m", "generate.base_url=https://models.example/v1", *settings], {})
    with RunAccount(tmp_path, "generate") as account:
        if is_refused:
            with pytest.raises(ConfigError, match=r"offline|models\.example"):
                make_hooks(config, RunFolder(tmp_path), config.generate, account)
        else:
            assert make_hooks(config, RunFolder(tmp_path), config.generate, account).guards

"""What a run remembers of a command that failed before anything was made by its settings."""

from __future__ import annotations

import pytest
import yaml

from remud_gen.errors import ConfigError, ProviderError
from remud_gen.pipeline import PIPELINE
from remud_gen.runner import command
from remud_gen.runner.command import run_stages
from remud_gen.runner.options import Options
from tests.e2e.command import make_book
from tests.model_server import ModelServer

NOWHERE = ("generate.model=foo", "generate.base_url=http://127.0.0.1:9/v1", "generate.patience_s=0")
QUICK = ("runner.executor=serial", "extract.reads_burned_in_text=false", "generate.max_attempts=1")


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("REMUD_API_KEY", "sk-test")
    make_book(tmp_path / "shelf" / "a.pdf", 1)
    return tmp_path


def bring(place, last, *settings):
    return run_stages(PIPELINE, Options(place / "run", None, settings, (place / "shelf",), is_quiet=True), last)


def remembered(place):
    return yaml.safe_load((place / "run" / "config.yaml").read_text("utf-8"))


def test_an_address_that_nobody_answers_at_is_not_remembered(place):
    bring(place, "pair", *QUICK)
    before = (place / "run" / "config.yaml").read_bytes()
    with pytest.raises(ProviderError):
        bring(place, "generate", *NOWHERE)
    assert (place / "run" / "config.yaml").read_bytes() == before


def test_what_was_made_keeps_its_settings_and_the_address_goes(place):
    with pytest.raises(ProviderError):
        bring(place, "generate", *QUICK, *NOWHERE)
    kept = remembered(place)
    assert kept["extract"]["reads_burned_in_text"] is False
    assert (kept["generate"]["model"], kept["generate"]["base_url"]) == (None, None)
    assert all(report.n_run == 0 for report in bring(place, "pair").reports)


def test_settings_that_a_model_has_answered_under_stay(place):
    with ModelServer() as server:
        bring(place, "generate", *QUICK, "generate.model=tiny", f"generate.base_url={server.base_url}")
        address = server.base_url
    with pytest.raises(ProviderError):
        bring(place, "generate", "generate.temperature=0.9", "generate.patience_s=0")
    kept = remembered(place)["generate"]
    assert (kept["model"], kept["base_url"], kept["temperature"]) == ("tiny", address, 0.7)


@pytest.mark.parametrize("is_first", [True, False])
def test_a_wrong_configuration_found_late_is_put_back(place, monkeypatch, is_first):
    if not is_first:
        bring(place, "pair", *QUICK)
    before = None if is_first else remembered(place)

    class Refusing(command.Driver):
        def bring_up_to(self, wish, roots):
            raise ConfigError("no such thing")

    monkeypatch.setattr(command, "Driver", Refusing)
    with pytest.raises(ConfigError):
        bring(place, "pair", *QUICK, "pair.check_below=0.1")
    assert (place / "run" / "config.yaml").exists() != is_first
    assert is_first or remembered(place) == before

"""`remud doctor` against a real server, a wrong key, and nobody."""

from __future__ import annotations

from pathlib import Path

import pytest

from remud_gen.config import Config, load_config
from remud_gen.runner.doctor import examine_setup
from tests.model_server import ModelServer


def look(tmp_path: Path, *assignments: str) -> dict[str, tuple[str, int]]:
    config = load_config(None, assignments, {})
    return {finding.what: (finding.message, finding.exit_code) for finding in examine_setup(config, tmp_path / "run")}


def test_without_a_model_it_says_how_to_set_one(tmp_path: Path) -> None:
    findings = look(tmp_path)
    assert findings["model"][1] == 2
    assert "set generate.model" in findings["model"][0]
    assert findings["ocr"] == ("rapidocr", 0)
    assert findings["run folder"][1] == 0


def test_an_endpoint_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REMUD_API_KEY", "right-key-0123456789")
    with ModelServer(key="right-key-0123456789") as server:
        at = f"generate.base_url={server.base_url}"
        assert look(tmp_path, at, "generate.model=tiny")["model"][1] == 0
        monkeypatch.setenv("REMUD_API_KEY", "wrong-key-0123456789")
        message, code = look(tmp_path, at, "generate.model=tiny")["model"]
        assert code == 5
        assert "key" in message
        assert "wrong-key" not in message
    message, code = look(tmp_path, at, "generate.model=tiny")["model"]
    assert code == 5
    assert "cannot be reached" in message


def test_no_endpoint_is_asked_where_replies_are_replayed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("REMUD_API_KEY", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)  # asked, the endpoint would want one
    (tmp_path / "paid.jsonl").write_text("", "utf-8")
    at = ("generate.client=replay", "generate.base_url=https://nobody.invalid/v1", "extract.layout=vlm")
    replay = (*at, f"generate.replay={tmp_path / 'paid.jsonl'}")
    findings = look(tmp_path, *replay, "generate.model=qwen3-vl-plus")
    for what in ("model", "vision"):
        assert findings[what][1] == 0, findings[what]
        assert "qwen3-vl-plus, replayed from" in findings[what][0]
    message, code = look(tmp_path, *at, "generate.model=tiny", "generate.replay=gone.jsonl")["model"]
    assert (code, "gone.jsonl cannot be read" in message) == (3, True)
    message, code = look(tmp_path, *replay)["model"]
    assert (code, "name of the model" in message) == (2, True)


def test_unknown_components_are_named(tmp_path: Path) -> None:
    message, code = look(tmp_path, "extract.ocr=nonesuch", "generate.client=extractive")["ocr"]
    assert code == 2
    assert "nonesuch" in message


def test_the_model_that_looks_at_pages_is_asked_for_where_one_is_wanted(tmp_path: Path) -> None:
    assert "vision" not in look(tmp_path)
    message, code = look(tmp_path, "extract.layout=vlm")["vision"]
    assert code == 2
    assert "vision.model" in message
    with ModelServer(models=("qwen3-vl-plus", "my-vl")) as server:
        settings = ("extract.layout=vlm", f"vision.base_url={server.base_url}", "generate.client=extractive")
        assert look(tmp_path, *settings, "vision.model=qwen3-vl-plus")["vision"] == (
            "qwen3-vl-plus at 127.0.0.1",
            0,
        )
        message, code = look(tmp_path, *settings, "vision.model=my-vl")["vision"]
        assert code == 2
        assert "qwen2.5-vl" in message  # the ways to write boxes, by name
        assert look(tmp_path, *settings, "vision.model=my-vl", "vision.coords=fraction")["vision"][1] == 0
        message, code = look(tmp_path, *settings, "vision.model=qwen2.5-vl-7b")["vision"]
        assert code == 5
        assert "does not list" in message


def test_a_format_whose_package_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name, package=None: None)
    config = Config.model_validate({"generate": {"client": "extractive"}, "export": {"formats": ["trl", "raw"]}})
    found = {
        finding.message: finding.exit_code for finding in examine_setup(config, tmp_path) if finding.what == "exporters"
    }
    assert sorted(found.values()) == [0, 4]
    assert any("remud-gen[parquet]" in message for message in found)

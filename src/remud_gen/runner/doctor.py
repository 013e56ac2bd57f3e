"""Is everything a configuration names installed and reachable? Each finding says what to do."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from remud_gen import registry
from remud_gen.config import Config, ModelConfig
from remud_gen.errors import ConfigError, MissingExtraError, RemudError
from remud_gen.protocols import CheckedOcrEngine, LanguageOcrEngine

PACKAGES = ("pymupdf", "pillow", "rapidocr", "onnxruntime", "openai", "pydantic", "typer", "numpy")
LOW_DISK_GB = 2.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at; exit code 0 is well."""

    what: str
    message: str
    exit_code: int = 0

    def to_line(self) -> str:
        """For people."""
        return f"{'ok  ' if not self.exit_code else 'BAD '} {self.what:<12} {self.message}"

    def to_json(self) -> dict[str, Any]:
        """For scripts."""
        return {**asdict(self), "is_well": not self.exit_code}


def examine_setup(config: Config, run: Path) -> list[Finding]:
    """Look at Python, packages, components, the model endpoint and the disk."""
    return [
        *_look_at_packages(),
        *_look_at_components(config),
        *_look_at_model(config),
        *_look_at_vision(config),
        *_look_at_judge(config),
        *_look_at_disk(run),
    ]


def _look_at_packages() -> Iterator[Finding]:
    yield Finding("python", sys.version.split()[0])
    for name in PACKAGES:
        try:
            yield Finding(name, version(name))
        except PackageNotFoundError:
            yield Finding(name, f"not installed: pip install {name}", MissingExtraError.exit_code)


def _look_at_components(config: Config) -> Iterator[Finding]:
    named: list[tuple[registry.Kind, str]] = [("ocr", config.extract.ocr)]
    named += [("layout", config.extract.layout), ("pairing", config.pair.rule)]
    named += [("exporters", name) for name in config.export.formats]
    named += [("filters", name) for name in config.filter.options]
    for kind, name in named:
        try:
            component = registry.load(kind, name)
            if kind == "ocr":
                engine = component()
                if isinstance(engine, LanguageOcrEngine):
                    engine.languages = config.extract.ocr_languages
                    name = f"{name} ({', '.join(engine.languages)})"
                if isinstance(engine, CheckedOcrEngine):
                    engine.check()
            elif kind == "exporters":
                component(config.export.thinking)  # one that writes with an optional package looks for it
            yield Finding(kind, name)
        except RemudError as error:
            yield Finding(kind, f"{name}: {error.message}. {error.hint}", error.exit_code)
        except ImportError as error:
            yield Finding(kind, f"{name}: {error}", MissingExtraError.exit_code)


def _look_at_model(config: Config) -> Iterator[Finding]:
    chosen = config.generate
    if chosen.client == "extractive":
        yield Finding("model", "extractive: no model is asked; answers are quotes of the source")
        return
    if chosen.model is None and chosen.client != "replay":
        hint = "none set: set generate.model (generate.base_url for a server of your own), or REMUD_MODEL"
        yield Finding("model", hint, ConfigError.exit_code)
        return
    try:
        from remud_gen.llm.allow_list import check_outbound

        check_outbound(config, chosen)
        yield Finding("model", _look_at_replies_of(chosen))
    except RemudError as error:
        yield Finding("model", f"{error.message} {error.hint}", error.exit_code)


def _look_at_replies_of(model: ModelConfig) -> str:
    """Where a model's replies will come from: its endpoint is asked, or a file of replies is opened."""
    if model.client == "replay":
        from remud_gen.llm.replay import check_replay

        name, path = check_replay(model)
        return f"{name}, replayed from {path}: no endpoint is asked"
    from remud_gen.llm.openai import check_endpoint

    return check_endpoint(model)


def _look_at_vision(config: Config) -> Iterator[Finding]:
    """The model that looks at pages, where the configuration wants one."""
    from remud_gen.stages.check import CheckStage
    from remud_gen.stages.ground import GroundStage

    try:
        wanting: list[GroundStage | CheckStage] = [GroundStage(config)] if config.extract.layout == "vlm" else []
        wanting += [CheckStage(config)] if config.pair.rule == "vlm_check" else []
        for stage in wanting:
            stage.check()
        if wanting:
            yield Finding("vision", _look_at_replies_of(wanting[0].model))
    except RemudError as error:
        yield Finding("vision", f"{error.message}: {error.hint}", error.exit_code)


def _look_at_judge(config: Config) -> Iterator[Finding]:
    """The model that is asked about finished records, where the configuration wants one."""
    from remud_gen.stages.judge import JudgeStage

    if not config.judge.probes:
        return
    try:
        stage = JudgeStage(config)
        stage.check()
        yield Finding("judge", _look_at_replies_of(stage.model))
    except RemudError as error:
        yield Finding("judge", f"{error.message}: {error.hint}", error.exit_code)


def _look_at_disk(run: Path) -> Iterator[Finding]:
    place = run.resolve()
    while not place.exists():
        place = place.parent
    if not os.access(place, os.W_OK):
        yield Finding("run folder", f"{place} may not be written to: choose another with --run", 3)
        return
    free_gb = shutil.disk_usage(place).free / 2**30
    message = f"{run}, {free_gb:.0f} GB free"
    yield Finding("run folder", message if free_gb > LOW_DISK_GB else f"{message}: make room", 0)

"""What holds for every registered component, of whatever kind, now and later."""

from __future__ import annotations

import inspect
import pickle
import re

import pytest
from pydantic import BaseModel

from remud_gen import registry
from remud_gen.errors import ConfigError

COMPONENTS = [(kind, name) for kind in registry.KINDS for name in registry.names(kind)]
ENDINGS = {
    "readers": "Reader",
    "layout": "Detector",
    "ocr": "Engine",
    "pairing": "Rule",
    "llm": "Client",
    "filters": "Filter",
    "exporters": "Exporter",
    "executors": "Executor",
    "probes": "Probe",
}


@pytest.mark.parametrize("kind", registry.KINDS)
def test_every_kind_has_a_component(kind) -> None:
    assert registry.names(kind)


@pytest.mark.parametrize(("kind", "name"), COMPONENTS)
def test_component_is_named_documented_and_lies_in_its_folder(kind, name) -> None:
    component = registry.load(kind, name)
    assert inspect.isclass(component)
    assert component.name == name
    assert component.__name__.endswith(ENDINGS[kind])
    assert component.__module__.startswith(f"remud_gen.{registry.FOLDERS.get(kind, kind)}.")
    assert re.match(r"[A-Z`].+\.", component.__doc__ or "", re.DOTALL)


@pytest.mark.parametrize(("kind", "name"), COMPONENTS)
def test_options_refuse_unknown_keys(kind, name) -> None:
    module = inspect.getmodule(registry.load(kind, name))
    options = [
        value
        for label, value in vars(module).items()
        if label.endswith("Options") and inspect.isclass(value) and issubclass(value, BaseModel)
    ]
    for option in options:
        assert option.model_config.get("extra") == "forbid"


@pytest.mark.parametrize("name", registry.names("ocr"))
def test_ocr_engine_names_the_packages_that_shape_its_text(name) -> None:
    engine = registry.load("ocr", name)
    assert engine.libraries
    assert pickle.loads(pickle.dumps(engine())).name == name


@pytest.mark.parametrize(("kind", "name"), [entry for entry in COMPONENTS if entry[0] in ("filters", "probes")])
def test_filter_codes_are_stable_names_with_a_sentence(kind, name) -> None:
    codes = registry.load(kind, name).codes
    assert codes
    assert set(registry.load(kind, name).severities) == set(codes)
    for code, sentence in codes.items():
        assert re.fullmatch(r"[A-Z][A-Z0-9_]+", code)
        assert len(sentence) > 15


def test_reason_codes_belong_to_one_filter() -> None:
    seen: dict[str, str] = {}
    for kind, name in COMPONENTS:
        for code in getattr(registry.load(kind, name), "codes", ()):
            assert seen.setdefault(code, name) == name
    assert seen


def test_unknown_names_list_the_known_ones() -> None:
    with pytest.raises(ConfigError) as caught:
        registry.load("exporters", "nonesuch")
    assert "llamafactory" in caught.value.hint

"""Every shipped configuration loads, and default.yaml says what the code does."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel

from remud_gen.config import Config, load_config
from remud_gen.errors import ConfigError
from remud_gen.registry import check_name, names
from remud_gen.rules.model_families import share_family
from remud_gen.stages.ground import GroundStage
from remud_gen.stages.judge import JudgeStage

FOLDER = Path(__file__).parents[1] / "configs"
FILES = sorted(FOLDER.glob("*.yaml"))


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.stem)
def test_loads_and_names_components_that_exist(file: Path) -> None:
    config = load_config(file, environment={})
    assert config.extract.ocr in names("ocr")
    assert config.pair.rule in names("pairing")
    assert config.generate.client in {None, *names("llm")}
    assert set(config.filter.options) <= set(names("filters"))
    assert set(config.export.formats) <= set(names("exporters"))


def test_default_file_holds_every_default() -> None:
    assert load_config(FOLDER / "default.yaml", environment={}) == Config()


def test_default_file_names_every_key() -> None:
    written = yaml.safe_load((FOLDER / "default.yaml").read_text("utf-8"))
    assert list(written) == list(Config.model_fields)
    for name, field in Config.model_fields.items():
        section = field.annotation
        assert isinstance(section, type)
        assert issubclass(section, BaseModel)
        assert set(written[name]) == set(section.model_fields), name


def test_a_wrong_entry_of_a_list_is_told_once() -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(assignments=["export.statuses=[foo]"])
    assert (
        caught.value.message
        == "--set export.statuses: `export.statuses.0`: Input should be 'kept' or 'review' (got 'foo')"
    )
    with pytest.raises(ConfigError, match="at least 1 item"):
        load_config(assignments=["export.statuses=[]"])


def test_demo_asks_no_model() -> None:
    config = load_config(FOLDER / "demo.yaml", environment={})
    assert config.generate.client == "extractive"
    assert config.generate.model is None
    assert set(config.export.formats) == {"llamafactory", "raw"}


def test_the_vision_config_names_a_layout_and_a_way_to_write_boxes() -> None:
    config = load_config(FOLDER / "vlm.yaml", environment={})
    assert config.extract.layout in names("layout")
    GroundStage(config).check()


def test_the_judge_config_names_every_probe_and_a_judge_of_another_family() -> None:
    config = load_config(FOLDER / "judge.yaml", environment={})
    JudgeStage(config).check()
    assert set(config.judge.probes) == set(names("probes"))
    judge, generator = config.resolve_judge().model, config.generate.model
    assert judge and generator and share_family(judge, generator) is None


@pytest.mark.parametrize(
    ("assignment", "told"),
    [
        ("generate.modle=x", "unknown key `generate.modle` (did you mean `model`?); known here: "),
        ("generat.model=x", "unknown key `generat` (did you mean `generate`?); known here: "),
        ("extract.zzz=1", "unknown key `extract.zzz`; known here: "),
    ],
)
def test_a_slip_of_the_fingers_is_guessed(assignment: str, told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(assignments=[assignment])
    assert told in caught.value.message


def test_a_name_of_a_component_is_guessed_too() -> None:
    with pytest.raises(ConfigError, match=r"'llamafactroy' among the exporters \(did you mean `llamafactory`\?\)"):
        check_name("exporters", "llamafactroy")


def test_an_empty_address_is_the_one_of_the_client() -> None:
    assert load_config(assignments=['generate.base_url=""'], environment={}).generate.base_url is None

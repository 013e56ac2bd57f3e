"""docs/reference/summary.md names every key that a command prints with --json."""

from __future__ import annotations

import json
import re
from pathlib import Path

from remud_gen.config import load_config
from remud_gen.runner.forecast import Range, StageForecast
from remud_gen.runner.options import Result
from remud_gen.runner.reports.forecast_text import forecast_json
from remud_gen.runner.reports.mix import measure_mix
from remud_gen.runner.reports.report import StageReport
from remud_gen.runner.reports.summary import to_json

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "summary.md").read_text("utf-8")


def read_keys(heading: str = "") -> set[str]:
    """What stands in code style below a heading of the page, or above its first one."""
    section = PAGE.split(f"\n## {heading}\n")[1] if heading else PAGE
    return set(re.findall(r"`([a-z_]+)`", section.split("\n## ")[0]))


def test_every_key_of_a_summary_is_explained(tmp_path: Path) -> None:
    config = load_config(None, [], {})
    result = Result(tmp_path, config, [StageReport("generate", "pair", "generate")], waiting="1 request under way")
    data = json.loads(to_json(result))
    assert set(data) <= read_keys()
    assert set(data["stages"]["generate"]) <= read_keys("A stage")
    assert set(data["stages"]["generate"]["usage"]) <= read_keys("A stage")
    assert set(data["costs"]) <= read_keys("`costs`")


def test_every_key_of_the_mix_is_explained(tmp_path: Path) -> None:
    options = load_config(None, ["generate.thinking=native"], {}).generate
    found = measure_mix(tmp_path, [], options).to_json()
    assert "thinking_sources" in found
    assert set(found) <= read_keys("`mix`")


def test_every_key_of_a_forecast_is_explained() -> None:
    nothing = Range(0, 0, 0)
    one = StageForecast(
        "generate", "pair", "m", 0, 0, 0, 0, nothing, nothing, nothing, nothing, nothing, 0, 0, None, "", "", ""
    )
    assert set(forecast_json([one])["generate"]) <= read_keys("`forecast`")

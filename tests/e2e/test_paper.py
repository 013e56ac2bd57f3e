"""configs/paper.yaml, the whole way: figures by a model, one call per figure, tags around thinking and answer."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.e2e.command import PROJECT, remud
from tests.e2e.command import read_records as read
from tests.e2e.test_vision_layout import FIGURES, list_settings, make_shelf
from tests.grounding_server import GroundingServer
from tests.model_server import read_user_text


def test_paper_setting_runs_from_pages_to_tagged_records(tmp_path: Path) -> None:
    run, n_figures = tmp_path / "run", sum(map(len, FIGURES))
    with GroundingServer(make_shelf(tmp_path)) as server:
        settings = [one for one in list_settings(server) if not one.startswith("extract.layout")]
        words = [word for setting in settings for word in ("--set", setting)]
        config = PROJECT / "configs" / "paper.yaml"
        model = ("--model", "tiny", "--base-url", server.base_url)
        done = remud("run", tmp_path / "shelf", "--run", run, "--config", config, *model, *words, "--quiet", "--json")
        assert done.returncode == 0, done.stderr
        asked = [read_user_text(body) for body in server.bodies]
    about_figures = [text for text in asked if "Wanted: 3 items." in text]
    assert len(about_figures) == n_figures  # one call each
    told = json.loads(done.stdout)["stages"]
    assert told["generate"]["failed"] == 0
    records = [record for record in read(run, "generate") if record["images"]]
    assert len(records) == 3 * n_figures
    assert {record["form"] for record in records} <= {"open", "mcq", "dialogue", "report"}
    assert len({record["form"] for record in records}) > 2
    assert told["generate"]["mix"]["forms"]["mcq"]["wanted"] == 0.3333

    written = (run / "export" / "llamafactory" / "remud_train.jsonl").read_text("utf-8")
    rows = [json.loads(line) for line in written.splitlines()]
    answers = [turn["value"] for row in rows for turn in row["conversations"] if turn["from"] == "gpt"]
    assert answers
    assert all(text.endswith("</answer>") for text in answers)
    assert [text for text in answers if re.fullmatch(r"<think>.{60,}</think>\s*<answer>.+</answer>", text, re.DOTALL)]

"""The cheapest of the trainers' loaders, run for real: Hugging Face `datasets` over what it and its users read."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.exporters.mixed_records import make_mixed_corpus
from tests.exporters.samples import make_store, run_export

pytest.importorskip("datasets")
# In a process of its own, offline, with a cache of its own: the library settles these when it is imported.
PROGRAM = """
import json, sys
import datasets
datasets.disable_progress_bars()
found = {}
for name, path in json.loads(sys.argv[1]).items():
    is_file = path.endswith(".jsonl")
    data = datasets.load_dataset("json", data_files={"train": path}) if is_file else datasets.load_dataset(path)
    rows = [row for split in data.values() for row in split]
    sizes = {row["id"]: [list(each.size) for each in row["images"]] for row in rows} if not is_file else {}
    found[name] = {"splits": {split: len(one) for split, one in data.items()}, "sizes": sizes,
                   "ids": [row["id"] for row in rows], "columns": sorted(data["train"].features)}
print(json.dumps(found))
"""


def load(tmp_path: Path, paths: dict[str, Path]) -> dict[str, dict[str, object]]:
    own = {name: str(tmp_path / name) for name in ("HF_HOME", "HF_DATASETS_CACHE")}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps({name: str(path) for name, path in paths.items()})],
        env={**os.environ, **own, "HF_HUB_OFFLINE": "1"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_every_record_and_picture_arrives(tmp_path):
    store = make_store(tmp_path / "run")
    records = make_mixed_corpus(store)
    formats = ["hf", "trl", "llamafactory", "swift", "axolotl", "unsloth", "qwen"]
    run_export(records, store, tmp_path / "out", formats=formats, split=[0.6, 0.2, 0.2])
    out = tmp_path / "out"
    folders = {"hf": out / "hf", "imagefolder": out / "hf" / "imagefolder", "trl": out / "trl"}
    files = [path for name in formats for path in sorted((out / name).glob("*train*.jsonl"))]
    found = load(tmp_path, folders | {path.relative_to(out).as_posix(): path for path in files})
    sizes = {record.id: [[ref.width_px, ref.height_px] for ref in record.images] for record in records}
    for name in folders:
        assert found[name]["sizes"] == sizes
        assert found[name]["splits"].keys() == {"train", "validation", "test"}
    assert set(found["imagefolder"]["columns"]) == set(found["hf"]["columns"])
    assert "swift/train_grpo.jsonl" in found
    for path in files:
        ids = [json.loads(line)["id"] for line in path.read_text("utf-8").split("\n") if line]
        assert found[path.relative_to(out).as_posix()]["ids"] == ids

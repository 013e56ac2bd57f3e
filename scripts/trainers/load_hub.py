"""datasets, webdataset and label-studio-sdk over an export: python load_hub.py EXPORTS

Every record and every picture of `hf`, `webdataset` and `labelstudio` must come out of the library that reads them.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path

from expectation import Expected, read_expected, report


def load_hf(folder: Path, expected: dict[str, Expected]) -> None:
    """`load_dataset(folder)` as the card configures it; every picture is decoded."""
    from datasets import load_dataset

    rows = list(load_dataset(str(folder), split="train"))
    problems = [] if len(rows) == len(expected) else [f"{len(rows)} loaded of {len(expected)} records"]
    pictures = 0
    for row in rows:
        sizes = [picture.size for picture in row["images"]]
        pictures += len(sizes)
        if len(sizes) != expected[row["id"]].pictures:
            problems.append(f"{row['id']}: {len(sizes)} pictures, {expected[row['id']].pictures} were exported")
        if row["answer"].strip() != expected[row["id"]].replies[0].rsplit("</think>\n\n", 1)[-1]:
            problems.append(f"{row['id']}: another answer")
    report("datasets, hf", problems, {"records": len(rows), "pictures": pictures})


def load_webdataset(folder: Path, expected: dict[str, Expected]) -> None:
    """Every shard with the package webdataset, pictures decoded, and each group with the builder of datasets."""
    import webdataset
    from datasets import load_dataset

    shards = sorted(folder.rglob("*train*.tar"))
    problems, pictures, found = [], 0, set()
    for shard in shards:
        for sample in webdataset.WebDataset(str(shard), shardshuffle=False).decode("pil"):
            row = sample["json"]
            found.add(row["id"])
            count = sum(hasattr(value, "getpixel") for value in sample.values())
            pictures += count
            if count != expected[row["id"]].pictures:
                problems.append(f"{row['id']}: {count} pictures, {expected[row['id']].pictures} were exported")
    if found != set(expected):
        problems.append(f"missing: {sorted(set(expected) - found)}")
    groups: dict[str, list[str]] = {}
    for shard in shards:
        groups.setdefault(shard.name.rsplit("-", 1)[0], []).append(str(shard))
    loaded = sum(len(load_dataset("webdataset", data_files=files, split="train")) for files in groups.values())
    if loaded != len(expected):
        problems.append(f"datasets loads {loaded} of {len(expected)} records from the shards")
    report("webdataset", problems, {"shards": len(shards), "records": len(found), "pictures": pictures})


def load_labelstudio(folder: Path, expected: dict[str, Expected]) -> None:
    """Every task and prediction against its labelling interface."""
    from label_studio_sdk.label_interface import LabelInterface

    problems, count = [], 0
    for tasks in sorted(folder.rglob("*tasks*.json")):
        config = tasks.with_name(f"{tasks.stem.replace('tasks', 'config').rsplit('-', 1)[0]}.xml")
        interface = LabelInterface(config.read_text(encoding="utf-8"))
        interface.validate()
        for task in json.loads(tasks.read_text(encoding="utf-8")):
            count += 1
            predictions = task.pop("predictions", [])
            if not interface.validate_task(task):
                problems.append(f"{tasks.name}: the interface refuses a task")
            problems += [
                f"{tasks.name}: prediction: {error}"
                for prediction in predictions
                for error in interface.validate_prediction(prediction, return_errors=True)
            ]
    if count != len(expected):
        problems.append(f"{count} tasks of {len(expected)} records")
    report("label-studio-sdk", problems, {"tasks": count})


def main(exports: Path) -> None:
    """Check each format that lies there."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ["HF_DATASETS_CACHE"] = tempfile.mkdtemp()
    expected = read_expected(exports / "raw", "train")
    for name, load in (("hf", load_hf), ("webdataset", load_webdataset), ("labelstudio", load_labelstudio)):
        if (exports / name).is_dir():
            load(exports / name, expected)


if __name__ == "__main__":
    main(Path(sys.argv[1]))

"""Make an Argilla dataset of the records in this folder.

First: pip install argilla, and put the address of the server and your key into the environment: ARGILLA_API_URL and
ARGILLA_API_KEY (under My settings). ARGILLA_DATASET names the dataset (default remud), ARGILLA_WORKSPACE the workspace.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import argilla as rg

HERE = Path(__file__).resolve().parent
TEXTS = ("kind", "question", "options", "conversation", "evidence", "source", "findings")
EDITABLE = ("new_question", "new_thinking", "new_answer")


def read_rows() -> Iterator[dict[str, Any]]:
    """All rows of records.jsonl."""
    with (HERE / "records.jsonl").open(encoding="utf-8") as stream:
        for line in stream:
            yield json.loads(line)


def make_settings(n_images: int, guidelines: str) -> rg.Settings:
    """What reviewers see and are asked; a record without pictures leaves those fields out."""
    images = [rg.ImageField(name=f"image_{number + 1}", required=False) for number in range(n_images)]
    texts = [rg.TextField(name=name, required=name == "question") for name in TEXTS if name != "conversation"]
    chat = rg.ChatField(name="conversation", required=False, use_markdown=False)
    return rg.Settings(
        guidelines=guidelines,
        fields=[*images, *texts, chat],
        questions=[
            rg.LabelQuestion(name="verdict", labels=["accept", "fix", "reject"], required=True),
            *(rg.TextQuestion(name=name, required=False) for name in EDITABLE),
        ],
        metadata=[
            *(rg.TermsMetadataProperty(name=name) for name in ("content", "split", "qtype", "language")),
            rg.IntegerMetadataProperty(name="page"),
        ],
    )


def make_record(row: dict[str, Any]) -> rg.Record:
    """A record with its pictures inside and its texts as suggestions to edit."""
    fields: dict[str, Any] = {name: row[name] for name in TEXTS if row[name]}
    fields |= {f"image_{number + 1}": str(HERE / path) for number, path in enumerate(row["images"])}
    suggestions = [
        rg.Suggestion(question_name=name, value=row[name.removeprefix("new_")], agent="remud-gen")
        for name in EDITABLE
        if row[name.removeprefix("new_")]
    ]
    return rg.Record(id=row["id"], fields=fields, metadata=row["metadata"], suggestions=suggestions)


def main() -> None:
    """Create the dataset and send the records."""
    url, key = os.environ.get("ARGILLA_API_URL"), os.environ.get("ARGILLA_API_KEY")
    if not (url and key):
        sys.exit("set ARGILLA_API_URL and ARGILLA_API_KEY to the address of your Argilla and the key it shows you")
    client = rg.Argilla(api_url=url, api_key=key)
    n_images = max((len(row["images"]) for row in read_rows()), default=0)
    guidelines = (HERE / "guidelines.md").read_text("utf-8")
    dataset = rg.Dataset(
        name=os.environ.get("ARGILLA_DATASET", "remud"),
        workspace=os.environ.get("ARGILLA_WORKSPACE"),
        settings=make_settings(n_images, guidelines),
        client=client,
    )
    dataset.create()
    dataset.records.log([make_record(row) for row in read_rows()])


if __name__ == "__main__":
    main()

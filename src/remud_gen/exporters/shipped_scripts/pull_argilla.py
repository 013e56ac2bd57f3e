"""Fetch what reviewers submitted in Argilla into reviewed.jsonl, which `remud import` takes; who they are is left out.

Environment as for push_argilla.py.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import argilla as rg

ANSWERS = ("verdict", "new_question", "new_thinking", "new_answer")


def to_row(record: rg.Record) -> dict[str, Any]:
    """A record as it was, and the submitted answers, one object per reviewer, numbered instead of named."""
    by_user: dict[str, dict[str, Any]] = {}
    for response in record.responses:
        if response.question_name in ANSWERS and str(getattr(response.status, "value", "submitted")) == "submitted":
            by_user.setdefault(str(response.user_id), {})[response.question_name] = response.value
    numbers = {user: str(number) for number, user in enumerate(sorted(by_user), 1)}
    responses: dict[str, list[dict[str, Any]]] = {}
    for user, answers in by_user.items():
        for name, value in answers.items():
            responses.setdefault(name, []).append({"value": value, "user_id": numbers[user], "status": "submitted"})
    shown = {one.question_name: {"value": one.value} for one in record.suggestions}
    metadata = {"content": record.metadata.get("content")}
    return {"id": str(record.id), "metadata": metadata, "suggestions": shown, "responses": responses}


def main() -> None:
    """Write reviewed.jsonl into the working folder."""
    url, key = os.environ.get("ARGILLA_API_URL"), os.environ.get("ARGILLA_API_KEY")
    if not (url and key):
        sys.exit("set ARGILLA_API_URL and ARGILLA_API_KEY to the address of your Argilla and the key it shows you")
    client = rg.Argilla(api_url=url, api_key=key)
    name, workspace = os.environ.get("ARGILLA_DATASET", "remud"), os.environ.get("ARGILLA_WORKSPACE")
    dataset = client.datasets(name=name, workspace=workspace)
    if dataset is None:
        sys.exit(f"there is no dataset {name}")
    rows = [to_row(record) for record in dataset.records(with_responses=True, with_suggestions=True)]
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    Path("reviewed.jsonl").write_text(text, "utf-8")
    sys.stdout.write(f"{len(rows)} records -> reviewed.jsonl\n")


if __name__ == "__main__":
    main()

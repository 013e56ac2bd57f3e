"""What a trainer must see of every record, worked out from the raw export alone, never from the exporter under test."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PICTURE, MASKED = 151655, -100


@dataclass(frozen=True)
class Expected:
    """One record: how many pictures, and what is trained, turn by turn, without the end token."""

    id: str
    pictures: int
    replies: tuple[str, ...]
    questions: tuple[str, ...]


def read_expected(raw: Path, split: str) -> dict[str, Expected]:
    """Every record of a split of a raw export by its id; thinking in the last turn, as `--thinking qwen` writes it."""
    found = {}
    for line in (raw / f"{split}.jsonl").read_text(encoding="utf-8").split("\n"):
        if not line:
            continue
        row = json.loads(line)
        turns = [row, *row["turns"]]
        replies = [turn["answer"].strip() for turn in turns]
        thinking = (turns[-1].get("thinking") or "").strip()
        if thinking:
            replies[-1] = f"<think>\n{thinking}\n</think>\n\n{replies[-1]}"
        questions = tuple(turn["question"].strip() for turn in turns)
        found[row["id"]] = Expected(row["id"], len(row["images"]), tuple(replies), questions)
    return found


def read_ids(path: Path) -> list[str]:
    """The ids of an exported JSON Lines file in its order."""
    return [json.loads(line)["id"] for line in path.read_text(encoding="utf-8").split("\n") if line]


def compare(
    tokenizer: Any, ids: Sequence[int], labels: Sequence[int], expected: Expected, end: str = "<|im_end|>"
) -> Iterator[str]:
    """Every difference between what a trainer made of a record and what it must see."""
    text = tokenizer.decode(ids)
    runs = len(re.findall(r"(?:<\|image_pad\|>)+", text))
    if runs != expected.pictures:
        yield f"{expected.id}: {runs} pictures reach the model, {expected.pictures} were exported"
    trained = tokenizer.decode([label for label in labels if label != MASKED])
    pattern = "".join(re.escape(_fold(reply)) + re.escape(end) + r"\n?" for reply in expected.replies)
    if re.fullmatch(pattern, _fold(trained)) is None:
        yield f"{expected.id}: trained on {trained!r}, not on {[reply + end for reply in expected.replies]!r}"
    for question in expected.questions:
        if _fold(question) not in _fold(text):
            yield f"{expected.id}: the question {question[:60]!r} does not reach the model"


def report(name: str, problems: Sequence[str], counts: Mapping[str, int]) -> None:
    """Print the outcome and end with 1 where anything differs.

    Raises:
        SystemExit: where there are problems.
    """
    facts = ", ".join(f"{count} {what}" for what, count in counts.items())
    for problem in problems[:20]:
        print(f"  {problem}")
    print(f"{name}: {facts}: {f'{len(problems)} PROBLEMS' if problems else 'ok'}", flush=True)
    if problems:
        raise SystemExit(1)


def _fold(text: str) -> str:
    return unicodedata.normalize("NFC", text)

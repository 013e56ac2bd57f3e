"""Files of Label Studio and Argilla -> what reviewers said, record by record.

Everything in such a file is somebody else's: it is read as plain JSON, and nothing in it is a path or an instruction.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from remud_gen.errors import InputError, RecordError
from remud_gen.runner.importing.left_out import LeftOut
from remud_gen.runner.importing.opinions import VERDICTS, Opinion, Reviewed
from remud_gen.runner.review import FIELDS

PREFIX = "new_"  # of fields for edits: new_answer beside the answer as it was
NAMES = tuple(PREFIX + name for name in FIELDS)
SUBMITTED = ("submitted", "completed", None)


def read_file(path: Path) -> list[Any]:
    """The rows of a JSON array or of JSON lines.

    Raises:
        InputError: when it is neither.
    """
    try:
        text = path.read_text("utf-8-sig")
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InputError(f"{path} is no text in UTF-8", "name a JSON file of Label Studio or Argilla") from None
    try:
        rows = json.loads(text) if text.lstrip()[:1] == "[" else [json.loads(line) for line in text.split("\n") if line]
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is no JSON: {error}", "name a JSON file of Label Studio or Argilla") from None
    if not rows:
        raise InputError(f"{path} holds nothing", "export the reviewed tasks again")
    return list(rows)


def read_reviewed(rows: Sequence[Any], left_out: LeftOut) -> Iterator[Reviewed]:
    """Every row as reviewers left it; those that are not of an export of remud-gen are named."""
    for number, row in enumerate(rows, 1):
        place = f"row {number}"
        try:
            yield _read_row(row)
        except RecordError as error:
            left_out.add(place, error.code, error.message)


def _read_row(row: Any) -> Reviewed:
    if not isinstance(row, dict):
        raise RecordError("NOT_A_TASK", "is no object")
    if isinstance(row.get("data"), dict):
        return _read_task(row)
    if "responses" in row or "metadata" in row:
        return _read_argilla(row)
    if any(str(key).endswith(".responses") for key in row):
        return _read_flat_argilla(row)
    return _read_flat_task(row)


# --- Label Studio ------------------------------------------------------------------------------------------------


def _read_task(row: Mapping[str, Any]) -> Reviewed:
    """A task of the format JSON: `data` as exported, `annotations` by reviewers."""
    data = row["data"]
    opinions = []
    for annotation in _list(row.get("annotations", row.get("completions", []))):
        if isinstance(annotation, dict) and not annotation.get("was_cancelled"):
            opinions.append(_read_results(_list(annotation.get("result"))))
    return _make(data.get("record_id"), data.get("content"), data, opinions)


def _read_results(results: Sequence[Any]) -> Opinion:
    verdict, texts = None, {}
    for result in results:
        value = result.get("value") if isinstance(result, dict) else None
        if not isinstance(value, dict):
            continue
        name = str(result.get("from_name"))
        if name == "verdict":
            verdict = _choose(value.get("choices"))
        elif name in NAMES and (text := _join(value.get("text"))) is not None:
            texts[name.removeprefix(PREFIX)] = text
    return Opinion(verdict, texts)


def _read_flat_task(row: Mapping[str, Any]) -> Reviewed:
    """A row of the format JSON-MIN: the data and one annotation in one object."""
    texts = {name: text for name in FIELDS if (text := _join(row.get(PREFIX + name))) is not None}
    return _make(row.get("record_id"), row.get("content"), row, [Opinion(_choose(row.get("verdict")), texts)])


# --- Argilla -----------------------------------------------------------------------------------------------------


def _read_argilla(row: Mapping[str, Any]) -> Reviewed:
    """A record as Argilla's `to_json` writes it; drafts cannot be told there, so only finished records count."""
    metadata, suggestions = _dict(row.get("metadata")), _dict(row.get("suggestions"))
    shown = {name: str(_dict(suggestions.get(PREFIX + name)).get("value") or "") for name in FIELDS}
    by_user: dict[str, dict[str, Any]] = {}
    if row.get("status") in SUBMITTED:
        for question, responses in _dict(row.get("responses")).items():
            for response in map(_dict, _list(responses)):
                if response.get("status") in SUBMITTED:
                    by_user.setdefault(str(response.get("user_id")), {})[str(question)] = response.get("value")
    return _make(row.get("id"), metadata.get("content"), shown, map(_read_answers, by_user.values()))


def _read_flat_argilla(row: Mapping[str, Any]) -> Reviewed:
    """A record as Argilla's `to_list(flatten=True)` gives it, drafts told from what was submitted."""
    shown = {name: str(row.get(f"{PREFIX}{name}.suggestion") or "") for name in FIELDS}
    by_user: dict[str, dict[str, Any]] = {}
    for question in (*NAMES, "verdict"):
        values = _list(row.get(f"{question}.responses"))
        users = _list(row.get(f"{question}.responses.users")) or [""] * len(values)
        states = _list(row.get(f"{question}.responses.status")) or [None] * len(values)
        for value, user, state in zip(values, users, states, strict=False):
            if state in SUBMITTED:
                by_user.setdefault(str(user), {})[question] = value
    return _make(row.get("id"), row.get("content"), shown, map(_read_answers, by_user.values()))


def _read_answers(answers: Mapping[str, Any]) -> Opinion:
    texts = {name: text for name in FIELDS if (text := _join(answers.get(PREFIX + name))) is not None}
    return Opinion(_choose(answers.get("verdict")), texts)


# --- both --------------------------------------------------------------------------------------------------------


def _make(record_id: Any, content: Any, shown: Mapping[str, Any], opinions: Any) -> Reviewed:
    if not (isinstance(record_id, str) and isinstance(content, str) and record_id and content):
        raise RecordError("NOT_A_TASK", "has no id and digest of a record: it is not of an export of remud-gen")
    texts = {name: value for name in FIELDS if isinstance(value := shown.get(name), str)}
    found = tuple(opinions)
    for text in (record_id, content, *texts.values(), *(text for one in found for text in one.texts.values())):
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            raise RecordError("NOT_UNICODE", "a text holds half a character") from None
    return Reviewed(record_id, content, texts, found)


def _choose(value: Any) -> str | None:
    """A verdict, alone or in a list."""
    chosen = value[-1] if isinstance(value, list) and value else value
    return chosen if isinstance(chosen, str) and chosen in VERDICTS else None


def _join(value: Any) -> str | None:
    """A text, alone or in a list; of several the last one, as a reviewer who adds one means it instead."""
    text = value[-1] if isinstance(value, list) and value else value
    return text if isinstance(text, str) else None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}

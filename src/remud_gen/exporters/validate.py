"""The strict check that every export passes before it is published, on the files as they lie on the disk.

Trainers' own loaders drop, repair or reorder bad rows in silence, or stop a run after hours. What they require is
checked here instead; each problem names the record and the rule it breaks.
"""

from __future__ import annotations

import hashlib
import io
import string
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from PIL import Image

from remud_gen.errors import RecordError
from remud_gen.exporters.conversation import split_thinking
from remud_gen.exporters.pictures import UNREADABLE, check_relative
from remud_gen.exporters.reserved import find_reserved, find_unfit_character
from remud_gen.exporters.split_watch import SplitWatch
from remud_gen.exporters.splits import SPLIT_NAMES
from remud_gen.protocols import ExportedRow, Exporter
from remud_gen.records import Quadruplet
from remud_gen.rules.digests import DigestTable, digest_text
from remud_gen.rules.late import compile_late

PLACEHOLDER = "<image>"
_LETTERS = string.ascii_uppercase
# `A. text`, `(A) text`, `A、text`: a letter where a word begins, with a mark behind it.
_SHOWN = {letter: compile_late(rf"(?:^|[\s(（]){letter}\s*[.)）．、:：]") for letter in _LETTERS}
SHOWN_PROBLEMS = 20
RULES: Mapping[str, str] = {
    "BAD_JSON": "Every line of a data file is one JSON object in UTF-8.",
    "BAD_PARQUET": "Every Parquet file opens and reads to its end.",
    "BAD_TAR": "Every shard opens, and holds samples and nothing else.",
    "DUPLICATE_ID": "A record stands once in a file.",
    "EMPTY_TEXT": "No turn, and no thinking or answer in it, is empty.",
    "IMAGES_MISSING": "A question about a picture has its picture.",
    "IMAGE_CHANGED": "A picture's bytes are those that the record names.",
    "IMAGE_MISSING": "Every picture that a record names is in the run's image store.",
    "IMAGE_MODE": "Pictures are RGB, in PNG or JPEG.",
    "IMAGE_PATH": "Picture paths are relative, POSIX, and lead to a file inside the export.",
    "IMAGE_TOO_LARGE": "Pictures are as large as the service takes them.",
    "IMAGE_UNREADABLE": "Pictures open.",
    "LICENCE_FORBIDS": "Pictures that a licence keeps from being passed on are in no format without pointers, "
    "and a question bank's own questions in none.",
    "NOT_A_CHOICE": "A reward by rule needs options and the letter of the right one.",
    "NOT_LOSSLESS": "A raw record reads back unchanged.",
    "NULL_VALUE": "No value of a row is null.",
    "OPTIONS_MISSING": "The prompt lists every option, each with its own letter.",
    "PLACEHOLDER_COUNT": "There is one placeholder per picture, at the head of user turns.",
    "RESERVED_TOKEN": "No text holds what a template or tokenizer takes for structure.",
    "ROLE_ORDER": "Turns alternate, the user's first and the assistant's last; a system turn may stand before them.",
    "ROW_COUNT": "Every record is written or left out by name, exactly once.",
    "SCHEMA_MIXED": "All rows of a file have the same keys and types.",
    "SPLIT_LEAK": "A question about no picture is asked in one split only.",
    "SPLIT_OVERLAP": "No document, figure, picture or question, nor one much like it, stands in two splits.",
    "THINKING_UNBALANCED": "Thinking tags are those of the chosen mode, opened and closed once.",
    "TOO_MANY_IMAGES": "A record has as many pictures as the format holds.",
    "UNFIT_CHARACTER": "No text holds control characters.",
}


class Validator:
    """Watches what goes into one export and checks what came out. Problems are counted, the first ones kept."""

    def __init__(self, thinking: str, *, is_split_by_document: bool, compares_all: bool = True) -> None:
        """`compares_all`: splits are also compared by pictures and questions that only resemble each other."""
        self._thinking = thinking
        self._watch = SplitWatch(is_split_by_document=is_split_by_document, compares_all=compares_all)
        self._split_by_image = DigestTable()
        self._keys = DigestTable()  # of records with options: their letters, as bits
        self._inside: dict[Path, bool] = {}
        self._pending = 0
        self.counts: Counter[str] = Counter()
        self.shown: list[str] = []

    def watch(self, records: Iterable[tuple[str, Quadruplet]]) -> Iterator[tuple[str, Quadruplet]]:
        """Pass a stream through and check that no document, figure, picture or question goes to two splits."""
        for split, record in records:
            self._pending += 1
            for problem in self._watch.add(split, record):
                self._note(record.id, "SPLIT_OVERLAP", problem)
            if record.options:
                self._keys.setdefault(digest_text(record.id), _to_bits(option.key for option in record.options))
            yield split, record

    def check(self, exporter: Exporter, folder: Path, left_out: int, decoded: Container[str] = ()) -> None:
        """Check every row and picture that `exporter` wrote.

        Args:
            exporter: whose `read_back` yields the rows.
            folder: the export, still unpublished.
            left_out: how many of the watched records were left out by name.
            decoded: pictures that were already decoded completely; only their headers are read again.

        Raises:
            RecordError: EXPORT_INVALID, naming up to 20 problems, each with record id and rule.
        """
        shapes: dict[str, Any] = {}
        file, ids, written = "", DigestTable(), 0
        rows = exporter.read_back(folder)
        while (row := self._next_row(rows)) is not None:
            written += not row.is_view
            if row.file != file:
                file, ids = row.file, DigestTable()
            n_before = len(ids)
            ids.setdefault(digest_text(row.id))
            if len(ids) == n_before:
                self._note(row.id, "DUPLICATE_ID", f"twice in {row.file}")
            for code, detail in check_row(row, self._thinking):
                self._note(row.id, code, detail)
            self._check_options(row)
            self._check_shape(row, shapes)
            self._check_pictures(row, folder, decoded, needs_rgb=exporter.needs_rgb)
        for record_id, problem in self._watch.list_alike():
            self._note(record_id, "SPLIT_OVERLAP", problem)
        if written + left_out != self._pending:
            detail = f"{self._pending} records came, {written} were written and {left_out} left out"
            self._note("-", "ROW_COUNT", detail)
        if self.counts:
            raise RecordError(
                "EXPORT_INVALID",
                self._describe(exporter.name),
                "nothing was published; if the records are sound, report it",
            )

    def _next_row(self, rows: Iterator[ExportedRow]) -> ExportedRow | None:
        try:
            return next(rows, None)
        except RecordError as error:
            self._note("-", error.code, error.message)
            return None

    def _check_options(self, row: ExportedRow) -> None:
        """What a trainer reads of a record with options lists every letter."""
        bits = self._keys.get(digest_text(row.id)) if row.messages is not None else None
        if bits:
            prompt = next((text for role, text in row.messages or () if role == "user"), "")
            for letter in _LETTERS:
                if bits & _to_bits(letter) and not _SHOWN[letter].search(prompt):
                    self._note(row.id, "OPTIONS_MISSING", f"option {letter} does not stand in the prompt")

    def _check_shape(self, row: ExportedRow, shapes: dict[str, Any]) -> None:
        if row.content is None or fits_shape(shapes.get(row.file), row.content):
            return
        for path in find_nulls(row.content):
            self._note(row.id, "NULL_VALUE", f"{path} in {row.file}")
        try:
            shapes[row.file] = merge_shapes(shapes.get(row.file), describe_shape(row.content))
        except RecordError as error:
            self._note(row.id, error.code, f"{error.message} in {row.file}")

    def _check_pictures(self, row: ExportedRow, folder: Path, decoded: Container[str], *, needs_rgb: bool) -> None:
        for path in row.images:
            n_before = len(self._split_by_image)
            if (other := _note_split(self._split_by_image, path, row.split)) != row.split:
                self._note(row.id, "SPLIT_OVERLAP", f"{path} stands in {other} and {row.split}")
            if len(self._split_by_image) == n_before:
                continue
            try:
                check_inside(folder, path, self._inside)
                check_picture(folder / path, path, is_decoded=path in decoded, needs_rgb=needs_rgb)
            except RecordError as error:
                self._note(row.id, error.code, error.message)
        for number, data in enumerate(row.packed, len(row.images) + 1):
            self._check_packed(row, f"picture {number}", data, needs_rgb=needs_rgb)

    def _check_packed(self, row: ExportedRow, name: str, data: bytes, *, needs_rgb: bool) -> None:
        n_before = len(self._split_by_image)
        if (other := _note_split(self._split_by_image, hashlib.sha256(data).hexdigest(), row.split)) != row.split:
            self._note(row.id, "SPLIT_OVERLAP", f"{name} stands in {other} and {row.split}")
        if len(self._split_by_image) > n_before:
            try:
                check_picture(io.BytesIO(data), name, is_decoded=False, needs_rgb=needs_rgb)
            except RecordError as error:
                self._note(row.id, error.code, error.message)

    def _note(self, record_id: str, code: str, detail: str) -> None:
        self.counts[code] += 1
        if len(self.shown) < SHOWN_PROBLEMS:
            self.shown.append(f"{record_id}: {code}: {detail[:200]}")

    def _describe(self, name: str) -> str:
        total = self.counts.total()
        counts = ", ".join(f"{code} {count}" for code, count in sorted(self.counts.items()))
        more = [f"… and {total - len(self.shown)} more"] if total > len(self.shown) else []
        return "\n  ".join([f"{total} problems in the {name} export ({counts}):", *self.shown, *more])


def _note_split(table: DigestTable, name: str, split: str) -> str:
    """The split in which something was seen first."""
    return SPLIT_NAMES[table.setdefault(digest_text(name), SPLIT_NAMES.index(split))]


def _to_bits(keys: Iterable[str]) -> int:
    return sum({1 << _LETTERS.index(key) for key in keys if key in _LETTERS and key})


def check_row(row: ExportedRow, thinking: str) -> Iterator[tuple[str, str]]:
    """(rule, detail) of everything wrong with the conversation of one row; fields-only rows have none."""
    if row.messages is None:
        return
    thinking = row.thinking or thinking
    roles = [role for role, _ in row.messages]
    turns = roles[1:] if roles[:1] == ["system"] else roles
    if row.solution is not None:
        turns = [*turns, "assistant"]
        for code, detail in _check_part(row.solution):
            yield code, f"solution {detail}"
    if not turns or len(turns) % 2 or turns != ["user", "assistant"] * (len(turns) // 2):
        yield "ROLE_ORDER", " ".join(roles) or "no turns"
    count = sum(text.count(PLACEHOLDER) for _, text in row.messages)
    n_pictures = len(row.images) + len(row.packed)
    if count != n_pictures:
        yield "PLACEHOLDER_COUNT", f"{count} placeholders for {n_pictures} pictures"
    for number, (role, text) in enumerate(row.messages):
        for code, detail in _check_message(role, text, thinking):
            yield code, f"turn {number + 1} ({role}) {detail}"


def _check_message(role: str, text: str, thinking: str) -> Iterator[tuple[str, str]]:
    parts = [text]
    if role == "user":
        parts = [_strip_placeholders(text)]
    elif role == "assistant":
        split = split_thinking(text, thinking)
        if split is None:
            yield "THINKING_UNBALANCED", f"begins with {text[:40]!r}"
        else:
            parts = [part for part in split if part is not None]
    for part in parts:
        yield from _check_part(part)


def _check_part(text: str) -> Iterator[tuple[str, str]]:
    if not text.strip():
        yield "EMPTY_TEXT", "is empty"
    if (token := find_reserved(text)) is not None:
        yield "RESERVED_TOKEN", f"holds {token}"
    if (character := find_unfit_character(text)) is not None:
        yield "UNFIT_CHARACTER", f"holds {character}"


def _strip_placeholders(text: str) -> str:
    while text.startswith(PLACEHOLDER):
        text = text.removeprefix(PLACEHOLDER).removeprefix("\n")
    return text


def check_inside(folder: Path, path: str, known: dict[Path, bool]) -> None:
    """Raise RecordError IMAGE_PATH unless the path leads to a file inside the folder.

    Resolving a path looks at every folder on its way, so `known` remembers for folders whether they lie inside.
    """
    file = folder / check_relative(path)
    if file.is_symlink():
        is_inside = file.is_file() and file.resolve().is_relative_to(folder.resolve())
    else:
        if file.parent not in known:
            known[file.parent] = file.parent.resolve().is_relative_to(folder.resolve())
        is_inside = known[file.parent] and file.is_file()
    if not is_inside:
        raise RecordError("IMAGE_PATH", f"{path} is no file inside the export")


def check_picture(file: Path | BinaryIO, path: str, *, is_decoded: bool, needs_rgb: bool) -> None:
    """Raise RecordError unless the file, named `path` in the message, is a readable picture."""
    try:
        with Image.open(file) as image:
            if not is_decoded:
                image.load()
            mode, kind = image.mode, image.format
    except UNREADABLE as error:
        raise RecordError("IMAGE_UNREADABLE", f"{path}: {error}") from None
    if needs_rgb and (mode != "RGB" or kind not in ("JPEG", "PNG")):
        raise RecordError("IMAGE_MODE", f"{path} is a {kind} in mode {mode}")


def find_nulls(value: Any, path: str = "") -> Iterator[str]:
    """Paths such as `conversations[1].value` of all nulls in a row."""
    if value is None:
        yield path
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from find_nulls(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from find_nulls(inner, f"{path}[{number}]")


def describe_shape(value: Any) -> Any:
    """Keys and types of a row; an empty list's elements are None, which fits any type."""
    if isinstance(value, Mapping):
        return {key: describe_shape(inner) for key, inner in value.items()}
    if isinstance(value, list):
        shape = None
        for inner in value:
            shape = merge_shapes(shape, describe_shape(inner))
        return [shape]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return "number"
    return None if value is None else type(value).__name__


def fits_shape(shape: Any, value: Any) -> bool:
    """Whether a value as JSON gives it holds no null and merging its shape would change nothing; None fits nothing."""
    if isinstance(shape, str):
        return type(value).__name__ == shape or (shape == "number" and type(value) in (int, float))
    if isinstance(shape, dict):
        return (
            isinstance(value, dict)
            and value.keys() == shape.keys()
            and all(fits_shape(inner, value[key]) for key, inner in shape.items())
        )
    return isinstance(shape, list) and isinstance(value, list) and all(fits_shape(shape[0], each) for each in value)


def merge_shapes(one: Any, other: Any, path: str = "row") -> Any:
    """The shape that both fit.

    Raises:
        RecordError: SCHEMA_MIXED, naming the place where they differ.
    """
    if one is None or other is None:
        return other if one is None else one
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        return {key: merge_shapes(one[key], other[key], f"{path}.{key}") for key in one}
    if isinstance(one, list) and isinstance(other, list):
        return [merge_shapes(one[0], other[0], f"{path}[]")]
    if one != other or isinstance(one, dict):
        raise RecordError("SCHEMA_MIXED", f"{path}: {_name_shape(one)} here, {_name_shape(other)} there")
    return one


def _name_shape(shape: Any) -> str:
    if isinstance(shape, dict):
        return f"keys {', '.join(shape)}"
    return "list" if isinstance(shape, list) else str(shape)

"""Evaluation sets as their makers publish them -> the questions and pictures that must not be trained on.

JSON, JSON lines, CSV, TSV, Parquet and plain text give questions; pictures, alone or in a folder, give hashes.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from PIL import Image as PillowImage

from remud_gen.errors import InputError, MissingExtraError
from remud_gen.rules.images import hash_perceptually
from remud_gen.rules.late import compile_late

PICTURES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp"})
TABLES = frozenset({".json", ".jsonl", ".ndjson", ".csv", ".tsv", ".parquet"})
TEXTS = frozenset({".txt", ".md", ".text"})
QUESTION_KEYS = (
    "question", "query", "problem", "stem", "prompt", "instruction", "input", "user", "human",
    "问题", "题目", "题干", "提问", "問題", "題目",
)  # fmt: skip
DIALOGUE_KEYS = ("conversations", "conversation", "messages", "dialogue", "turns")
_ASKS = frozenset({"human", "user", "问", "用户"})
_PLACEHOLDER = compile_late(r"<\|?(?:image|img|video)[^>]{0,40}>|\{image\}", re.IGNORECASE)
_NUMBERING = compile_late(r"^\s*(?:[-*•]|[(（]?\d{1,4}[.)、．）:：]|Q\d*[.:：])\s*")
_PHASH = compile_late(r"[0-9a-fA-F]{16}")


@dataclass(frozen=True, slots=True)
class Item:
    """A question, or a picture's hash, and where it stands."""

    place: str  # file name and row
    question: str = ""
    phash: str = ""


def digest_files(files: Sequence[Path]) -> dict[str, str]:
    """What the files hold, for a fingerprint: name -> digest of the content; of a folder, of all that lies below it."""
    digests: dict[str, str] = {}
    for path in files:
        sha = hashlib.sha256()
        for file in _list_files(path):
            sha.update(f"{_name(file, path)}\x1f{_hash_file(file)}\n".encode("utf-8", "surrogateescape"))
        name = path.name
        while name in digests:
            name += "'"
        digests[name] = sha.hexdigest()[:16] if path.exists() else "absent"
    return digests


def read_items(files: Sequence[Path]) -> Iterator[Item]:
    """Every question and picture of the files, in their order.

    Raises:
        InputError: a file is not there, cannot be read, or holds neither questions nor pictures.
        MissingExtraError: a Parquet file, without the package that reads it.
    """
    for path in files:
        if not path.exists():
            raise InputError(f"the evaluation file {path} does not exist", "check filter.decontaminate")
        count = 0
        for file in _list_files(path):
            for item in _read_file(file, _name(file, path)):
                count += 1
                yield item
        if not count:
            raise InputError(
                f"{path} holds no questions and no pictures",
                f"questions are looked for under {', '.join(QUESTION_KEYS[:9])} and in conversations, or one a line in"
                " a .txt file",
            )


def _list_files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path] if path.exists() else []
    known = PICTURES | TABLES | TEXTS
    return sorted(file for file in path.rglob("*") if file.suffix.lower() in known and file.is_file())


def _name(file: Path, root: Path) -> str:
    return file.name if file == root else f"{root.name}/{file.relative_to(root).as_posix()}"


def _hash_file(file: Path) -> str:
    try:
        stat = file.stat()
        return _hash_once(file, stat.st_size, stat.st_mtime_ns)
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror}", "check filter.decontaminate") from None


@lru_cache(maxsize=1 << 17)
def _hash_once(file: Path, size: int, changed_ns: int) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _read_file(file: Path, name: str) -> Iterator[Item]:
    suffix = file.suffix.lower()
    try:
        if suffix in PICTURES:
            with PillowImage.open(file) as image:
                yield Item(name, phash=hash_perceptually(image))
        elif suffix == ".parquet":
            yield from _walk_rows(_read_parquet(file), name)
        elif suffix in TABLES:
            yield from _walk_rows(_read_table(_decode(file), suffix, name), name)
        elif suffix not in TEXTS:
            raise InputError(
                f"the evaluation file {name} is of a kind that is not read",
                f"known: {', '.join(sorted(TABLES | TEXTS | PICTURES))}; save its questions as .txt, one a line",
            )
        else:
            for number, line in enumerate(_decode(file).splitlines(), 1):
                if text := _NUMBERING.sub("", line).strip():
                    yield Item(f"{name} line {number}", text)
    except (OSError, ValueError, csv.Error) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"the evaluation file {name} cannot be read: {error}", "mend it, or leave it out") from None


def _decode(file: Path) -> str:
    data = file.read_bytes()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("gb18030")


def _read_table(text: str, suffix: str, name: str) -> Iterator[Any]:
    if suffix == ".json":
        data = json.loads(text)
        yield from data if isinstance(data, list) else [data]
    elif suffix in (".csv", ".tsv"):
        delimiter = "\t" if suffix == ".tsv" else max(",;\t|", key=text.partition("\n")[0].count)
        yield from csv.DictReader(io.StringIO(text), delimiter=delimiter)
    else:
        for number, line in enumerate(text.split("\n"), 1):
            if line.strip():
                try:
                    yield json.loads(line)
                except ValueError as error:
                    raise InputError(f"{name} line {number} is no JSON: {error}", "mend the line") from None


def _read_parquet(file: Path) -> Iterator[Any]:
    try:
        import pyarrow.parquet as parquet
    except ImportError:
        raise MissingExtraError(
            f"{file.name} is read with pyarrow, which is not installed", 'pip install "remud-gen[parquet]"'
        ) from None
    with parquet.ParquetFile(file) as table:
        for batch in table.iter_batches(batch_size=256):
            yield from batch.to_pylist()


def _walk_rows(rows: Iterator[Any], name: str) -> Iterator[Item]:
    for number, row in enumerate(rows, 1):
        place = f"{name} row {number}"
        yield from ([Item(place, row.strip())] if isinstance(row, str) and row.strip() else _walk(row, place))


def _walk(value: object, place: str) -> Iterator[Item]:
    """All questions at any depth of a row, and pictures that it holds as bytes or as hashes."""
    if isinstance(value, list):
        for part in value:
            yield from _walk(part, place)
    if not isinstance(value, Mapping):
        return
    if isinstance(value.get("bytes"), bytes):
        with PillowImage.open(io.BytesIO(value["bytes"])) as image:
            yield Item(place, phash=hash_perceptually(image))
    for key, part in value.items():
        plain = str(key).strip().lower()
        if plain in DIALOGUE_KEYS and isinstance(part, list):
            yield from (Item(place, text) for text in _list_asked(part))
        elif plain in QUESTION_KEYS and isinstance(part, str):
            if text := _PLACEHOLDER.sub(" ", part).strip():
                yield Item(place, text)
        elif plain == "phash" and isinstance(part, str) and _PHASH.fullmatch(part):
            yield Item(place, phash=part.lower())
        else:
            yield from _walk(part, place)


def _list_asked(turns: Sequence[object]) -> Iterator[str]:
    """What the user says in a conversation; some sets have two texts a turn instead of roles."""
    for turn in turns:
        if not isinstance(turn, Mapping):
            continue
        role = turn.get("from", turn.get("role"))
        said = turn.get("value", turn.get("content")) if role in _ASKS else None
        said = next((turn[key] for key in QUESTION_KEYS if role is None and key in turn), said)
        parts = said if isinstance(said, list) else [said]
        texts = [part.get("text") if isinstance(part, Mapping) else part for part in parts]
        if text := _PLACEHOLDER.sub(" ", " ".join(text for text in texts if isinstance(text, str))).strip():
            yield text

"""Tables as people keep them: CSV, TSV, JSON, JSON lines and XLSX -> rows of text cells with their row numbers."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from remud_gen.errors import RecordError
from remud_gen.readers.columns import CHOICES_COLUMNS, TableUse, judge_columns, reduce_header
from remud_gen.rules.licences import TABLE_NAMES

SUFFIXES = (".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".xlsx")
MAX_BYTES = 256 * 2**20
MAX_SHEET_BYTES = 512 * 2**20  # unpacked: an XLSX is a ZIP, and may be a bomb
PEEK_BYTES = 64 * 2**10
INSTALL_XLSX = "pip install 'remud-gen[tables]', then run again with --retry-errors"
DELIMITERS = "\t;|,"
FILE_KEY = "file"  # column that the keys of {"a.png": {…}} become
LIST_KEYS = ("data", "rows", "records", "items", "samples", "examples", "images", "labels", "questions")


@dataclass(frozen=True, slots=True)
class Row:
    """One row; `number` counts as a spreadsheet does (the header is row 1) or is the place in a JSON list."""

    number: int
    cells: Mapping[str, str]  # by the header as printed; empty cells are left out
    sheet: int = 1


def judge_table(path: Path) -> TableUse | None:
    """`judge_columns` of a file, remembered for as long as the file does not change; None if it cannot be read."""
    if path.suffix.lower() not in SUFFIXES or path.name.lower() in TABLE_NAMES:
        return None
    try:
        stat = path.stat()
    except OSError:
        return None
    return _judge(path, stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=4096)
def _judge(path: Path, size: int, changed_ns: int) -> TableUse | None:
    try:
        return judge_columns(peek_columns(path))
    except RecordError:
        return None


def peek_columns(path: Path) -> list[str]:
    """The columns of a table, with as little of it read as possible.

    Raises:
        RecordError: when it is no table, or cannot be read.
    """
    kind = path.suffix.lower()
    if kind in (".csv", ".tsv"):
        try:
            with path.open("rb") as stream:
                head = stream.read(PEEK_BYTES)
            return next(_split(decode_text(head)), [])
        except (OSError, csv.Error) as error:
            raise RecordError("DAMAGED_TABLE", f"{path.name} cannot be read: {error}") from None
    columns: dict[str, None] = {}
    for row, _ in zip(read_rows(path), range(20), strict=False):
        columns.update(dict.fromkeys(row.cells))
    return list(columns)


def read_rows(path: Path, *, has_all_sheets: bool = False) -> Iterator[Row]:
    """All rows of a table; of a workbook those of its first sheet, or of all.

    Raises:
        RecordError: DAMAGED_TABLE, TABLE_TOO_LARGE, or MISSING_EXTRA for an XLSX without its library.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise RecordError("TABLE_TOO_LARGE", f"{path.name} is above {MAX_BYTES >> 20} MB", "split it")
        kind = path.suffix.lower()
        if kind == ".xlsx":
            yield from _read_sheets(path, has_all_sheets=has_all_sheets)
        elif kind in (".jsonl", ".ndjson"):
            lines = decode_text(path.read_bytes()).splitlines()
            yield from (Row(i, _flatten(json.loads(line))) for i, line in enumerate(lines, 1) if line.strip())
        elif kind == ".json":
            yield from _read_json(json.loads(decode_text(path.read_bytes())))
        else:
            lines_of = _split(decode_text(path.read_bytes()))
            header = [cell.strip() for cell in next(lines_of, [])]
            yield from (Row(i, _name(header, cells)) for i, cells in enumerate(lines_of, 2) if any(cells))
    except (OSError, ValueError, csv.Error, RecursionError) as error:
        raise RecordError(
            "DAMAGED_TABLE", f"{path.name} cannot be read: {str(error)[:200]}", "open and save it again as CSV in UTF-8"
        ) from None


def decode_text(data: bytes) -> str:
    """UTF-8, UTF-16 with its mark, or GB18030, which takes most of the rest; Latin-1 takes all."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", "replace")
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError as error:
            if error.start >= len(data) - 4:  # a letter that was cut off at the end of what was read
                return data[: error.start].decode(encoding, "replace")
    return data.decode("latin-1")


def _split(text: str) -> Iterator[list[str]]:
    first = text.partition("\n")[0]
    delimiter = max(DELIMITERS, key=first.count) if any(mark in first for mark in DELIMITERS) else ","
    csv.field_size_limit(16 * 2**20)
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)


def _name(header: list[str], cells: Iterable[object]) -> dict[str, str]:
    named: dict[str, str] = {}
    for column, cell in zip(header, cells, strict=False):
        text = _write_choices(cell) if reduce_header(column) in CHOICES_COLUMNS else _write_cell(cell)
        if column and text:
            named.setdefault(column, text)
    return named


def _write_choices(cell: object) -> str:
    """Options of a question, one a line, with their letters where the file gives some."""
    if isinstance(cell, Mapping):
        return "\n".join(f"{key}. {_write_cell(text)}" for key, text in cell.items())
    if isinstance(cell, list):
        named = [tuple(map(_write_cell, entry.values())) if isinstance(entry, Mapping) else entry for entry in cell]
        return "\n".join(". ".join(entry) if isinstance(entry, tuple) else _write_cell(entry) for entry in named)
    return _write_cell(cell)


def _write_cell(cell: object) -> str:
    if cell is None or isinstance(cell, bool | Mapping):
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, list):
        return "; ".join(text for text in map(_write_cell, cell) if text)
    return str(cell).strip()


def _flatten(value: Any) -> dict[str, str]:
    return _name(list(map(str, value)), value.values()) if isinstance(value, dict) else {}


def _read_json(data: Any) -> Iterator[Row]:
    if isinstance(data, dict):
        inner = next((data[key] for key in LIST_KEYS if isinstance(data.get(key), list)), None)
        if inner is not None and any(isinstance(entry, dict) for entry in inner):
            data = inner
        elif data and all(isinstance(value, dict | str) for value in data.values()) and _has_files(data):
            data = [{FILE_KEY: key, **(value if isinstance(value, dict) else {"caption": value})}
                    for key, value in data.items()]  # fmt: skip
        else:
            data = [data]
    if isinstance(data, list):
        yield from (Row(i, _flatten(entry)) for i, entry in enumerate(data, 1) if isinstance(entry, dict))


def _has_files(data: Mapping[str, Any]) -> bool:
    return all(re.search(r"\.[A-Za-z]{3,5}$", key) for key in list(data)[:20])


def _read_sheets(path: Path, *, has_all_sheets: bool) -> Iterator[Row]:
    try:
        from openpyxl import load_workbook
        from openpyxl.utils.exceptions import InvalidFileException
    except ImportError:
        raise RecordError("MISSING_EXTRA", "XLSX needs a package that is not installed", INSTALL_XLSX) from None
    try:
        with zipfile.ZipFile(path) as packed:
            if sum(entry.file_size for entry in packed.infolist()) > MAX_SHEET_BYTES:
                raise RecordError("TABLE_TOO_LARGE", f"{path.name} unpacks to too much", "save it as CSV")
        with closing(load_workbook(path, read_only=True, data_only=True)) as book:
            for sheet, grid in enumerate(book.worksheets if has_all_sheets else book.worksheets[:1], 1):
                header: list[str] = []
                for number, cells in enumerate(grid.iter_rows(values_only=True), 1):
                    if header:
                        yield Row(number, _name(header, cells), sheet)
                    elif any(cells):
                        header = [_write_cell(cell) for cell in cells]
    except (zipfile.BadZipFile, InvalidFileException, KeyError, IndexError, SyntaxError, TypeError) as error:
        raise ValueError(str(error) or "not a workbook") from None

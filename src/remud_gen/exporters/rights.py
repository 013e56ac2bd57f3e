"""Whose pictures and words may be passed on: the table of licences, and the policy of an export."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from remud_gen.errors import ConfigError, RecordError
from remud_gen.records import Evidence, Quadruplet
from remud_gen.rules.licences import PRIVATE, SPDX, TABLE_NAMES, Rights, find_rights, name_licence

ALLOWED: Mapping[str, frozenset[Rights]] = {
    "permissive": frozenset(("permissive",)),
    "research": frozenset(("permissive", "share_alike", "noncommercial")),
    "private": frozenset(("permissive", "share_alike", "noncommercial", "no_derivatives", "private")),
}
GIVEN_FLAG = "given_answer"  # of records whose question and answer are a question bank's own
_COLUMNS = {"file": "file", "licence": "licence", "license": "licence", "url": "url", "note": "note"}


@dataclass(frozen=True, slots=True)
class LicenceRow:
    """What a table says of a file, or of all that a pattern such as `atlas/*.pdf` fits."""

    pattern: str
    licence: str
    url: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class LicenceTable:
    """Rows of one or several files; one that names the file itself comes before patterns, else the first that fits."""

    rows: tuple[LicenceRow, ...] = ()

    @property
    def digest(self) -> str:
        """Over all rows, in their order."""
        return hashlib.sha256(repr([(row.pattern, row.licence) for row in self.rows]).encode("utf-8")).hexdigest()

    def find(self, file: str) -> LicenceRow | None:
        """The row for a path below the input folder; None: the table says nothing of it."""
        exact = next((row for row in self.rows if row.pattern == file), None)
        return exact or next((row for row in self.rows if fnmatchcase(file, row.pattern)), None)

    def describe_unknown(self) -> tuple[str, ...]:
        """Licences that the table names and nobody knows, in a sentence."""
        private = {row.licence for row in self.rows if row.licence and name_licence(row.licence) == PRIVATE}
        unknown = sorted(licence for licence in private if licence.lower() not in SPDX)
        if not unknown:
            return ()
        return (f"{TABLE_NAMES[0]} names licences that are not known and count as private: {', '.join(unknown)}.",)


def read_licences(files: Sequence[Path]) -> LicenceTable:
    """The rows of all files, in their order.

    Raises:
        ConfigError: a file cannot be read, is no UTF-8, or lacks the columns `file` and `licence`.
    """
    return LicenceTable(tuple(row for file in files for row in _read_file(file)))


def _read_file(file: Path) -> Iterator[LicenceRow]:
    wanted = "its first line names the columns: file,licence,url,note"
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{file}: is no text in UTF-8", "save it as CSV UTF-8") from None
    try:
        lines = list(csv.reader(io.StringIO(text, newline="")))
    except csv.Error as error:
        raise ConfigError(f"{file}: {error}", wanted) from None
    names = [_COLUMNS.get(name.strip().lower(), "") for name in lines[0]] if lines else []
    if "file" not in names or "licence" not in names:
        raise ConfigError(f"{file}: lacks the columns file and licence", wanted)
    for line in lines[1:]:
        row = {name: cell.strip() for name, cell in zip(names, line, strict=False) if name}
        if row.get("file"):
            pattern = row["file"].replace("\\", "/").removeprefix("./")
            yield LicenceRow(pattern, row.get("licence", ""), row.get("url", ""), row.get("note", ""))


class Policy:
    """What an export may show of each record's source."""

    def __init__(self, name: str, table: LicenceTable) -> None:
        self.name = name
        self._allowed = ALLOWED[name]
        self._table = table
        self._by_file: dict[str, LicenceRow | None] = {}
        self._rights: dict[str | None, Rights] = {}

    def mark(self, record: Quadruplet) -> Quadruplet:
        """The record with the licence that the table gives its source, and without words that may not be passed on."""
        file = record.source.file
        if file not in self._by_file:
            self._by_file[file] = self._table.find(file)
        row = self._by_file[file]
        if row is not None and row.licence != record.licence:
            record = record.model_copy(update={"licence": row.licence or None})
        return record if self.may_show(record) else keep_quotes(record)

    def may_show(self, record: Quadruplet) -> bool:
        """Whether pictures and words of the record's source may be passed on."""
        if record.licence not in self._rights:
            self._rights[record.licence] = find_rights(record.licence)
        return self._rights[record.licence] in self._allowed

    def check(self, record: Quadruplet) -> None:
        """Raise RecordError LICENCE_FORBIDS for pictures that may not be passed on, where no pointer can stand."""
        if record.images and not self.may_show(record):
            raise self._forbid("pictures", record)

    def check_words(self, record: Quadruplet) -> None:
        """Raise RecordError LICENCE_FORBIDS for a question bank's question that may not be passed on.

        It and its answer are the source itself, word for word, and not made from it; no pointer stands for them.
        """
        if GIVEN_FLAG in record.flags and not self.may_show(record):
            raise self._forbid("question and answer", record)

    def _forbid(self, what: str, record: Quadruplet) -> RecordError:
        licence = record.licence or "no licence stated"
        return RecordError("LICENCE_FORBIDS", f"{what} of {record.source.file} ({licence}) under {self.name}")


def keep_quotes(record: Quadruplet) -> Quadruplet:
    """The record with no more words of its source than its claims quote; where they stand is still told."""
    quotes: dict[str, list[str]] = {}
    for claim in record.claims:
        for quote in claim.evidence:
            quotes.setdefault(quote.span_id, []).append(quote.quote)
    spans = [_shorten(span, quotes.get(span.id, ())) for span in record.evidence]
    return record.model_copy(update={"evidence": tuple(spans)})


def _shorten(span: Evidence, quotes: Sequence[str]) -> Evidence:
    return span.model_copy(update={"text": " … ".join(dict.fromkeys(quotes))})

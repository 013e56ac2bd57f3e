"""What a drawing is of: the records of a document's pages, and the pages themselves, seen anew through their reader."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from remud_gen import registry
from remud_gen.errors import ConfigError, InputError, RecordError
from remud_gen.layout.setting import restore_view
from remud_gen.protocols import FlowDocument, OpenDocument, PageView, Reader
from remud_gen.records import Document, ImageTextPair, Page
from remud_gen.runner.folder import RunFolder
from remud_gen.runner.inventory import take_inventory
from remud_gen.runner.reading import parse_record
from remud_gen.runner.reports.naming import choose_named, explain_unread, list_documents, refuse_no_run
from remud_gen.stages.base import InputFile

T = TypeVar("T", Document, Page, ImageTextPair)


@dataclass(slots=True)
class Sheet:
    """One stored page: a record, or two of a two-page spread, with the pairs that stand on it."""

    number: int
    pages: list[Page] = field(default_factory=list)
    pairs: list[ImageTextPair] = field(default_factory=list)


@dataclass(slots=True)
class Subject:
    """A document with its records."""

    document: Document
    path: Path
    sheets: dict[int, Sheet]
    pairs: list[ImageTextPair]

    @contextmanager
    def open(self) -> Iterator[OpenDocument]:
        """Open the file for looking at its pages.

        Raises:
            InputError: when it cannot be read, or has no pages.
        """
        reader: Reader = registry.load("readers", self.document.reader)()
        try:
            with reader.open(self.path) as opened:
                if isinstance(opened, FlowDocument):
                    told = f"{self.document.file} has chapters but no pages that could be drawn on"
                    raise InputError(told, "`remud inspect ID` shows its pairs and passages in words")
                yield opened
        except RecordError as error:
            raise InputError(f"{self.document.file}: {error.message}", error.hint) from None


def view_sheet(opened: OpenDocument, sheet: Sheet) -> PageView:
    """The page as its records' boxes were measured on it: upright, spreads whole."""
    stored = opened.page(sheet.number)
    return restore_view(stored, sheet.pages[0].source.to_original if sheet.pages else None)


def find_subject(run: Path, name: str) -> Subject:
    """A document by its id, the beginning of one, or its file as in the run, with all records of its pages.

    Raises:
        InputError: when there is no such document, its file is gone or changed, or nothing of it was extracted.
    """
    document = _find_document(run, name)
    sheets: dict[int, Sheet] = {}
    for page in _read(run / "extract", document.id, Page):
        number = page.source.page_number or 1
        sheets.setdefault(number, Sheet(number)).pages.append(page)
    if not sheets:
        raise InputError(f"no page of {document.file} was extracted", "run `remud pair` first")
    pairs = _read_pairs(run, document.id)
    for pair in pairs:
        if (sheet := sheets.get(pair.source.page_number or 1)) is not None:
            sheet.pairs.append(pair)
    return Subject(document, _find_file(run, document), dict(sorted(sheets.items())), pairs)


def choose_sheet(subject: Subject, number: int) -> Sheet:
    """One page.

    Raises:
        ConfigError: when no such page was extracted.
    """
    if number not in subject.sheets:
        known = list(subject.sheets)
        told = f"pages {known[0]} to {known[-1]}" if len(known) > 1 else f"page {known[0]}"
        raise ConfigError(f"page {number} of {subject.document.file} was not extracted", f"{told} can be drawn")
    return subject.sheets[number]


def _find_document(run: Path, name: str) -> Document:
    refuse_no_run(run)
    documents = list_documents(run)
    found = choose_named(documents, name) or [document for document in documents if document.id.startswith(name)]
    if len(found) == 1:
        return found[0]
    listed = ", ".join(sorted(f"{document.file} ({document.id[:8]})" for document in found or documents)[:8])
    if not found:
        unread = explain_unread(run, name)
        if unread is not None:
            raise unread
        raise InputError(f"no document in {run} is called {name!r} or has an id that begins so", f"known: {listed}")
    raise InputError(f"{len(found)} documents answer to {name!r}", f"name one of them: {listed}")


def _find_file(run: Path, document: Document) -> Path:
    roots = RunFolder(run).recall_roots()
    files: list[InputFile] = []
    with suppress(InputError):  # an empty shelf
        files = take_inventory([root for root in roots if root.exists()], run, is_writable=False)
    path = next((file.path for file in files if file.sha256 == document.sha256), None)
    if path is None:
        listed = ", ".join(str(root) for root in roots) or "nowhere"
        told = f"{document.file} is no longer there as it was read (inputs of the run: {listed})"
        raise InputError(told, "put the file back; a page is drawn from the file itself")
    return path


def _read_pairs(run: Path, document_id: str) -> list[ImageTextPair]:
    """Pairs as a model left them, where one was asked about the very words that the rules chose last."""
    checked = {pair.id: pair for pair in _read(run / "check", document_id, ImageTextPair)}
    pairs = _read(run / "pair", document_id, ImageTextPair)
    return [
        after if pair.sketch is not None and (after := checked.get(pair.id)) and after.sketch == pair.sketch else pair
        for pair in pairs
    ]


def _read(folder: Path, document_id: str | None, kind: type[T]) -> list[T]:
    """Records of one type, of one document, each id once, in the order they stand in."""
    needle = f'"{document_id}"'.encode() if document_id is not None else b""
    found: dict[str, T] = {}
    for path in sorted(folder.glob("*.jsonl")):
        if path.name.endswith(".errors.jsonl"):
            continue
        for line in path.read_bytes().splitlines():
            if needle in line and isinstance(record := parse_record(json.loads(line)), kind):
                found[record.id] = record
    return list(found.values())

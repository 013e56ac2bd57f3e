"""Question banks: CSV, TSV, XLSX, JSON, JSON lines, and text of numbered questions, their given answers kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from remud_gen.errors import RecordError
from remud_gen.protocols import BankQuestion, Companions, DocumentInfo, FlowPage
from remud_gen.readers.flow import FlowReading
from remud_gen.readers.html import make_loader, read_text_file
from remud_gen.readers.linked_pictures import SUFFIXES as PICTURE_SUFFIXES
from remud_gen.readers.linked_pictures import resolve_linked
from remud_gen.readers.question_rows import find_keys, read_row
from remud_gen.readers.question_text import looks_like_questions, read_questions
from remud_gen.readers.tables import SUFFIXES, decode_text, judge_table, read_rows

TEXT_SUFFIXES = (".txt", ".text", ".md")
MEDIA = {
    ".csv": "text/csv", ".tsv": "text/tab-separated-values", ".json": "application/json",
    ".jsonl": "application/jsonl", ".ndjson": "application/jsonl",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}  # fmt: skip
PAGE_QUESTIONS = 50


class QuestionBankReader:
    """A bank of questions; fifty of them are a page."""

    name: ClassVar[str] = "question_bank"
    libraries: ClassVar[tuple[str, ...]] = ("openpyxl",)

    @staticmethod
    def sniff(head: bytes, path: Path) -> str | None:
        """By the columns of a table, or by how the lines of a text begin."""
        suffix = path.suffix.lower()
        if suffix in SUFFIXES:
            return MEDIA[suffix] if judge_table(path) == "questions" else None
        if suffix not in TEXT_SUFFIXES or (b"\x00" in head[2:] and head[:2] not in (b"\xff\xfe", b"\xfe\xff")):
            return None
        text = decode_text(head)
        if len(head) >= 4000:
            text = text.rpartition("\n")[0]
        return "text/plain" if looks_like_questions(text) else None

    def probe(self, path: Path) -> DocumentInfo:
        """How many pages of questions."""
        return self.open(path).info

    def open(self, path: Path) -> FlowReading:
        """Read it whole.

        Raises:
            RecordError: DAMAGED_TABLE, TABLE_TOO_LARGE, MISSING_EXTRA, or as text is read.
        """
        is_table = path.suffix.lower() in SUFFIXES
        questions = list(_read_table(path) if is_table else _read_text(path))
        starts = range(0, len(questions), PAGE_QUESTIONS)
        pages = [_make_page(i, tuple(questions[start : start + PAGE_QUESTIONS])) for i, start in enumerate(starts, 1)]
        return FlowReading(DocumentInfo(MEDIA.get(path.suffix.lower(), "text/plain"), len(pages)), pages)

    def companions(self, path: Path, root: Path) -> Companions:
        """The pictures that its rows name."""
        if path.suffix.lower() not in SUFFIXES or judge_table(path) != "questions":
            return Companions()
        found = set()
        try:
            for row in read_rows(path, has_all_sheets=True):
                read = read_row(row)
                if read is not None and read[4]:
                    try:
                        found.add(resolve_linked(path.parent, read[4]))
                    except RecordError:
                        continue  # told when the question is read
        except RecordError:
            return Companions()
        return Companions(tuple(sorted(file for file in found if file.suffix.lower() in PICTURE_SUFFIXES)))


def _make_page(number: int, questions: tuple[BankQuestion, ...]) -> FlowPage:
    first = (number - 1) * PAGE_QUESTIONS + 1
    return FlowPage(number, f"questions {first} to {first + len(questions) - 1}", (), (), questions)


def _read_table(path: Path) -> Iterator[BankQuestion]:
    load = make_loader(path.parent)
    is_book = path.suffix.lower() == ".xlsx"
    for row in read_rows(path, has_all_sheets=True):
        read = read_row(row)
        if read is None:
            continue
        question, answer, options, explanation, picture = read
        place = f"{path.name} sheet {row.sheet} row {row.number}" if is_book else f"{path.name} row {row.number}"
        keys, loader = find_keys(answer, options), load(picture) if picture else None
        yield BankQuestion(question, answer, place, options, keys, explanation, loader)


def _read_text(path: Path) -> Iterator[BankQuestion]:
    for entry in read_questions(read_text_file(path, lambda _: None).text):
        keys = find_keys(entry.answer, entry.options)
        place = f"{path.name} line {entry.line}"
        yield BankQuestion(entry.stem, entry.answer, place, entry.options, keys, entry.explanation)

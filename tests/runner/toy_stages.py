"""Small real stages that tests run through the real runner: they count, fail, crash, hang or grow on demand."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from remud_gen.errors import RecordError
from remud_gen.records import Document, Page, Passage, Source
from remud_gen.stages.base import DocumentStage, Failure, InputFile, PageInput, RecordStage, Rejection


class TextDocuments(RecordStage[InputFile, Document]):
    """A text file is a document whose lines are pages."""

    name, version = "documents", 1

    def settings(self) -> Mapping[str, object]:
        return {}

    def process(self, item: InputFile) -> Iterator[Document | Failure | Rejection[Document]]:
        lines = item.path.read_text("utf-8").splitlines()
        if not lines:
            raise RecordError("ZERO_PAGES", "the file has no lines", "put a line in it")
        yield Document(
            id=item.id,
            file=item.file,
            copies=item.copies,
            sha256=item.sha256,
            media_type="text/plain",
            reader="text",
            page_count=len(lines),
        )


class LinePages(RecordStage[PageInput, Page]):
    """Each line is a page; some words misbehave."""

    name, version = "extract", 1

    def settings(self) -> Mapping[str, object]:
        return {"min_dpi": self.config.extract.min_dpi}

    def setup(self, context) -> None:
        self.context = context

    def process(self, item: PageInput) -> Iterator[Page | Failure | Rejection[Page]]:
        line = self.context.document_path(item.document.sha256).read_text("utf-8").splitlines()[item.number - 1]
        if "logged=" in line:
            with Path(line.split("logged=")[1]).open("a", encoding="utf-8") as log:
                log.write(f"{item.number}\n")
        if "swell" in line:
            self.hoard = bytearray(150 * 2**20)
            self.hoard[::4096] = b"x" * len(self.hoard[::4096])
        if "pid=" in line:
            with Path(line.split("pid=")[1]).open("a", encoding="utf-8") as log:
                log.write(f"{os.getpid()}\n")
        if line.startswith("vanish="):
            Path(line.removeprefix("vanish=")).unlink(missing_ok=True)
        if line.startswith("rewrite="):
            Path(line.removeprefix("rewrite=")).write_text("four\nfive\nsix", "utf-8")
        if "segfault" in line:
            os.kill(os.getpid(), signal.SIGSEGV)
        if "hang" in line:
            time.sleep(600)
        if "grow" in line:
            self.hoard = bytearray(400 * 2**20)
            self.hoard[::4096] = b"x" * len(self.hoard[::4096])
            time.sleep(600)
        if "slow" in line:
            time.sleep(0.4)
        if "bad" in line:
            raise RecordError("BAD_LINE", f"line {item.number} is bad", "mend it")
        if "bug" in line:
            raise ZeroDivisionError("oops")
        if "chatty" in line:
            os.write(1, b"a library talks to stdout\n")
            os.write(2, b"a library talks to stderr\n")
        if "unfit" in line:
            yield Rejection("UNFIT", "not for us")
            return
        if "odd" in line:
            yield Rejection("ODD", "kept, but judged unfit", self._make_page(item))
            return
        yield self._make_page(item)

    def _make_page(self, item: PageInput) -> Page:
        source = Source(document_sha256=item.document.sha256, file=item.document.file, page_number=item.number)
        return Page(
            id=item.id, document_id=item.document.id, source=source, kind="digital", width_pt=1, height_pt=item.number
        )


class JoinedPassages(DocumentStage[Page, Passage]):
    """All pages of a document at once."""

    name, version = "pair", 1

    def settings(self) -> Mapping[str, object]:
        return {"rule": self.config.pair.rule}

    def process_document(
        self, document_id: str, items: Sequence[Page]
    ) -> Iterator[tuple[str, Passage | Failure | Rejection[Passage]]]:
        for page in items:
            yield (
                page.id,
                Passage(id=f"q-{page.id}", document_id=page.document_id, source=page.source, text="x" * len(items)),
            )


class DeadlyPassages(JoinedPassages):
    """A document of two pages kills its worker."""

    def process_document(
        self, document_id: str, items: Sequence[Page]
    ) -> Iterator[tuple[str, Passage | Failure | Rejection[Passage]]]:
        if len(items) == 2:
            os.kill(os.getpid(), signal.SIGSEGV)
        yield from super().process_document(document_id, items)

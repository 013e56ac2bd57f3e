"""An open PDF that hands out upright pages."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

import pymupdf

from remud_gen.errors import RecordError
from remud_gen.pdf.opening import MUPDF_ERRORS, REPAIR_HINT, open_pdf, trim_caches, wrap_page_error
from remud_gen.pdf.page import Matrix, PdfPage
from remud_gen.pdf.rights import read_licence
from remud_gen.protocols import DocumentInfo

MAX_TITLE_CHARS = 300
MOST_RECENT = 3  # pages that were looked at as a neighbour and whose turn comes next: their text is read once
MAX_IMAGE_PIXELS = 250_000_000  # a few kilobytes may unpack to more than any machine holds


class PdfDocument:
    """A PDF opened for reading; closes with its `with` block."""

    def __init__(self, path: Path) -> None:
        self._document = open_pdf(path)
        self._recent: dict[int, PdfPage] = {}
        self._ways_back: dict[int, Matrix] = {}  # of pages that were turned: opened again, they come upright

    @property
    def info(self) -> DocumentInfo:
        """Media type, page count, and the title and the licence that the file states."""
        try:
            metadata = self._document.metadata or {}
            xmp = self._document.get_xml_metadata() or ""
        except MUPDF_ERRORS:
            metadata, xmp = {}, ""  # unreadable metadata costs the title, never the document
        title = metadata.get("title") or ""
        clean = " ".join("".join(c if c.isprintable() else " " for c in title).split())[:MAX_TITLE_CHARS]
        licence = read_licence(metadata, xmp)
        return DocumentInfo("application/pdf", self._document.page_count, clean or None, licence)

    def page(self, number: int) -> PdfPage:
        """The 1-based page, upright.

        Raises:
            RecordError: NO_SUCH_PAGE, DAMAGED_PAGE, PAGE_TOO_LARGE or PAGE_TOO_SMALL.
        """
        if not 1 <= number <= self._document.page_count:
            raise RecordError("NO_SUCH_PAGE", f"there is no page {number} of {self._document.page_count}")
        trim_caches()
        if number in self._recent:
            return self._recent.pop(number)
        page = self._load(number)
        if page.to_original is not None:
            self._ways_back[number] = page.to_original
        elif number in self._ways_back:
            page.lead_back(self._ways_back[number])
        self._recent[number] = page
        for old in list(self._recent)[:-MOST_RECENT]:
            del self._recent[old]
        return page

    def _load(self, number: int) -> PdfPage:
        pymupdf.TOOLS.reset_mupdf_warnings()
        try:
            page = PdfPage(self._document.load_page(number - 1), is_repaired=bool(self._document.is_repaired))
            is_blank = page.is_blank
        except MUPDF_ERRORS as error:
            raise wrap_page_error(number, error) from None
        complaints = [line for line in pymupdf.TOOLS.mupdf_warnings().splitlines() if line.strip(" .")]
        if is_blank and (self._document.is_repaired or complaints):
            reason = complaints[0][:120] if complaints else "the file is cut off or damaged"
            raise RecordError("DAMAGED_PAGE", f"nothing of page {number} can be read: {reason}", REPAIR_HINT)
        pixels = max((image.width_px * image.height_px for image in page.images), default=0)
        if pixels > MAX_IMAGE_PIXELS:
            told = f"an image on page {number} unpacks to {pixels:,} pixels"
            raise RecordError("PAGE_TOO_LARGE", told, f"save the file with images below {MAX_IMAGE_PIXELS:,} pixels")
        if min(page.width, page.height) < 1:
            raise RecordError("PAGE_TOO_SMALL", f"page {number} is {page.width:.2f} x {page.height:.2f} points")
        return page

    def __enter__(self) -> PdfDocument:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._document.close()

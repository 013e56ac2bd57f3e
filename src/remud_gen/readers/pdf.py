"""PDF files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from remud_gen.protocols import DocumentInfo

if TYPE_CHECKING:
    from remud_gen.pdf.document import PdfDocument

HEADER_REACH = 1024  # Acrobat, too, looks this far for %PDF-


class PdfReader:
    """PDF: digital, scanned or mixed, encrypted with an empty password, or slightly damaged."""

    name: ClassVar[str] = "pdf"

    @staticmethod
    def sniff(head: bytes, path: Path) -> str | None:
        """application/pdf when the header stands near the start."""
        return "application/pdf" if b"%PDF-" in head[:HEADER_REACH] else None

    def probe(self, path: Path) -> DocumentInfo:
        """Page count and title; RecordError when the file is locked, damaged or empty."""
        with self.open(path) as document:
            return document.info

    def open(self, path: Path) -> PdfDocument:
        """Open for reading pages."""
        from remud_gen.pdf.document import PdfDocument

        return PdfDocument(path)

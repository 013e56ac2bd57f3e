"""Word files (.docx)."""

from __future__ import annotations

import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any, ClassVar

from remud_gen.errors import RecordError
from remud_gen.protocols import DocumentInfo
from remud_gen.readers.archive import Archive, list_names
from remud_gen.readers.flow import FlowReading, divide, read_title, tidy_text
from remud_gen.readers.html import INSTALL
from remud_gen.readers.word_body import read_body

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
MAIN = "word/document.xml"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLE_SUFFIXES = frozenset({".doc", ".dot", ".docx", ".docm"})
HINT = "open it in Word or LibreOffice; if that works, save it again as .docx and add the copy"


class DocxReader:
    """Word: a section under the highest heading is a page; macros, links and comments are never touched."""

    name: ClassVar[str] = "docx"
    libraries: ClassVar[tuple[str, ...]] = ("python-docx", "lxml")

    @staticmethod
    def sniff(head: bytes, path: Path) -> str | None:
        """The media type by what the container holds; old Word files are claimed, too, to be told apart from noise."""
        if head.startswith(_OLE):
            return "application/msword" if path.suffix.lower() in _OLE_SUFFIXES else None
        if not head.startswith(b"PK\x03\x04"):
            return None
        names = list_names(path)
        has_main = MAIN in names or any(n.startswith("word/document") and n.endswith(".xml") for n in names)
        is_broken = not names and path.suffix.lower() in (".docx", ".docm")
        return MEDIA_TYPE if has_main or is_broken else None

    def probe(self, path: Path) -> DocumentInfo:
        """Sections and title."""
        return self.open(path).info

    def open(self, path: Path) -> FlowReading:
        """Read it whole.

        Raises:
            RecordError: OLD_WORD_FILE, DAMAGED_FILE or ARCHIVE_BOMB.
        """
        with path.open("rb") as file:
            if file.read(8) == _OLE:
                told = "an old Word file (.doc), or one locked by a password"
                raise RecordError("OLD_WORD_FILE", told, "save it as .docx without a password")
        with Archive(path):
            document = _open_document(path)
        try:
            elements = read_body(document)
            core = document.core_properties
            title = tidy_text(core.title or "")[:300] or read_title(elements)
        except (KeyError, ValueError, AttributeError, TypeError, IndexError) as error:
            raise RecordError("DAMAGED_FILE", f"the document cannot be read: {str(error)[:150]}", HINT) from None
        pages = divide(elements)
        return FlowReading(DocumentInfo(MEDIA_TYPE, len(pages), title), pages)


def _open_document(path: Path) -> Any:
    try:
        import docx
        from docx.opc.exceptions import OpcError
        from lxml import etree
    except ImportError:
        raise RecordError(
            "MISSING_EXTRA", "Word files are read by python-docx, which is not installed", INSTALL
        ) from None
    try:
        return docx.Document(str(path))
    except (
        OpcError,
        etree.XMLSyntaxError,
        zipfile.BadZipFile,
        zlib.error,
        struct.error,
        OSError,
        EOFError,
        KeyError,
        ValueError,
        AttributeError,
        TypeError,
        IndexError,
        NotImplementedError,
        RuntimeError,
        AssertionError,
    ) as error:
        told = "has macros" if "macroEnabled" in str(error) else "cannot be read"
        raise RecordError("DAMAGED_FILE", f"the document {told}: {str(error)[:150]}", HINT) from None

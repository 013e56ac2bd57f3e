"""Open a PDF safely: what is wrong with it is said in one RecordError, MuPDF's own chatter stays silent."""

from __future__ import annotations

from pathlib import Path

import pymupdf

from remud_gen.errors import RecordError

MUPDF_ERRORS = (RuntimeError, ValueError, IndexError, pymupdf.mupdf.FzErrorBase)


def silence_mupdf() -> None:
    """Keep MuPDF's warnings in its own buffer instead of on the screen."""
    pymupdf.TOOLS.mupdf_display_errors(False)
    pymupdf.TOOLS.mupdf_display_warnings(False)


def open_pdf(path: Path) -> pymupdf.Document:
    """The open document, unlocked where its user password is empty.

    Raises:
        RecordError: EMPTY_FILE, PASSWORD_PROTECTED, DAMAGED_FILE or ZERO_PAGES.
    """
    silence_mupdf()
    if path.stat().st_size == 0:
        raise RecordError("EMPTY_FILE", "the file has no bytes", "copy it again from its source")
    try:
        document = pymupdf.open(path, filetype="pdf")
        if document.needs_pass and not document.authenticate(""):
            document.close()
            raise RecordError(
                "PASSWORD_PROTECTED",
                "the PDF asks for a password",
                "remove the password in a PDF viewer (print or save a copy) and add the copy",
            )
        count = document.page_count
        is_repaired = document.is_repaired
    except MUPDF_ERRORS as error:
        raise RecordError("DAMAGED_FILE", f"not a readable PDF: {_first_line(error)}", REPAIR_HINT) from None
    if count > 0:
        return document
    document.close()
    if is_repaired:
        raise RecordError("DAMAGED_FILE", "the PDF is damaged or cut off: no page can be found in it", REPAIR_HINT)
    raise RecordError("ZERO_PAGES", "the PDF holds no pages", "nothing can be read from it; remove it from the folder")


REPAIR_HINT = "open it in a PDF viewer; if that works, save a copy there and add the copy, else fetch the file again"


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__


def wrap_page_error(number: int, error: Exception) -> RecordError:
    """The RecordError for a page that MuPDF cannot process."""
    return RecordError("DAMAGED_PAGE", f"page {number} cannot be read: {_first_line(error)}", REPAIR_HINT)


def trim_caches() -> None:
    """Empty MuPDF's resource store (256 MB by default): a page's images are of no use to the next page."""
    pymupdf.TOOLS.store_shrink(100)

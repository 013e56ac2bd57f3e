"""Files that no reader takes: what is plainly no document is set aside, what should have been one has failed."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from remud_gen.errors import RecordError
from remud_gen.readers.tables import SUFFIXES, peek_columns
from remud_gen.records import Document
from remud_gen.rules.licences import TABLE_NAMES
from remud_gen.stages.base import Rejection

# Under these names a file is a document, or a broken one.
READ_SUFFIXES: Final = frozenset({
    ".pdf", ".docx", ".docm", ".epub", ".html", ".htm", ".xhtml", ".xht", ".shtml", ".md", ".markdown", ".mdown",
    ".mkd", ".rmd", ".qmd", ".txt", ".text", ".dcm", ".dicom", ".ima", ".png", ".jpg", ".jpeg", ".jpe", ".gif",
    ".bmp", ".tif", ".tiff", ".webp", ".heic", ".heif", ".avif",
})  # fmt: skip
# Books and pictures all the same: they fail, so that nobody thinks that they were read.
OTHER_DOCUMENTS: Final = frozenset({
    ".doc", ".dot", ".rtf", ".odt", ".ott", ".ppt", ".pptx", ".pps", ".ppsx", ".odp", ".pages", ".key", ".wps",
    ".wpd", ".xps", ".oxps", ".ps", ".djvu", ".djv", ".mobi", ".azw", ".azw3", ".fb2", ".chm", ".caj", ".kdh",
    ".nh", ".xls", ".xlsm", ".ods", ".jp2", ".j2k", ".psd",
})  # fmt: skip
HTML_STARTS: Final = (b"<!doctype html", b"<html", b"<head", b"<?xml")
KINDS: Final[tuple[tuple[str, tuple[bytes, ...]], ...]] = (
    ("an archive: unpack it if books lie in it", (b"PK\3\4", b"PK\5\6", b"Rar!", b"7z\xbc\xaf\x27\x1c", b"\x1f\x8b",
                                                  b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd")),
    ("a film or a sound", (b"\x1a\x45\xdf\xa3", b"OggS", b"ID3", b"fLaC", b"FLV\1", b"\0\0\1\xba", b"\0\0\1\xb3",
                           b"0&\xb2u\x8ef\xcf\x11", b"\xff\xfb", b"\xff\xf3")),
    ("a program", (b"MZ", b"\x7fELF", b"\xca\xfe\xba\xbe", b"\xcf\xfa\xed\xfe", b"#!")),
    ("a database", (b"SQLite format 3\0",)),
    ("data of arrays", (b"\x89HDF\r\n", b"\x93NUMPY", b"MATLAB 5.0")),
    ("a font", (b"\0\1\0\0\0", b"OTTO", b"wOFF", b"wOF2")),
)  # fmt: skip


def judge_foreign(head: bytes, path: Path) -> Rejection[Document]:
    """What to say of a file that no reader takes, by its first bytes and its name.

    Raises:
        RecordError: UNREADABLE_FORMAT for what its name calls a document: a broken one, or one of a kind not read here;
            MISSING_EXTRA or DAMAGED_TABLE for a workbook.
    """
    suffix = path.suffix.lower()
    if suffix in READ_SUFFIXES or suffix in OTHER_DOCUMENTS:
        raise _explain(head, suffix)
    kind = _name_kind(head)
    if path.name.lower() in TABLE_NAMES:
        return Rejection("NOT_A_DOCUMENT", "the licences of the files around it, for the export")
    if suffix in SUFFIXES:
        if suffix == ".xlsx":
            peek_columns(path)  # says what is wrong with it, if that is why nobody took it
        return Rejection("UNSUPPORTED_KIND", "a table that is neither a question bank nor labels of pictures beside it")
    if kind is not None:
        return Rejection("NOT_A_DOCUMENT", kind)
    return Rejection("UNSUPPORTED_KIND", f"no reader takes this kind of file ({suffix or 'without a suffix'})")


def _name_kind(head: bytes) -> str | None:
    if head[4:8] == b"ftyp" or (head[:4] == b"RIFF" and head[8:12] in (b"AVI ", b"WAVE")):
        return "a film or a sound"
    return next((kind for kind, starts in KINDS if head.startswith(starts)), None)


def _explain(head: bytes, suffix: str) -> RecordError:
    if suffix == ".pdf":
        is_html = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(HTML_STARTS)
        what = "a web page saved under the name of a PDF" if is_html else "not a PDF, whatever its name says"
        hint = "a download often ends so when a login is needed: fetch the PDF again in a browser"
        return RecordError("UNREADABLE_FORMAT", what, hint)
    if suffix in OTHER_DOCUMENTS:
        hint = "save it as PDF, or a picture as PNG, and put that in its place"
        return RecordError("UNREADABLE_FORMAT", f"no reader takes this kind of document ({suffix})", hint)
    hint = "open it in the program that made it; if that works, save it anew"
    return RecordError("UNREADABLE_FORMAT", f"damaged, or not what its name says ({suffix})", hint)

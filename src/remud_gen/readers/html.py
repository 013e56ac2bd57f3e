"""Web pages saved as files, with the pictures that lie below their folder."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from remud_gen.errors import RecordError
from remud_gen.protocols import Companions, DocumentInfo, PageView
from remud_gen.readers.decoding import Decoded, decode_text
from remud_gen.readers.flow import FlowReading, divide, read_title, tidy_text
from remud_gen.readers.linked_pictures import find_linked, read_linked
from remud_gen.readers.markup import read_markup
from remud_gen.readers.picture_page import load_picture
from remud_gen.rules.late import compile_late

SUFFIXES = frozenset({".html", ".htm", ".xhtml", ".xht", ".shtml"})
MAX_BYTES = 200_000_000
_START = compile_late(rb"<!doctype\s+html|<html|<head|<body|<\?xml[^>]{0,200}\?>\s*<(?:!doctype\s+html|html)", re.I)
_CHARSET = compile_late(
    rb"""<meta\b[^>]{0,300}?charset\s*=\s*["']?\s*([\w.:-]{1,40})|<\?xml\b[^>]{0,100}?encoding\s*=\s*["']([\w.-]{1,40})""",
    re.I,
)
_DECLARATION = compile_late(r"\A\s*<\?xml[^>]{0,500}\?>")


class HtmlReader:
    """HTML and XHTML: a section is a page, scripts and what is hidden are dropped, nothing is fetched."""

    name: ClassVar[str] = "html"
    libraries: ClassVar[tuple[str, ...]] = ("lxml",)

    @staticmethod
    def sniff(head: bytes, path: Path) -> str | None:
        """text/html for what begins like a page, or is named as one and is text."""
        start = _strip_marks(head)
        is_page = _START.match(start) is not None
        is_named = path.suffix.lower() in SUFFIXES
        if path.suffix.lower() == ".pdf" or not (is_page or is_named):
            return None
        return (
            "text/html"
            if is_page or (b"<" in start and not start.startswith((b"%PDF", b"PK\3\4", b"\x89PNG")))
            else None
        )

    def probe(self, path: Path) -> DocumentInfo:
        """Sections and title."""
        return self.open(path).info

    def open(self, path: Path) -> FlowReading:
        """Read it whole.

        Raises:
            RecordError: NOT_TEXT, UNKNOWN_ENCODING, FILE_TOO_LARGE or DAMAGED_FILE.
        """
        decoded = read_text_file(path, find_charset)
        root = parse_html(decoded.text)
        elements = read_markup(root, make_loader(path.parent), name_place)
        title = next((tidy_text(words) for words in root.xpath("//head/title/text()")), "") or read_title(elements)
        pages = divide(elements, flags=decoded.flags)
        return FlowReading(DocumentInfo("text/html", len(pages), title or None, read_licence(root)), pages)

    def companions(self, path: Path, root: Path) -> Companions:
        """The pictures that the page names and that lie below its folder."""
        return Companions(list_pictures(path, SUFFIXES, is_markdown=False))


def read_text_file(path: Path, find_declared: Callable[[bytes], str | None]) -> Decoded:
    """A file's text.

    Raises:
        RecordError: FILE_TOO_LARGE, or as decode_text.
    """
    if path.stat().st_size > MAX_BYTES:
        raise RecordError("FILE_TOO_LARGE", f"a text of {path.stat().st_size:,} bytes", "cut it into several files")
    data = path.read_bytes()
    return decode_text(data, find_declared(data[:8192]))


def find_charset(head: bytes) -> str | None:
    """The encoding that a page declares."""
    match = _CHARSET.search(head)
    return (match[1] or match[2]).decode("ascii", "replace") if match else None


def parse_html(text: str) -> Any:
    """The tree of a page; entities of its own are not expanded, and nothing is loaded.

    Raises:
        RecordError: MISSING_EXTRA without lxml, DAMAGED_FILE where there is no page in it.
    """
    try:
        from lxml import etree, html
    except ImportError:
        raise RecordError("MISSING_EXTRA", "HTML is read by lxml, which is not installed", INSTALL) from None
    parser = html.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True)
    data = _DECLARATION.sub("", text).replace("\x00", "").encode("utf-8", "replace")
    try:
        root = html.document_fromstring(data, parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError, AssertionError) as error:
        raise RecordError("DAMAGED_FILE", f"no page can be read in it: {error}", "open it in a browser") from None
    return root


INSTALL = "pip install 'remud-gen[office]', then run again"


def make_loader(folder: Path) -> Callable[[str], Callable[[int], PageView]]:
    """Loaders of pictures that a document in this folder links."""

    def make(link: str) -> Callable[[int], PageView]:
        return lambda max_pixels: load_picture(lambda: read_linked(folder, link), max_pixels)

    return make


def name_place(anchor: str | None, count: int, line: str | None) -> str:
    """A place by its line, or its nearest anchor and its running number."""
    if line:
        return f"line {line}"
    return f"#{anchor} paragraph {count}" if anchor else f"paragraph {count}"


def list_pictures(path: Path, suffixes: frozenset[str], *, is_markdown: bool) -> tuple[Path, ...]:
    """Picture files that a document names; none where its text cannot be read, which reading it will say."""
    try:
        if path.suffix.lower() not in suffixes or path.stat().st_size > MAX_BYTES:
            return ()
        decoded = read_text_file(path, find_charset)
    except (RecordError, OSError):
        return ()
    return find_linked(path, decoded.text, is_markdown=is_markdown)


def read_licence(root: Any) -> str | None:
    """The licence that a page names in its head."""
    found = root.xpath("//link[@rel='license']/@href|//meta[@name='DC.rights' or @name='dcterms.license']/@content")
    return tidy_text(str(found[0]))[:200] if found else None


def _strip_marks(head: bytes) -> bytes:
    for mark in (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"):
        head = head.removeprefix(mark)
    start = head.replace(b"\x00", b"").lstrip()
    while start.startswith(b"<!--") and (end := start.find(b"-->")) > 0:
        start = start[end + 3 :].lstrip()
    return start

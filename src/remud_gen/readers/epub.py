"""EPUB books (2 and 3) without copy protection."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from remud_gen.errors import RecordError
from remud_gen.protocols import DocumentInfo, FlowElement, FlowPage, PageView
from remud_gen.readers.archive import Archive, list_names
from remud_gen.readers.decoding import decode_text
from remud_gen.readers.flow import FlowReading, divide, tidy_text
from remud_gen.readers.html import INSTALL, find_charset, parse_html
from remud_gen.readers.linked_pictures import read_data_uri
from remud_gen.readers.markup import read_markup
from remud_gen.readers.picture_page import load_picture
from remud_gen.rules.late import compile_late

CONTAINER = "META-INF/container.xml"
ENCRYPTION = "META-INF/encryption.xml"
_TEXT_TYPES = frozenset({"application/xhtml+xml", "text/html", "application/x-dtbook+xml", "text/x-oeb1-document"})
_TEXT_NAME = compile_late(r"\.x?html?$", re.I)
_FONT_METHODS = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")
HINT = "open it in a book reader; if that works, save it again and add the copy"


class EpubReader:
    """EPUB: the spine's order, a chapter file is a page, pictures only from inside the book."""

    name: ClassVar[str] = "epub"
    libraries: ClassVar[tuple[str, ...]] = ("lxml",)

    @staticmethod
    def sniff(head: bytes, path: Path) -> str | None:
        """application/epub+zip by what the container says of itself, or holds."""
        if not head.startswith(b"PK\x03\x04"):
            return None
        is_named = b"mimetypeapplication/epub+zip" in head[:120]
        return "application/epub+zip" if is_named or CONTAINER in list_names(path) else None

    def probe(self, path: Path) -> DocumentInfo:
        """Chapters, title and licence."""
        with self.open(path) as book:
            return book.info

    def open(self, path: Path) -> FlowReading:
        """Read its text; pictures are unpacked when they are asked for.

        Raises:
            RecordError: DAMAGED_FILE, ARCHIVE_BOMB, COPY_PROTECTED or NO_CHAPTERS.
        """
        archive = Archive(path)
        try:
            return _read_book(archive)
        except RecordError:
            archive.close()
            raise


def _read_book(archive: Archive) -> FlowReading:
    _refuse_protected(archive)
    package_name = _find_package(archive)
    package = parse_xml(archive.read(package_name), package_name)
    title = _read_metadata(package, "title")
    pages: list[FlowPage | RecordError] = []
    for name in _list_spine(archive, package, package_name):
        try:
            elements, flags = _read_chapter(archive, name)
        except RecordError as error:
            # One broken chapter costs itself, not the book.
            pages.append(RecordError(error.code, f"chapter {name!r}: {error.message}", error.hint))
            continue
        offset, short = len(pages), name.rpartition("/")[2]
        pages += [replace(page, number=offset + page.number) for page in divide(elements, short, flags)]
    if not any(isinstance(page, FlowPage) for page in pages):
        raise RecordError("NO_CHAPTERS", "the book's table of chapters leads to no text", HINT)
    info = DocumentInfo("application/epub+zip", len(pages), title, _read_metadata(package, "rights"))
    return FlowReading(info, pages, archive.close)


def parse_xml(data: bytes, name: str) -> Any:
    """The root of an XML file, without entities, DTDs or the network.

    Raises:
        RecordError: MISSING_EXTRA without lxml, DAMAGED_FILE.
    """
    try:
        from lxml import etree
    except ImportError:
        raise RecordError("MISSING_EXTRA", "EPUB is read by lxml, which is not installed", INSTALL) from None
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, recover=True)
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise RecordError("DAMAGED_FILE", f"{name!r} is no XML: {str(error)[:100]}", HINT) from None
    if root is None:
        raise RecordError("DAMAGED_FILE", f"{name!r} is no XML", HINT)
    return root


def _refuse_protected(archive: Archive) -> None:
    if ENCRYPTION not in archive.names:
        return
    root = parse_xml(archive.read(ENCRYPTION), ENCRYPTION)
    methods = [str(value) for value in root.xpath("//*[local-name()='EncryptionMethod']/@Algorithm")]
    if any(not method.startswith(_FONT_METHODS) for method in methods):
        raise RecordError("COPY_PROTECTED", "the book is copy-protected", "use a copy without protection (DRM)")


def _find_package(archive: Archive) -> str:
    if CONTAINER in archive.names:
        root = parse_xml(archive.read(CONTAINER), CONTAINER)
        for name in root.xpath("//*[local-name()='rootfile']/@full-path"):
            if str(name) in archive.names:
                return str(name)
    for name in sorted(archive.names):
        if name.lower().endswith(".opf"):
            return name
    raise RecordError("DAMAGED_FILE", "the book has no package file", HINT)


def _read_metadata(package: Any, name: str) -> str | None:
    found = package.xpath(f"//*[local-name()='metadata']//*[local-name()='{name}']")
    text = tidy_text("".join(found[0].itertext()))[:300] if found else ""
    return text or None


def _list_spine(archive: Archive, package: Any, package_name: str) -> list[str]:
    """Chapter files in reading order, without the book's own table of contents."""
    files: dict[str, tuple[str, str, str]] = {}
    for entry in package.xpath("//*[local-name()='manifest']/*[local-name()='item']"):
        link, kind = entry.get("href") or "", entry.get("media-type") or ""
        files[entry.get("id") or ""] = (link, kind, entry.get("properties") or "")
    order = [entry.get("idref") or "" for entry in package.xpath("//*[local-name()='spine']/*[local-name()='itemref']")]
    names: list[str] = []
    for link, kind, properties in (files[identity] for identity in order if identity in files):
        is_text = kind in _TEXT_TYPES or _TEXT_NAME.search(link) is not None
        if not is_text or "nav" in properties.split():
            continue
        try:
            name = archive.resolve(package_name, link)
        except RecordError:
            continue  # a chapter that is not there; NO_CHAPTERS where that is true of all
        if name not in names:
            names.append(name)
    return names


def _read_chapter(archive: Archive, name: str) -> tuple[list[FlowElement], tuple[str, ...]]:
    data = archive.read(name)
    decoded = decode_text(data, find_charset(data[:2000]))
    if not decoded.text.strip():
        return [], decoded.flags
    short = name.rpartition("/")[2]

    def make(link: str) -> Callable[[int], PageView]:
        return lambda max_pixels: load_picture(lambda: _read_picture(archive, name, link), max_pixels)

    def locate(anchor: str | None, count: int, line: str | None) -> str:
        return f"{short}#{anchor} paragraph {count}" if anchor else f"{short} paragraph {count}"

    return read_markup(parse_html(decoded.text), make, locate), decoded.flags


def _read_picture(archive: Archive, base: str, link: str) -> bytes:
    return read_data_uri(link) if link[:5].lower() == "data:" else archive.read(archive.resolve(base, link))

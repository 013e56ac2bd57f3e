"""Markdown files, with the pictures that lie below their folder."""

from __future__ import annotations

import re
from pathlib import Path
from typing import ClassVar

from remud_gen.errors import RecordError
from remud_gen.protocols import Companions, DocumentInfo
from remud_gen.readers.flow import FlowReading, divide, read_title
from remud_gen.readers.html import (
    INSTALL,
    list_pictures,
    make_loader,
    name_place,
    parse_html,
    read_text_file,
)
from remud_gen.readers.markup import read_markup
from remud_gen.rules.late import compile_late

SUFFIXES = frozenset({".md", ".markdown", ".mdown", ".mkd", ".rmd", ".qmd"})
_FRONT = compile_late(r"\A\ufeff?---\s*\n(?P<body>.{0,20000}?)\n(?:---|\.\.\.)\s*\n", re.S)
_FIELD = r"^{}\s*:\s*[\"']?(?P<value>[^\"'\n]{{1,300}})"
_ATTRIBUTES = compile_late(r"(?<=\))\{[^{}\n]{0,200}\}")  # pandoc's sizes behind a picture
_HEADING_ID = compile_late(r"^(#{1,6} .*?)[ \t]*\{[#.][^{}\n]{0,100}\}[ \t]*$", re.M)


class MarkdownReader:
    """Markdown: a section is a page, a picture's title is its caption; HTML in it is read as HTML."""

    name: ClassVar[str] = "markdown"
    libraries: ClassVar[tuple[str, ...]] = ("markdown-it-py", "lxml")

    @staticmethod
    def sniff(head: bytes, path: Path) -> str | None:
        """text/markdown by the name: nothing in the bytes tells it from plain text."""
        is_text = b"\x00" not in head or head.startswith((b"\xff\xfe", b"\xfe\xff"))
        return "text/markdown" if path.suffix.lower() in SUFFIXES and is_text else None

    def probe(self, path: Path) -> DocumentInfo:
        """Sections and title."""
        return self.open(path).info

    def open(self, path: Path) -> FlowReading:
        """Read it whole.

        Raises:
            RecordError: NOT_TEXT, UNKNOWN_ENCODING or FILE_TOO_LARGE.
        """
        decoded = read_text_file(path, lambda _: None)
        front = _FRONT.match(decoded.text)
        skipped = front.group().count("\n") if front else 0
        body = decoded.text[front.end() :] if front else decoded.text
        page = render(body, skipped)
        elements = read_markup(parse_html(page), make_loader(path.parent), name_place, title_is_caption=True)
        title = _read_field(front, "title") or read_title(elements)
        pages = divide(elements, flags=decoded.flags)
        return FlowReading(DocumentInfo("text/markdown", len(pages), title, _read_field(front, "licen[cs]e")), pages)

    def companions(self, path: Path, root: Path) -> Companions:
        """The pictures that the text names and that lie below its folder."""
        return Companions(list_pictures(path, SUFFIXES, is_markdown=True))


def render(text: str, skipped_lines: int = 0) -> str:
    """HTML in which every block knows the line it came from.

    Raises:
        RecordError: MISSING_EXTRA without markdown-it-py.
    """
    try:
        from markdown_it import MarkdownIt
    except ImportError:
        raise RecordError(
            "MISSING_EXTRA", "Markdown is read by markdown-it-py, which is not installed", INSTALL
        ) from None
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    plain = _HEADING_ID.sub(r"\1", _ATTRIBUTES.sub("", text))
    tokens = parser.parse(plain)
    for token in tokens:
        if token.map is not None and token.nesting >= 0:
            token.attrSet("data-line", str(token.map[0] + 1 + skipped_lines))
    return f"<html><body>{parser.renderer.render(tokens, parser.options, {})}</body></html>"


def _read_field(front: re.Match[str] | None, name: str) -> str | None:
    match = re.search(_FIELD.format(name), front["body"], re.M | re.I) if front else None
    return match["value"].strip() or None if match else None

"""Small documents without pages, made by the libraries themselves."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import docx
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Inches

from tests.pdf.sheets import encode, make_frame

PROSE = (
    "The examination is performed with a curved probe in supine and lateral position, and every organ is seen in "
    "two planes before anything is measured or stored."
)
PROSE_ZH = (
    "检查时患者取仰卧位或侧卧位，采用凸阵探头多切面扫查，"
    "每个脏器都应当在两个互相垂直的切面上观察，然后再进行测量与存图。"
)
CONTAINER = (
    '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container" version="1.0"><rootfiles><rootfile '
    'full-path="OEBPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>'
)


def picture(seed: int = 0, kind: str = "PNG", width: int = 200, height: int = 150) -> bytes:
    return encode(make_frame(width, height, seed=seed), kind)


class Word:
    """A Word file, paragraph by paragraph."""

    def __init__(self) -> None:
        self.document = docx.Document()

    def text(self, words: str, style: str | None = None, *, bold: bool = False) -> Word:
        self.document.add_paragraph(style=style).add_run(words).bold = bold
        return self

    def pictures(self, *seeds: int, alt: str = "") -> Word:
        paragraph = self.document.add_paragraph()
        for seed in seeds:
            shape = paragraph.add_run().add_picture(io.BytesIO(picture(seed)), Inches(2))
            shape._inline.docPr.set("descr", alt)
        return self

    def sequence_caption(self, label: str, words: str) -> Word:
        """As Word's own Insert Caption makes it, in a style that is called nothing."""
        paragraph = self.document.add_paragraph()
        paragraph.add_run(f"{label} ")
        for kind, inner in (("begin", None), (None, f" SEQ {label} \\* ARABIC "), ("separate", None)):
            run = paragraph.add_run()
            element = OxmlElement("w:fldChar") if kind else OxmlElement("w:instrText")
            if kind:
                element.set(qn("w:fldCharType"), kind)
            else:
                element.text = inner
            run._r.append(element)
        paragraph.add_run("1")
        end = OxmlElement("w:fldChar")
        end.set(qn("w:fldCharType"), "end")
        paragraph.add_run()._r.append(end)
        paragraph.add_run(f" {words}")
        return self

    def save(self, path: Path) -> Path:
        self.document.save(str(path))
        return path


def wrap(title: str, body: str) -> str:
    return (
        '<?xml version="1.0" encoding="utf-8"?><!DOCTYPE html><html xmlns="http://www.w3.org/1999/xhtml">'
        f"<head><title>{title}</title></head><body>{body}</body></html>"
    )


def write_epub(
    path: Path, chapters: dict[str, str], files: dict[str, bytes] | None = None, *, extra: dict[str, str] | None = None
) -> Path:
    """Chapters in their order; other files below OEBPS."""
    items = "".join(f'<item id="c{i}" href="{n}" media-type="application/xhtml+xml"/>' for i, n in enumerate(chapters))
    spine = "".join(f'<itemref idref="c{i}"/>' for i in range(len(chapters)))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("mimetype", "application/epub+zip", zipfile.ZIP_STORED)
        book.writestr("META-INF/container.xml", CONTAINER)
        book.writestr(
            "OEBPS/book.opf",
            '<package xmlns="http://www.idpf.org/2007/opf" version="3.0"><metadata '
            'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>An  atlas</dc:title><dc:rights>CC BY 4.0</dc:rights>'
            '</metadata><manifest><item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>'
            f'{items}</manifest><spine><itemref idref="nav"/>{spine}</spine></package>',
        )
        book.writestr("OEBPS/nav.xhtml", wrap("Contents", "<p>Contents</p>"))
        for name, body in chapters.items():
            book.writestr(f"OEBPS/{name}", wrap(name, body))
        for name, data in (files or {}).items():
            book.writestr(f"OEBPS/{name}", data)
        for name, text in (extra or {}).items():
            book.writestr(name, text)
    return path

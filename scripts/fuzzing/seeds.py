"""The sound files that are damaged: made here, from the project's sample, and from a corpus where one is given."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pymupdf
from PIL import Image

from scripts.fuzzing import flow, images, pdf
from scripts.fuzzing.damage import Damage
from tests.e2e.command import PROJECT, make_book
from tests.pdf.sheets import draw_chart, draw_table, encode, make_frame, new_page
from tests.readers.documents import PROSE, PROSE_ZH, Word, picture, write_epub
from tests.readers.scans_of_devices import make_screen, write_dicom

MAX_SEED_BYTES = 200_000
PLAIN = {"no_new_id": True, "deflate": False, "use_objstms": 0}  # damage must reach the objects themselves


@dataclass(frozen=True)
class Kind:
    """One kind of file: how it is named, what it is made of, how it is damaged, how often it is taken."""

    suffix: str
    seeds: Sequence[bytes]
    damages: Sequence[Damage]
    weight: int


def make_kinds(folder: Path, corpus: Path | None) -> list[Kind]:
    """All kinds with their sound files; `folder` is for scratch."""
    return [
        Kind(".pdf", _make_pdfs(folder, corpus), pdf.PDF, 20),
        Kind(".jpg", [encode(make_frame(160, 120, k), "JPEG") for k in (1, 2)], images.JPEG, 5),
        Kind(".png", [picture(k, width=160, height=120) for k in (1, 2)], images.PNG, 5),
        Kind(".tif", [_make_tiff(1), _make_tiff(3)], images.TIFF, 5),
        Kind(".dcm", _make_dicoms(folder, corpus), images.DICOM, 7),
        Kind(".docx", _make_words(folder), flow.CONTAINER, 6),
        Kind(".epub", _make_epubs(folder), flow.CONTAINER, 5),
        Kind(".html", [_make_html().encode(), f"<p>{PROSE_ZH}</p>".encode()], flow.MARKUP, 5),
        Kind(".md", [_make_markdown().encode()], flow.MARKUP, 4),
        Kind(".txt", [f"1. Kidney\n\n{PROSE}\n\n{PROSE_ZH}\n".encode()], flow.TEXT, 4),
    ]


def _make_pdfs(folder: Path, corpus: Path | None) -> list[bytes]:
    with pymupdf.open(make_book(folder / "book.pdf", 2)) as book:
        seeds = [book.tobytes(**PLAIN)]
    document, page = new_page()
    draw_chart(page, (80, 80, 400, 300))
    draw_table(page, (80, 350, 400, 500))
    seeds.append(document.tobytes(**PLAIN))
    document.close()
    with pymupdf.open() as scan, pymupdf.open(PROJECT / "data" / "sample" / "bedside_notes_scan.pdf") as notes:
        shrunk = notes[0].get_pixmap(dpi=50).tobytes("jpeg")
        scan.new_page().insert_image(pymupdf.Rect(0, 0, 595, 842), stream=shrunk)
        seeds.append(scan.tobytes(**PLAIN))
    return seeds + _read_corpus(corpus, "nasty/*.pdf")


def _make_tiff(frames: int) -> bytes:
    buffer = io.BytesIO()
    first, *rest = [make_frame(120, 90, k).convert("L") for k in range(frames)]
    first.save(buffer, "TIFF", save_all=bool(rest), append_images=rest, compression="tiff_lzw" if rest else None)
    return buffer.getvalue()


def _make_dicoms(folder: Path, corpus: Path | None) -> list[bytes]:
    import numpy as np

    still = write_dicom(folder / "still.dcm", make_screen(1, 120, 100)).read_bytes()
    film = write_dicom(folder / "film.dcm", np.stack([make_screen(k, 80, 60) for k in range(4)])).read_bytes()
    buffer = io.BytesIO()
    Image.fromarray(make_screen(2, 120, 100)).save(buffer, "JPEG")
    packed = write_dicom(
        folder / "packed.dcm",
        make_screen(2, 120, 100),
        frames=[buffer.getvalue()],
        syntax="1.2.840.10008.1.2.4.50",
    ).read_bytes()
    return [still, film, packed, *_read_corpus(corpus, "dicom/*.dcm")]


def _make_words(folder: Path) -> list[bytes]:
    word = Word().text("Kidney", "Heading 1").text(PROSE).pictures(1, 2, alt="A cyst").text("Figure 1. A cyst.")
    return [word.sequence_caption("Figure", "A stone.").text(PROSE_ZH).save(folder / "a.docx").read_bytes()]


def _make_epubs(folder: Path) -> list[bytes]:
    chapters: Mapping[str, str] = {
        "a.xhtml": f"<h1>Heart</h1><p>{PROSE}</p><figure><img src='a.png'/><figcaption>Fig. 1</figcaption></figure>",
        "b.xhtml": f"<h1>肝脏</h1><p>{PROSE_ZH}</p><svg><image xlink:href='a.png'/></svg>",
    }
    return [write_epub(folder / "a.epub", dict(chapters), {"a.png": picture(3)}).read_bytes()]


def _make_html() -> str:
    row = "<tr><td>Depth</td><td>12 cm</td></tr>"
    return (
        f"<!DOCTYPE html><html><head><meta charset='utf-8'><title>Notes</title></head><body><h1>Liver</h1>"
        f"<p>{PROSE}</p><figure><img src='figure.png' alt='x'><figcaption>Figure 2. A liver.</figcaption></figure>"
        f"<table>{row}</table></body></html>"
    )


def _make_markdown() -> str:
    return (
        f"# Spleen\n\n{PROSE}\n\n![A spleen](figure.png)\n\n*Figure 3. A spleen.*\n\n- a\n  - b\n\n| a | b |\n|--|--|\n"
    )


def _read_corpus(corpus: Path | None, pattern: str) -> list[bytes]:
    if corpus is None:
        return []
    files = sorted(corpus.glob(pattern))
    return [path.read_bytes() for path in files if 0 < path.stat().st_size <= MAX_SEED_BYTES]

#!/usr/bin/env python3
"""Speed and memory of reading pages, beside PyMuPDF4LLM and plain RapidOCR on the same pages in the same run.

    scripts/bench_extraction.py --digital PAPERS/ --scans SCANS/ [--pages 40] [--processes 2] [--profile]
    scripts/bench_extraction.py --book LONG.pdf            memory over a long book, through the real command line
    scripts/bench_extraction.py --scans SCANS/ --book-of 200   the same over a book made of the scans, over and over

Every reader runs in a process of its own, after one page to warm up, on pages spread evenly over the files given:
`remud` is the extract stage whole (text, figures, crops saved, words in pictures read), `remud-no-burned-in` the same
without OCR in pictures of digital pages, `pymupdf4llm` makes Markdown with its images written, `rapidocr` only reads
rendered pages. CPU seconds are the fair figure on a machine that does other things.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))


def main() -> None:
    from scripts.extraction.books import make_long_book
    from scripts.extraction.measure import spread_pages

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--digital", type=Path, nargs="*", default=[], help="PDFs, or folders of them")
    parser.add_argument("--scans", type=Path, nargs="*", default=[], help="PDFs, or folders of them")
    parser.add_argument("--book", type=Path, help="a long PDF, read by the command line with one worker")
    parser.add_argument(
        "--book-of", type=int, metavar="N", help="make a book of N pages of the PDFs given, read only it"
    )
    parser.add_argument("--pages", type=int, default=40, help="of each kind")
    parser.add_argument("--processes", type=int, default=1, help="readers at work at the same time, on shares of pages")
    parser.add_argument("--profile", type=int, nargs="?", const=25, help="name so many hot spots of remud")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args()
    rows = _compare_readers(options) if options.book_of is None else []
    if options.book:
        rows.append(_watch_book(options.book))
    if options.book_of:
        pages = spread_pages([*options.digital, *options.scans], options.book_of)
        with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
            rows.append(_watch_book(make_long_book(pages, options.book_of, Path(scratch) / "long.pdf")))
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1), "utf-8")


def _compare_readers(options: argparse.Namespace) -> list[dict[str, Any]]:
    from scripts.extraction.measure import measure_reader, spread_pages

    rows = []
    print(f"{'pages':<9}{'reader':<22}{'n':>4}{'pages/s':>10}{'CPU s/page':>12}{'peak MB':>9}")
    for kind, given, readers in (
        ("digital", options.digital, ("remud", "remud-no-burned-in", "pymupdf4llm")),
        ("scan", options.scans, ("remud", "rapidocr", "pymupdf4llm")),
    ):
        pages = spread_pages(given, options.pages)
        for reader in readers if pages else ():
            with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
                found = measure_reader(
                    reader, pages, Path(scratch), processes=options.processes, n_hot=options.profile or 0
                )
            rows.append({"kind": kind, **found})
            print(
                f"{kind:<9}{reader:<22}{found['pages']:>4}{found['pages_per_s']:>10.2f}"
                f"{found['cpu_s_per_page']:>12.3f}{found['peak_mb']:>9.0f}",
                flush=True,
            )
            for line in found.pop("hot", ()):
                print(f"    {line}")
    return rows


def _watch_book(path: Path) -> dict[str, Any]:
    from scripts.extraction.measure import measure_book

    book = measure_book(path)
    told = ", ".join(f"{mb:.0f}" for mb in book["worker_mb"])
    print(f"\n{path.name}: {book['pages']} pages in {book['wall_s']:.0f} s, {book['cpu_s']:.0f} CPU s")
    print(f"worker's MB at a tenth, a quarter, half, three quarters and the end: {told}; most {book['peak_mb']:.0f}")
    return book


if __name__ == "__main__":
    main()

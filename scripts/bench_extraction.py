#!/usr/bin/env python3
"""Speed and memory of reading pages, beside PyMuPDF4LLM and plain RapidOCR on the same pages in the same run.

    scripts/bench_extraction.py --digital PAPERS/ --scans SCANS/ [--pages 40] [--processes 2] [--profile]
    scripts/bench_extraction.py --book LONG.pdf            memory over a long book, through the real command line

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

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))


def main() -> None:
    from scripts.extraction.measure import measure_book, measure_reader, spread_pages

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--digital", type=Path, nargs="*", default=[], help="PDFs, or folders of them")
    parser.add_argument("--scans", type=Path, nargs="*", default=[], help="PDFs, or folders of them")
    parser.add_argument("--book", type=Path, help="a long PDF, read by the command line with one worker")
    parser.add_argument("--pages", type=int, default=40, help="of each kind")
    parser.add_argument("--processes", type=int, default=1, help="readers at work at the same time, on shares of pages")
    parser.add_argument("--profile", type=int, nargs="?", const=25, help="name so many hot spots of remud")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args()
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
    if options.book:
        rows.append(book := measure_book(options.book))
        told = ", ".join(f"{mb:.0f}" for mb in book["worker_mb"])
        print(f"\n{options.book.name}: {book['pages']} pages in {book['wall_s']:.0f} s, {book['cpu_s']:.0f} CPU s")
        print(
            f"worker's MB at a tenth, a quarter, half, three quarters and the end: {told}; most {book['peak_mb']:.0f}"
        )
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1), "utf-8")


if __name__ == "__main__":
    main()

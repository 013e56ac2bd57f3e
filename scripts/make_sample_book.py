#!/usr/bin/env python3
"""Make the sample a newcomer runs: data/sample/*.pdf and data/sample-truth.json.

Needs the dev extra (scipy, pydicom). The same machine makes the same bytes every time; other versions of the image
libraries may differ in the last bit of a pixel, never in text, boxes or truth.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from sample.books import make_book
from sample.scanner import scan_book

DATA = Path(__file__).resolve().parents[1] / "data"


def make_sample(data: Path) -> None:
    """Write both books and their truth below a folder."""
    digital, printed = make_book("small_atlas"), make_book("bedside_notes")
    scan, scan_truth = scan_book(printed)
    books = {digital.file: digital.to_bytes(), printed.file: scan}
    (data / "sample").mkdir(parents=True, exist_ok=True)
    for file, content in books.items():
        (data / "sample" / file).write_bytes(content)
    truth = {"unit": "pt", "origin": "top-left", "files": [digital.truth(), scan_truth]}
    text = json.dumps(_round(truth), ensure_ascii=False, indent=1) + "\n"
    (data / "sample-truth.json").write_text(text, "utf-8")
    for file, content in books.items():
        print(f"{data / 'sample' / file}  {len(content) / 1e6:.2f} MB")


def _round(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 1)
    if isinstance(value, dict):
        return {key: _round(entry) for key, entry in value.items()}
    return [_round(entry) for entry in value] if isinstance(value, list | tuple) else value


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA, help="folder to write to (default: %(default)s)")
    make_sample(parser.parse_args().data)

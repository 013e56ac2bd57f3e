"""The committed sample is what its script makes, and holds what it is there to show."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pymupdf
import pytest

PROJECT = Path(__file__).parents[1]
DATA = PROJECT / "data"
TRUTH = json.loads((DATA / "sample-truth.json").read_text("utf-8"))
PAGES = {(book["file"], page["page"]): page for book in TRUTH["files"] for page in book["pages"]}
DIGITAL, SCAN = "small_atlas.pdf", "bedside_notes_scan.pdf"


@pytest.fixture(scope="module")
def remade(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample made anew."""
    folder = tmp_path_factory.mktemp("data")
    script = PROJECT / "scripts" / "make_sample_book.py"
    subprocess.run([sys.executable, str(script), "--data", str(folder)], check=True, capture_output=True, timeout=300)
    return folder


def open_pages(data: Path, file: str) -> Iterator[Any]:
    """Every page of a book of the sample."""
    with pymupdf.open(data / "sample" / file) as document:
        yield from document


def panels() -> Iterator[dict[str, Any]]:
    """Every panel of every figure."""
    for page in PAGES.values():
        for figure in page["figures"]:
            yield from figure["panels"]


def test_script_makes_the_committed_sample(remade: Path) -> None:
    assert json.loads((remade / "sample-truth.json").read_text("utf-8")) == TRUTH
    for file in (DIGITAL, SCAN):
        for old, new in zip(open_pages(DATA, file), open_pages(remade, file), strict=True):
            assert old.get_text() == new.get_text()
            # Another version of an image library may round a pixel differently; a picture stays the same picture.
            before, after = (
                np.frombuffer(page.get_pixmap(dpi=50).samples, np.uint8).astype(int) for page in (old, new)
            )
            assert np.abs(before - after).mean() < 1.0


def test_sample_is_small_and_holds_nothing_else() -> None:
    files = {path.name: path.stat().st_size for path in (DATA / "sample").iterdir()}
    assert set(files) == {DIGITAL, SCAN}
    assert sum(files.values()) < 5_000_000


def test_licences_are_stated() -> None:
    text = (DATA / "README.md").read_text("utf-8")
    assert "CC0 1.0" in text
    assert "Darcy Mason and pydicom contributors" in text
    assert "CC0 1.0" in next(open_pages(DATA, DIGITAL)).get_text()


def test_digital_book_has_text_in_both_languages_and_the_scan_has_none() -> None:
    digital = [page.get_text() for page in open_pages(DATA, DIGITAL)]
    assert 8 <= len(digital) <= 12
    assert "肾脏增大" in "".join(digital)
    assert "As shown in Figure 3" in "".join(digital)
    scan = list(open_pages(DATA, SCAN))
    assert 4 <= len(scan) <= 6
    assert not any(page.get_text().strip() for page in open_pages(DATA, SCAN))


def test_every_case_is_there() -> None:
    figures = [(number, figure) for (_, number), page in PAGES.items() for figure in page["figures"]]
    assert any(len(figure["panels"]) == 2 and figure["note"] for _, figure in figures)
    assert any(figure["note_page"] and figure["note_page"] > page for page, figure in figures)
    assert any(words == "Dist 4.52 cm" for panel in panels() for words in panel["burned_in"])
    assert any(page["headings"] and not page["figures"] for page in PAGES.values())


def test_truth_boxes_lie_on_the_pictures_of_the_digital_book() -> None:
    for page in open_pages(DATA, DIGITAL):
        placed = sorted(tuple(round(edge, 1) for edge in info["bbox"]) for info in page.get_image_info())
        figures = PAGES[DIGITAL, page.number + 1]["figures"]
        boxes = sorted(tuple(panel["bbox"]) for figure in figures for panel in figure["panels"])
        assert np.allclose(np.array(placed), np.array(boxes), atol=0.2)


def test_truth_boxes_lie_on_the_pictures_of_the_scan() -> None:
    for page in open_pages(DATA, SCAN):
        for figure in PAGES[SCAN, page.number + 1]["figures"]:
            for panel in figure["panels"]:
                x0, y0, x1, y1 = panel["bbox"]
                inside = page.get_pixmap(dpi=72, clip=(x0 + 5, y0 + 5, x1 - 5, y1 - 5), colorspace="gray")
                below = page.get_pixmap(dpi=72, clip=(x0, y1 + 1, x1, y1 + 4), colorspace="gray")
                assert np.frombuffer(inside.samples, np.uint8).mean() < 110
                assert np.median(np.frombuffer(below.samples, np.uint8)) > 180


def test_notes_and_captions_stand_in_the_digital_book() -> None:
    text = "".join(page.get_text() for page in open_pages(DATA, DIGITAL)).replace("\n", "").replace(" ", "")
    for (file, _), page in PAGES.items():
        for figure in page["figures"] if file == DIGITAL else ():
            for name in ("title", "caption", "note"):
                assert (figure[name] or "").replace(" ", "") in text

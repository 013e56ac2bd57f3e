"""The demo's pairs against what the sample was made from: boxes, titles, captions, notes, panels, burned-in words."""

from __future__ import annotations

import json
import re
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from rapidfuzz import fuzz

PROJECT = Path(__file__).resolve().parents[2]
TRUTH = json.loads((PROJECT / "data" / "sample-truth.json").read_text("utf-8"))
FIGURES = [
    pytest.param(book["file"], page["page"], figure, id=f"{book['file'].split('.')[0]}-{figure['number']}")
    for book in TRUTH["files"]
    for page in book["pages"]
    for figure in page["figures"]
]
IOU = 0.8
SIMILARITY = 0.95


def normalise(text: str | None) -> str:
    """Letters, digits and the point between digits; widths and case folded."""
    folded = unicodedata.normalize("NFKC", text or "").lower()
    return re.sub(r"(?<!\d)\.|\.(?!\d)|[^\w.]|_", "", folded)


def similarity(a: str | None, b: str | None) -> float:
    """1.0 for the same letters and digits."""
    return fuzz.ratio(normalise(a), normalise(b)) / 100


def overlap(a: list[float], b: list[float]) -> float:
    """Intersection over union."""
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    area = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1])
    return width * height / (area - width * height)


def read_pairs(run: Path) -> list[dict[str, Any]]:
    """Every image-text pair of a run, as the written contract has it."""
    files = [path for path in sorted((run / "pair").glob("*.jsonl")) if not path.name.endswith(".errors.jsonl")]
    records = [json.loads(line) for path in files for line in path.read_text("utf-8").splitlines()]
    return [record for record in records if record.get("figure_id")]


def find_panels(run: Path, file: str, page: int, figure: dict[str, Any]) -> list[dict[str, Any]]:
    """The pairs whose figure box is this figure's."""
    return [
        pair
        for pair in read_pairs(run)
        if pair["source"]["file"] == file
        and pair["source"]["page_number"] == page
        and overlap(pair["figure_bbox"], figure["bbox"]) >= IOU
    ]


def match_panel(pairs: list[dict[str, Any]], panel: dict[str, Any]) -> dict[str, Any]:
    """The pair whose own box is this panel's."""
    best = max(pairs, key=lambda pair: overlap(pair["source"]["bbox"], panel["bbox"]))
    assert overlap(best["source"]["bbox"], panel["bbox"]) >= IOU, panel["letter"]
    return best


@pytest.mark.parametrize(("file", "page", "figure"), FIGURES)
def test_figure_is_found_with_its_text(demo_run: Any, file: str, page: int, figure: dict[str, Any]) -> None:
    pairs = find_panels(demo_run.folder, file, page, figure)
    assert len(pairs) == len(figure["panels"])
    assert len({pair["figure_id"] for pair in pairs}) == 1
    for pair in pairs:
        assert pair["figure_number"] is not None
        assert re.search(rf"(?<!\d){figure['number']}(?!\d)", pair["figure_number"])
        for name in ("title", "caption", "note"):
            if figure[name]:
                assert similarity(pair[name], figure[name]) >= SIMILARITY, (name, pair[name])


@pytest.mark.parametrize(("file", "page", "figure"), FIGURES)
def test_panels_have_their_letter_and_their_own_clause(
    demo_run: Any, file: str, page: int, figure: dict[str, Any]
) -> None:
    pairs = find_panels(demo_run.folder, file, page, figure)
    for panel in figure["panels"]:
        pair = match_panel(pairs, panel)
        assert (pair["panel"] or "").upper() == (panel["letter"] or "").upper()
        own = normalise(f"{pair['panel_caption'] or ''} {pair['panel_note'] or ''}")
        for word in panel["own_words"]:
            assert normalise(word) in own
        for other in figure["panels"]:
            if other is not panel:
                assert not [word for word in other["own_words"] if normalise(word) in own]


@pytest.mark.parametrize(("file", "page", "figure"), FIGURES)
def test_measurements_burned_into_the_picture_are_read(
    demo_run: Any, file: str, page: int, figure: dict[str, Any]
) -> None:
    pairs = find_panels(demo_run.folder, file, page, figure)
    for panel in figure["panels"]:
        read = normalise(" ".join(line["text"] for line in match_panel(pairs, panel)["burned_in_text"]))
        assert not [words for words in panel["burned_in"] if " cm" in words and normalise(words) not in read], read


def test_labels_burned_into_the_pictures_are_read(demo_run: Any) -> None:
    # A single letter within an organ is more than an OCR engine can be asked for; longer labels are not.
    found, wanted = [], []
    for file, page, figure in (param.values for param in FIGURES):
        pairs = find_panels(demo_run.folder, file, page, figure)
        for panel in figure["panels"]:
            read = normalise(" ".join(line["text"] for line in match_panel(pairs, panel)["burned_in_text"]))
            labels = [words for words in panel["burned_in"] if len(words) > 1 and " cm" not in words]
            wanted += labels
            found += [words for words in labels if normalise(words) in read]
    assert len(found) >= 0.85 * len(wanted), sorted(wanted)


def test_nothing_but_the_figures_is_taken_for_a_figure(demo_run: Any) -> None:
    found = {(pair["source"]["file"], pair["figure_id"]) for pair in read_pairs(demo_run.folder)}
    assert len(found) == len(FIGURES)


def test_running_text_that_cites_a_figure_is_its_context(demo_run: Any) -> None:
    wanted = {"2-1-1": "对侧肾脏的大小和功能", "2-2-2": "遗传性疾病", "3": "branch like a tree", "1-1-1": "纵横比"}
    context: dict[str, str] = {}
    for pair in read_pairs(demo_run.folder):
        mentions = [entry["text"] for entry in pair["context"] if entry["kind"] == "mention"]
        number = re.sub(r"[^\d-]", "", pair["figure_number"] or "").strip("-")
        context[number] = context.get(number, "") + " ".join(mentions)
    for number, words in wanted.items():
        assert normalise(words) in normalise(context.get(number)), number


def test_a_note_on_the_next_page_keeps_its_own_place(demo_run: Any) -> None:
    late = [pair for pair in read_pairs(demo_run.folder) if pair["title"] and "多囊肾" in pair["title"]]
    pages = {entry["page_number"] for pair in late for entry in pair["context"] if entry["kind"] == "note"}
    assert late
    assert {pair["source"]["page_number"] for pair in late} == {4}
    assert pages <= {5}

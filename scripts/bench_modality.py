"""Measure the guess of modality: confusion tables, dual screens, milliseconds of processor time a picture.

    python scripts/bench_modality.py --runs RUN… --truth TRUTH --pictures PICTURES
    python scripts/bench_modality.py --labels labels.jsonl --runs RUN…

Drawn pictures of every mode are always measured; their seeds are not those of the tests. `--runs` are run folders with
extracted and paired documents: the truth files tell ultrasound from all else, and a file of labels
(`{"file": "book.pdf", "figure": "1", "panel": "c", "modality": "colour_doppler", "dual": false}` a line) tells modes.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from remud_gen.records import ImageTextPair
from remud_gen.rules.modality import hear, see, weigh
from tests.rules import screens

SEEDS = range(100, 120)
Table = Counter[tuple[str, str]]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--runs", type=Path, nargs="*", default=[])
    arguments.add_argument("--truth", type=Path)
    arguments.add_argument("--labels", type=Path)
    arguments.add_argument(
        "--pictures", type=Path, help="folder with manifest.jsonl: label good, or IMG_NOT_US expected"
    )
    options = arguments.parse_args()
    measure_drawn()
    if options.pictures:
        measure_pictures(options.pictures)
    pairs = [pair for run in options.runs for pair in read_pairs(run)]
    if options.truth:
        measure_truth(pairs, options.truth)
    if options.labels:
        measure_labels(pairs, options.labels)
    measure_time([run / pair.image.path for run in options.runs for pair in read_pairs(run)])


def measure_drawn() -> None:
    table: Table = Counter()
    halves: Table = Counter()
    for kind, makers in screens.KINDS.items():
        for make in makers:
            for seed in SEEDS:
                found = see(make(seed))
                table[kind, str(weigh(found.evidence, ()).modality)] += 1
                if kind not in ("contrast", "not_ultrasound"):
                    halves["one", "two" if found.screens else "one"] += 1
    for seed in SEEDS:
        halves["two", "two" if see(screens.dual_b_mode(seed)).screens else "one"] += 1
    show("drawn pictures, pixels alone", table)
    show("drawn pictures, dual screens", halves)


def measure_pictures(folder: Path) -> None:
    table: Table = Counter()
    for line in (folder / "manifest.jsonl").read_text("utf-8").splitlines():
        entry = json.loads(line)
        if entry["label"] == "good" or entry["expect_code"] == "IMG_NOT_US":
            with Image.open(folder / entry["file"]) as image:
                guess = weigh(see(image).evidence, hear((), ()))
            wanted = (
                "not_ultrasound"
                if entry["label"] != "good"
                else "colour_doppler"
                if "_col" in entry["file"]
                else "b_mode"
            )
            table[wanted, str(guess.modality)] += 1
    show("labelled pictures, pixels alone", table)


def read_pairs(run: Path) -> Iterator[ImageTextPair]:
    for part in sorted((run / "pair").glob("*.jsonl")):
        for line in part.read_text("utf-8").splitlines():
            if '"record":"pair"' in line.replace(" ", "")[:60]:
                yield ImageTextPair.model_validate_json(line)


def measure_truth(pairs: Iterable[ImageTextPair], folder: Path) -> None:
    truth: dict[tuple[str, str], dict[str, Any]] = {}
    for path in sorted(folder.glob("*.json")):
        content = json.loads(path.read_text("utf-8"))
        for page in list_pages(content):
            for figure in page["figures"]:
                truth[reduce(Path(content["doc"]).stem), digits(figure["label"] or figure["id"])] = figure
    seen: Table = Counter()
    heard: Table = Counter()
    for pair in pairs:
        figure = truth.get((reduce(Path(pair.source.file).stem), digits(pair.figure_number or "")))
        if figure is None:
            continue
        pixels = [evidence for evidence in pair.modality_evidence if evidence.source == "pixels"]
        wanted = f"{figure['type']} ({'ultrasound' if figure['is_ultrasound'] is True else figure['is_ultrasound']})"
        seen[wanted, name_side(weigh(pixels, ()).ultrasound)] += 1
        heard[wanted, name_side(pair.is_ultrasound_score)] += 1
    show("figures of the runs, pixels alone", seen)
    show("figures of the runs, pixels and words", heard)


def list_pages(content: dict[str, Any]) -> list[dict[str, Any]]:
    return next(
        v for v in content.values() if isinstance(v, list) and v and isinstance(v[0], dict) and "figures" in v[0]
    )


def measure_labels(pairs: Iterable[ImageTextPair], file: Path) -> None:
    labels = {}
    for line in file.read_text("utf-8").splitlines():
        entry = json.loads(line)
        labels[reduce(Path(entry["file"]).stem), digits(entry["figure"]), (entry.get("panel") or "").lower()] = entry
    table: Table = Counter()
    halves: Table = Counter()
    for pair in pairs:
        stem, number = reduce(Path(pair.source.file).stem), digits(pair.figure_number or "")
        entry = labels.get((stem, number, (pair.panel or "").lower())) or labels.get((stem, number, ""))
        if entry is not None:
            table[entry["modality"], str(pair.modality)] += 1
            halves["two" if entry.get("dual") else "one", "two" if pair.screens else "one"] += 1
    show("labelled figures, pixels and words", table)
    show("labelled figures, dual screens", halves)


def measure_time(paths: list[Path]) -> None:
    times = []
    for path in paths[:80]:
        with Image.open(path) as image:
            image.load()
            start = time.process_time()
            see(image)
            times.append(1000 * (time.process_time() - start))
    if times:
        middle, worst = statistics.median(times), max(times)
        print(f"\nprocessor time a picture: median {middle:.1f} ms, longest {worst:.1f} ms ({len(times)} pictures)")


def reduce(stem: str) -> str:
    return re.sub(r"_(?:scan|digital)$", "", stem)


def digits(text: str) -> str:
    return "-".join(re.findall(r"\d+", text))


def name_side(score: float) -> str:
    return "ultrasound" if score >= 0.5 else "unsure" if score >= 0.4 else "other"


def show(title: str, table: Table) -> None:
    columns = sorted({column for _, column in table})
    rows = sorted({row for row, _ in table})
    width = max((len(row) for row in rows), default=1)
    print(f"\n{title}: {sum(table.values())}")
    print(" " * width, *(f"{column:>17}" for column in columns))
    for row in rows:
        print(f"{row:<{width}}", *(f"{table[row, column] or '.':>17}" for column in columns))
    if set(rows) & set(columns):
        right = sum(count for (row, column), count in table.items() if row == column)
        print(f"right: {right} of {sum(table.values())}")


if __name__ == "__main__":
    main()

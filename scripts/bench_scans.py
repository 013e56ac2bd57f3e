"""How well pictures are found on spoiled scans, through the package's own extract stage.

    python scripts/bench_scans.py CORPUS --truth CORPUS/truth [--only skew+4,rotate90] [--every 2] [--keep FOLDER]

CORPUS holds scans (PDF); the truth is JSON with figure boxes in points. Every page with a figure is spoiled in each
way, read as an image file, and the boxes found are compared in the upright page's coordinates. A figure counts as found
where the hull of the boxes inside it matches at IoU 0.8 (panels are put together by pairing, later); a box that lies in
no figure is false. `spread` puts two pages on one sheet. CPU seconds are per stored page, OCR and crops included.
"""

from __future__ import annotations

import argparse
import json
import re
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from remud_gen.config import Config
from remud_gen.layout.upright import move_box
from remud_gen.pdf.document import PdfDocument
from remud_gen.records import Document, Page
from remud_gen.rules.geometry import Box, holds_centre, hull, measure_iou
from remud_gen.runner.images import ContentImageStore
from remud_gen.stages.base import PageInput, ShelfFile, StageContext
from remud_gen.stages.extract import ExtractStage
from scans.spoil import WAYS, join_spread

DPI = 150
FOUND_IOU = 0.8


@dataclass
class Sheet:
    """A clean page image with its figures in pixels."""

    name: str
    image: Image.Image
    figures: list[Box]


@dataclass
class Tally:
    """Counts of one way."""

    pages: int = 0
    figures: int = 0
    found: int = 0
    boxes: int = 0
    false: int = 0
    wrong_pages: int = 0  # stored pages that gave another number of records than printed pages
    cpu: float = 0.0


def main() -> None:
    """Spoil, read, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path, nargs="+", help="PDF files or folders of them")
    parser.add_argument("--truth", type=Path, required=True)
    parser.add_argument("--only", default="", help="names of ways, separated by commas")
    parser.add_argument("--every", type=int, default=1, help="take every nth page with a figure")
    parser.add_argument("--keep", type=Path, help="folder for pictures of what was found")
    parser.add_argument("--set", nargs="*", default=[], metavar="KEY=JSON", help="keys of the extract section")
    args = parser.parse_args()
    sheets = list(load_sheets(args.corpus, args.truth))[:: args.every]
    wanted = args.only.split(",") if args.only else [*WAYS, "spread", "spread-fold", "spread-rotate90-skew2"]
    options = dict(pair.split("=", 1) for pair in args.set)
    extract = {key: json.loads(value) for key, value in options.items()}
    print(f"{len(sheets)} pages with figures")
    for way in wanted:
        with tempfile.TemporaryDirectory() as folder:
            tally = measure_way(way, sheets, Bench(Path(folder), extract), args.keep)
        print(
            f"{way:24s} recall {tally.found / max(tally.figures, 1):.3f} ({tally.found}/{tally.figures})  "
            f"precision {1 - tally.false / max(tally.boxes, 1):.3f} ({tally.false} false)  "
            f"wrong page counts {tally.wrong_pages}/{tally.pages}  {tally.cpu / max(tally.pages, 1):.2f} CPU s/page",
            flush=True,
        )


def load_sheets(corpus: list[Path], truth: Path) -> Iterator[Sheet]:
    """Pages that have a figure, rendered at DPI."""
    known = {path.stem: json.loads(path.read_text("utf-8"))["pages"] for path in sorted(truth.glob("*.json"))}
    files = [p for given in corpus for p in ([given] if given.is_file() else sorted(given.glob("*.pdf")))]
    for path in files:
        stem = re.sub(r"_(?:scan|digital)$", "", path.stem)
        pages = known.get(stem) or known.get(f"{stem}_synthetic") or []
        with PdfDocument(path) as document:
            for page in pages:
                if not page["figures"] or page["page"] > document.info.page_count:
                    continue
                image = document.page(page["page"]).render(DPI)
                across, down = image.width / page["width"], image.height / page["height"]
                boxes = [figure["figure_bbox"] for figure in page["figures"]]
                scaled = [(b[0] * across, b[1] * down, b[2] * across, b[3] * down) for b in boxes]
                yield Sheet(f"{path.stem}-{page['page']}", image, scaled)


class Bench:
    """An extract stage over image files in a folder."""

    def __init__(self, folder: Path, options: Mapping[str, Any]) -> None:
        self._folder = folder
        self._shelf: dict[str, ShelfFile] = {}
        config = Config.model_validate({"extract": {**options, "reads_burned_in_text": False}})
        self._stage = ExtractStage(config)
        self._stage.setup(StageContext(config, ContentImageStore(folder), self._shelf))

    def read(self, name: str, image: Image.Image) -> list[Page]:
        """The page records of an image."""
        path = self._folder / f"{name}.png"
        image.save(path, compress_level=1)
        self._shelf[name] = ShelfFile(path)
        document = Document(id=name, file=path.name, sha256=name, media_type="image/png", reader="image", page_count=1)
        found = list(self._stage.process(PageInput(id=name, document=document, number=1)))
        path.unlink()
        return [page for page in found if isinstance(page, Page)]


def measure_way(way: str, sheets: list[Sheet], bench: Bench, keep: Path | None) -> Tally:
    """One way over all pages; a spread joins each page with the next."""
    tally = Tally()
    bench.read("warm", sheets[0].image.crop((0, 0, 400, 400)))
    for name, image, boxes, count in _spoil_all(way, sheets):
        began = time.process_time()
        pages = bench.read(name, image)
        tally.cpu += time.process_time() - began
        tally.pages += 1
        tally.wrong_pages += len(pages) != count
        found = [figure.bbox for page in pages for figure in page.figures]
        stored = np.array(pages[0].source.to_original) if pages[0].source.to_original else np.eye(3)
        wanted = [move_box(np.linalg.inv(stored) @ matrix, box) for matrix, box in boxes]
        misses = _count(tally, found, wanted)
        if keep is not None:
            _draw(keep / f"{way}-{name}.png", image, pages, wanted, stored)
        if misses or len(pages) != count:
            print(f"    {way} {name}: {len(pages)} pages, missed {misses}, flags {[page.flags for page in pages]}")
    return tally


def _spoil_all(way: str, sheets: list[Sheet]) -> Iterator[tuple[str, Image.Image, list[tuple[Any, Box]], int]]:
    if not way.startswith("spread"):
        for sheet in sheets:
            image, matrix = WAYS[way](sheet.image)
            yield sheet.name, image, [(matrix, box) for box in sheet.figures], 1
        return
    for left, right in zip(sheets[::2], sheets[1::2], strict=False):
        image, (first, second) = join_spread(left.image, right.image, with_fold="fold" in way)
        image, matrix = WAYS["rotate90-skew2"](image) if "rotate90" in way else (image, np.eye(3))
        boxes = [(matrix @ first, box) for box in left.figures] + [(matrix @ second, box) for box in right.figures]
        yield f"{left.name}+{right.name}", image, boxes, 2


def _count(tally: Tally, found: list[Box], wanted: list[Box]) -> list[str]:
    inside: dict[int, list[Box]] = defaultdict(list)
    for box in found:
        hosts = [k for k, figure in enumerate(wanted) if holds_centre(figure, box)]
        tally.false += not hosts
        for k in hosts[:1]:
            inside[k].append(box)
    tally.boxes += len(found)
    tally.figures += len(wanted)
    overlaps = [measure_iou(hull(inside[k]), wanted[k]) if inside[k] else 0.0 for k in range(len(wanted))]
    tally.found += sum(overlap >= FOUND_IOU for overlap in overlaps)
    return [f"{overlap:.2f}" for overlap in overlaps if overlap < FOUND_IOU]


def _draw(path: Path, image: Image.Image, pages: list[Page], wanted: list[Box], stored: Any) -> None:
    """What was found (red) and wanted (green), on the page set upright."""
    path.parent.mkdir(parents=True, exist_ok=True)
    size = pages[0].source.page_size or image.size
    inverse = tuple(float(v) for v in stored[:2].flatten())
    upright = image.transform((int(size[0]), int(size[1])), Image.Transform.AFFINE, inverse, Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(upright)
    for box in wanted:
        draw.rectangle(box, outline=(0, 160, 0), width=4)
    for page in pages:
        for figure in page.figures:
            draw.rectangle(figure.bbox, outline=(230, 0, 0), width=3)
        for block in page.text_blocks:
            draw.rectangle(block.bbox, outline=(80, 80, 255), width=1)
    upright.thumbnail((1100, 1100))
    upright.save(path)


if __name__ == "__main__":
    main()

"""Labelled pictures through the picture filter."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from remud_gen.filter_protocols import PictureFacts
from remud_gen.filters.images import ImagesFilter, ImagesOptions
from remud_gen.records import ImageRef
from remud_gen.rules.picture_facts import measure_picture
from scripts.filtering.tally import Score, Tally
from scripts.filtering.wordings import Wording, build_record


class FolderMeasurer:
    """Measures files of a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def measure(self, ref: ImageRef) -> PictureFacts:
        """The facts about a file."""
        with Image.open(self._folder / ref.path) as image:
            return measure_picture(image)


def list_verdicts(folder: Path, names: list[str]) -> Iterator[tuple[str, dict[str, str]]]:
    """(file, code -> severity) of pictures of a folder; what is only noted is left out."""
    images = ImagesFilter(ImagesOptions())
    images.measurer = FolderMeasurer(folder)
    record = build_record(Wording("", "en", "q", "What is visible in this image?"))
    for name in names:
        ref = ImageRef(path=name, sha256=name, width_px=640, height_px=480)
        verdicts = list(images.check(record.model_copy(update={"images": (ref,)})))
        yield name, {each.code: each.severity for each in reversed(verdicts) if each.severity != "info"}


def score_pictures(folder: Path, tally: Tally) -> tuple[Score, Score, list[str]]:
    """Bad pictures caught, by the right code, and what good ones were given; the folder holds manifest.jsonl."""
    manifest = next(folder.glob("manifest*"))
    rows = {row["file"]: row for row in map(json.loads, manifest.read_text("utf-8").splitlines())}
    caught, right, wrong = Score(), Score(), []
    for name, codes in list_verdicts(folder, list(rows)):
        if rows[name]["label"] == "good":
            tally.add_good(codes)
            wrong += [f"{name} {codes}"] if codes else []
            continue
        wanted = rows[name]["expect_code"]
        tally.add_bad({wanted}, codes)
        caught.add(f"{name} {codes}", is_hit=bool(codes))
        right.add(f"{name} {codes}, wanted {wanted}", is_hit=wanted in codes)
    return caught, right, wrong

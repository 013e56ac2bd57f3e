"""How often pairs are right, per kind of layout, and whether their confidence says so.

    python -m scripts.bench_pairing                      # 400 random documents with known truth
    python -m scripts.bench_pairing --run RUN            # besides: what the pairs of a run are unsure of, and why

Prints the share of right pairs per kind of layout, a calibration table (confidence against the share of right pairs)
with its expected calibration error, and exits 1 above --max-error or below --min-right.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from PIL import Image as PillowImage
from PIL.Image import Image

from remud_gen.pairing.reading_order import ReadingOrderRule
from remud_gen.records import BBox, Figure, ImageRef, ImageTextPair, Page, make_id
from scripts.pairing.layouts import make_scenes
from scripts.pairing.sheets import Expected, Scene

EDGES = (0.0, 0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.001)


@dataclass(frozen=True, slots=True)
class Judged:
    """One pair, or one picture that got none."""

    kind: str
    confidence: float | None
    is_right: bool
    flags: tuple[str, ...] = ()


class BoxCropper:
    """Answers with a figure for any box: nothing is cut out here."""

    def open_picture(self, figure: Figure) -> Image:
        """One tone: no picture holds several here."""
        return PillowImage.new("RGB", (figure.image.width_px, figure.image.height_px), (40, 40, 40))

    def crop(self, page: Page, bbox: BBox, whole: Figure | None = None) -> Figure:
        """A figure without pixels."""
        sha = make_id(page.id, *bbox) * 3
        image = ImageRef(path=f"images/aa/{sha}.png", sha256=sha, width_px=100, height_px=80)
        return Figure(
            id=make_id(page.id, "figure", *bbox), bbox=bbox, image=image, dpi=150, detector="hull", score=0.9,
            is_ultrasound_score=0.9,
        )  # fmt: skip


def judge(scene: Scene) -> list[Judged]:
    """Every expected picture against the pair that was made of it."""
    found = [record for _, record in ReadingOrderRule({}).pair(scene.pages, BoxCropper())]
    return judge_pairs(scene, [pair for pair in found if isinstance(pair, ImageTextPair)])


def judge_pairs(scene: Scene, pairs: Sequence[ImageTextPair]) -> list[Judged]:
    """Every expected picture against these pairs."""
    judged = []
    if scene.is_hull and len(pairs) == 1:
        (pair,) = pairs
        return [Judged(scene.kind, pair.confidence, _squash(scene.truth[0].words) in _squash(pair.caption), pair.flags)]
    for expected in scene.truth:
        pair = next((p for p in pairs if _covers(p, expected)), None)
        if pair is None or (pair.caption is None and pair.title is None):
            judged.append(Judged(scene.kind, None, expected.words is None))
        else:
            judged.append(Judged(scene.kind, pair.confidence, is_right(pair, expected, scene.truth), pair.flags))
    known = [pair for pair in pairs if any(_covers(pair, expected) for expected in scene.truth)]
    made_up = [pair for pair in pairs if pair not in known and (pair.caption or pair.title)]
    return [*judged, *(Judged(scene.kind, pair.confidence, False, pair.flags) for pair in made_up)]


def is_right(pair: ImageTextPair, expected: Expected, truth: Sequence[Expected]) -> bool:
    """Whether a pair has its figure's words, its letter and its own clause, and no other's."""
    if expected.words is None:
        return False
    whole = _squash(f"{pair.title or ''} {pair.caption or ''}")
    own = _squash(f"{pair.panel_caption or ''} {pair.panel_note or ''}")
    foreign = [other.own for other in truth if other.own and other.own != expected.own]
    foreign += [other.words for other in truth if other.words and other.words != expected.words]
    return (
        _squash(expected.words) in whole
        and (pair.panel or "").upper() == (expected.letter or "")
        and _squash(expected.own) in own
        and not any(_squash(text) in own for text in foreign)
    )


def _covers(pair: ImageTextPair, expected: Expected) -> bool:
    return pair.source.page_number == expected.page and pair.source.bbox == tuple(round(v, 2) for v in expected.box)


def _squash(text: str | None) -> str:
    return re.sub(r"[\W_]+", "", (text or "").lower())


def measure_error(judged: Sequence[Judged]) -> tuple[float, list[str]]:
    """Expected calibration error, and the table's rows."""
    pairs = [entry for entry in judged if entry.confidence is not None]
    error, rows = 0.0, []
    for low, high in pairwise(EDGES):
        members = [entry for entry in pairs if low <= (entry.confidence or 0) < high]
        if not members:
            continue
        mean = sum(entry.confidence or 0 for entry in members) / len(members)
        right = sum(entry.is_right for entry in members) / len(members)
        error += len(members) / len(pairs) * abs(mean - right)
        rows.append(
            f"  {low:.2f}-{min(high, 1):.2f}  {len(members):5d} pairs  confidence {mean:.3f}  right {right:.3f}"
        )
    return error, rows


def count_run(folder: Path) -> list[str]:
    """What the pairs of a run are unsure of."""
    bins: Counter[float] = Counter()
    flags: Counter[str] = Counter()
    for path in sorted((folder / "pair").glob("*.jsonl")):
        if path.name.endswith(".errors.jsonl"):
            continue
        for line in path.read_text("utf-8").splitlines():
            record = json.loads(line)
            if record["record"] == "pair":
                bins[max(edge for edge in EDGES if edge <= record["confidence"])] += 1
                flags.update(record["flags"])
    rows = [f"  from {edge:.2f}  {count:5d} pairs" for edge, count in sorted(bins.items())]
    return [*rows, *(f"  {flag:24s} {count:5d}" for flag, count in flags.most_common())]


def main() -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--run", type=Path, nargs="*", default=[])
    parser.add_argument("--max-error", type=float, default=0.1)
    parser.add_argument("--min-right", type=float, default=0.9)
    parser.add_argument("--flags", action="store_true", help="the share of right pairs under each doubt")
    args = parser.parse_args()
    started = time.process_time()
    judged = [entry for scene in make_scenes(args.documents, args.seed) for entry in judge(scene)]
    kinds: dict[str, list[Judged]] = defaultdict(list)
    for entry in judged:
        kinds[entry.kind].append(entry)
    for kind, members in kinds.items():
        right = sum(entry.is_right for entry in members) / len(members)
        print(f"{kind:24s} {len(members):5d} pictures  right {right:.3f}")
    right = sum(entry.is_right for entry in judged) / len(judged)
    error, rows = measure_error(judged)
    print(f"{'all':24s} {len(judged):5d} pictures  right {right:.3f}  in {time.process_time() - started:.1f} s of CPU")
    print("calibration (pairs with words)", *rows, f"  expected calibration error {error:.3f}", sep="\n")
    if args.flags:
        print(*_count_flags(judged), sep="\n")
    for folder in args.run:
        print(folder, *count_run(folder), sep="\n")
    return int(error > args.max_error or right < args.min_right)


def _count_flags(judged: Sequence[Judged]) -> list[str]:
    under: dict[str, list[bool]] = defaultdict(list)
    for entry in judged:
        for flag in entry.flags or (("none",) if entry.confidence is not None else ()):
            under[flag].append(entry.is_right)
    return [
        f"  {flag:24s} {len(votes):5d} pairs  right {sum(votes) / len(votes):.3f}"
        for flag, votes in sorted(under.items())
    ]


if __name__ == "__main__":
    sys.exit(main())

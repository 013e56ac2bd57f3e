"""What checking unsure pairs is worth: right pairs before and after a reader who knows the truth has chosen.

    python -m scripts.bench_check                       # random documents with known truth
    python -m scripts.bench_check --errors 0.1          # the reader chooses at random in a tenth of the questions
    python -m scripts.bench_check --below 0.7 0.8 0.9 1

Prints per threshold how many pairs and questions there are, and the share of right pairs among all that are asked about
later on (confidence at least --min-confidence), before the check and after it. The pairs pass through the same reading
and rebuilding as a model's reply; only the choice itself comes from the truth.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Sequence

from remud_gen.llm.choosing import make_reader
from remud_gen.pairing.verdicts import Choice, find_contradiction, settle
from remud_gen.pairing.vlm_check import VlmCheckRule
from remud_gen.protocols import ModelReply
from remud_gen.records import ImageTextPair, Sketch
from scripts.bench_pairing import BoxCropper, Judged, judge_pairs, measure_error
from scripts.pairing.layouts import make_scenes
from scripts.pairing.sheets import Scene


def choose(scene: Scene, pair: ImageTextPair, sketch: Sketch, rng: random.Random, errors: float) -> ModelReply:
    """The reply of a reader who knows which words are whose."""
    figures = []
    caption = _find_words(scene, pair, sketch)
    if rng.random() < errors:
        caption = rng.choice([None, *(one.number for one in sketch.choices)])
    note = sketch.note if sketch.note != caption else None
    for figure in sketch.figures:
        figures.append({"figure": figure.number, "caption": caption, "note": note})
    text = json.dumps({"reason": "truth", "figures": figures, "sure": True})
    return ModelReply(client="truth", model="truth", text=text)


def _find_words(scene: Scene, pair: ImageTextPair, sketch: Sketch) -> int | None:
    box, page = pair.source.bbox, pair.source.page_number
    expected = next(
        (one for one in scene.truth if one.page == page and box == tuple(round(v, 2) for v in one.box)),
        scene.truth[0] if scene.is_hull else None,
    )
    if expected is None or expected.words is None:
        return None
    wanted = _squash(expected.words)
    found = [one.number for one in sketch.choices if wanted in _squash(one.words)]
    return found[0] if found else None


def _squash(text: str) -> str:
    return "".join(character for character in text.lower() if character.isalnum())


def check(scene: Scene, pairs: Sequence[ImageTextPair], rng: random.Random, errors: float) -> list[ImageTextPair]:
    """The pairs after the check."""
    replies: dict[str, ModelReply] = {}
    made = []
    for pair in pairs:
        if pair.sketch is None:
            made.append(pair)
            continue
        key = pair.sketch.model_dump_json()
        if key not in replies:
            replies[key] = choose(scene, pair, pair.sketch, rng, errors)
        choices = make_reader(pair.sketch)(replies[key])
        chosen = {one.figure: Choice(one.caption, one.note) for one in choices.figures}
        assert find_contradiction(pair.sketch, chosen) is None
        made.append(settle(pair, chosen[pair.sketch.figures[0].number], 0.4))
    return made


def measure(scenes: Sequence[Scene], below: float, errors: float, seed: int) -> tuple[list[Judged], list[Judged], int]:
    """Judged before, judged after, and how many questions were asked."""
    rule, rng = VlmCheckRule({"check_below": below}), random.Random(seed)
    before: list[Judged] = []
    after: list[Judged] = []
    n_questions = 0
    for scene in scenes:
        pairs = [found for _, found in rule.pair(scene.pages, BoxCropper()) if isinstance(found, ImageTextPair)]
        n_questions += len({pair.sketch.model_dump_json() for pair in pairs if pair.sketch is not None})
        before += judge_pairs(scene, pairs)
        after += judge_pairs(scene, check(scene, pairs, rng, errors))
    return before, after, n_questions


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--below", type=float, nargs="+", default=[0.5, 0.7, 0.8, 0.9, 1.0])
    parser.add_argument("--errors", type=float, default=0.0)
    parser.add_argument("--min-confidence", type=float, default=0.3)
    args = parser.parse_args()
    scenes = list(make_scenes(args.documents, args.seed))
    for below in args.below:
        before, after, n_questions = measure(scenes, below, args.errors, args.seed)
        n_unsure = sum((one.confidence if one.confidence is not None else 1) < below for one in before)
        shares = [_share(judged, args.min_confidence) for judged in (before, after)]
        print(f"below {below:.2f}: {n_unsure:4d} unsure pairs, {n_questions:4d} questions; used and right: "
              f"{shares[0]} before, {shares[1]} after; calibration error {measure_error(after)[0]:.3f}")  # fmt: skip
    return 0


def _share(judged: Sequence[Judged], least: float) -> str:
    """Right among the pairs that are sure enough to be used."""
    used = [one for one in judged if one.confidence is not None and one.confidence >= least]
    right = sum(one.is_right for one in used)
    return f"{right}/{len(used)} = {right / len(used):.3f}"


if __name__ == "__main__":
    sys.exit(main())

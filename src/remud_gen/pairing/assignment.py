"""Pictures of one page -> its captions, by the cost of reading the one as belonging to the other."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from typing import Literal

from remud_gen.pairing.captions import Caption
from remud_gen.pairing.costs import APART, FARTHEST, Habit, measure_costs
from remud_gen.pairing.flow import Flow, PageFlow, Picture
from remud_gen.rules.geometry import Box, cluster, hull, is_above_or_below, is_beside, measure_gap
from remud_gen.rules.near import BoxIndex

ANCHOR = 130.0  # a cost within which a caption may claim a picture from a neighbour that has others


def find_habit(flow: Flow, captions: Sequence[Caption]) -> Habit:
    """Whether this document's captions stand below or above their pictures, by majority; below if in doubt."""
    votes = {"below": 0, "above": 0}
    ordered: dict[int, tuple[list[Picture], list[Picture]]] = {}
    for caption in captions:
        page = flow.pages[caption.page]
        if caption.label is None:
            continue
        if page.index not in ordered:
            by_bottom = sorted(page.pictures, key=lambda picture: -picture.bbox[3])
            by_top = sorted(page.pictures, key=lambda picture: picture.bbox[1])
            ordered[page.index] = (by_bottom, by_top)
        over, under = ordered[page.index]
        below = _measure_nearest(caption, over, page, lambda box, other: other[1] - box[3])
        above = _measure_nearest(caption, under, page, lambda box, other: box[1] - other[3])
        if below != above:
            votes["below" if below < above else "above"] += 1
    return "above" if votes["above"] > votes["below"] else "below"


def _measure_nearest(
    caption: Caption, pictures: Sequence[Picture], page: PageFlow, measure: Callable[[Box, Box], float]
) -> float:
    """The gap to the nearest of `pictures`, which come in the order of their gaps; those past the caption are none."""
    box = caption.bbox
    start = bisect_right(pictures, -page.em, key=lambda picture: measure(picture.bbox, box))
    for picture in islice(pictures, start, None):
        if is_above_or_below(picture.bbox, box, 0.3):
            return max(measure(picture.bbox, box), 0.0)
    return math.inf


def assign(
    page: PageFlow, captions: Sequence[Caption], habit: Habit, limits: Mapping[Picture, float]
) -> dict[Picture, tuple[Caption, float]]:
    """The caption of each picture of a page, with its cost; pictures out of every caption's reach are left out.

    `limits` lowers the farthest cost for single pictures (those that already have a title).
    """
    pictures = page.pictures
    clusters = find_clusters(page, [caption.bbox for caption in captions])
    costs = measure_costs(page, captions, habit, clusters)
    anchors = _anchor(captions, costs)
    assigned: dict[Picture, tuple[Caption, float]] = {}
    for picture in pictures:
        mates = {anchors[mate] for mate in clusters[picture] if mate in anchors}

        def weigh(caption: Caption, picture: Picture = picture, mates: set[Caption] = mates) -> float:
            return costs[picture][caption] + (APART if mates and caption not in mates else 0.0)

        caption = anchors.get(picture) or min(costs[picture], key=weigh, default=None)
        if caption is None or (picture in limits and tell_side(picture, caption) == "beside"):
            continue  # a title above outweighs words in the column beside
        if costs[picture][caption] <= limits.get(picture, FARTHEST):
            assigned[picture] = (caption, costs[picture][caption])
    return assigned


def find_ambiguous(
    page: PageFlow, assigned: Mapping[Picture, tuple[Caption, float]], captions: Sequence[Caption]
) -> set[Caption]:
    """Captions with pictures over and under them, or as close to one that has no caption as to their own."""
    doubtful: set[Caption] = set()
    held: dict[Caption, list[Picture]] = defaultdict(list)
    for picture, (caption, _) in assigned.items():
        held[caption].append(picture)
    for caption in captions:
        own = held[caption]
        sides = {tell_side(picture, caption) for picture in own}
        if {"over", "under"} <= sides:
            doubtful.add(caption)
        reach = min((measure_gap(picture.bbox, caption.bbox) for picture in own), default=0.0) + page.em
        near = page.find_pictures(caption.bbox, max(0.0, reach)) if own else []
        others = [picture for picture in near if picture not in assigned]
        if any(
            is_above_or_below(picture.bbox, caption.bbox, 0.3) and measure_gap(picture.bbox, caption.bbox) <= reach
            for picture in others
        ):
            doubtful.add(caption)
    return doubtful


def tell_side(picture: Picture, caption: Caption) -> Literal["over", "under", "beside"]:
    """Where a picture stands from its caption."""
    if not is_above_or_below(picture.bbox, caption.bbox, 0.05):
        return "beside"
    return "over" if picture.bbox[1] + picture.bbox[3] < caption.bbox[1] + caption.bbox[3] else "under"


def find_clusters(page: PageFlow, barriers: Sequence[Box]) -> dict[Picture, list[Picture]]:
    """Pictures that stand so close together that they are read as one figure; a barrier between keeps them apart."""
    pictures = page.pictures
    boxes = [picture.bbox for picture in pictures]
    places = BoxIndex(_find_middle(barrier) for barrier in barriers)
    beside, below = 0.05 * page.width, max(0.035 * page.height, 2.5 * page.em)

    def belongs(a: Box, b: Box) -> bool:
        between = hull([a, b])
        if any(_blocks(barriers[i], a, b, between) for i in places.find(between)):
            return False
        dx, dy = max(a[0], b[0]) - min(a[2], b[2]), max(a[1], b[1]) - min(a[3], b[3])
        return (is_beside(a, b, 0.6) and dx < beside) or (is_above_or_below(a, b, 0.6) and dy < below)

    groups = cluster(boxes, belongs, boxes, max(beside, below))
    found = [[pictures[i] for i in group] for group in groups]
    return {picture: group for group in found for picture in group}


def _find_middle(box: Box) -> Box:
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return (x, y, x, y)


def _blocks(barrier: Box, a: Box, b: Box, between: Box) -> bool:
    middle = ((barrier[0] + barrier[2]) / 2, (barrier[1] + barrier[3]) / 2)
    inside = between[0] <= middle[0] <= between[2] and between[1] <= middle[1] <= between[3]
    return inside and not any(box[1] <= middle[1] <= box[3] and box[0] <= middle[0] <= box[2] for box in (a, b))


def _anchor(captions: Sequence[Caption], costs: Mapping[Picture, Mapping[Caption, float]]) -> dict[Picture, Caption]:
    """One picture for as many figure captions as possible (augmenting paths over near pictures)."""
    holder: dict[Picture, Caption] = {}
    near: dict[Caption, list[Picture]] = defaultdict(list)
    for picture, found in costs.items():
        for caption, cost in found.items():
            if cost <= ANCHOR:
                near[caption].append(picture)

    def claim(caption: Caption, tried: set[Picture]) -> bool:
        for picture in sorted(near[caption], key=lambda p: costs[p][caption]):
            if picture in tried:
                continue
            tried.add(picture)
            if picture not in holder or claim(holder[picture], tried):
                holder[picture] = caption
                return True
        return False

    figures = [caption for caption in captions if caption.label is not None]
    for caption in sorted(figures, key=lambda c: min((costs[p][c] for p in near[c]), default=math.inf)):
        claim(caption, set())
    return holder

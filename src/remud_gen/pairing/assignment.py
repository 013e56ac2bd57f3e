"""Pictures of one page -> its captions, by the cost of reading the one as belonging to the other."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal

from remud_gen.pairing.captions import Caption
from remud_gen.pairing.flow import Block, Flow, PageFlow, Picture
from remud_gen.rules.figure_labels import parse_panel_letters, parse_panel_line
from remud_gen.rules.geometry import Box, cluster, hull, intersect, is_above_or_below, is_beside, measure_gap

# Costs are thousandths of the page's height.
FARTHEST = 300.0  # beyond this a picture stays without a caption
ANCHOR = 130.0  # within this a caption may claim a picture from a neighbour that has others
AGAINST_HABIT = 40.0  # above, where the document's captions stand below, and the other way round
BESIDE = 20.0
SIDEWAYS = 0.4  # of a distance down the page: lines beside a picture are set to the far margin as well
SIDE_REACH = 0.16  # of the page's width: short lines beside a picture end far from it
MISALIGNED = 200.0
OFF_CENTRE = 30.0
TEXT_BETWEEN = 150.0
CAPTION_BETWEEN = 400.0
VIA_NEIGHBOUR = 20.0
APART = 80.0  # a picture is seldom captioned apart from those it stands close to

Habit = Literal["below", "above"]


def find_habit(flow: Flow, captions: Sequence[Caption]) -> Habit:
    """Whether this document's captions stand below or above their pictures, by majority; below if in doubt."""
    votes = {"below": 0, "above": 0}
    for caption in captions:
        page = flow.pages[caption.page]
        if caption.label is None:
            continue
        gaps = {"below": math.inf, "above": math.inf}
        for picture in page.pictures:
            if is_above_or_below(picture.bbox, caption.bbox, 0.3):
                gaps["below"] = min(gaps["below"], _positive(caption.bbox[1] - picture.bbox[3], page))
                gaps["above"] = min(gaps["above"], _positive(picture.bbox[1] - caption.bbox[3], page))
        if gaps["below"] != gaps["above"]:
            votes["below" if gaps["below"] < gaps["above"] else "above"] += 1
    return "above" if votes["above"] > votes["below"] else "below"


def _positive(gap: float, page: PageFlow) -> float:
    return max(gap, 0.0) if gap > -page.em else math.inf


def assign(
    page: PageFlow, captions: Sequence[Caption], habit: Habit, limits: Mapping[Picture, float]
) -> dict[Picture, tuple[Caption, float]]:
    """The caption of each picture of a page, with its cost; pictures out of every caption's reach are left out.

    `limits` lowers the farthest cost for single pictures (those that already have a title).
    """
    pictures = page.pictures
    costs = _measure_all(page, pictures, captions, habit)
    anchors = _anchor(pictures, captions, costs)
    clusters = find_clusters(page, [caption.bbox for caption in captions])
    assigned: dict[Picture, tuple[Caption, float]] = {}
    for picture in pictures:
        mates = {anchors[mate] for mate in clusters[picture] if mate in anchors}

        def weigh(caption: Caption, picture: Picture = picture, mates: set[Caption] = mates) -> float:
            return costs[picture, caption] + (APART if mates and caption not in mates else 0.0)

        caption = anchors.get(picture) or min(captions, key=weigh, default=None)
        if caption is None or (picture in limits and tell_side(picture, caption) == "beside"):
            continue  # a title above outweighs words in the column beside
        if costs[picture, caption] <= limits.get(picture, FARTHEST):
            assigned[picture] = (caption, costs[picture, caption])
    return assigned


def find_ambiguous(
    page: PageFlow, assigned: Mapping[Picture, tuple[Caption, float]], captions: Sequence[Caption]
) -> set[Caption]:
    """Captions with pictures over and under them, or as close to one that has no caption as to their own."""
    doubtful: set[Caption] = set()
    for caption in captions:
        own = [picture for picture, (held, _) in assigned.items() if held is caption]
        sides = {tell_side(picture, caption) for picture in own}
        if {"over", "under"} <= sides:
            doubtful.add(caption)
        reach = min((measure_gap(picture.bbox, caption.bbox) for picture in own), default=0.0) + page.em
        others = [picture for picture in page.pictures if picture not in assigned]
        if own and any(
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


def _measure_all(
    page: PageFlow, pictures: Sequence[Picture], captions: Sequence[Caption], habit: Habit
) -> dict[tuple[Picture, Caption], float]:
    costs = {}
    clusters = find_clusters(page, [caption.bbox for caption in captions])
    for picture in pictures:
        whole = hull(p.bbox for p in clusters[picture])
        for caption in captions:
            own = measure_cost(picture.bbox, caption, captions, page, habit)
            shared = measure_cost(whole, caption, captions, page, habit) + VIA_NEIGHBOUR
            costs[picture, caption] = min(own, shared) if len(clusters[picture]) > 1 else own
    return costs


def find_clusters(page: PageFlow, barriers: Sequence[Box]) -> dict[Picture, list[Picture]]:
    """Pictures that stand so close together that they are read as one figure; a barrier between keeps them apart."""
    pictures = page.pictures
    boxes = [picture.bbox for picture in pictures]

    def belongs(a: Box, b: Box) -> bool:
        between = hull([a, b])
        if any(_blocks(barrier, a, b, between) for barrier in barriers):
            return False
        dx, dy = max(a[0], b[0]) - min(a[2], b[2]), max(a[1], b[1]) - min(a[3], b[3])
        return (is_beside(a, b, 0.6) and dx < 0.05 * page.width) or (
            is_above_or_below(a, b, 0.6) and dy < max(0.035 * page.height, 2.5 * page.em)
        )

    groups = cluster(boxes, belongs)
    return {pictures[i]: [pictures[j] for j in group] for group in groups for i in group}


def _blocks(barrier: Box, a: Box, b: Box, between: Box) -> bool:
    middle = ((barrier[0] + barrier[2]) / 2, (barrier[1] + barrier[3]) / 2)
    inside = between[0] <= middle[0] <= between[2] and between[1] <= middle[1] <= between[3]
    return inside and not any(box[1] <= middle[1] <= box[3] and box[0] <= middle[0] <= box[2] for box in (a, b))


def measure_cost(box: Box, caption: Caption, captions: Sequence[Caption], page: PageFlow, habit: Habit) -> float:
    """How far-fetched it is that the caption belongs to the picture in `box`; infinite where it cannot."""
    other = caption.bbox
    common = min(box[2], other[2]) - max(box[0], other[0])
    if common <= 0.05 * min(box[2] - box[0], other[2] - other[0]):
        return _measure_beside(box, other, page)
    is_below = (other[1] + other[3]) / 2 > (box[1] + box[3]) / 2
    strip = (
        min(box[0], other[0]),
        box[3] if is_below else other[3],
        max(box[2], other[2]),
        other[1] if is_below else box[1],
    )
    gap = max(0.0, strip[3] - strip[1] - _covered(strip, box, page))
    cost = 1000 * gap / page.height
    cost += MISALIGNED * (1 - min(1.0, common / min(box[2] - box[0], other[2] - other[0])))
    cost += OFF_CENTRE * abs(box[0] + box[2] - other[0] - other[2]) / 2 / page.width
    cost += 0.0 if (habit == "below") == is_below else AGAINST_HABIT
    return cost + _measure_obstacles(strip, box, caption, captions, page)


def _measure_beside(box: Box, other: Box, page: PageFlow) -> float:
    dx = max(box[0], other[0]) - min(box[2], other[2])
    common = min(box[3], other[3]) - max(box[1], other[1])
    if common < 0.5 * min(box[3] - box[1], other[3] - other[1]) or dx > SIDE_REACH * page.width:
        return math.inf
    # Words that reach beyond the picture's own height belong to it less surely than those set within it.
    beyond = max(0.0, box[1] - other[1]) + max(0.0, other[3] - box[3])
    return BESIDE + 1000 * (SIDEWAYS * dx + beyond) / page.height


def _covered(strip: Box, box: Box, page: PageFlow) -> float:
    """How much of the way is filled by further panels and their letters, which belong to the figure anyway."""
    spans = []
    for item in page.items:
        if item.bbox != box and _overlaps(item.bbox, strip, box) and (isinstance(item, Picture) or is_sublabel(item)):
            common = intersect(item.bbox, strip)
            spans.append((common[1], common[3]))
    total, end = 0.0, -math.inf
    for first, last in sorted(spans):
        total += max(0.0, last - max(first, end))
        end = max(end, last)
    return total


def _measure_obstacles(strip: Box, box: Box, caption: Caption, captions: Sequence[Caption], page: PageFlow) -> float:
    cost = 0.0
    own = {block for other in captions for block in other.blocks}
    for other in captions:
        if other is not caption and _overlaps(other.bbox, strip, box):
            cost += CAPTION_BETWEEN
    for block in page.blocks:
        if block not in own and _overlaps(block.bbox, strip, box) and len(block.text) > 40 and not is_sublabel(block):
            cost += TEXT_BETWEEN
    return cost


def _overlaps(item: Box, strip: Box, box: Box) -> bool:
    """Whether an item stands in the strip between picture and caption, with at least half of itself."""
    height = min(item[3], strip[3]) - max(item[1], strip[1])
    width = min(item[2], box[2]) - max(item[0], box[0])
    return height > 0.5 * (item[3] - item[1]) and width > 0.2 * min(item[2] - item[0], box[2] - box[0])


def is_sublabel(block: Block) -> bool:
    """Whether a block is a panel's letter, alone or with a few words."""
    if parse_panel_letters(block.text):
        return True
    return len(block.text) < 80 and parse_panel_line(block.text) is not None


def _anchor(
    pictures: Sequence[Picture], captions: Sequence[Caption], costs: Mapping[tuple[Picture, Caption], float]
) -> dict[Picture, Caption]:
    """One picture for as many figure captions as possible (augmenting paths over near pictures)."""
    holder: dict[Picture, Caption] = {}

    def claim(caption: Caption, tried: set[Picture]) -> bool:
        near = sorted((p for p in pictures if costs[p, caption] <= ANCHOR), key=lambda p: costs[p, caption])
        for picture in near:
            if picture in tried:
                continue
            tried.add(picture)
            if picture not in holder or claim(holder[picture], tried):
                holder[picture] = caption
                return True
        return False

    figures = [caption for caption in captions if caption.label is not None]
    for caption in sorted(figures, key=lambda c: min((costs[p, c] for p in pictures), default=math.inf)):
        claim(caption, set())
    return holder

"""What it costs to read a caption as a picture's: the way between them, and what stands in it."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from remud_gen.pairing.captions import Caption
from remud_gen.pairing.flow import Block, PageFlow, Picture
from remud_gen.rules.figure_labels import parse_panel_letters, parse_panel_line
from remud_gen.rules.geometry import Box, hull, intersect
from remud_gen.rules.near import BoxIndex

# Costs are thousandths of the page's height.
FARTHEST = 300.0  # beyond this a picture stays without a caption
AGAINST_HABIT = 40.0  # above, where the document's captions stand below, and the other way round
BESIDE = 20.0
SIDEWAYS = 0.4  # of a distance down the page: lines beside a picture are set to the far margin as well
SIDE_REACH = 0.16  # of the page's width: short lines beside a picture end far from it
MISALIGNED = 200.0
OFF_CENTRE = 30.0
TEXT_BETWEEN = 150.0
CAPTION_BETWEEN = 400.0  # more than any caption may cost: those beyond the next one need not be looked at
VIA_NEIGHBOUR = 20.0
APART = 80.0  # a picture is seldom captioned apart from those it stands close to

Habit = Literal["below", "above"]


@dataclass(frozen=True, slots=True)
class _Site:
    """A page with its captions, by where they stand."""

    page: PageFlow
    habit: Habit
    boxes: list[Box]  # of the captions
    own: frozenset[Block]  # what the captions are made of
    index: BoxIndex
    from_top: list[Box]
    from_bottom: list[Box]  # ascending, as the others are, by their lower edges


def measure_costs(
    page: PageFlow, captions: Sequence[Caption], habit: Habit, clusters: Mapping[Picture, list[Picture]]
) -> dict[Picture, dict[Caption, float]]:
    """Each picture's cost under each caption that may be its own, captions in their order; `clusters` as found.

    Captions that cost more than `FARTHEST` and `APART` together may be left out, or come with any cost above that.
    """
    boxes = [caption.bbox for caption in captions]
    own = frozenset(block for caption in captions for block in caption.blocks)
    from_top, from_bottom = sorted(boxes, key=lambda box: box[1]), sorted(boxes, key=lambda box: box[3])
    site = _Site(page, habit, boxes, own, BoxIndex(boxes), from_top, from_bottom)
    shared: dict[Picture, dict[int, float]] = {}  # by the first picture of each cluster
    costs = {}
    for picture in page.pictures:
        found = _measure_near(picture.bbox, site)
        mates = clusters[picture]
        if len(mates) > 1:
            if mates[0] not in shared:
                shared[mates[0]] = _measure_near(hull(mate.bbox for mate in mates), site)
            for i, cost in shared[mates[0]].items():
                found[i] = min(found.get(i, math.inf), cost + VIA_NEIGHBOUR)
        costs[picture] = {captions[i]: found[i] for i in sorted(found)}
    return costs


def is_sublabel(block: Block) -> bool:
    """Whether a block is a panel's letter, alone or with a few words."""
    if parse_panel_letters(block.text):
        return True
    return len(block.text) < 80 and parse_panel_line(block.text) is not None


def _measure_near(box: Box, site: _Site) -> dict[int, float]:
    """Costs by the caption's number, of captions as far as the first that stands between."""
    if not site.boxes:
        return {}
    start = bisect_left(site.from_top, box[3], key=lambda other: other[1])
    under = (site.from_top[i] for i in range(start, len(site.from_top)))
    end = bisect_right(site.from_bottom, box[1], key=lambda other: other[3])
    over = (site.from_bottom[i] for i in range(end - 1, -1, -1))
    # A strip without end: any caption farther away has at least one such between itself and the box.
    low, high = (box[0], box[3], box[2], math.inf), (box[0], -math.inf, box[2], box[1])
    bottom = next((other[3] for other in under if _overlaps(other, low, box)), site.from_bottom[-1][3])
    top = next((other[1] for other in over if _overlaps(other, high, box)), site.from_top[0][1])
    reach = max(0.0, SIDE_REACH * site.page.width)
    return {i: _measure_cost(box, i, site) for i in site.index.find((box[0] - reach, top, box[2] + reach, bottom))}


def _measure_cost(box: Box, number: int, site: _Site) -> float:
    """How far-fetched it is that the caption belongs to the picture in `box`; infinite where it cannot."""
    page, other = site.page, site.boxes[number]
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
    obstacles = _measure_obstacles(strip, box, number, site)
    if obstacles > FARTHEST + APART:
        return math.inf
    gap = max(0.0, strip[3] - strip[1] - _covered(strip, box, page))
    cost = 1000 * gap / page.height
    cost += MISALIGNED * (1 - min(1.0, common / min(box[2] - box[0], other[2] - other[0])))
    cost += OFF_CENTRE * abs(box[0] + box[2] - other[0] - other[2]) / 2 / page.width
    cost += 0.0 if (site.habit == "below") == is_below else AGAINST_HABIT
    return cost + obstacles


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
    if strip[3] <= strip[1]:
        return 0.0
    way = (box[0], strip[1], box[2], strip[3])
    items = [picture.bbox for picture in page.find_pictures(way)]
    items += [block.bbox for block in page.find_blocks(way) if _overlaps(block.bbox, strip, box) and is_sublabel(block)]
    spans = []
    for item in items:
        if item != box and _overlaps(item, strip, box):
            common = intersect(item, strip)
            spans.append((common[1], common[3]))
    total, end = 0.0, -math.inf
    for first, last in sorted(spans):
        total += max(0.0, last - max(first, end))
        end = max(end, last)
    return total


def _measure_obstacles(strip: Box, box: Box, number: int, site: _Site) -> float:
    if strip[3] <= strip[1]:
        return 0.0
    way = (box[0], strip[1], box[2], strip[3])
    cost = 0.0
    for other in site.index.find(way):
        if other != number and _overlaps(site.boxes[other], strip, box):
            cost += CAPTION_BETWEEN
    for block in site.page.find_blocks(way):
        is_text = block not in site.own and len(block.text) > 40
        if is_text and _overlaps(block.bbox, strip, box) and not is_sublabel(block):
            cost += TEXT_BETWEEN
    return cost


def _overlaps(item: Box, strip: Box, box: Box) -> bool:
    """Whether an item stands in the strip between picture and caption, with at least half of itself."""
    height = min(item[3], strip[3]) - max(item[1], strip[1])
    width = min(item[2], box[2]) - max(item[0], box[0])
    return height > 0.5 * (item[3] - item[1]) and width > 0.2 * min(item[2] - item[0], box[2] - box[0])

"""Pictures of a scan by their ink: solid dark regions, and drawings that text recognition left unexplained."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from remud_gen.layout.ink import InkPart, read_ink
from remud_gen.protocols import PageView, PictureBox
from remud_gen.records import TextLine
from remud_gen.rules.geometry import (
    Box,
    cluster,
    holds_centre,
    hull,
    measure_area,
    measure_cover,
    measure_gap,
    merge_overlapping,
)
from remud_gen.rules.label_evidence import read_label

MIN_SHARE = 0.01  # of the page
MIN_SIDE_SHARE = 0.035  # of the page height
SOLID_FILL = 0.55
LOOSE_GAP_SHARE = 0.018
MAX_RULE = 0.6
MAX_FLAT = 0.7
BANNER_FILL = 0.86
MAX_TEXT_SHARE = 0.42
LABEL_REACH_SHARE = 0.04  # of the page height


class ContourDetector:
    """Solid regions and clusters of strokes, tight to their ink."""

    name: ClassVar[str] = "contour"

    def detect(self, page: PageView, lines: Sequence[TextLine]) -> list[PictureBox]:
        """Boxes larger than 1 % of the page."""
        parts = read_ink(page, lines).parts
        solid = find_solid(parts, page)
        loose = find_loose([part for part in parts if not _lies_in(part.bbox, solid)], page, lines)
        return [PictureBox(box, "contour", 0.8) for box in solid] + [PictureBox(box, "contour", 0.55) for box in loose]


def is_large(box: Box, page: PageView) -> bool:
    """Over 1 % of the page and not a strip."""
    side = MIN_SIDE_SHARE * page.height
    return measure_area(box) > MIN_SHARE * page.width * page.height and min(box[2] - box[0], box[3] - box[1]) > side


def find_solid(parts: Sequence[InkPart], page: PageView) -> list[Box]:
    """Parts that fill their box: photographs and scans; not the shadow along a scanner's edge."""
    boxes = [
        part.bbox
        for part in parts
        if part.fill > SOLID_FILL
        and part.ink > 0.3
        and not is_tinted(part)
        and is_large(part.bbox, page)
        and not _is_border(part, page)
    ]
    return merge_overlapping(boxes)


def find_loose(parts: Sequence[InkPart], page: PageView, lines: Sequence[TextLine]) -> list[Box]:
    """Clusters of strokes that are no text and no table: charts, diagrams, line drawings."""
    usable = [part for part in parts if not _is_border(part, page) and not _is_page_rule(part, page)]
    reach = LOOSE_GAP_SHARE * page.height
    boxes = [part.bbox for part in usable]
    groups = cluster(boxes, lambda a, b: measure_gap(a, b) <= reach, boxes, reach)
    found = []
    for group in groups:
        members = [usable[i] for i in group]
        box = hull(part.bbox for part in members)
        if is_large(box, page) and is_drawing(members, box, lines, page.height):
            found.append(box)
    return merge_overlapping(found)


def is_drawing(members: Sequence[InkPart], box: Box, lines: Sequence[TextLine], height: float) -> bool:
    """Whether stroke parts make a drawing rather than a table's rules or text the engine failed to read."""
    area = measure_area(box)
    ink = sum(part.ink * measure_area(part.bbox) for part in members)
    rules = sum(part.rule * part.ink * measure_area(part.bbox) for part in members)
    label = read_label(box, lines, LABEL_REACH_SHARE * height)
    if label == "table" or is_banner(members) or ink < 0.01 * area:
        return False
    # Flow charts are rules and words, as tables are: the printed label tells them apart.
    return label == "figure" or (rules < MAX_RULE * ink and _measure_text(box, lines) < MAX_TEXT_SHARE)


def is_tinted(part: InkPart) -> bool:
    """Whether a part is a rectangle of one tone; grey circles and boxes of a diagram leave its corners free."""
    return part.flat >= MAX_FLAT and part.fill > BANNER_FILL


def is_banner(members: Sequence[InkPart]) -> bool:
    """Whether a region is one tinted box: a chapter banner, a shaded paragraph."""
    return 0 < len(members) <= 2 and all(is_tinted(part) for part in members)


def is_labelled_table(box: Box, lines: Sequence[TextLine], height: float) -> bool:
    """Whether a label says table and words fill a good part of the box."""
    return _measure_text(box, lines) > 0.1 and read_label(box, lines, LABEL_REACH_SHARE * height) == "table"


def is_print(box: Box, lines: Sequence[TextLine], height: float) -> bool:
    """Whether a region is mostly words that no label calls a figure."""
    is_full = _measure_text(box, lines) > MAX_TEXT_SHARE
    return is_full and read_label(box, lines, LABEL_REACH_SHARE * height) != "figure"


def _measure_text(box: Box, lines: Sequence[TextLine]) -> float:
    return sum(measure_area(line.bbox) for line in lines if holds_centre(box, line.bbox)) / (measure_area(box) or 1.0)


def _is_border(part: InkPart, page: PageView) -> bool:
    width, height = part.bbox[2] - part.bbox[0], part.bbox[3] - part.bbox[1]
    if not part.touches_edge:
        return False
    is_strip = min(width / page.width, height / page.height) < 0.06
    is_frame = width > 0.9 * page.width and height > 0.9 * page.height
    return is_strip or is_frame


def _is_page_rule(part: InkPart, page: PageView) -> bool:
    width, height = part.bbox[2] - part.bbox[0], part.bbox[3] - part.bbox[1]
    return min(width, height) < 0.006 * page.height and max(width, height) > 0.08 * page.width


def _lies_in(box: Box, hosts: Sequence[Box]) -> bool:
    return any(measure_cover(box, host) > 0.6 for host in hosts)

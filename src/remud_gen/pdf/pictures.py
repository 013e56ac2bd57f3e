"""Picture regions of a digital page, from what the page paints: images, tiles and strips, overlays, vector charts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from remud_gen.pdf.marks import ImageMark, PathMark
from remud_gen.protocols import PictureBox
from remud_gen.records import TextLine
from remud_gen.rules.geometry import (
    Box,
    cluster,
    holds_centre,
    hull,
    measure_area,
    measure_cover,
    measure_gap,
    measure_overlap,
)
from remud_gen.rules.label_evidence import read_label
from remud_gen.rules.near import BoxIndex

MIN_SIDE_PT = 24
MIN_SHARE = 0.006  # of the page; smaller pictures are icons and logos
BACKGROUND_SHARE = 0.85
TILE_GAP_PT = 1.5  # strips and tiles of one picture abut; panels have a visible gap
OVERLAY_GAP_PT = 3.0
PATH_GAP_PT = 12.0
RULE_GAP_PT = 4.0
SMALL_IMAGE_SHARE = 0.006
LABEL_GAP_PT = 9.0
LABEL_MAX_CHARS = 48
LABEL_REACH_PT = 32.0
CAPTION = re.compile(r"\s*(?:fig|table|plate|chart|box|图|圖|表|插图)", re.IGNORECASE)
MAX_PARTS = 3000
MAX_JOINED = 600
CONNECTOR_GAP_PT = 2.0
BANNER_ASPECT = 3.5
BANNER_TOP_SHARE = 0.25
BANNER_BOTTOM_SHARE = 0.88


@dataclass(frozen=True, slots=True)
class _Part:
    """One painted thing that may belong to a picture."""

    bbox: Box
    image: ImageMark | None
    path: PathMark | None


def find_pictures(
    images: Sequence[ImageMark], paths: Sequence[PathMark], lines: Sequence[TextLine], size: tuple[float, float]
) -> list[PictureBox]:
    """Picture boxes in points: one per panel that stands apart, tiles, overlays and chart labels merged in."""
    page_area = size[0] * size[1]
    kept_images = _select_images(images, page_area)
    strong, weak = _select_paths(paths, lines, kept_images, page_area)
    parts = [_Part(image.bbox, image, None) for image in kept_images]
    parts += [_Part(path.bbox, None, path) for path in strong + _find_connectors(strong, weak)]
    found: list[PictureBox] = []
    for group in _group_parts(parts[:MAX_PARTS], page_area):
        members = [parts[i] for i in group]
        box = hull(part.bbox for part in members)
        marks = [part.image for part in members if part.image]
        if marks:
            dpi = round(max(mark.dpi for mark in marks))
            found.append(PictureBox(box, "embedded", 0.95, dpi))
            continue
        box = _absorb_rules(box, weak)
        if _is_drawing([part.path for part in members if part.path], box, lines, weak):
            found.append(PictureBox(_absorb_labels(box, lines), "vector", 0.7))
    merged = _merge_found(found)
    return [box for box in merged if _is_large_enough(box.bbox, page_area) and not _is_banner(box.bbox, lines, size[1])]


def _is_banner(box: Box, lines: Sequence[TextLine], page_height: float) -> bool:
    """A strip at the top or bottom of a page that no label calls a figure: a journal's head, a row of logos."""
    is_strip = box[2] - box[0] > BANNER_ASPECT * (box[3] - box[1])
    is_at_edge = box[3] < BANNER_TOP_SHARE * page_height or box[1] > BANNER_BOTTOM_SHARE * page_height
    return is_strip and is_at_edge and read_label(box, lines, LABEL_REACH_PT) != "figure"


def _is_large_enough(box: Box, page_area: float) -> bool:
    return min(box[2] - box[0], box[3] - box[1]) >= MIN_SIDE_PT and measure_area(box) >= MIN_SHARE * page_area


def _select_images(images: Sequence[ImageMark], page_area: float) -> list[ImageMark]:
    kept: dict[Box, ImageMark] = {}
    for image in images:
        is_line = min(image.bbox[2] - image.bbox[0], image.bbox[3] - image.bbox[1]) < 1
        if not is_line and measure_area(image.bbox) <= BACKGROUND_SHARE * page_area:
            kept.setdefault(image.bbox, image)
    return list(kept.values())


def _select_paths(
    paths: Sequence[PathMark], lines: Sequence[TextLine], images: Sequence[ImageMark], page_area: float
) -> tuple[list[PathMark], list[PathMark]]:
    """Paths that draw something, and the rules that may belong to a drawing."""
    strong, weak = [], []
    places = BoxIndex(line.bbox for line in lines)
    for path in paths:
        if path.is_rule:
            weak.append(path)
            continue
        if path.is_white or measure_area(path.bbox) > 0.5 * page_area:
            continue
        if path.is_rectangle and _is_container(path, [lines[i] for i in places.find(path.bbox)], images):
            continue
        strong.append(path)
    return strong, weak


def _find_connectors(strong: Sequence[PathMark], rules: Sequence[PathMark]) -> list[PathMark]:
    """Straight lines that join the boxes of a diagram; rules of tables and pages join nothing."""
    boxes = [path.bbox for path in strong[:MAX_JOINED]]
    return [
        rule
        for rule in rules[:MAX_JOINED]
        if sum(measure_gap(rule.bbox, box) <= CONNECTOR_GAP_PT for box in boxes) >= 2
    ]


def _is_container(path: PathMark, lines: Sequence[TextLine], images: Sequence[ImageMark]) -> bool:
    """A frame or a tinted box around running text or several pictures is page furniture, not a drawing."""
    inside = [line for line in lines if holds_centre(path.bbox, line.bbox)]
    if sum(len(line.text) for line in inside) > 160:
        return True
    area = measure_area(path.bbox) or 1.0
    text_share = sum(measure_area(line.bbox) for line in inside) / area
    if text_share > 0.35:
        return True
    return sum(measure_cover(image.bbox, path.bbox) > 0.9 for image in images) >= 2


def _group_parts(parts: Sequence[_Part], page_area: float) -> list[list[int]]:
    def is_big(part: _Part) -> bool:
        return part.image is not None and measure_area(part.bbox) > SMALL_IMAGE_SHARE * page_area

    boxes, big = [part.bbox for part in parts], [is_big(part) for part in parts]
    farthest = max(TILE_GAP_PT, OVERLAY_GAP_PT, PATH_GAP_PT)
    groups = cluster(range(len(parts)), lambda a, b: _belongs(parts[a], parts[b], big[a], big[b]), boxes, farthest)
    # Hulls that lie on one another are one picture: a chart's inset, an image with labels around it.
    while True:
        hulls = [hull(parts[i].bbox for i in group) for group in groups]
        joined = cluster(
            hulls, lambda a, b: measure_overlap(a, b) > 0.3 * min(measure_area(a), measure_area(b)) > 0, hulls
        )
        if len(joined) == len(groups):
            return groups
        groups = [sorted(i for k in group for i in groups[k]) for group in joined]


def _belongs(a: _Part, b: _Part, a_is_big: bool, b_is_big: bool) -> bool:
    gap = measure_gap(a.bbox, b.bbox)
    if a_is_big and b_is_big:
        return gap <= TILE_GAP_PT and _is_tile(a.bbox, b.bbox)
    if a_is_big or b_is_big:
        return gap <= OVERLAY_GAP_PT
    return gap <= PATH_GAP_PT


def _is_tile(a: Box, b: Box) -> bool:
    """Overlapping, or abutting along most of an edge."""
    if measure_overlap(a, b) > 0.2 * min(measure_area(a), measure_area(b)):
        return True
    wide = min(a[2], b[2]) - max(a[0], b[0]) > 0.8 * min(a[2] - a[0], b[2] - b[0])
    high = min(a[3], b[3]) - max(a[1], b[1]) > 0.8 * min(a[3] - a[1], b[3] - b[1])
    return wide or high


def _absorb_rules(box: Box, rules: Sequence[PathMark]) -> Box:
    """Axes, ticks and grid lines that touch the drawing; not the rules of the page."""
    limit = 1.6 * max(box[2] - box[0], box[3] - box[1]) + 20
    left = [rule.bbox for rule in rules if max(rule.bbox[2] - rule.bbox[0], rule.bbox[3] - rule.bbox[1]) < limit]
    while near := [rule for rule in left if measure_gap(box, rule) <= RULE_GAP_PT]:
        box = hull([box, *near])
        left = [rule for rule in left if measure_gap(box, rule) > 0]
    return box


def _is_drawing(paths: Sequence[PathMark], box: Box, lines: Sequence[TextLine], rules: Sequence[PathMark]) -> bool:
    """Whether vector marks make a chart or diagram, rather than a table, a text box or an ornament."""
    if min(box[2] - box[0], box[3] - box[1]) < MIN_SIDE_PT:
        return False
    inside = [line for line in lines if holds_centre(box, line.bbox)]
    text_share = sum(measure_area(line.bbox) for line in inside) / (measure_area(box) or 1.0)
    lively = sum(path.has_curve or path.has_slant for path in paths)
    bars = sum(path.is_rectangle and path.is_filled for path in paths)
    label = read_label(box, lines, LABEL_REACH_PT)
    if label == "table":
        return False
    if label == "figure" and (lively or bars >= 2):
        return True
    if text_share > 0.45:
        return False
    if lively >= 3:
        return True
    heights = {round(path.bbox[3] - path.bbox[1]) for path in paths if path.is_rectangle and path.is_filled}
    has_axes = any(measure_gap(box, rule.bbox) == 0 for rule in rules)
    if lively and (has_axes or bars):
        return True
    return bars >= 3 and len(heights) >= 3 and text_share < 0.2


def _absorb_labels(box: Box, lines: Sequence[TextLine]) -> Box:
    """Axis and tick labels just outside a chart: short lines, never a caption."""
    places = BoxIndex(line.bbox for line in lines)
    for _ in range(2):
        near = [
            line.bbox
            for line in (lines[i] for i in places.find(box, LABEL_GAP_PT))
            if len(line.text) <= LABEL_MAX_CHARS
            and not CAPTION.match(line.text)
            and measure_gap(box, line.bbox) <= LABEL_GAP_PT
            and line.bbox[2] - line.bbox[0] <= 1.1 * (box[2] - box[0])
            and not _is_in_paragraph(line, lines, places)
        ]
        box = hull([box, *near])
    return box


def _is_in_paragraph(line: TextLine, lines: Sequence[TextLine], places: BoxIndex) -> bool:
    """Whether long lines of the same size stand right above or below, flush left: the line ends running text."""
    size = line.font_size or line.bbox[3] - line.bbox[1]
    return any(
        len(other.text) > LABEL_MAX_CHARS
        and abs(other.bbox[0] - line.bbox[0]) < 1.5 * size
        and abs((other.font_size or size) - size) < 0.3
        and measure_gap(other.bbox, line.bbox) < 0.8 * size
        for other in (lines[i] for i in places.find(line.bbox, max(0.0, 0.8 * size)))
        if other is not line
    )


def _merge_found(found: list[PictureBox]) -> list[PictureBox]:
    """Charts whose labels grew into a neighbour are one picture with it; images keep apart."""
    merged: list[PictureBox] = []
    for box in sorted(found, key=lambda b: -measure_area(b.bbox)):
        host = next(
            (
                i
                for i, other in enumerate(merged)
                if measure_overlap(box.bbox, other.bbox) > 0.3 * measure_area(box.bbox)
            ),
            None,
        )
        if host is None:
            merged.append(box)
            continue
        other = merged[host]
        merged[host] = PictureBox(
            hull([box.bbox, other.bbox]),
            other.detector,
            max(box.score, other.score),
            max(box.native_dpi or 0, other.native_dpi or 0) or None,
        )
    return sorted(merged, key=lambda b: (b.bbox[1], b.bbox[0]))

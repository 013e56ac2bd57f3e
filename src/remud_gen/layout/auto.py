"""The default: what a digital page declares; on a scan the union of segmenter and ink, snapped to the ink."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from remud_gen.layout.contour import find_loose, find_solid, is_banner, is_labelled_table, is_large, is_print
from remud_gen.layout.embedded import EmbeddedDetector
from remud_gen.layout.ink import InkPart, read_ink
from remud_gen.layout.segmenter import SegmenterDetector
from remud_gen.protocols import PageView, PictureBox
from remud_gen.records import TextLine
from remud_gen.rules.geometry import Box, grow, hull, measure_area, measure_cover, measure_overlap, merge_overlapping

SLACK_SHARE = 0.016  # of the page: how far the segmenter's edges may be off
MAX_LIGHT = 0.25  # with less paper than this, and few words, the page is itself a picture
MAX_CHARS = 400


class AutoDetector:
    """Embedded pictures on digital pages; segmenter and ink, which fail on different inputs, united on scans."""

    name: ClassVar[str] = "auto"

    def detect(self, page: PageView, lines: Sequence[TextLine]) -> list[PictureBox]:
        """Picture boxes by the page's kind."""
        if page.kind == "digital":
            return EmbeddedDetector().detect(page, lines)
        ink = read_ink(page, lines)
        if ink.light < MAX_LIGHT and sum(len(line.text) for line in lines) < MAX_CHARS:
            return [PictureBox((0.0, 0.0, page.width, page.height), "whole", 0.9)]
        parts = ink.parts
        solid = find_solid(parts, page)
        seen = [box.bbox for box in SegmenterDetector().detect(page, lines)]
        found = [PictureBox(box, "contour+segmenter" if _covers(seen, box) else "contour", 0.9) for box in solid]
        for box in merge_overlapping(seen):
            found += _settle(box, parts, solid, page, lines)
        taken = [box.bbox for box in found]
        rest = [part for part in parts if not any(measure_cover(part.bbox, box) > 0.5 for box in taken)]
        found += [PictureBox(box, "contour", 0.55) for box in find_loose(rest, page, lines)]
        return _drop_nested(found)


def _covers(boxes: Sequence[Box], box: Box) -> bool:
    return any(measure_cover(box, other) > 0.5 for other in boxes)


def _settle(
    seen: Box, parts: Sequence[InkPart], solid: Sequence[Box], page: PageView, lines: Sequence[TextLine]
) -> list[PictureBox]:
    """What a segmenter's box adds to the solid regions: nothing, or a picture of looser ink snapped to its edges."""
    inside = [box for box in solid if measure_overlap(box, seen) > 0.5 * min(measure_area(box), measure_area(seen))]
    if sum(measure_overlap(box, seen) for box in inside) > 0.55 * measure_area(seen):
        return []
    reach = grow(seen, SLACK_SHARE * page.width, SLACK_SHARE * page.height)
    ink = [part for part in parts if measure_cover(grow(part.bbox, 0.01), reach) > 0.7 and not part.touches_edge]
    if not ink:
        return [] if is_print(seen, lines, page.height) else [PictureBox(seen, "segmenter", 0.5)]
    snapped = hull(part.bbox for part in ink)
    if is_banner(ink) or is_labelled_table(snapped, lines, page.height) or is_print(snapped, lines, page.height):
        return []
    is_plausible = measure_area(snapped) > 0.4 * measure_area(seen)
    box = snapped if is_plausible and is_large(snapped, page) else seen
    return [PictureBox(box, "segmenter", 0.75)]


def _drop_nested(found: Sequence[PictureBox]) -> list[PictureBox]:
    kept: list[PictureBox] = []
    for box in sorted(found, key=lambda b: -measure_area(b.bbox)):
        if not any(measure_cover(box.bbox, other.bbox) > 0.6 for other in kept):
            kept.append(box)
    return sorted(kept, key=lambda b: (b.bbox[1], b.bbox[0]))

"""Boxes in a picture's own pixels: of the words that are printed into it."""

from __future__ import annotations

from collections.abc import Mapping

from remud_gen.exporters.reserved import find_reserved, find_unfit_character
from remud_gen.records import BBox, Quadruplet
from remud_gen.rules.late import compile_late

PixelBox = tuple[int, int, int, int]

# Behind a label stands its meaning, which is not printed in the picture.
_MEANING = compile_late(r"\s*[(（][^()（）]*[)）]\s*$")
_MAX_SKEW = 0.02  # by which a picture's sides may differ from those of its box on the page


def find_printed_boxes(record: Quadruplet) -> Mapping[str, tuple[PixelBox, ...]]:
    """Printed words -> x0, y0, x1, y1 in pixels of the record's picture; empty where that cannot be told.

    The boxes of evidence are those of the page. They are the picture's own only where it is the one picture of the
    record, was cut out of the page along `source.bbox`, and is what the evidence speaks of.
    """
    region = record.source.bbox
    if len(record.images) != 1 or region is None or record.question_from is not None:
        return {}
    picture = record.images[0]
    width, height = region[2] - region[0], region[3] - region[1]
    if width <= 0 or height <= 0:
        return {}
    across, down = picture.width_px / width, picture.height_px / height
    if abs(across / down - 1) > _MAX_SKEW:
        return {}
    found: dict[str, tuple[PixelBox, ...]] = {}
    for span in record.evidence:
        text = _MEANING.sub("", span.text).strip()
        if span.kind != "burned_in" or span.bbox is None or not _is_printable(text):
            continue
        box = _to_pixels(span.bbox, region, across, down)
        # Words at the very edge are often cut off, and read wrongly.
        if 0 < box[0] < box[2] < picture.width_px - 1 and 0 < box[1] < box[3] < picture.height_px - 1:
            found[text] = (*found.get(text, ()), box)
    return found


def _to_pixels(box: BBox, region: BBox, across: float, down: float) -> PixelBox:
    x0, y0, x1, y1 = box
    return (
        round((x0 - region[0]) * across),
        round((y0 - region[1]) * down),
        round((x1 - region[0]) * across),
        round((y1 - region[1]) * down),
    )


def _is_printable(text: str) -> bool:
    return bool(text) and "\n" not in text and find_reserved(text) is None and find_unfit_character(text) is None

"""What a printed label beside a region says it is: a figure or a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from remud_gen.records import TextLine
from remud_gen.rules.blocks import CAPTION, TABLE_CAPTION
from remud_gen.rules.geometry import Box

MAX_SIDE_GAP = 0.4  # of the reach: a label beside a region stands closer than one above or below


def read_label(box: Box, lines: Sequence[TextLine], reach: float) -> Literal["figure", "table"] | None:
    """The nearest label that begins a line within `reach` above, below or beside the box."""
    best: tuple[float, Literal["figure", "table"]] | None = None
    for line in lines:
        x0, y0, x1, y1 = line.bbox
        across = max(0.0, x0 - box[2], box[0] - x1)
        down = max(0.0, y0 - box[3], box[1] - y1)
        if across > MAX_SIDE_GAP * reach or down > reach or (across > 0 and down > 0):
            continue
        is_table = bool(TABLE_CAPTION.match(line.text))
        if not is_table and not CAPTION.match(line.text):
            continue
        gap = max(across, down)
        if best is None or gap < best[0]:
            best = (gap, "table" if is_table else "figure")
    return best[1] if best else None

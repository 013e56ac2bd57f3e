"""Reading order of boxes on a page: recursive cuts along white gutters and bands."""

from __future__ import annotations

from collections.abc import Sequence

from remud_gen.rules.geometry import Box, hull

MIN_GUTTER_SHARE = 0.012  # of the page width
MIN_COLUMN_SHARE = 0.13  # a narrower strip is a list number or a margin mark, not a column
MAX_DEPTH = 24


def order_boxes(boxes: Sequence[Box], page_width: float) -> list[int]:
    """Indexes in reading order: down each column, columns left to right, full-width boxes between them in place."""
    return _order(list(range(len(boxes))), boxes, page_width, 0)


def _order(ids: list[int], boxes: Sequence[Box], width: float, depth: int) -> list[int]:
    if len(ids) < 2 or depth > MAX_DEPTH:
        return sorted(ids, key=lambda i: (boxes[i][1], boxes[i][0]))
    ordered: list[int] = []
    for group in _group_rows(ids, boxes, width):
        gutter = _find_gutter(group, boxes, width)
        if gutter is None:
            ordered += _order_lines(group, boxes)
            continue
        left = [i for i in group if (boxes[i][0] + boxes[i][2]) / 2 < gutter]
        right = [i for i in group if (boxes[i][0] + boxes[i][2]) / 2 >= gutter]
        ordered += _order(left, boxes, width, depth + 1) + _order(right, boxes, width, depth + 1)
    return ordered


def _order_lines(ids: list[int], boxes: Sequence[Box]) -> list[int]:
    """Top to bottom; boxes of one visual line left to right."""
    ordered: list[int] = []
    row: list[int] = []
    for i in sorted(ids, key=lambda i: (boxes[i][1], boxes[i][0])):
        if row and not _shares_line(boxes[row[0]], boxes[i]):
            ordered += sorted(row, key=lambda k: boxes[k][0])
            row = []
        row.append(i)
    return ordered + sorted(row, key=lambda k: boxes[k][0])


def _shares_line(a: Box, b: Box) -> bool:
    common = min(a[3], b[3]) - max(a[1], b[1])
    low, high = sorted((a[3] - a[1], b[3] - b[1]))
    return common > 0.5 * low and high < 3 * low


def _group_rows(ids: list[int], boxes: Sequence[Box], width: float) -> list[list[int]]:
    """Bands from top to bottom, neighbours joined as long as one gutter runs through all of them."""
    rows: list[list[int]] = []
    bottom = float("-inf")
    for i in sorted(ids, key=lambda i: (boxes[i][1], boxes[i][0])):
        if boxes[i][1] >= bottom - 0.5:
            rows.append([])
        rows[-1].append(i)
        bottom = max(bottom, boxes[i][3])
    groups: list[list[int]] = []
    for row in rows:
        if groups:
            joined = groups[-1] + row
            if _find_gutter(joined, boxes, width) is not None:
                groups[-1] = joined
                continue
            if _find_gutter(groups[-1], boxes, width) is None and _find_gutter(row, boxes, width) is None:
                groups[-1] = joined
                continue
        groups.append(list(row))
    return groups


def _find_gutter(ids: Sequence[int], boxes: Sequence[Box], width: float) -> float | None:
    """Middle of the widest white vertical strip that has columns on both sides."""
    spans = sorted((boxes[i][0], boxes[i][2]) for i in ids)
    around = hull(boxes[i] for i in ids)
    best: tuple[float, float] | None = None
    right = spans[0][1]
    for x0, x1 in spans[1:]:
        gap = x0 - right
        is_wide = gap >= MIN_GUTTER_SHARE * width
        if is_wide and min(right - around[0], around[2] - x0) >= MIN_COLUMN_SHARE * width:
            best = max(best or (0.0, 0.0), (gap, right + gap / 2))
        right = max(right, x1)
    return best[1] if best else None

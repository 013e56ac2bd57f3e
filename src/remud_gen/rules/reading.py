"""Reading order of boxes on a page: recursive cuts along white gutters and bands."""

from __future__ import annotations

from collections.abc import Sequence

from remud_gen.rules.geometry import Box, hull

MIN_GUTTER_SHARE = 0.012  # of the page width
MIN_COLUMN_SHARE = 0.13  # a narrower strip is a list number or a margin mark, not a column
MIN_HEAD_SHARE = 0.25  # lines above both columns that are less wide may be a label or a date
MAX_LINE_GAP = 2.5  # line heights down to the next line of the same column
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
    groups: list[list[list[int]]] = []
    for row in rows:
        if groups:
            if _find_gutter(_flatten([*groups[-1], row]), boxes, width) is not None:
                groups[-1].append(row)
                continue
            gutter = _find_gutter(row, boxes, width)
            is_split = _find_gutter(_flatten(groups[-1]), boxes, width) is not None
            if gutter is None and not is_split:
                groups[-1].append(row)
                continue
            if gutter is not None and not is_split:
                head = _find_column_head(groups[-1], row, gutter, boxes, width)
                groups[-1], taken = groups[-1][:head], groups[-1][head:]
                groups.append([*taken, row])
                continue
        groups.append([row])
    return [_flatten(group) for group in groups if group]


def _flatten(rows: Sequence[Sequence[int]]) -> list[int]:
    return [i for row in rows for i in row]


def _find_column_head(
    rows: Sequence[Sequence[int]], row: Sequence[int], gutter: float, boxes: Sequence[Box], width: float
) -> int:
    """Where, among the rows above the first row of two columns, the head of one of these columns begins.

    Beside a picture a column starts higher than its neighbour, and its first lines have nothing at their side.
    """
    for is_right in (False, True):
        head = len(rows)
        below = [boxes[i] for i in row if (boxes[i][0] > gutter) == is_right]
        while head and below:
            around = hull(boxes[i] for i in rows[head - 1])
            is_beside = around[0] > gutter if is_right else around[2] < gutter
            gap = min(box[1] for box in below) - around[3]
            if not is_beside or gap > MAX_LINE_GAP * (around[3] - around[1]):
                break
            head, below = head - 1, [around]
        if head < len(rows):
            column = hull(boxes[i] for i in _flatten(rows[head:]))
            if column[2] - column[0] >= MIN_HEAD_SHARE * width:
                return head
    return len(rows)


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

"""Reading order of boxes on a page: recursive cuts along white gutters and bands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from heapq import merge

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
        gutter = _read_strip(group, boxes, width).gutter
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
    groups: list[_Band] = []
    for row in rows:
        band = _Band([row], [hull(boxes[i] for i in row)], _read_strip(row, boxes, width))
        if groups:
            last = groups[-1]
            together = last.strip.join(band.strip)
            is_split = last.strip.gutter is not None
            if together.gutter is not None or (band.strip.gutter is None and not is_split):
                last.add(band, together)
                continue
            if band.strip.gutter is not None and not is_split:
                head = _find_column_head(last, row, band.strip.gutter, boxes, width)
                if head < len(last.rows):
                    band = last.cut(head, band, boxes, width)
        groups.append(band)
    return [_flatten(group.rows) for group in groups if group.rows]


@dataclass(slots=True)
class _Strip:
    """A band's print from left to right: stretches, and between them what is wide enough for a gutter."""

    stretches: list[tuple[float, float]]
    left: float
    right: float
    width: float  # of the page
    gutter: float | None  # middle of the widest white strip that has columns on both sides

    def join(self, other: _Strip) -> _Strip:
        """Of both bands together."""
        spans = merge(self.stretches, other.stretches)
        return _make_strip(spans, min(self.left, other.left), max(self.right, other.right), self.width)


def _read_strip(ids: Sequence[int], boxes: Sequence[Box], width: float) -> _Strip:
    spans = sorted((boxes[i][0], boxes[i][2]) for i in ids)
    return _make_strip(spans, spans[0][0], max(right for _, right in spans), width)


def _make_strip(spans: Iterable[tuple[float, float]], left: float, right: float, width: float) -> _Strip:
    """`spans` in their order."""
    least_gap, least_column = MIN_GUTTER_SHARE * width, MIN_COLUMN_SHARE * width
    stretches: list[tuple[float, float]] = []
    best: tuple[float, float] | None = None
    for x0, x1 in spans:
        if not stretches:
            stretches.append((x0, x1))
            continue
        start, end = stretches[-1]
        gap = x0 - end
        if gap < least_gap:
            stretches[-1] = (start, max(end, x1))
            continue
        if min(end - left, right - x0) >= least_column:
            best = max(best or (0.0, 0.0), (gap, end + gap / 2))
        stretches.append((x0, max(end, x1)))
    return _Strip(stretches, left, right, width, best[1] if best else None)


@dataclass(slots=True)
class _Band:
    """Rows that are read together, the hull of each, and the strip of them all."""

    rows: list[list[int]]
    hulls: list[Box]
    strip: _Strip

    def add(self, below: _Band, strip: _Strip) -> None:
        """Take in what stands below; `strip` is that of both."""
        self.rows += below.rows
        self.hulls += below.hulls
        self.strip = strip

    def cut(self, head: int, below: _Band, boxes: Sequence[Box], width: float) -> _Band:
        """Give the rows from `head` on to the band below, which comes back."""
        rows, hulls = [*self.rows[head:], *below.rows], [*self.hulls[head:], *below.hulls]
        del self.rows[head:], self.hulls[head:]
        return _Band(rows, hulls, _read_strip(_flatten(rows), boxes, width))


def _flatten(rows: Sequence[Sequence[int]]) -> list[int]:
    return [i for row in rows for i in row]


def _find_column_head(band: _Band, row: Sequence[int], gutter: float, boxes: Sequence[Box], width: float) -> int:
    """Where, among the rows above the first row of two columns, the head of one of these columns begins.

    Beside a picture a column starts higher than its neighbour, and its first lines have nothing at their side.
    """
    for is_right in (False, True):
        head = len(band.rows)
        below = min((boxes[i][1] for i in row if (boxes[i][0] > gutter) == is_right), default=None)
        while head and below is not None:
            around = band.hulls[head - 1]
            is_beside = around[0] > gutter if is_right else around[2] < gutter
            if not is_beside or below - around[3] > MAX_LINE_GAP * (around[3] - around[1]):
                break
            head, below = head - 1, around[1]
        if head < len(band.rows):
            column = hull(band.hulls[head:])
            if column[2] - column[0] >= MIN_HEAD_SHARE * width:
                return head
    return len(band.rows)

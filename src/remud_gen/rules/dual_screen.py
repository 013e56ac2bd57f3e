"""Pictures that hold several: two frames of one scanner screen, or parts that white gaps set apart."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from remud_gen.rules.pixels import Grid, Mask, smooth

Span = tuple[int, int]
PartBox = tuple[int, int, int, int]  # pixels of the grid
PAPER = 225
LEAST_PART_PX, LEAST_PART_SHARE = 30, 0.04
MIDDLE = (0.4, 0.6)  # share of the width between which the two halves meet
LEAST_LIT, MOST_PAPER = 0.06, 0.35
ALIKE = 0.55


def split_at_paper(grey: Grid, depth: int = 3, across: bool = True) -> list[PartBox]:
    """Boxes of the parts between white gaps, across, then down, then across; one box for a picture without gaps."""
    found = [box for box in _split(grey, (0, 0, grey.shape[1], grey.shape[0]), depth, across) if _is_part(box, grey)]
    return found or [(0, 0, grey.shape[1], grey.shape[0])]


def find_screens(grey: Grid) -> tuple[PartBox, PartBox] | None:
    """The left and right half of a dual screen: a gap or line in the middle, and two frames of like size beside it."""
    height, width = grey.shape
    if width < 2 * LEAST_PART_PX or height < LEAST_PART_PX or not 0.9 <= width / height <= 4.5:
        return None
    gap = _find_gap(grey)
    if gap is None or _has_rows(grey):
        return None
    left, right = (0, gap[0]), (gap[1], width)
    boxes = tuple(_tighten(grey, span) for span in (left, right))
    if any(box is None for box in boxes):
        return None
    first, second = boxes
    assert first is not None and second is not None
    return (first, second) if _are_alike(grey, first, second) else None


def _split(grey: Grid, box: PartBox, depth: int, across: bool) -> Iterator[PartBox]:
    x0, y0, x1, y1 = box
    part = grey[y0:y1, x0:x1]
    is_paper = (part > PAPER).mean(axis=0 if across else 1) >= 0.98
    spans = _list_spans(~is_paper)
    if depth == 0 or not spans:
        yield box
        return
    for start, end in spans:
        inner = (x0 + start, y0, x0 + end, y1) if across else (x0, y0 + start, x1, y0 + end)
        yield from _split(grey, inner, depth - 1, not across)


def _list_spans(mask: Mask) -> list[Span]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(np.int8), [0]])))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def _is_part(box: PartBox, grey: Grid) -> bool:
    width, height = box[2] - box[0], box[3] - box[1]
    return min(width, height) >= LEAST_PART_PX and width * height >= LEAST_PART_SHARE * grey.size


def _find_gap(grey: Grid) -> Span | None:
    """The columns between the halves: paper, black, or one bright line from top to bottom."""
    width = grey.shape[1]
    low, high = (int(share * width) for share in MIDDLE)
    black = float(np.percentile(grey, 2)) + 22
    is_paper = (grey > PAPER).mean(axis=0) >= 0.97
    is_black = (grey < black).mean(axis=0) >= 0.985
    candidates = [
        (start, end)
        for mask, least in ((is_paper, 1), (is_black, 3))
        for start, end in _list_spans(mask)
        if end - start >= least and low <= (start + end) / 2 <= high
    ]
    if not candidates:
        candidates = _find_line(grey, low, high) or _find_seam(grey)
    return min(candidates, key=lambda span: abs((span[0] + span[1]) / 2 - width / 2), default=None)


def _has_rows(grey: Grid) -> bool:
    """Whether a gap from side to side parts upper from lower pictures: a plate of four is no dual screen."""
    low, high = (int(share * grey.shape[0]) for share in MIDDLE)
    black = float(np.percentile(grey, 2)) + 22
    inner = grey[low:high]
    lit = [float((half > 45).mean()) for half in (grey[:low], grey[high:])]
    has_gap = bool(((inner > PAPER).mean(axis=1) >= 0.97).any() or ((inner < black).mean(axis=1) >= 0.99).any())
    return has_gap and min(lit) > LEAST_LIT


def _find_line(grey: Grid, low: int, high: int) -> list[Span]:
    """An upright line brighter than both sides over nearly the whole height."""
    inner = grey[:, low:high]
    if inner.shape[1] < 7:
        return []
    beside = np.maximum(inner[:, :-6], inner[:, 6:])
    is_line = (inner[:, 3:-3] > beside + 25).mean(axis=0) >= 0.85
    return [(low + 3 + start, low + 3 + end) for start, end in _list_spans(is_line) if end - start <= 4]


def _find_seam(grey: Grid) -> list[Span]:
    """The column near the middle where two frames that touch do not go on into each other."""
    height, width = grey.shape
    step = np.abs(np.diff(grey, axis=1))
    lit = np.maximum(grey[:, 1:], grey[:, :-1]) > 45
    count = lit.sum(axis=0)
    broken = ((step > 18) & lit).sum(axis=0) / (count + 1) * (count > 0.35 * height)
    low, high = int(0.47 * width), int(0.53 * width)
    at = low + int(np.argmax(broken[low:high]))
    return [(at + 1, at + 1)] if broken[at] >= 0.7 and broken[at] > 2 * float(np.median(broken)) else []


def _tighten(grey: Grid, span: Span) -> PartBox | None:
    """The box of what is neither black nor paper between two columns."""
    part = grey[:, span[0] : span[1]]
    if part.size == 0:
        return None
    lit = (part > 45) & (part < PAPER)
    rows = np.flatnonzero(lit.mean(axis=1) > 0.02)
    columns = np.flatnonzero(lit.mean(axis=0) > 0.02)
    if rows.size == 0 or columns.size == 0 or lit.mean() < LEAST_LIT:
        return None
    return (span[0] + int(columns[0]), int(rows[0]), span[0] + int(columns[-1]) + 1, int(rows[-1]) + 1)


def _are_alike(grey: Grid, first: PartBox, second: PartBox) -> bool:
    """Like in size and place, and lit in the same places: two frames of one machine, not a frame and its legend."""
    sizes = [(box[2] - box[0], box[3] - box[1]) for box in (first, second)]
    for a, b in zip(*sizes, strict=True):
        if min(a, b) < LEAST_PART_PX or min(a, b) < 0.8 * max(a, b):
            return False
    if abs(first[1] - second[1]) > 0.12 * grey.shape[0]:
        return False
    shapes = []
    for x0, y0, x1, y1 in (first, second):
        if (grey[y0:y1, x0:x1] > PAPER).mean() > MOST_PAPER:
            return False
        lit = (grey[y0:y1, x0:x1] > 40).astype(np.float32)
        rows = np.linspace(0, lit.shape[0] - 1, 24).astype(int)
        columns = np.linspace(0, lit.shape[1] - 1, 24).astype(int)
        shapes.append(smooth(lit, max(1, min(lit.shape) // 24))[np.ix_(rows, columns)])
    overlap = float(np.minimum(shapes[0], shapes[1]).sum() / max(float(np.maximum(shapes[0], shapes[1]).sum()), 1e-6))
    return overlap >= ALIKE

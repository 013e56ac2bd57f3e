"""Straight, even bands from edge to edge that part a picture into panels: a guillotine's cuts, found in its pixels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL.Image import Image

Pixels = NDArray[np.float32]  # height x width x 3
Box = tuple[float, float, float, float]  # here as shares of the picture's sides
Rect = tuple[int, int, int, int]

SIDE_PX = 1600
TOLERANCE = 20  # levels from a band's tone
EVEN_PAPER, EVEN = 0.985, 0.995  # share of a band's pixels that keep to its tone; small print hides in the dark
STEP = 8  # levels between neighbouring lines above which another band begins
PAPER = 215
LEAST_BAND, LEAST_DARK_BAND = 0.003, 0.006  # of the picture's longer side
LEAST_BAND_PX = 2
SLIVER = 0.12  # of the side that is cut: less is a line of letters or an axis, and no panel
LEAST_SIDE, LEAST_AREA = 0.15, 0.3  # a cell's side as part of the picture's; its area as part of the largest cell's
MOST_OFF = 0.2  # how far a cut may lie from where cells of one size would have it, as part of the side
MOST_PAPER = 0.5  # of a cell: charts and pages of print are mostly paper
MOST_TRIES = 6  # cuts that are tried per box, best first
STRIP, STRIP_PAPER = 0.2, 0.8  # height of a letter's own strip as part of its cell, and how much of it is paper


@dataclass(frozen=True, slots=True)
class _Band:
    start: int
    end: int
    is_paper: bool


def load_pixels(image: Image) -> Pixels:
    """The picture in colour, its longer side 1600 pixels at most."""
    factor = max(1, -(-max(image.size) // SIDE_PX))
    colour = image.convert("RGB")
    return np.asarray(colour.reduce(factor) if factor > 1 else colour, dtype=np.float32)


def list_cells(pixels: Pixels) -> list[Box]:
    """What stands between white bands, however many parts that gives; the whole picture where there are none."""
    height, width = pixels.shape[:2]
    return [_share(cell, pixels) for cell in _cut(pixels, (0, 0, width, height))]


def cut_at_paper(pixels: Pixels, count: int) -> list[Box] | None:
    """Exactly `count` cells of like size between white bands, none of them mostly white; None where it is otherwise."""
    height, width = pixels.shape[:2]
    cells = list(_cut(pixels, (0, 0, width, height)))
    if len(cells) != count or not _are_comparable(cells, pixels):
        return None
    if any(float(_is_paper(_crop(pixels, cell)).mean()) > MOST_PAPER for cell in cells):
        return None
    return [_share(cell, pixels) for cell in cells]


def cut_between(pixels: Pixels, letters: Sequence[Box], words: Iterable[Box] = ()) -> list[Box] | None:
    """One cell per panel letter, parted by bands of any one tone; None where no bands part them all.

    A band ends where a letter or another of the picture's `words` stands in it: nothing that was read is cut off.
    """
    height, width = pixels.shape[:2]
    spots = {number: _place(letter, pixels) for number, letter in enumerate(letters)}
    kept = [*spots.values(), *(_place(word, pixels) for word in words)]
    found = _part(pixels, (0, 0, width, height), spots, kept)
    if len(spots) < 2 or found is None or not _are_comparable(found.values(), pixels):
        return None
    return [_share(found[number], pixels) for number in range(len(spots))]


def drop_strip(pixels: Pixels, cell: Box, letter: Box, words: Iterable[Box]) -> Box:
    """The cell without the strip of paper below or above its picture, where nothing but its letter is printed."""
    x0, y0, x1, y1 = _place(cell, pixels)
    at = _find_middle(_place(letter, pixels), 1)
    middles = [(_find_middle(word, 0), _find_middle(word, 1)) for word in (_place(word, pixels) for word in words)]
    inside = [y for x, y in middles if x0 <= x <= x1]
    for band in _list_bands(pixels, (x0, y0, x1, y1), 1):
        lower, upper = (band.end, y1), (y0, band.start)
        for (top, bottom), rest in ((lower, (y0, band.start)), (upper, (band.end, y1))):
            is_strip = band.is_paper and top <= at < bottom and bottom - top <= STRIP * (y1 - y0)
            if not is_strip or any(top <= y < bottom for y in inside):
                continue
            if float(_is_paper(pixels[top:bottom, x0:x1]).mean()) >= STRIP_PAPER:
                return _share((x0, rest[0], x1, rest[1]), pixels)
    return cell


def _cut(pixels: Pixels, box: Rect) -> Iterator[Rect]:
    """The cells between all white bands, as often as there are any."""
    for axis in (0, 1):
        spans = _list_spans(pixels, box, axis)
        if len(spans) > 1:
            for start, end in spans:
                yield from _cut(pixels, _narrow(box, axis, start, end))
            return
    yield box


def _list_spans(pixels: Pixels, box: Rect, axis: int) -> list[tuple[int, int]]:
    """What stands between white bands along an axis; slivers go with the nearer neighbour."""
    edges = [box[axis]]
    for band in _list_bands(pixels, box, axis):
        if band.is_paper:
            edges += [band.start, band.end]
    edges.append(box[axis + 2])
    spans = [(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if b > a]
    least = SLIVER * (box[axis + 2] - box[axis])
    while len(spans) > 1 and any(b - a < least for a, b in spans):
        at = min(range(len(spans)), key=lambda i: spans[i][1] - spans[i][0])
        gaps = {i: spans[i + 1][0] - spans[i][1] for i in (at - 1, at) if 0 <= i < len(spans) - 1}
        first = min(gaps, key=lambda i: gaps[i])
        spans[first : first + 2] = [(spans[first][0], spans[first + 1][1])]
    return spans


def _part(pixels: Pixels, box: Rect, spots: Mapping[int, Rect], kept: Sequence[Rect]) -> dict[int, Rect] | None:
    """The cells of letters, cut where cells of one size would be, or nearest to it."""
    if len(spots) == 1:
        return dict.fromkeys(spots, box)
    choices = []
    for axis in (0, 1):
        side = box[axis + 2] - box[axis]
        for start, end in _free_bands(pixels, box, axis, kept):
            before = [number for number, spot in spots.items() if _find_middle(spot, axis) < start]
            after = [number for number, spot in spots.items() if _find_middle(spot, axis) >= end]
            if not before or not after or len(before) + len(after) < len(spots):
                continue
            at = ((start + end) / 2 - box[axis]) / side
            off = min(abs(at - len(before) / len(spots)), abs(at - 0.5))
            if off <= MOST_OFF:
                choices.append((off, axis, start, end, before, after))
    for _, axis, start, end, before, after in sorted(choices)[:MOST_TRIES]:
        parts = ((before, box[axis], start), (after, end, box[axis + 2]))
        found = [_part(pixels, _narrow(box, axis, a, b), {n: spots[n] for n in own}, kept) for own, a, b in parts]
        if found[0] is not None and found[1] is not None:
            return found[0] | found[1]
    return None


def _free_bands(pixels: Pixels, box: Rect, axis: int, kept: Sequence[Rect]) -> Iterator[tuple[int, int]]:
    """The bands of a box without the words that stand in them; what reaches into white paper is a loosely read box."""
    inside = [word for word in kept if all(box[i] <= _find_middle(word, i) <= box[i + 2] for i in (0, 1))]
    words = sorted((word[axis] - 1, word[axis + 2] + 1) for word in inside)
    for band in _list_bands(pixels, box, axis):
        own = [(a, b) for a, b in words if not band.is_paper or band.start <= (a + b) / 2 < band.end]
        start, least = band.start, _measure_least(pixels, is_paper=band.is_paper)
        for low, high in (*own, (band.end, band.end)):
            if low < band.end + 1 and min(low, band.end) - start >= least:
                yield start, min(low, band.end)
            start = max(start, high) if low < band.end else start


def _find_middle(rect: Rect, axis: int) -> float:
    return (rect[axis] + rect[axis + 2]) / 2


def _measure_least(pixels: Pixels, *, is_paper: bool) -> float:
    share = LEAST_BAND if is_paper else LEAST_DARK_BAND
    return max(float(LEAST_BAND_PX), share * float(max(pixels.shape[:2])))


def _list_bands(pixels: Pixels, box: Rect, axis: int) -> list[_Band]:
    """Bands of one tone across a whole box: upright ones (axis 0) or level ones (axis 1), those at its edges too."""
    part = _crop(pixels, box)
    lines = part if axis == 1 else part.transpose(1, 0, 2)
    if min(lines.shape[:2]) < LEAST_BAND_PX:
        return []
    tones = np.median(lines, axis=1)
    keep = (np.abs(lines - tones[:, None]).max(axis=2) <= TOLERANCE).mean(axis=1)
    even = keep >= np.where(tones.min(axis=1) >= PAPER, EVEN_PAPER, EVEN)
    breaks = np.concatenate([[True], np.abs(np.diff(tones, axis=0)).max(axis=1) > STEP])
    bands, start = [], 0
    for at in range(1, len(lines) + 1):
        if at < len(lines) and even[at] and even[start] and not breaks[at]:
            continue
        if even[start]:
            is_paper = bool(tones[start:at].min() >= PAPER)
            if at - start >= _measure_least(pixels, is_paper=is_paper):
                bands.append(_Band(box[axis] + start, box[axis] + at, is_paper))
        start = at
    return bands


def _are_comparable(cells: Iterable[Rect], pixels: Pixels) -> bool:
    height, width = pixels.shape[:2]
    sizes = [(x1 - x0, y1 - y0) for x0, y0, x1, y1 in cells]
    areas = [across * down for across, down in sizes]
    is_wide = all(across >= LEAST_SIDE * width and down >= LEAST_SIDE * height for across, down in sizes)
    return is_wide and min(areas) >= LEAST_AREA * max(areas)


def _is_paper(part: Pixels) -> NDArray[np.bool_]:
    return np.asarray(part.min(axis=2) >= PAPER)


def _crop(pixels: Pixels, box: Rect) -> Pixels:
    return pixels[box[1] : box[3], box[0] : box[2]]


def _narrow(box: Rect, axis: int, start: int, end: int) -> Rect:
    return (start, box[1], end, box[3]) if axis == 0 else (box[0], start, box[2], end)


def _share(rect: Rect, pixels: Pixels) -> Box:
    height, width = pixels.shape[:2]
    return (rect[0] / width, rect[1] / height, rect[2] / width, rect[3] / height)


def _place(cell: Box, pixels: Pixels) -> Rect:
    height, width = pixels.shape[:2]
    return (
        round(cell[0] * width), round(cell[1] * height), round(cell[2] * width), round(cell[3] * height)
    )  # fmt: skip

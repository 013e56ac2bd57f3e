"""Stored page -> the views a reader would have of it: set upright, deskewed, a two-page spread as its two halves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np

from remud_gen.layout.skew import LEAST_POINTS, LOOK_SIDE_PX, mark_letters, measure_slant, to_grey
from remud_gen.layout.spread import ASPECTS, find_gutter
from remud_gen.layout.upright import Matrix, UprightView, WindowView
from remud_gen.protocols import OcrEngine, PageView
from remud_gen.records import TextLine

LEAST_SKEW = 0.3  # degrees; below, resampling costs more than it mends
LEAST_EDGE_SKEW = 0.5  # edges of pictures are a weaker witness than lines of print
LEAST_PAPER = 0.45  # of a page is as bright as its paper; less is a bare picture and no page
PAPER_TONE = 110
PATCH_SHARE = 0.34  # of the page, read to tell which way is up
PATCH_SIDE_PX = 700
DOUBTFUL_SCORE = 0.82
SURER = 1.6  # how much better another way up must read
FIRST_WAY, ALL_WAYS, HALF_TURNS = 0, (0, 1, 3), (0, 2)


class PageSetter:
    """Sets pages upright; asks the OCR engine only where a page looks turned, or where its reading came out poor."""

    def __init__(self, ocr: OcrEngine) -> None:
        self._ocr = ocr

    def set_upright(self, page: PageView) -> PageView:
        """The page itself, or a turned and deskewed view of it. Digital pages come upright from their reader."""
        if page.kind not in ("scan", "image"):
            return page
        grey, evened, letters = _look(page)
        if not _is_paper(grey):
            return page
        slant = measure_slant(evened, letters)
        if slant is None:
            return page
        quarters = self._choose_turn(page, letters, ALL_WAYS) if slant.is_sideways else 0
        if slant.is_sideways and quarters == 0:
            return page  # upright letters in columns: the slant was measured along the wrong axis
        least = LEAST_SKEW if slant.is_text else LEAST_EDGE_SKEW
        degrees = -slant.degrees if abs(slant.degrees) >= least else 0.0
        return UprightView(page, quarters, degrees) if quarters or degrees else page

    def turn_over(self, page: PageView, lines: Sequence[TextLine]) -> PageView | None:
        """The page turned by half, where its reading is poor and a part of it reads better upside down; else None."""
        if page.kind not in ("scan", "image") or not _is_doubtful(lines):
            return None
        grey, _, letters = _look(page)
        if letters.sum() < LEAST_POINTS or not _is_paper(grey) or self._choose_turn(page, letters, HALF_TURNS) == 0:
            return None
        return UprightView(page, 2, 0.0)

    def _choose_turn(self, page: PageView, letters: Any, ways: Sequence[int]) -> int:
        """The quarter turns, clockwise, after which a part of the page full of letters reads best."""
        box = _find_patch(page, letters)
        dpi = min(page.native_dpi or 170, 72 * PATCH_SIDE_PX / max(box[2] - box[0], box[3] - box[1]) * 1.5)
        patch = page.render(dpi, box)
        best, most = FIRST_WAY, 0.0
        for turn in ways:
            turned = patch.rotate(-90 * turn, expand=True) if turn else patch
            worth = _measure_reading(self._ocr.read(turned))
            if worth > most * (SURER if most else 1.0):
                best, most = turn, worth
        return best


def split_spread(page: PageView) -> list[WindowView]:
    """Left and right page of a spread; empty where the page is one page."""
    if not ASPECTS[0] <= page.width / page.height <= ASPECTS[1]:
        return []
    grey, evened, letters = _look(page)
    gutter = find_gutter(grey, letters, evened) if _is_paper(grey) else None
    if gutter is None:
        return []
    middle = gutter.place * page.width
    return [
        WindowView(page, (0.0, 0.0, middle, page.height)),
        WindowView(page, (middle, 0.0, page.width, page.height)),
    ]


def restore_view(page: PageView, to_original: Matrix | None) -> PageView:
    """The view a record's boxes were measured on, from the stored page and the record's `to_original`."""
    if to_original is None:
        return page
    stored = np.array(page.to_original) if page.to_original is not None else np.eye(3)
    down = np.linalg.inv(stored) @ np.array(to_original)
    degrees = -float(np.degrees(np.arctan2(down[1, 0], down[0, 0])))
    quarters = round(degrees / 90)
    rest = degrees - 90 * quarters
    return UprightView(page, quarters % 4, rest if abs(rest) > 1e-6 else 0.0) if quarters or abs(rest) > 1e-6 else page


def _look(page: PageView) -> tuple[Any, Any, Any]:
    """(stored grey levels, grey levels with white paper, mask of letters) at LOOK_SIDE_PX."""
    image = page.render(72 * LOOK_SIDE_PX / max(page.width, page.height))
    evened = to_grey(image)
    return np.asarray(image.convert("L")), evened, mark_letters(evened)


def _is_paper(grey: Any) -> bool:
    paper = float(np.percentile(grey, 90))
    return paper > PAPER_TONE and float((grey > paper - 55).mean()) > LEAST_PAPER


def _is_doubtful(lines: Sequence[TextLine]) -> bool:
    """Whether a page's words read so poorly that it may be upside down."""
    chars = sum(len(line.text) for line in lines)
    return chars == 0 or sum(len(line.text) * line.score for line in lines) < DOUBTFUL_SCORE * chars


def _measure_reading(lines: Sequence[TextLine]) -> float:
    """Letters read along level lines, those read surely counting most."""
    level = [line for line in lines if line.bbox[2] - line.bbox[0] >= line.bbox[3] - line.bbox[1]]
    return sum(len(line.text) * line.score**6 for line in level)


def _find_patch(page: PageView, letters: Any) -> tuple[float, float, float, float]:
    """The part of the page with most letters."""
    height, width = letters.shape
    tall, wide = int(PATCH_SHARE * height), int(PATCH_SHARE * width)
    density = cv2.boxFilter(
        letters.astype(np.float32), -1, (wide, tall), normalize=True, borderType=cv2.BORDER_CONSTANT
    )
    row, column = np.unravel_index(int(density.argmax()), density.shape)
    x = min(max(0, int(column) - wide // 2), width - wide)
    y = min(max(0, int(row) - tall // 2), height - tall)
    scale_x, scale_y = page.width / width, page.height / height
    return (x * scale_x, y * scale_y, (x + wide) * scale_x, (y + tall) * scale_y)

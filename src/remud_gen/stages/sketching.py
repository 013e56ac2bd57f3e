"""Draws the question about an unsure pair: its page, or both where two are concerned, with numbered boxes."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from remud_gen.pdf.fonts import read_cjk_font
from remud_gen.protocols import ImageStore, PageView
from remud_gen.records import Page, Sketch
from remud_gen.rules.geometry import Box, grow, hull, intersect, measure_area, measure_overlap

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFont import FreeTypeFont

Colour = tuple[int, int, int]
OpenView = Callable[[Page], AbstractContextManager[PageView]]

SIDE_PX = 1536  # of the whole sketch
BEST_SCALE = {"pt": 130 / 72, "px": 1.0}  # pixels per unit: print is read well, and scans are not blown up
MARGIN = 0.04  # of the page's longer side, shown around what is asked about
REACH = 2  # margins within which another picture is shown as well
BORDER_PX, GAP_PX = 44, 16
LETTER_PX, LINE_PX = 24, 3
FIGURE: Colour = (208, 32, 32)
WORDS: Colour = (16, 92, 200)
PAPER: Colour = (255, 255, 255)
MUCH = 1e6  # keeps a number off other numbers and inside the sheet


@dataclass(frozen=True, slots=True)
class Mark:
    """A numbered box on one page."""

    number: int
    page_number: int
    bbox: Box
    is_figure: bool


def draw_sketch(sketch: Sketch, pages: Mapping[int, Page], open_view: OpenView, images: ImageStore) -> Sketch:
    """The sketch with its picture saved.

    Raises:
        RecordError: when the document cannot be read any more.
    """
    from PIL import Image as PillowImage

    marks = _list_marks(sketch)
    numbers = sorted({mark.page_number for mark in marks})
    frames = {number: _choose_frame(pages[number], marks) for number in numbers}
    shrink = _choose_shrink([(frames[number], _choose_scale(pages[number])) for number in numbers])
    sheets = []
    for number in numbers:
        with open_view(pages[number]) as view:
            scale = _choose_scale(pages[number]) * shrink
            picture = view.render(72 * scale, frames[number])
        sheets.append(_draw_sheet(picture, frames[number], [mark for mark in marks if mark.page_number == number]))
    width = sum(sheet.width for sheet in sheets) + GAP_PX * (len(sheets) - 1)
    joined = PillowImage.new("RGB", (width, max(sheet.height for sheet in sheets)), PAPER)
    x = 0
    for sheet in sheets:
        joined.paste(sheet, (x, 0))
        x += sheet.width + GAP_PX
    return sketch.model_copy(update={"image": images.save(joined)})


def _list_marks(sketch: Sketch) -> list[Mark]:
    figures = [Mark(one.number, one.page_number, one.bbox, True) for one in sketch.figures]
    return [*figures, *(Mark(one.number, one.page_number, one.bbox, False) for one in sketch.choices)]


def _choose_frame(page: Page, marks: Sequence[Mark]) -> Box:
    """The part of a page that is shown: all boxes, and whole pictures beside them, whose words these might be.

    Where words stand on another page, their order tells as much as their place: then all pictures are shown.
    """
    width, height = page.source.page_size or (page.width_pt, page.height_pt)
    sheet, margin = (0.0, 0.0, width, height), MARGIN * max(width, height)
    own = hull(mark.bbox for mark in marks if mark.page_number == page.source.page_number)
    is_apart = len({mark.page_number for mark in marks}) > 1
    near = [box.bbox for box in page.figures if is_apart or measure_overlap(box.bbox, grow(own, REACH * margin))]
    return intersect(grow(hull([own, *near]), margin), sheet)


def _choose_scale(page: Page) -> float:
    return BEST_SCALE[page.source.unit]


def _choose_shrink(frames: Sequence[tuple[Box, float]]) -> float:
    """By how much all sheets are shrunk so that they fit beside each other."""
    room = SIDE_PX - 2 * BORDER_PX * len(frames) - GAP_PX * (len(frames) - 1)
    across = sum((box[2] - box[0]) * scale for box, scale in frames)
    down = max((box[3] - box[1]) * scale for box, scale in frames)
    return min(1.0, room / max(across, 1.0), (SIDE_PX - 2 * BORDER_PX) / max(down, 1.0))


def _draw_sheet(picture: Image, frame: Box, marks: Sequence[Mark]) -> Image:
    from PIL import Image as PillowImage
    from PIL import ImageDraw

    sheet = PillowImage.new("RGB", (picture.width + 2 * BORDER_PX, picture.height + 2 * BORDER_PX), PAPER)
    sheet.paste(picture, (BORDER_PX, BORDER_PX))
    pen = ImageDraw.Draw(sheet)
    scales = picture.width / (frame[2] - frame[0]), picture.height / (frame[3] - frame[1])
    boxes = {mark.number: _place(mark.bbox, frame, scales) for mark in marks}
    tags: dict[int, Box] = {}
    for mark in marks:
        # The line runs around the words, not through their first letters.
        pen.rectangle(grow(boxes[mark.number], LINE_PX), outline=_colour(mark), width=LINE_PX)
    for mark in marks:
        tags[mark.number] = _choose_place(mark, boxes, [*tags.values()], sheet.size)
    for mark in marks:
        x0, y0, x1, y1 = tags[mark.number]
        pen.rectangle((x0, y0, x1, y1), fill=_colour(mark))
        pen.text(((x0 + x1) / 2, (y0 + y1) / 2), str(mark.number), font=_load_font(), fill=PAPER, anchor="mm")
    return sheet


def _colour(mark: Mark) -> Colour:
    return FIGURE if mark.is_figure else WORDS


def _place(box: Box, frame: Box, scales: tuple[float, float]) -> Box:
    """A box of the page in pixels of the sheet."""
    across, down = scales
    x0, y0, x1, y1 = box
    return (
        BORDER_PX + (x0 - frame[0]) * across,
        BORDER_PX + (y0 - frame[1]) * down,
        BORDER_PX + (x1 - frame[0]) * across,
        BORDER_PX + (y1 - frame[1]) * down,
    )


def _choose_place(mark: Mark, boxes: Mapping[int, Box], taken: Sequence[Box], size: tuple[int, int]) -> Box:
    """Where the number stands: beside its box, where it hides least of what is shown."""
    x0, y0, x1, y1 = grow(boxes[mark.number], LINE_PX)
    width, height = LETTER_PX * (0.55 * len(str(mark.number)) + 0.5), LETTER_PX * 1.2
    beside = [(x0 - width, y0), (x1, y0)]
    level = [(x0, y0 - height), (x0, y1), (x1 - width, y0 - height)]
    corners = [*(level + beside if mark.is_figure else beside + level), (x1 - width, y0)]
    places = [(x, y, x + width, y + height) for x, y in corners]
    sheet = (0.0, 0.0, float(size[0]), float(size[1]))

    def weigh(place: Box) -> float:
        hidden = sum(measure_overlap(place, box) for box in boxes.values())
        lost = measure_area(place) - measure_overlap(place, sheet)
        return hidden + MUCH * (lost + sum(measure_overlap(place, other) for other in taken))

    return min(places, key=weigh)


@cache
def _load_font() -> FreeTypeFont:
    from PIL import ImageFont

    return ImageFont.truetype(io.BytesIO(read_cjk_font()), LETTER_PX)

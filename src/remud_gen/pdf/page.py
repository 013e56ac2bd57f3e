"""One upright PDF page: its kind, text, pictures and pixels."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Final, Literal

import pymupdf
from PIL import Image as PillowImage

from remud_gen.pdf.marks import ImageMark, PathMark, read_images, read_paths
from remud_gen.pdf.opening import MUPDF_ERRORS, wrap_page_error
from remud_gen.pdf.pictures import find_pictures
from remud_gen.pdf.text import find_text_turn, read_lines
from remud_gen.protocols import PictureBox
from remud_gen.records import BBox, TextLine
from remud_gen.rules.geometry import Box, hull, intersect, measure_area

if TYPE_CHECKING:
    from PIL.Image import Image

Matrix = tuple[tuple[float, float, float], ...]
SCAN_COVER = 0.85  # an image over this share of the page is the page itself
SCAN_MAX_CHARS = 400  # a stamp or a running line printed over a scan; more is a digital page on a background image


class PdfPage:
    """A page after its rotation was removed; boxes are points from the top left of the crop box."""

    unit: Final = "pt"

    def __init__(self, page: pymupdf.Page, *, is_repaired: bool = False) -> None:
        self._page = page
        self.number: int = page.number + 1
        was_rotated = page.rotation != 0
        # Before anything else is asked: coordinates asked earlier stay in the rotated frame.
        rotation = page.rotation if was_rotated else 0
        stored = (page.rect.height, page.rect.width) if rotation % 180 else (page.rect.width, page.rect.height)
        if was_rotated:
            page.remove_rotation()
        lines = read_lines(page)
        turn = find_text_turn(page) if was_rotated or _looks_turned(lines) else 0
        if turn == 0:
            self.__dict__["visible_lines"] = lines  # read already
        else:  # a landscape table printed sideways on a portrait page
            page.set_rotation(turn)
            page.remove_rotation()
        self.width: float = page.rect.width
        self.height: float = page.rect.height
        is_turned = was_rotated or turn
        self.to_original: Matrix | None = _lead_back((rotation + turn) // 90 % 4, *stored) if is_turned else None
        self._base_flags = (("rotated",) if is_turned else ()) + (("repaired",) if is_repaired else ())

    def lead_back(self, to_original: Matrix) -> None:
        """Say how the page was stored: it was turned when it was opened before."""
        self.to_original = to_original
        self._base_flags = ("rotated", *self._base_flags)

    @cached_property
    def images(self) -> list[ImageMark]:
        """Painted images, cut to what is visible."""
        return read_images(self._page)

    @cached_property
    def paths(self) -> list[PathMark]:
        """Painted vector paths."""
        return read_paths(self._page)

    @cached_property
    def visible_lines(self) -> list[TextLine]:
        """Lines of the painted text."""
        return read_lines(self._page)

    @property
    def is_blank(self) -> bool:
        """Whether the page paints nothing at all."""
        return not (self.visible_lines or self.images or self.paths)

    @cached_property
    def kind(self) -> Literal["digital", "scan"]:
        """`digital`, or `scan` where the words are only pixels."""
        try:
            return self._judge_kind()
        except MUPDF_ERRORS as error:
            raise wrap_page_error(self.number, error) from None

    def _judge_kind(self) -> Literal["digital", "scan"]:
        chars = sum(len(line.text) for line in self.visible_lines)
        if chars > SCAN_MAX_CHARS:
            return "digital"
        if self._image_cover > SCAN_COVER:
            return "scan"
        # Pictures or outlines without a single letter: the words, if any, must be read from the pixels.
        return "scan" if chars == 0 and (self.images or self.paths) else "digital"

    @property
    def flags(self) -> tuple[str, ...]:
        """What a later step should know: rotated, repaired, hidden_text_layer."""
        hidden = ("hidden_text_layer",) if self.kind == "scan" and self.hidden_text_lines() else ()
        return self._base_flags + hidden

    def text_lines(self) -> list[TextLine]:
        """The painted text layer; empty on a scan."""
        return self.visible_lines if self.kind == "digital" else []

    def hidden_text_lines(self) -> list[TextLine]:
        """An invisible text layer, as OCR programs leave it under a scan."""
        return read_lines(self._page, is_hidden=True)

    def picture_boxes(self) -> list[PictureBox]:
        """Regions that the page paints as pictures."""
        try:
            return find_pictures(self.images, self.paths, self.visible_lines, (self.width, self.height))
        except MUPDF_ERRORS as error:
            raise wrap_page_error(self.number, error) from None

    @cached_property
    def native_dpi(self) -> float:
        """Resolution of the largest image on the page; 0 on a page without one."""
        return max(self.images, key=lambda image: measure_area(image.bbox)).dpi if self.images else 0.0

    def measure_dpi(self, bbox: Box) -> float:
        """Highest resolution of the images that make up a good part of a box; 0 where there is none."""
        inside = [
            image.dpi
            for image in self.images
            if measure_area(intersect(image.bbox, bbox)) > 0.1 * measure_area(bbox)
            and image.bbox[0] < bbox[2]
            and image.bbox[1] < bbox[3]
        ]
        return max(inside, default=0.0)

    def render(self, dpi: float, clip: BBox | None = None) -> Image:
        """RGB pixels of the page or of a box of it."""
        scale = dpi / 72
        try:
            pixmap = self._page.get_pixmap(
                matrix=pymupdf.Matrix(scale, scale),
                clip=pymupdf.Rect(clip) if clip else None,
                colorspace=pymupdf.csRGB,
                alpha=False,
            )
            return PillowImage.frombytes("RGB", (pixmap.width, pixmap.height), pixmap.samples)
        except MUPDF_ERRORS as error:
            raise wrap_page_error(self.number, error) from None

    @cached_property
    def _image_cover(self) -> float:
        if not self.images:
            return 0.0
        # Strips and tiles cover a page together; their sum is right as long as they do not lie on one another.
        total = sum(measure_area(box) for box in {image.bbox for image in self.images})
        around = measure_area(hull(image.bbox for image in self.images))
        return min(total, around) / (self.width * self.height)


def _looks_turned(lines: list[TextLine]) -> bool:
    """Whether most letters stand in lines that are taller than wide: a cheap first look."""
    tall = sum(len(line.text) for line in lines if line.bbox[3] - line.bbox[1] > 2 * (line.bbox[2] - line.bbox[0]))
    return tall > 0.5 * sum(len(line.text) for line in lines)


def _lead_back(quarters: int, width: float, height: float) -> Matrix:
    """Upright -> stored, after clockwise quarter turns of a page that is stored in this size."""
    return (
        ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
        ((0.0, 1.0, 0.0), (-1.0, 0.0, height), (0.0, 0.0, 1.0)),
        ((-1.0, 0.0, width), (0.0, -1.0, height), (0.0, 0.0, 1.0)),
        ((0.0, -1.0, width), (1.0, 0.0, 0.0), (0.0, 0.0, 1.0)),
    )[quarters]

"""What a page paints, as boxes: images cut by their clip paths, and vector paths."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pymupdf
from pymupdf import mupdf

from remud_gen.rules.geometry import Box, intersect, measure_area

EVERYTHING: Box = (-1e9, -1e9, 1e9, 1e9)
MAX_PATHS = 20_000  # maps and CAD drawings hold more; the first ones already outline the drawing


@dataclass(frozen=True, slots=True)
class ImageMark:
    """One painted image; `bbox` is what is visible of it."""

    bbox: Box
    width_px: int
    height_px: int
    dpi: float


@dataclass(frozen=True, slots=True)
class PathMark:
    """One painted path; a rule is a straight horizontal or vertical line or a bar thinner than 2 pt."""

    bbox: Box
    is_rule: bool
    is_rectangle: bool
    has_curve: bool
    has_slant: bool
    is_filled: bool
    is_white: bool


class _ImageDevice(mupdf.FzDevice2):  # type: ignore[misc]
    """Collects image boxes while MuPDF replays the page, following the clip stack."""

    def __init__(self) -> None:
        super().__init__()
        self.images: list[ImageMark] = []
        self._clips: list[Box] = [EVERYTHING]
        self._masks = 0
        self.use_virtual_fill_image()
        self.use_virtual_fill_image_mask()
        self.use_virtual_fill_shade()
        self.use_virtual_clip_path()
        self.use_virtual_clip_stroke_path()
        self.use_virtual_clip_text()
        self.use_virtual_clip_stroke_text()
        self.use_virtual_clip_image_mask()
        self.use_virtual_begin_mask()
        self.use_virtual_end_mask()
        self.use_virtual_pop_clip()

    def fill_image(self, ctx: Any, image: Any, ctm: Any, alpha: float, params: Any) -> None:
        self._add(image, ctm, alpha)

    def fill_image_mask(
        self, ctx: Any, image: Any, ctm: Any, colorspace: Any, color: Any, alpha: float, params: Any
    ) -> None:
        self._add(image, ctm, alpha)

    def fill_shade(self, ctx: Any, shade: Any, ctm: Any, alpha: float, params: Any) -> None:
        pass

    def clip_path(self, ctx: Any, path: Any, even_odd: int, ctm: Any, scissor: Any) -> None:
        self._push(mupdf.ll_fz_bound_path(path, None, ctm))

    def clip_stroke_path(self, ctx: Any, path: Any, stroke: Any, ctm: Any, scissor: Any) -> None:
        self._push(mupdf.ll_fz_bound_path(path, stroke, ctm))

    def clip_text(self, ctx: Any, text: Any, ctm: Any, scissor: Any) -> None:
        self._clips.append(self._clips[-1])

    def clip_stroke_text(self, ctx: Any, text: Any, stroke: Any, ctm: Any, scissor: Any) -> None:
        self._clips.append(self._clips[-1])

    def clip_image_mask(self, ctx: Any, image: Any, ctm: Any, scissor: Any) -> None:
        self._push(mupdf.ll_fz_transform_rect(mupdf.fz_unit_rect, ctm))

    def begin_mask(self, ctx: Any, area: Any, luminosity: int, colorspace: Any, bc: Any, params: Any) -> None:
        self._masks += 1
        self._push(area)

    def end_mask(self, ctx: Any, transfer: Any = None) -> None:
        # The mask stays on the stack as a clip until it is popped.
        self._masks = max(0, self._masks - 1)

    def pop_clip(self, ctx: Any) -> None:
        if len(self._clips) > 1:
            self._clips.pop()

    def _push(self, rect: Any) -> None:
        box: Box = (rect.x0, rect.y0, rect.x1, rect.y1)
        self._clips.append(intersect(self._clips[-1], box) if box[0] < box[2] else self._clips[-1])

    def _add(self, image: Any, ctm: Any, alpha: float) -> None:
        if self._masks or alpha == 0:
            return
        rect = mupdf.ll_fz_transform_rect(mupdf.fz_unit_rect, ctm)
        box = intersect(self._clips[-1], (rect.x0, rect.y0, rect.x1, rect.y1))
        if measure_area(box) <= 0:
            return
        # Lengths of the transformed unit vectors: right for images painted turned or sheared, too.
        across = (ctm.a**2 + ctm.b**2) ** 0.5 or 1.0
        down = (ctm.c**2 + ctm.d**2) ** 0.5 or 1.0
        dpi = 72 * max(image.w / across, image.h / down)
        self.images.append(ImageMark(box, int(image.w), int(image.h), dpi))


def read_images(page: pymupdf.Page) -> list[ImageMark]:
    """All images the page paints, cut to what is visible, in painting order. The page must be upright."""
    device = _ImageDevice()
    mupdf.fz_run_page(page.this, device, mupdf.FzMatrix(), mupdf.FzCookie())
    mupdf.fz_close_device(device)
    bounds: Box = tuple(page.rect)
    marks = []
    for mark in device.images:
        box = intersect(mark.bbox, bounds)
        if measure_area(box) > 0:
            marks.append(ImageMark(box, mark.width_px, mark.height_px, mark.dpi))
    return marks


def read_paths(page: pymupdf.Page) -> list[PathMark]:
    """All painted paths, cut to what is visible; clip paths and white-on-white are told apart, not dropped."""
    bounds: Box = tuple(page.rect)
    clips: list[tuple[int, Box]] = []
    marks: list[PathMark] = []
    for drawing in page.get_cdrawings(extended=True)[: 2 * MAX_PATHS]:
        level = drawing.get("level", 0)
        while clips and clips[-1][0] >= level:
            clips.pop()
        if drawing["type"] == "clip":
            clips.append((level, tuple(drawing["scissor"])))
            continue
        if drawing["type"] == "group" or "items" not in drawing:
            continue
        mark = _describe(drawing, intersect(clips[-1][1], bounds) if clips else bounds)
        if mark is not None:
            marks.append(mark)
        if len(marks) == MAX_PATHS:
            break
    return marks


def _describe(drawing: dict[str, Any], limit: Box) -> PathMark | None:
    pad = (drawing.get("width") or 0) / 2 if "s" in drawing["type"] else 0.0
    x0, y0, x1, y1 = drawing["rect"]
    full: Box = (x0 - pad, y0 - pad, x1 + pad, y1 + pad)
    box = intersect(full, limit)
    if box[2] < box[0] or box[3] < box[1]:
        return None
    items = drawing["items"]
    kinds = {item[0] for item in items}
    slanted = any(
        item[0] == "l" and abs(item[1][0] - item[2][0]) > 1 and abs(item[1][1] - item[2][1]) > 1 for item in items
    )
    fill = drawing.get("fill") if "f" in drawing["type"] else None
    stroke = drawing.get("color") if "s" in drawing["type"] else None
    colours = [colour for colour in (fill, stroke) if colour]
    straight = kinds <= {"l", "re", "qu"} and not slanted
    return PathMark(
        bbox=box,
        is_rule=straight and min(x1 - x0, y1 - y0) < 2,
        is_rectangle=straight and len(items) <= 5,
        has_curve="c" in kinds,
        has_slant=slanted,
        is_filled=fill is not None,
        is_white=bool(colours) and all(min(colour) > 0.97 for colour in colours),
    )

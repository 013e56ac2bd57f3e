"""One page read: set upright, its lines, its pictures cut out, its text in blocks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from remud_gen import registry
from remud_gen.errors import RecordError
from remud_gen.layout.ink import descreen
from remud_gen.layout.setting import PageSetter, split_spread
from remud_gen.layout.upright import WindowView
from remud_gen.protocols import (
    FlowDocument,
    FrameView,
    LabelledDocument,
    LayoutDetector,
    LoopReader,
    OcrEngine,
    OpenDocument,
    PageView,
    PictureBox,
    Reader,
)
from remud_gen.records import BBox, Document, Page, Source, TextBlock, TextLine, make_id
from remud_gen.rules.blocks import EDGE_SHARE, BlockDraft, group_lines, reduce_running
from remud_gen.rules.geometry import holds_centre, measure_area
from remud_gen.rules.reading import order_boxes
from remud_gen.stages.base import Failure, PageInput, Rejection, StageContext
from remud_gen.stages.cropping import FigureCutter, move_line
from remud_gen.stages.flow_pages import read_flow_page
from remud_gen.stages.frame_pages import read_frame_page
from remud_gen.stages.loose_pictures import LooseCutter

OCR_MAX_SIDE_PX = 2000  # the engine shrinks larger pages by itself, and worse
OUTLINE_DPI = 170  # for words drawn as outlines, where no pixel sets a scale
NEIGHBOURS = (-2, -1, 1, 2)  # pages that are asked for running heads and furniture


@dataclass(frozen=True, slots=True)
class _Part:
    """One printed page of a stored page: all of it, or a half of a spread with lines in the half's coordinates."""

    name: Literal["left", "right"] | None
    view: PageView
    half: WindowView | None
    lines: list[TextLine]
    origin: Literal["layer", "ocr"]

    def shift(self, box: BBox) -> BBox:
        """A box of the half in the coordinates of the whole page."""
        return box if self.half is None else self.half.shift(box)

    def shift_line(self, line: TextLine) -> TextLine:
        """A line of the half in the coordinates of the whole page."""
        return line if self.half is None else self.half.shift_line(line)


class PageReader:
    """Reads pages one at a time, of one document after the other; models load on first use."""

    def __init__(self, context: StageContext, ocr: OcrEngine) -> None:
        options = context.config.extract
        self._context, self._options, self._ocr = context, options, ocr
        self._open: tuple[str, OpenDocument | FlowDocument] | None = None
        self._edge_keys: dict[int, set[str]] = {}
        self.detector: LayoutDetector = registry.load("layout", options.layout)()
        self._setter = PageSetter(ocr)
        self._cutter = FigureCutter(options, context.images, ocr if options.reads_burned_in_text else None)
        self._loose = LooseCutter(self._cutter)

    def read(self, item: PageInput) -> Iterator[Page | Failure | Rejection[Page]]:
        """One Page record, two of a two-page spread; RecordError when this page cannot be read."""
        document = self.open_document(item.document)
        if isinstance(document, FlowDocument):
            limit = self._options.max_page_pixels
            yield from read_flow_page(document.flow_page(item.number), item, self._loose, limit)
            return
        stored = document.page(item.number)
        if isinstance(stored, FrameView):
            lines = self._read_lines(stored)[0] if self._options.reads_burned_in_text else []
            yield read_frame_page(stored, item, self._cutter, lines)
            return
        view, parts = self._set_upright(stored)
        running = self._find_running(document, item) if stored.kind == "digital" else frozenset()
        for part in parts:
            yield self._read_part(item, view, part, running)

    def _set_upright(self, stored: PageView) -> tuple[PageView, list[_Part]]:
        """The page as a reader holds it, and what it consists of: itself, or the two halves of a spread."""
        view = self._setter.set_upright(stored)
        parts = self._divide(view)
        turned = None if parts[0].origin == "layer" else self._setter.turn_over(view, parts[0].lines)
        if turned is not None:
            view = self._setter.set_upright(turned)
            parts = self._divide(view)
        return view, parts

    def _divide(self, view: PageView) -> list[_Part]:
        halves = split_spread(view)
        if not halves:
            return [_Part(None, view, None, *self._read_lines(view))]
        left, right = halves
        return [
            _Part("left", left, left, *self._read_lines(left)),
            _Part("right", right, right, *self._read_lines(right)),
        ]

    def _read_part(self, item: PageInput, view: PageView, part: _Part, running: frozenset[str]) -> Page:
        """A record of one printed page; the halves of a spread keep the coordinates of the whole."""
        content = (item.number,) if part.name is None else (item.number, part.name)
        page_id = make_id(item.document.id, "page", *content)
        found = [box for box in self.detector.detect(part.view, part.lines) if measure_area(box.bbox) > 0]
        boxes = [replace(box, bbox=part.shift(box.bbox)) for box in _order_pictures(found, part.view.width)]
        lines = [part.shift_line(line) for line in part.lines]
        figures = tuple(self._cutter.cut(view, page_id, box, lines) for box in boxes)
        outside = [
            own
            for own, line in zip(part.lines, lines, strict=True)
            if not any(holds_centre(figure.bbox, line.bbox) for figure in figures)
        ]
        blocks = group_lines(outside, (part.view.width, part.view.height), running)
        return Page(
            id=page_id,
            document_id=item.document.id,
            licence=item.document.licence,
            source=Source(
                document_sha256=item.document.sha256,
                file=item.document.file,
                page_number=item.number,
                page_size=(round(view.width, 2), round(view.height, 2)),
                unit=view.unit,
                to_original=view.to_original,
            ),
            kind=view.kind,
            width_pt=round(part.view.width, 2),
            height_pt=round(part.view.height, 2),
            text_blocks=tuple(_record_block(page_id, block, part) for block in blocks),
            figures=figures,
            text_origin=part.origin if lines else "none",
            flags=part.view.flags,
        )

    def open_document(self, document: Document) -> OpenDocument | FlowDocument:
        """A document, held open until another is asked for."""
        if self._open is not None and self._open[0] == document.sha256:
            return self._open[1]
        if self._open is not None:
            self._open[1].__exit__(None, None, None)
            self._open = None
        self._edge_keys = {}
        reader: Reader = registry.load("readers", document.reader)()
        if isinstance(reader, LoopReader):
            reader.max_pixels = self._options.max_page_pixels
        opened = reader.open(self._context.document_path(document.sha256))
        if isinstance(opened, LabelledDocument):
            opened.take_words(self._context.list_labels(document.sha256))
        self._open = (document.sha256, opened)
        return opened

    def _read_lines(self, view: PageView) -> tuple[list[TextLine], Literal["layer", "ocr"]]:
        if view.kind == "digital":
            return list(view.text_lines()), "layer"
        if self._options.trusts_hidden_text_layer:
            hidden = list(view.hidden_text_lines())
            if hidden:
                return hidden, "layer"
        dpi = choose_ocr_dpi(view)
        scale = 72 / dpi
        return [move_line(line, 0, 0, scale, scale) for line in self._ocr.read(descreen(view.render(dpi)))], "ocr"

    def _find_running(self, document: OpenDocument, item: PageInput) -> frozenset[str]:
        """Keys of lines that stand at the edge of neighbouring pages, too."""
        keys: set[str] = set()
        for step in NEIGHBOURS:
            number = item.number + step
            if not 1 <= number <= item.document.page_count:
                continue
            if number not in self._edge_keys:
                self._edge_keys[number] = _read_edge_keys(document, number)
            keys |= self._edge_keys[number]
        return frozenset(keys)


def _record_block(page_id: str, block: BlockDraft, part: _Part) -> TextBlock:
    bbox = part.shift(block.bbox)
    return TextBlock(
        id=make_id(page_id, "block", *bbox, block.text),
        bbox=bbox,
        text=block.text,
        role=block.role,
        score=round(min(line.score for line in block.lines), 3),
        lines=tuple(part.shift_line(line) for line in block.lines),
    )


def choose_ocr_dpi(view: PageView) -> float:
    """Native resolution, down to what the engine takes whole; at least enough to read 8-point print."""
    longest = max(view.width, view.height)
    wanted = view.native_dpi or OUTLINE_DPI
    return min(wanted, 72 * OCR_MAX_SIDE_PX / longest)


def _order_pictures(boxes: Sequence[PictureBox], width: float) -> list[PictureBox]:
    return [boxes[i] for i in order_boxes([box.bbox for box in boxes], width)]


def _read_edge_keys(document: OpenDocument, number: int) -> set[str]:
    try:
        view = document.page(number)
    except RecordError:
        return set()  # a broken neighbour is reported when its own turn comes
    low, high = EDGE_SHARE * view.height, (1 - EDGE_SHARE) * view.height
    return {reduce_running(line.text) for line in view.text_lines() if line.bbox[3] < low or line.bbox[1] > high}

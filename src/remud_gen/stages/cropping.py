"""Cuts pictures out of pages at their native resolution and describes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from remud_gen.config import ExtractConfig
from remud_gen.protocols import ImageStore, OcrEngine, PageView, PictureBox
from remud_gen.records import BBox, Figure, TextLine, make_id
from remud_gen.rules.burned_in import annotate, names_both_halves
from remud_gen.rules.geometry import holds_centre, intersect, measure_area, measure_iou
from remud_gen.rules.images import find_ink, hash_perceptually, is_photographic
from remud_gen.rules.language import detect_language
from remud_gen.rules.modality import hear, see, weigh

if TYPE_CHECKING:
    from PIL.Image import Image

VECTOR_DPI = 200
OCR_MAX_SIDE_PX = 1280
MAX_CROP_PIXELS = 25_000_000
LOW_RESOLUTION_DPI = 100
PX_DPI = 72
MIN_TRIM_PT = 2.0


class FigureCutter:
    """Makes Figure records of page boxes; needs an OCR engine only to read words inside digital pictures."""

    def __init__(self, config: ExtractConfig, images: ImageStore, ocr: OcrEngine | None) -> None:
        self._config = config
        self._images = images
        self._ocr = ocr

    def cut(self, page: PageView, page_id: str, box: PictureBox, lines: Sequence[TextLine]) -> Figure:
        """A figure with its picture saved; `lines` are the page's known lines, those inside become burned-in text."""
        bbox = intersect(box.bbox, (0.0, 0.0, page.width, page.height))
        native = page.measure_dpi(bbox)
        dpi = self._choose_dpi(page, bbox, native)
        bbox, crop = _trim_paper(page, bbox, page.render(dpi, bbox))
        inside = [line for line in lines if holds_centre(bbox, line.bbox)]
        if self._ocr is not None and page.kind == "digital" and native > 0:
            inside += _drop_known(self._read_inside(page, bbox, crop), inside)
        flags = list(box.flags)
        if 0 < native < LOW_RESOLUTION_DPI and page.unit == "pt":
            flags.append("low_resolution")
        image = self._images.save(crop, phash=hash_perceptually(crop), is_photographic=is_photographic(crop))
        inside.sort(key=lambda line: (line.bbox[1], line.bbox[0]))
        annotations = annotate(inside, language=detect_language(" ".join(line.text for line in inside)))
        seen = see(crop)
        guess = weigh(seen.evidence, hear((), annotations))
        screens = () if names_both_halves(inside, bbox) else seen.screens
        flags += [*guess.flags, *(["dual_screen"] if screens else [])]
        return Figure(
            id=make_id(page_id, "figure", *(round(value) for value in bbox), image.sha256),
            bbox=bbox,
            image=image,
            dpi=round(dpi),
            detector=box.detector,
            score=round(box.score, 3),
            is_ultrasound_score=guess.ultrasound,
            burned_in_text=tuple(inside),
            annotations=annotations,
            modality=guess.modality,
            modality_score=guess.score,
            modality_evidence=guess.evidence,
            screens=screens,
            flags=tuple(flags),
        )

    def _choose_dpi(self, page: PageView, bbox: BBox, native: float) -> float:
        if page.unit == "px":
            return PX_DPI
        wanted = native or VECTOR_DPI
        clamped = min(max(wanted, self._config.min_dpi), self._config.max_dpi)
        limit = min(MAX_CROP_PIXELS, self._config.max_page_pixels)
        return float(min(clamped, 72 * (limit / max(measure_area(bbox), 1)) ** 0.5))

    def _read_inside(self, page: PageView, bbox: BBox, crop: Image) -> list[TextLine]:
        assert self._ocr is not None
        shrink = min(1.0, OCR_MAX_SIDE_PX / max(crop.size))
        image = (
            crop.resize((max(1, int(crop.width * shrink)), max(1, int(crop.height * shrink)))) if shrink < 1 else crop
        )
        scale_x = (bbox[2] - bbox[0]) / image.width
        scale_y = (bbox[3] - bbox[1]) / image.height
        return [move_line(line, bbox[0], bbox[1], scale_x, scale_y) for line in self._ocr.read(image)]


def _trim_paper(page: PageView, bbox: BBox, crop: Image) -> tuple[BBox, Image]:
    """The box and its crop without a margin of blank paper; scans come tight already."""
    ink = find_ink(crop) if page.kind == "digital" else None
    if ink is None:
        return bbox, crop
    across, down = (bbox[2] - bbox[0]) / crop.width, (bbox[3] - bbox[1]) / crop.height
    tight = (bbox[0] + ink[0] * across, bbox[1] + ink[1] * down, bbox[0] + ink[2] * across, bbox[1] + ink[3] * down)
    if max(abs(a - b) for a, b in zip(tight, bbox, strict=True)) < MIN_TRIM_PT or measure_area(tight) < 1:
        return bbox, crop
    return tight, crop.crop(ink)


def move_line(line: TextLine, dx: float, dy: float, scale_x: float, scale_y: float) -> TextLine:
    """A line read in an image, placed on the page the image was cut from."""
    x0, y0, x1, y1 = line.bbox
    box = (dx + x0 * scale_x, dy + y0 * scale_y, dx + x1 * scale_x, dy + y1 * scale_y)
    size = None if line.font_size is None else round(line.font_size * scale_y, 2)
    return line.model_copy(update={"bbox": tuple(round(v, 2) for v in box), "font_size": size})


def _drop_known(read: Sequence[TextLine], known: Sequence[TextLine]) -> list[TextLine]:
    """OCR lines that the text layer does not already hold."""
    return [
        line
        for line in read
        if not any(measure_iou(line.bbox, other.bbox) > 0.3 or holds_centre(line.bbox, other.bbox) for other in known)
    ]

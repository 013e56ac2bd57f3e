"""RapidOCR: PP-OCRv6 small, Chinese and English in one model, weights inside the wheel."""

from __future__ import annotations

import logging
import re
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from remud_gen.errors import RecordError
from remud_gen.records import TextLine
from remud_gen.rules.spacing import tighten

if TYPE_CHECKING:
    from PIL.Image import Image

SPACED_LABEL = re.compile(
    r"^F ?I ?G(?: ?U ?R ?E)?(?: ?S)? (?=\d)", re.IGNORECASE
)  # letter-spaced type reads "FIG URE 1"
MIN_SIDE_PX = 12
PAGE_SIDE_PX = 1600
CROP_SIDE_PX = 736
HEIGHT_TO_FONT_SIZE = 0.78  # a detected line box is this much higher than its letters' em


@cache
def _load_engine(is_page: bool) -> Any:
    """One engine per process and kind of picture: a second to load.

    Lines are found on at most PAGE_SIDE_PX, below which tiny labels on scanned pictures begin to be lost, and read at
    full resolution. Small pictures are enlarged to CROP_SIDE_PX for finding. Reading line by line needs half the
    memory of padded batches and is no slower on one thread.
    """
    from rapidocr import RapidOCR

    logging.getLogger("RapidOCR").setLevel(logging.CRITICAL)
    engine = RapidOCR(
        params={
            "Global.log_level": "critical",
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
            "Rec.rec_batch_num": 1,
            "Det.limit_side_len": PAGE_SIDE_PX if is_page else CROP_SIDE_PX,
            "Det.limit_type": "max" if is_page else "min",
        }
    )
    logging.getLogger("RapidOCR").setLevel(logging.CRITICAL)
    return engine


def _is_page_sized(image: Image) -> bool:
    """Whether enlarging the short side to CROP_SIDE_PX would make the picture larger than a page."""
    return max(image.size) * max(1.0, CROP_SIDE_PX / min(image.size)) > PAGE_SIDE_PX


class RapidOcrEngine:
    """Reads printed text, line by line, with a confidence each."""

    name: ClassVar[str] = "rapidocr"

    def read(self, image: Image) -> list[TextLine]:
        """All lines, top to bottom, in pixels of the image.

        Raises:
            RecordError: OCR_FAILED when the engine cannot process the pixels.
        """
        if min(image.size) < MIN_SIDE_PX:
            return []
        pixels = np.ascontiguousarray(np.asarray(image.convert("RGB"))[:, :, ::-1])
        try:
            result = _load_engine(_is_page_sized(image))(pixels, use_cls=False)
        except (ValueError, RuntimeError, IndexError, TypeError, MemoryError) as error:
            raise RecordError("OCR_FAILED", f"text recognition failed: {error}") from None
        if result.boxes is None or result.txts is None:
            return []
        lines = []
        for quad, text, score in zip(result.boxes, result.txts, result.scores, strict=True):
            xs, ys = [float(point[0]) for point in quad], [float(point[1]) for point in quad]
            clean = tighten(text)
            if clean:
                box = (min(xs), min(ys), max(xs), max(ys))
                size = round(HEIGHT_TO_FONT_SIZE * min(box[3] - box[1], box[2] - box[0]), 1)
                lines.append(TextLine(bbox=box, text=clean, score=round(float(score), 3), font_size=size))
        return sorted(lines, key=lambda line: (line.bbox[1], line.bbox[0]))

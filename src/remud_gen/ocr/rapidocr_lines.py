"""RapidOCR at work: lines are found tile by tile, and read one by one."""

from __future__ import annotations

import logging
from functools import cache
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from remud_gen.errors import RecordError
from remud_gen.ocr.memory import keep_freed_memory, return_freed_memory
from remud_gen.ocr.tiles import cut_tiles
from remud_gen.records import TextLine
from remud_gen.rules.spacing import tighten

if TYPE_CHECKING:
    from PIL.Image import Image

MIN_SIDE_PX = 12
PAGE_SIDE_PX = 1600  # below, tiny labels on scanned pictures begin to be lost
CROP_SIDE_PX = 736
LEAST_SCORE = 0.5
HEIGHT_TO_FONT_SIZE = 0.78  # a detected line box is this much higher than its letters' em
STEP_PX = 32  # sides of the line finder's input are multiples
MIDDLE_LEVEL = 127.5  # grey levels 0 to 255 go in as -1 to 1


@cache
def _load_engine() -> Any:
    """One engine per process: a second to load, 100 MB.

    Reading line by line needs half the memory of padded batches and is no slower on one thread.
    """
    from rapidocr import RapidOCR

    logging.getLogger("RapidOCR").setLevel(logging.CRITICAL)
    keep_freed_memory()
    engine = RapidOCR(
        params={
            "Global.log_level": "critical",
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
            "EngineConfig.onnxruntime.enable_cpu_mem_arena": False,
            "Rec.rec_batch_num": 1,
            "Det.limit_side_len": PAGE_SIDE_PX,
            "Det.limit_type": "max",
        }
    )
    logging.getLogger("RapidOCR").setLevel(logging.CRITICAL)
    engine(np.zeros((64, 64, 3), np.uint8), use_det=True, use_cls=False, use_rec=False)  # loads the line finder
    engine.text_det.get_preprocess = lambda: make_input
    return engine


def make_input(pixels: Any) -> Any:
    """What the line finder takes, in one pass: the package's own way goes through three copies in double precision."""
    height, width = (max(STEP_PX, round(side / STEP_PX) * STEP_PX) for side in pixels.shape[:2])
    if (height, width) != pixels.shape[:2]:
        pixels = cv2.resize(pixels, (width, height))
    return cv2.dnn.blobFromImage(pixels, 1 / MIDDLE_LEVEL, (width, height), (MIDDLE_LEVEL,) * 3)


def _choose_scale(width: int, height: int) -> float:
    """Small pictures are enlarged to CROP_SIDE_PX for finding lines, unless that made them larger than a page."""
    enlarged = max(1.0, CROP_SIDE_PX / min(width, height))
    if max(width, height) * enlarged > PAGE_SIDE_PX:
        return min(1.0, PAGE_SIDE_PX / max(width, height))
    return enlarged


def _find_lines(engine: Any, pixels: Any) -> list[Any]:
    """Corners of all lines, top to bottom. Found tile by tile: the network's memory grows with the picture."""
    height, width = pixels.shape[:2]
    scale = _choose_scale(width, height)
    small = pixels
    if scale != 1.0:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    quads = []
    for top, bottom, first, last in cut_tiles(small):
        found = engine(np.ascontiguousarray(small[top:bottom]), use_det=True, use_cls=False, use_rec=False)
        for quad in found.boxes if found.boxes is not None else ():
            placed = np.asarray(quad, dtype=np.float32) + np.array([0, top], dtype=np.float32)
            if first <= float(placed[:, 1].mean()) < last:
                across, down = width / small.shape[1], height / small.shape[0]
                quads.append(placed * np.array([across, down], dtype=np.float32))
    return quads


def read_lines(image: Image) -> list[TextLine]:
    """All lines, top to bottom, in pixels of the image.

    Raises:
        RecordError: OCR_FAILED when the engine cannot process the pixels.
    """
    if min(image.size) < MIN_SIDE_PX:
        return []
    pixels = np.ascontiguousarray(np.asarray(image.convert("RGB"))[:, :, ::-1])
    try:
        engine = _load_engine()
        quads = _find_lines(engine, pixels)
        return_freed_memory()  # before reading adds to it
        if not quads:
            return []
        result = engine.recognize_txt(engine.crop_text_regions(pixels, np.array(quads)))
    except (ValueError, RuntimeError, IndexError, TypeError, MemoryError, cv2.error) as error:
        raise RecordError("OCR_FAILED", f"text recognition failed: {error}") from None
    finally:
        return_freed_memory()
    lines = []
    for quad, text, score in zip(quads, result.txts, result.scores, strict=True):
        xs, ys = [float(point[0]) for point in quad], [float(point[1]) for point in quad]
        clean = tighten(text)
        if clean and score >= LEAST_SCORE:
            box = (min(xs), min(ys), max(xs), max(ys))
            size = round(HEIGHT_TO_FONT_SIZE * min(box[3] - box[1], box[2] - box[0]), 1)
            lines.append(TextLine(bbox=box, text=clean, score=round(float(score), 3), font_size=size))
    return sorted(lines, key=lambda line: (line.bbox[1], line.bbox[0]))

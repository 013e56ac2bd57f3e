"""The page segmenter that PyMuPDF bundles, reached through private attributes: checked on load, absent is an answer."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from remud_gen.pdf.opening import MUPDF_ERRORS
from remud_gen.rules.geometry import Box

if TYPE_CHECKING:
    from PIL.Image import Image

HELD = (
    "_combined",
    "_logits",
    "_raw_outputs",
)  # 60 MB of features, kept by the model for a step that is not taken here


@cache
def _load_extractor() -> Any | None:
    """The model, once per process; it keeps state between calls and must not be shared by threads."""
    try:
        from pymupdf.layout import DocumentLayoutAnalyzer

        return DocumentLayoutAnalyzer.get_model()._model.feature_extractor
    except (ImportError, AttributeError, OSError, *MUPDF_ERRORS):
        return None


def is_segmenter_available() -> bool:
    """Whether the installed PyMuPDF still has the model where this code looks for it."""
    extractor = _load_extractor()
    return hasattr(extractor, "predict") and hasattr(extractor, "get_picture_detections")


def segment_pictures(image: Image) -> list[Box]:
    """Picture boxes in pixels of an RGB page image; 72 dpi is enough, edges are good to about 1/100 of the page.

    Empty, too, where the model is not available: ask `is_segmenter_available` to tell the two apart.
    """
    if not is_segmenter_available():
        return []
    extractor = _load_extractor()
    assert extractor is not None
    extractor.predict(np.ascontiguousarray(np.asarray(image.convert("RGB"))))
    found = extractor.get_picture_detections()
    for name in HELD:
        if hasattr(extractor, name):
            setattr(extractor, name, None)
    return sorted((float(b[0]), float(b[1]), float(b[2]), float(b[3])) for b in found)

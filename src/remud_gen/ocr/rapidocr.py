"""RapidOCR: PP-OCRv6 small, Chinese and English in one model, weights inside the wheel."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, ClassVar

from remud_gen.errors import MissingExtraError
from remud_gen.records import TextLine

if TYPE_CHECKING:
    from PIL.Image import Image


class RapidOcrEngine:
    """Reads printed text, line by line, with a confidence each."""

    name: ClassVar[str] = "rapidocr"
    libraries: ClassVar[tuple[str, ...]] = ("rapidocr",)

    def check(self) -> None:
        """Raise MissingExtraError where the libraries that it reads with cannot be loaded on this machine."""
        _load_reading()

    def read(self, image: Image) -> list[TextLine]:
        """All lines, top to bottom, in pixels of the image.

        Raises:
            RecordError: OCR_FAILED when the engine cannot process the pixels.
            MissingExtraError: as `check` says.
        """
        lines: list[TextLine] = _load_reading().read_lines(image)
        return lines


def _load_reading() -> Any:
    # With the imaging libraries: where nothing is read, nobody waits for them.
    try:
        return importlib.import_module("remud_gen.ocr.rapidocr_lines")
    except ImportError as error:
        hint = "pip install --force-reinstall opencv-python-headless rapidocr; `remud doctor` looks again"
        raise MissingExtraError(f"pictures cannot be read for words: {error}", hint) from error

"""RapidOCR: PP-OCRv6 small, Chinese and English in one model, weights inside the wheel."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from remud_gen.records import TextLine

if TYPE_CHECKING:
    from PIL.Image import Image


class RapidOcrEngine:
    """Reads printed text, line by line, with a confidence each."""

    name: ClassVar[str] = "rapidocr"
    libraries: ClassVar[tuple[str, ...]] = ("rapidocr",)

    def read(self, image: Image) -> list[TextLine]:
        """All lines, top to bottom, in pixels of the image.

        Raises:
            RecordError: OCR_FAILED when the engine cannot process the pixels.
        """
        from remud_gen.ocr.rapidocr_lines import read_lines  # with the imaging libraries: only where pictures are read

        return read_lines(image)

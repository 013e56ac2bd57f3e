"""`remud` with an OCR engine that finds nothing, in one process: the pictures of the shelf hold no words, and looking
for them takes a second a page.

python -m scripts.generation.reading pair SHELF --run RUN …
"""

from __future__ import annotations

from PIL.Image import Image

from remud_gen.cli import main
from remud_gen.ocr.rapidocr import RapidOcrEngine
from remud_gen.records import TextLine


def find_nothing(engine: RapidOcrEngine, image: Image) -> list[TextLine]:
    return []


if __name__ == "__main__":
    RapidOcrEngine.read = find_nothing  # type: ignore[method-assign]
    main()

"""Pictures of a scan by the page segmenter that PyMuPDF bundles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from remud_gen.pdf.segmenter import segment_pictures
from remud_gen.protocols import PageView, PictureBox
from remud_gen.records import TextLine
from remud_gen.rules.geometry import measure_area

LONG_SIDE_PX = 840
MIN_SHARE = 0.01


class SegmenterDetector:
    """A small neural page segmenter; finds pictures of any colour, a little loose at the edges."""

    name: ClassVar[str] = "segmenter"

    def detect(self, page: PageView, lines: Sequence[TextLine]) -> list[PictureBox]:
        """Boxes larger than 1 % of the page."""
        image = page.render(72 * LONG_SIDE_PX / max(page.width, page.height))
        across, down = page.width / image.width, page.height / image.height
        boxes = [(b[0] * across, b[1] * down, b[2] * across, b[3] * down) for b in segment_pictures(image)]
        least = MIN_SHARE * page.width * page.height
        return [PictureBox(box, "segmenter", 0.75) for box in boxes if measure_area(box) > least]

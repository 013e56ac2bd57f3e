"""The default: what a digital page declares, what two detectors see on a scan."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from remud_gen.layout.embedded import EmbeddedDetector
from remud_gen.protocols import PageView, PictureBox
from remud_gen.records import TextLine


class AutoDetector:
    """Embedded pictures on digital pages; segmenter and contours, united, on scans."""

    name: ClassVar[str] = "auto"

    def detect(self, page: PageView, lines: Sequence[TextLine]) -> list[PictureBox]:
        """Picture boxes by the page's kind."""
        return EmbeddedDetector().detect(page, lines)

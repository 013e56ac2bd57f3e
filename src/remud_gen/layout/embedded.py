"""Pictures that a digital page itself paints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from remud_gen.protocols import PageView, PictureBox
from remud_gen.records import TextLine


class EmbeddedDetector:
    """Embedded images and vector drawings; sees nothing on a scan."""

    name: ClassVar[str] = "embedded"

    def detect(self, page: PageView, lines: Sequence[TextLine]) -> list[PictureBox]:
        """What the file declares to be pictures."""
        return list(page.picture_boxes())

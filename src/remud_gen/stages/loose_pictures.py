"""Pictures of documents without pages: the same one, linked again and again, is read once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from remud_gen.protocols import PageView, PictureBox
from remud_gen.records import Figure
from remud_gen.stages.cropping import FigureCutter

PX_DPI = 72


class LooseCutter:
    """Describes whole pictures, with a memory of those of the document in hand: a logo may stand in every chapter."""

    def __init__(self, cutter: FigureCutter) -> None:
        self._cutter = cutter
        self._document = ""
        self._known: dict[str, Figure] = {}

    def cut(self, load: Callable[[int], PageView], max_pixels: int, document: str) -> Figure:
        """A figure of all of a picture; its id names no page and is for the caller to replace.

        Raises:
            RecordError: as `load` does.
        """
        if document != self._document:
            self._document, self._known = document, {}
        view = load(max_pixels)
        pixels = view.render(PX_DPI)
        key = hashlib.sha256(f"{pixels.mode}{pixels.size}".encode() + pixels.tobytes()).hexdigest()
        if key not in self._known:
            whole = PictureBox((0.0, 0.0, view.width, view.height), "document", 1.0)
            self._known[key] = self._cutter.cut(view, document, whole, [])
        return self._known[key]

"""The sketches of one document's unsure pairs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from remud_gen.errors import RecordError
from remud_gen.records import ImageTextPair, Page, Sketch
from remud_gen.stages.base import Failure
from remud_gen.stages.page_cropper import ReaderCropper
from remud_gen.stages.sketching import draw_sketch


class Sketcher:
    """Draws the questions of one document, each once for all panels of its figure."""

    def __init__(self, cropper: ReaderCropper, pages: Sequence[Page]) -> None:
        self._cropper = cropper
        self._pages: dict[int, Page] = {}
        for page in pages:
            # The halves of a spread are one sheet.
            half = self._pages.get(page.source.page_number or 1)
            both = page if half is None else half.model_copy(update={"figures": (*half.figures, *page.figures)})
            self._pages[page.source.page_number or 1] = both
        self._last: tuple[Sketch, Sketch | RecordError] | None = None

    def sketch(self, pair: ImageTextPair, sketch: Sketch) -> Iterator[ImageTextPair | Failure]:
        """The pair with its sketch drawn; without one, and a failure beside it, where that cannot be done."""
        if self._last is None or self._last[0] != sketch:
            self._last = (sketch, self._draw(sketch))
        drawn = self._last[1]
        if isinstance(drawn, Sketch):
            yield pair.model_copy(update={"sketch": drawn})
            return
        yield pair.model_copy(update={"sketch": None})
        yield Failure(drawn.code, f"no model can check this pair: {drawn.message}", drawn.hint)

    def _draw(self, sketch: Sketch) -> Sketch | RecordError:
        try:
            return draw_sketch(sketch, self._pages, self._cropper.open_view, self._cropper.images)
        except RecordError as error:
            return error

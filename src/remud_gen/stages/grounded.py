"""Pages with the figures a model saw on them -> pages as ever, only that the figures are those."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from remud_gen.config import Config
from remud_gen.layout.given import GivenDetector
from remud_gen.protocols import PictureBox
from remud_gen.records import Page, PageRendition
from remud_gen.stages.base import Failure, PageInput, RecordStage, Rejection, StageContext
from remud_gen.stages.extract import ExtractStage

LOOSE_SCORE = 0.75
DOUBTFUL_FLAG = "loose_box"  # the edges agree poorly with where ink ends


class GroundedExtractStage(RecordStage[PageRendition, Page]):
    """Read one page, its text as ever, its figures where the model saw them."""

    name, version = ExtractStage.name, ExtractStage.version

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self._extract = ExtractStage(config)

    def settings(self) -> Mapping[str, object]:
        """Those of reading a page."""
        return self._extract.settings()

    def libraries(self) -> Sequence[str]:
        """Those of reading a page."""
        return self._extract.libraries()

    def check(self) -> None:
        """Refuse what reading a page refuses."""
        self._extract.check()

    def setup(self, context: StageContext) -> None:
        """Make what reads pages, and hand it the boxes instead of a detector of its own."""
        self._extract.setup(context)
        self._given = self._extract.reader.detector = GivenDetector()

    def process(self, item: PageRendition) -> Iterator[Page | Failure | Rejection[Page]]:
        """One Page record, two of a two-page spread; RecordError when this page cannot be read."""
        boxes = [
            PictureBox(box.bbox, "vlm", box.score, flags=(DOUBTFUL_FLAG,) if box.score < LOOSE_SCORE else ())
            for box in item.boxes or ()
        ]
        self._given.give(boxes, item.source.to_original)
        number = item.source.page_number or 1
        yield from self._extract.process(PageInput(item.id, item.document, number))

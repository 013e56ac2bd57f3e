"""Pages -> image-text pairs, passages and questions of question banks, one document at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from remud_gen import registry
from remud_gen.errors import RecordError
from remud_gen.layout.setting import restore_view
from remud_gen.protocols import FlowDocument, ImageStore, PageView, PairingRule, PictureBox, Reader, Unpaired
from remud_gen.records import BBox, Figure, ImageTextPair, Page, Passage, QuestionItem, Sketch
from remud_gen.stages.base import DocumentStage, Failure, Rejection, StageContext
from remud_gen.stages.cropping import FigureCutter
from remud_gen.stages.flow_pages import join_pictures
from remud_gen.stages.sketching import draw_sketch

HEAD_BYTES = 4096
CHECKED_RULE = "vlm_check"  # whose unsure pairs the check stage shows to a model
Paired = ImageTextPair | Passage | QuestionItem
Outcome = Paired | Failure | Rejection[Paired]


class PairStage(DocumentStage[Page, Paired]):
    """Give every picture its words, and the running text its passages."""

    name = "pair"
    version = 2

    def settings(self) -> Mapping[str, object]:
        """The pair section, and the resolution at which figures are cut anew."""
        cut = self.config.extract.model_dump(mode="json", include={"min_dpi", "max_dpi", "max_page_pixels"})
        return {"rule": self.config.pair.rule, **self._list_options(), **cut}

    def _list_options(self) -> Mapping[str, object]:
        """The pair section as its rule takes it: keys of another rule make no part stale."""
        others = set() if self.config.pair.rule == CHECKED_RULE else {"check_below"}
        return self.config.pair.model_dump(mode="json", exclude={"rule", *others})

    def libraries(self) -> Sequence[str]:
        """PDF and image libraries shape the pictures that are cut anew."""
        return ("pymupdf", "pillow", "numpy")

    def check(self) -> None:
        """Refuse a rule that does not exist."""
        registry.check_name("pairing", self.config.pair.rule)

    def setup(self, context: StageContext) -> None:
        """Make the rule and what cuts whole figures."""
        self._rule: PairingRule = registry.load("pairing", self.config.pair.rule)(self._list_options())
        self._cropper = ReaderCropper(context)

    def process_document(self, document_id: str, items: Sequence[Page]) -> Iterator[tuple[str, Outcome]]:
        """(page id, outcome) for all pages; a page without figures and text worth keeping is rejected as NO_PAIR."""
        pages = sorted(items, key=lambda page: page.source.page_number or 0)
        seen: set[str] = set()
        sketcher = Sketcher(self._cropper, pages)
        for page_id, found in self._rule.pair(pages, self._cropper):
            seen.add(page_id)
            if isinstance(found, ImageTextPair) and found.sketch is not None:
                yield from ((page_id, outcome) for outcome in sketcher.sketch(found, found.sketch))
            elif not isinstance(found, Unpaired):
                yield page_id, found
            elif found.hint:
                yield page_id, Failure(found.code, found.message, found.hint)
            else:
                yield page_id, Rejection(found.code, found.message)
        for page in pages:
            for question in page.questions:
                yield page.id, question
            if page.id not in seen and not page.questions:
                yield page.id, Rejection("NO_PAIR", _explain_empty(page))


class ReaderCropper:
    """Cuts a box out of a document through its reader; opens the document only when asked."""

    def __init__(self, context: StageContext) -> None:
        self._context = context
        self._cutter = FigureCutter(context.config.extract, context.images, None)

    def crop(self, page: Page, bbox: BBox) -> Figure:
        """The picture of a box of a page; of a page without print, its pictures joined.

        Raises:
            RecordError: when the document cannot be read any more.
        """
        if page.kind == "flow":
            return join_pictures(page, bbox, self._context.images)
        with self.open_view(page) as view:
            box = PictureBox(bbox, "hull", min((f.score for f in page.figures), default=1.0))
            return self._cutter.cut(view, page.id, box, [])

    @property
    def images(self) -> ImageStore:
        """Where pictures are saved."""
        return self._context.images

    @contextmanager
    def open_view(self, page: Page) -> Iterator[PageView]:
        """A page as its boxes were measured.

        Raises:
            RecordError: when the document cannot be read any more.
        """
        path = self._context.document_path(page.source.document_sha256)
        try:
            with path.open("rb") as file:
                head = file.read(HEAD_BYTES)
        except OSError as error:
            raise RecordError("UNREADABLE_FILE", f"cannot be opened: {error.strerror}", "put the file back") from None
        for name in registry.table("readers"):
            reader: type[Reader] = registry.load("readers", name)
            if reader.sniff(head, path) is not None:
                with reader().open(path) as document:
                    if isinstance(document, FlowDocument):
                        break
                    yield restore_view(document.page(page.source.page_number or 1), page.source.to_original)
                    return
        raise RecordError("UNREADABLE_FORMAT", "no reader takes this file any more", "run `remud extract` again")


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


def _explain_empty(page: Page) -> str:
    if not page.text_blocks and not page.figures:
        return "the page is empty"
    return "no figure, and too little running text for a passage"

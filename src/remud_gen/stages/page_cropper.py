"""Cutting pictures out of documents once more, for figures whose parts belong together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from remud_gen import registry
from remud_gen.errors import RecordError
from remud_gen.layout.setting import restore_view
from remud_gen.protocols import FlowDocument, ImageStore, PageView, PictureBox, Reader
from remud_gen.records import BBox, Figure, Page
from remud_gen.stages.base import StageContext
from remud_gen.stages.cropping import FigureCutter
from remud_gen.stages.flow_pages import join_pictures

HEAD_BYTES = 4096


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

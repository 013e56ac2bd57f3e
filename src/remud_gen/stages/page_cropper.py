"""Cutting pictures out of documents once more, for figures whose parts belong together or apart."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from PIL import Image as PillowImage

from remud_gen import registry
from remud_gen.errors import RecordError
from remud_gen.layout.setting import restore_view
from remud_gen.protocols import FlowDocument, ImageStore, PageView, PictureBox, Reader
from remud_gen.records import BBox, Figure, Page
from remud_gen.rules import modality
from remud_gen.stages.base import StageContext
from remud_gen.stages.cropping import FigureCutter
from remud_gen.stages.flow_pages import join_pictures

if TYPE_CHECKING:
    from PIL.Image import Image

HEAD_BYTES = 4096


class ReaderCropper:
    """Cuts a box out of a document through its reader; opens the document only when asked."""

    def __init__(self, context: StageContext) -> None:
        self._context = context
        self._cutter = FigureCutter(context.config.extract, context.images, None)

    def crop(self, page: Page, bbox: BBox, whole: Figure | None = None) -> Figure:
        """The picture of a box of a page; of a page without print, its pictures joined. The words that were read in
        `whole`, a picture that the box is a part of, go to the part they stand in.

        Raises:
            RecordError: when the document cannot be read any more.
        """
        if page.kind == "flow":
            return join_pictures(page, bbox, self._context.images)
        with self.open_view(page) as view:
            if whole is not None:
                box = PictureBox(bbox, "cell", whole.score, flags=_list_lasting(whole))
                return self._cutter.cut(view, page.id, box, whole.burned_in_text)
            box = PictureBox(bbox, "hull", min((f.score for f in page.figures), default=1.0))
            return self._cutter.cut(view, page.id, box, [])

    def open_picture(self, figure: Figure) -> Image:
        """The stored pixels of a figure.

        Raises:
            RecordError: IMAGE_MISSING or IMAGE_UNREADABLE.
        """
        path = self._context.images.path(figure.image)
        try:
            with PillowImage.open(path) as stored:
                return stored.convert("RGB")
        except (OSError, ValueError, PillowImage.DecompressionBombError) as error:
            hint = "run `remud extract --verify` to make it again"
            raise RecordError("IMAGE_UNREADABLE", f"{path.name} cannot be read as a picture: {error}", hint) from None

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


def _list_lasting(figure: Figure) -> tuple[str, ...]:
    """What is told of a picture and holds for its parts: all but what their own pixels are asked for."""
    return tuple(flag for flag in figure.flags if flag not in modality.FLAGS | {"dual_screen", "low_resolution"})

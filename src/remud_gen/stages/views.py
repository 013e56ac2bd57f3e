"""Documents -> what a vision-language model is shown of each page: set upright, at the size at which it sees."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from PIL import Image as PillowImage

from remud_gen.config import Config
from remud_gen.errors import RecordError
from remud_gen.layout.setting import PageSetter
from remud_gen.protocols import FlowDocument, FrameView, PageView
from remud_gen.records import ImageRef, Language, PageRendition, Source, make_id
from remud_gen.rules.coordinates import CONVENTIONS, choose_convention
from remud_gen.rules.images import is_blank, is_photographic
from remud_gen.rules.language import detect_language
from remud_gen.rules.smart_resize import fit_picture
from remud_gen.stages.base import Failure, PageInput, RecordStage, Rejection, StageContext
from remud_gen.stages.extract import ExtractStage

READING_SETTINGS = ("ocr", "ocr_languages", "ocr_data", "max_page_pixels")  # which way is up is told by reading


class ViewsStage(RecordStage[PageInput, PageRendition]):
    """Render every printed page for a model; chapters, frames and blank pages pass without a picture."""

    name, version = "views", 1

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self._extract = ExtractStage(config)
        self._vision = config.resolve_vision()
        chosen = choose_convention(self._vision.coords, self._vision.model)
        self._factor = (chosen or CONVENTIONS["pixels"]).factor  # without one, the next stage refuses to start

    def settings(self) -> Mapping[str, object]:
        """The size of the pictures, and what decides which way up a page is."""
        reading = {name: value for name, value in self._extract.settings().items() if name in READING_SETTINGS}
        size = {name: getattr(self._vision, name) for name in ("max_image_pixels", "max_image_side_px")}
        return {"factor": self._factor, **size, **reading}

    def libraries(self) -> Sequence[str]:
        """Everything whose version can move a pixel."""
        return self._extract.libraries()

    def check(self) -> None:
        """Refuse what reading the pages would refuse."""
        self._extract.check()

    def setup(self, context: StageContext) -> None:
        """Make what opens documents and sets pages upright."""
        self._images = context.images
        self._extract.setup(context)
        self._setter = PageSetter(self._extract.build_ocr())

    def process(self, item: PageInput) -> Iterator[PageRendition | Failure | Rejection[PageRendition]]:
        """One rendition of a page; RecordError when the page cannot be read."""
        document = self._extract.reader.open_document(item.document)
        page = None if isinstance(document, FlowDocument) else document.page(item.number)
        if page is None or isinstance(page, FrameView):
            yield self._describe(item, None, None)
            return
        view = self._set_upright(page)
        picture = self._render(view)
        if is_blank(picture):
            yield self._describe(item, view, None)
            return
        # Not named as a crop of the page: a model gets the very pixels that its numbers are counted in.
        image = self._images.save(picture, is_photographic=is_photographic(picture))
        yield self._describe(item, view, image)

    def _set_upright(self, page: PageView) -> PageView:
        view = self._setter.set_upright(page)
        turned = self._setter.turn_over(view, ())
        return view if turned is None else self._setter.set_upright(turned)

    def _render(self, view: PageView) -> PillowImage.Image:
        limits = self._vision.max_image_pixels, self._vision.max_image_side_px
        try:
            size = fit_picture(view.width, view.height, self._factor, *limits)
        except ValueError as error:
            hint = "split the page, or set extract.layout: auto for this document"
            raise RecordError("PAGE_TOO_LONG", f"no model can be shown the page: {error}", hint) from None
        dpi = 72 * max(size[0] / view.width, size[1] / view.height)
        picture = view.render(dpi).convert("RGB")
        return picture if picture.size == size else picture.resize(size, PillowImage.Resampling.LANCZOS)

    def _describe(self, item: PageInput, view: PageView | None, image: ImageRef | None) -> PageRendition:
        return PageRendition(
            id=make_id(item.document.id, "rendition", item.number, image.sha256 if image is not None else ""),
            document=item.document,
            source=Source(
                document_sha256=item.document.sha256,
                file=item.document.file,
                page_number=item.number,
                page_size=(view.width, view.height) if view is not None else None,
                unit=view.unit if view is not None else "pt",
                to_original=view.to_original if view is not None else None,
            ),
            image=image,
            language=_tell_language(item, view) if image is not None else "en",
        )


def _tell_language(item: PageInput, view: PageView | None) -> Language:
    """Of the words that are known without reading the page, else of the book's name."""
    name = item.document.title or PurePosixPath(item.document.file).stem
    lines = [] if view is None else [*view.text_lines(), *view.hidden_text_lines()]
    return detect_language(" ".join(line.text for line in lines), detect_language(name))

"""Pages that are one picture with its words beside it -> Page records: labelled images, frames of an examination."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from remud_gen.protocols import FrameView, PictureBox
from remud_gen.records import Page, Source, TextBlock, TextLine, make_id
from remud_gen.rules.banners import WITHHELD
from remud_gen.rules.geometry import holds_centre, hull
from remud_gen.stages.base import PageInput
from remud_gen.stages.cropping import FigureCutter


def read_frame_page(view: FrameView, item: PageInput, cutter: FigureCutter, lines: Sequence[TextLine]) -> Page:
    """The picture with what is burned into it, and its given words as blocks that speak of all of it.

    Words on the screen outside the picture are the device's banner, where patients' names stand: they are marked by
    a flag, and neither they nor their pixels reach a record. Words inside the picture that name the patient reach none
    either: only where they stand does, so that their pixels can be masked, and the flag `patient_text` says so.
    """
    page_id = make_id(item.document.id, "page", item.number)
    private = [line for line in lines if view.is_private(line.text)]
    kept = [line.model_copy(update={"text": WITHHELD}) if line in private else line for line in lines]
    figures = tuple(cutter.cut(view, page_id, _mark(box, private), kept) for box in view.picture_boxes())
    box = hull(figure.bbox for figure in figures) if figures else (0.0, 0.0, view.width, view.height)
    has_banner = any(not holds_centre(figure.bbox, line.bbox) for line in lines for figure in figures)
    return Page(
        id=page_id,
        document_id=item.document.id,
        licence=item.document.licence,
        source=Source(
            document_sha256=item.document.sha256,
            file=item.document.file,
            page_number=item.number,
            page_size=(view.width, view.height),
            unit="px",
            locator=view.locator,
        ),
        kind="image",
        width_pt=view.width,
        height_pt=view.height,
        text_blocks=tuple(
            TextBlock(
                id=make_id(page_id, "block", given.locator, given.role, given.text),
                bbox=box,
                text=given.text,
                role=given.role,
                locator=given.locator,
            )
            for given in view.given_texts()
        ),
        figures=figures,
        text_origin="ocr" if lines else "none",
        flags=(*view.flags, *(("outside_region",) if has_banner else ())),
        regions=tuple(view.regions),
    )


def _mark(box: PictureBox, private: Sequence[TextLine]) -> PictureBox:
    has_names = any(holds_centre(box.bbox, line.bbox) for line in private)
    return replace(box, flags=(*box.flags, "patient_text")) if has_names else box

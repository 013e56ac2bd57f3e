"""Chapters of documents without pages -> Page records: text and pictures in order, boxes neutral, places named."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from PIL import Image as PillowImage

from remud_gen.errors import RecordError
from remud_gen.protocols import FlowElement, FlowKind, FlowPage, ImageStore
from remud_gen.records import BBox, Figure, FlowPlace, Page, Source, TextBlock, TextLine, TextRole, make_id
from remud_gen.rules.images import hash_perceptually, is_photographic, score_ultrasound
from remud_gen.stages.bank_questions import read_bank
from remud_gen.stages.base import Failure, PageInput, Rejection
from remud_gen.stages.cropping import move_line
from remud_gen.stages.loose_pictures import LooseCutter

NEUTRAL: BBox = (0.0, 0.0, 0.0, 0.0)
ROLES: dict[FlowKind, TextRole] = {
    "heading": "section",
    "paragraph": "body",
    "list": "body",
    "table": "table",
    "caption": "caption",
}
REJECTED = frozenset({"PICTURE_REMOTE", "PICTURE_OUTSIDE", "PICTURE_NOT_RASTER", "PICTURE_TOO_SMALL"})
MAX_JOINED_PIXELS = 25_000_000


@dataclass(slots=True)
class _Draft:
    blocks: list[TextBlock] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    losses: list[Failure | Rejection[Page]] = field(default_factory=list)


def read_flow_page(
    page: FlowPage, item: PageInput, cutter: LooseCutter, max_pixels: int
) -> Iterator[Page | Failure | Rejection[Page]]:
    """One Page record, and beside it whatever became of pictures that are not in it."""
    page_id = make_id(item.document.id, "page", page.number)
    draft = _Draft()
    for order, element in enumerate(page.elements):
        _add(draft, element, order, (item.document.id, page_id), cutter, max_pixels)
    questions, lost = read_bank(page.questions, item, cutter, max_pixels)
    draft.losses += lost
    flags = {*page.flags, *({"pictures_missing"} if len(draft.losses) > len(lost) else ())}
    yield Page(
        id=page_id,
        document_id=item.document.id,
        licence=item.document.licence,
        source=Source(
            document_sha256=item.document.sha256,
            file=item.document.file,
            page_number=page.number,
            unit="px",
            locator=page.locator,
        ),
        kind="flow",
        width_pt=0.0,
        height_pt=0.0,
        text_blocks=tuple(draft.blocks),
        figures=tuple(draft.figures),
        text_origin="layer" if draft.blocks else "none",
        flags=tuple(sorted(flags)),
        questions=tuple(questions),
    )
    yield from draft.losses


def _add(
    draft: _Draft, element: FlowElement, order: int, ids: tuple[str, str], cutter: LooseCutter, max_pixels: int
) -> None:
    document_id, page_id = ids
    place = FlowPlace(order=order, level=element.level, figure=element.figure, row=element.row)
    if element.kind != "picture":
        block = TextBlock(
            id=make_id(page_id, "block", order, element.text),
            bbox=NEUTRAL,
            text=element.text,
            role="title" if element.level == 0 else ROLES[element.kind],
            locator=element.locator,
            place=place,
        )
        draft.blocks.append(block)
        return
    place = place.model_copy(update={"alt": element.text or None})
    try:
        assert element.load is not None
        draft.figures.append(_place(cutter.cut(element.load, max_pixels, document_id), element, place, page_id))
    except RecordError as error:
        message = f"{error.message} ({element.locator})"
        is_judged = error.code in REJECTED
        draft.losses.append(Rejection(error.code, message) if is_judged else Failure(error.code, message, error.hint))


def _place(cut: Figure, element: FlowElement, place: FlowPlace, page_id: str) -> Figure:
    x0, y0 = cut.bbox[:2]
    return cut.model_copy(
        update={
            "id": make_id(page_id, "figure", place.order, cut.image.sha256),
            "bbox": (0.0, 0.0, float(cut.image.width_px), float(cut.image.height_px)),
            "burned_in_text": tuple(_shift(line, -x0, -y0) for line in cut.burned_in_text),
            "annotations": tuple(
                note.model_copy(update={"bbox": _shift_box(note.bbox, -x0, -y0)}) for note in cut.annotations
            ),
            "locator": element.locator,
            "place": place,
        }
    )


def _shift(line: TextLine, dx: float, dy: float) -> TextLine:
    return move_line(line, dx, dy, 1.0, 1.0)


def _shift_box(box: BBox, dx: float, dy: float) -> BBox:
    return (box[0] + dx, box[1] + dy, box[2] + dx, box[3] + dy)


def join_pictures(page: Page, bbox: BBox, images: ImageStore) -> Figure:
    """One picture of all those of a page that lie in a box, set on white as the page has them; for figures whose parts
    cannot be told apart. The page's boxes are pixels here.

    Raises:
        RecordError: IMAGE_MISSING, or FIGURE_TOO_LARGE for more than 25 million pixels.
    """
    members = [figure for figure in page.figures if _lies_in(figure.bbox, bbox)]
    width, height = round(bbox[2] - bbox[0]), round(bbox[3] - bbox[1])
    if width * height > MAX_JOINED_PIXELS:
        raise RecordError(
            "FIGURE_TOO_LARGE", f"its parts together are {width} x {height} pixels", "shrink the pictures"
        )
    sheet = PillowImage.new("RGB", (width, height), "white")
    for figure in members:
        with PillowImage.open(images.path(figure.image)) as part:
            sheet.paste(part.convert("RGB"), (round(figure.bbox[0] - bbox[0]), round(figure.bbox[1] - bbox[1])))
    image = images.save(sheet, phash=hash_perceptually(sheet), is_photographic=is_photographic(sheet))
    return Figure(
        id=make_id(page.id, "figure", *(figure.id for figure in members), image.sha256),
        bbox=bbox,
        image=image,
        dpi=72,
        detector="joined",
        score=min((figure.score for figure in members), default=1.0),
        is_ultrasound_score=score_ultrasound(sheet),
        locator=members[0].locator if members else None,
    )


def _lies_in(inner: BBox, outer: BBox) -> bool:
    return inner[0] >= outer[0] and inner[1] >= outer[1] and inner[2] <= outer[2] and inner[3] <= outer[3]

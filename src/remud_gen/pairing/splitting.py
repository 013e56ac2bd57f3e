"""One picture that holds several panels -> one picture per panel, where gutters and words leave no doubt."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from remud_gen.pairing.clauses import split_clauses
from remud_gen.pairing.flow import Block, Flow, Picture
from remud_gen.pairing.panels import Panels, find_printed_letters, place_pictures, read_panels
from remud_gen.protocols import Cropper
from remud_gen.records import BBox
from remud_gen.rules.figure_labels import parse_panel_letters
from remud_gen.rules.geometry import holds_centre
from remud_gen.rules.gutters import cut_at_paper, cut_between, drop_strip, load_pixels
from remud_gen.rules.panel_marks import PLACES

DOUBTS = frozenset({"panel_letters_repeat", "panels_within_picture"})


@dataclass(frozen=True, slots=True)
class _Cell:
    """A panel to be: what is read as its picture, and the box that is cut out."""

    draft: Picture
    whole: Picture
    box: BBox


def split_pictures(
    flow: Flow,
    pictures: Sequence[Picture],
    texts: Sequence[str],
    named: Collection[str],
    skipped: Collection[Block],
    cropper: Cropper,
) -> tuple[list[Picture], Panels] | None:
    """As many pictures as `texts` tell panels apart, and what each is; None where pictures and words do not agree.

    Raises:
        RecordError: when a picture or its document cannot be read any more.
    """
    keys = list_clause_keys(texts)
    if len(keys) <= len(pictures) or any(flow.pages[picture.page].page.kind == "flow" for picture in pictures):
        return None
    cells = [cell for picture in pictures for cell in _find_cells(flow, picture, pictures, keys, skipped, cropper)]
    if len(cells) != len(keys):
        return None
    drafts = [cell.draft for cell in cells]
    if keys <= PLACES:
        panels = Panels(places=place_pictures(drafts), is_separable=False)
        is_told = set(panels.places.values()) == keys
    else:
        panels = read_panels(flow, drafts, named, skipped, {})
        is_told = panels.is_separable and not panels.flags & DOUBTS and _agree(panels, {key.upper() for key in keys})
    return _cut_out(flow, cells, panels, cropper) if is_told else None


def list_clause_keys(texts: Sequence[str]) -> frozenset[str]:
    """The panels that a figure's words tell apart: letters, or places where no letters are used; none below two."""
    found = [clauses for text in texts if (clauses := split_clauses(text)) is not None and len(clauses.parts) > 1]
    keys = frozenset(key for clauses in found for key in clauses.keys)
    letters = keys - PLACES
    return letters or keys


def _agree(panels: Panels, keys: Collection[str]) -> bool:
    """Whether the panels are those of the words, each once, and no letter read in a picture says otherwise."""
    for picture, letter in panels.letters.items():
        inside = {one.upper() for one, _ in _list_inside(picture)} & set(keys)
        if inside and letter.upper() not in inside:
            return False
    return sorted(letter.upper() for letter in panels.letters.values()) == sorted(keys)


def _list_inside(picture: Picture) -> list[tuple[str, BBox]]:
    """The lone letters read in a picture, with their boxes."""
    lines = picture.figure.burned_in_text
    return [(letters[0], line.bbox) for line in lines if len(letters := parse_panel_letters(line.text)) == 1]


def _find_cells(
    flow: Flow,
    picture: Picture,
    pictures: Sequence[Picture],
    keys: frozenset[str],
    skipped: Collection[Block],
    cropper: Cropper,
) -> Iterator[_Cell]:
    """The cells of one picture, or the picture itself.

    A gutter of any colour counts where a letter stands in every cell. White ones alone are enough for a figure that
    is one picture, where the letters that were read say nothing else.
    """
    found = _find_letters(flow, picture, keys, skipped)
    is_alone = len(pictures) == 1
    is_lettered = len(found) == len(keys) if is_alone else len(found) > 1
    if not is_lettered and not is_alone:
        yield _Cell(picture, picture, picture.bbox)
        return
    pixels = load_pixels(cropper.open_picture(picture.figure))
    words = [_to_share(picture.bbox, line.bbox) for line in picture.figure.burned_in_text]
    shares = cut_between(pixels, list(found.values()), words) if is_lettered else cut_at_paper(pixels, len(keys))
    if shares is None:
        yield _Cell(picture, picture, picture.bbox)
        return
    letters = list(found.values()) if is_lettered else [None] * len(shares)
    for share, letter in zip(shares, letters, strict=True):
        draft = _draft(picture, _to_page(picture.bbox, share))
        others = [word for word in words if word != letter]
        box = drop_strip(pixels, share, letter, others) if letter is not None else share
        yield _Cell(draft, picture, _to_page(picture.bbox, box))


def _find_letters(flow: Flow, picture: Picture, keys: frozenset[str], skipped: Collection[Block]) -> dict[str, BBox]:
    """Where the panels' letters stand, as shares of the picture's sides; none where one stands there twice.

    Letters printed below or above the picture count as at its edge, and only where it holds none itself.
    """
    for found in (_list_inside(picture), find_printed_letters(flow.pages[picture.page], picture, skipped)):
        own = [(letter.upper(), box) for letter, box in found if letter.upper() in {key.upper() for key in keys}]
        if own:
            places = {letter: _to_share(picture.bbox, box) for letter, box in own}
            return places if len(places) == len(own) else {}
    return {}


def _to_share(whole: BBox, box: BBox) -> BBox:
    """A box as shares of the sides of the picture it stands in; what lies outside counts as at the edge."""
    width, height = max(1e-6, whole[2] - whole[0]), max(1e-6, whole[3] - whole[1])
    x0, x1 = (min(max((x - whole[0]) / width, 0.0), 1.0) for x in (box[0], box[2]))
    y0, y1 = (min(max((y - whole[1]) / height, 0.0), 1.0) for y in (box[1], box[3]))
    return (x0, y0, x1, y1)


def _to_page(whole: BBox, share: BBox) -> BBox:
    width, height = whole[2] - whole[0], whole[3] - whole[1]
    x0, x1 = (round(whole[0] + part * width, 2) for part in (share[0], share[2]))
    y0, y1 = (round(whole[1] + part * height, 2) for part in (share[1], share[3]))
    return (x0, y0, x1, y1)


def _draft(picture: Picture, box: BBox) -> Picture:
    inside = tuple(line for line in picture.figure.burned_in_text if holds_centre(box, line.bbox))
    return Picture(picture.page, picture.figure.model_copy(update={"bbox": box, "burned_in_text": inside}))


def _cut_out(flow: Flow, cells: Sequence[_Cell], panels: Panels, cropper: Cropper) -> tuple[list[Picture], Panels]:
    """The pictures themselves in place of their drafts, in the order of their letters."""
    cells = sorted(cells, key=lambda cell: panels.letters.get(cell.draft, "").upper())
    made = {
        cell.draft: cell.draft
        if cell.draft is cell.whole
        else Picture(cell.whole.page, cropper.crop(flow.pages[cell.whole.page].page, cell.box, cell.whole.figure))
        for cell in cells
    }
    moved = Panels(
        letters={made[draft]: letter for draft, letter in panels.letters.items()},
        places={made[draft]: place for draft, place in panels.places.items()},
        words={made[draft]: words for draft, words in panels.words.items()},
        flags=panels.flags,
        is_separable=panels.is_separable,
    )
    return list(made.values()), moved

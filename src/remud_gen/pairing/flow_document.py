"""Documents without pages, set like a printer's proof so that one set of rules reads both, and freed of boxes after.

Units are pixels: pictures keep their size, and pictures of one row stand side by side. No box of the proof reaches a
record: there, words have a locator, and a picture's box is its own pixels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from remud_gen.pairing.costs import is_sublabel
from remud_gen.pairing.flow import Block, Flow, Item, PageFlow, Picture
from remud_gen.pairing.joining import collect_words
from remud_gen.protocols import Unpaired
from remud_gen.records import (
    BBox,
    BurnedIn,
    Evidence,
    Figure,
    FlowPlace,
    ImageTextPair,
    Page,
    Passage,
    TextBlock,
    TextLine,
)
from remud_gen.rules.figure_labels import parse_panel_letters

WIDTH = 600.0
EM = 10.0
LINE = 12.0
ROW_GAP = 40.0  # more than a panel's letter may stand away from its picture
LETTER_GAP = 2.0
HEADING_RATIO = 1.1  # of the letters of one level to those of the next
LOWEST = 7  # level of a run-in heading
DOUBTS = ("encoding_guessed", "encoding_doubtful", "encoding_damaged")

Found = ImageTextPair | Passage | Unpaired
Entry = TextBlock | Figure


@dataclass(slots=True)
class _Proof:
    page: Page
    index: int
    y: float = 0.0
    items: list[Item] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)

    def add_text(self, block: TextBlock, box: BBox) -> None:
        level = block.place.level if block.place is not None else None
        size = EM if level is None else EM * HEADING_RATIO ** (LOWEST + 1 - level)
        line = TextLine(bbox=box, text=block.text, score=block.score)
        self.items.append(Block(self.index, box, (line,), block.text, size, block.role, False, block.locator))
        self.y = max(self.y, box[3])

    def add_picture(self, figure: Figure, x: float, y: float) -> BBox:
        box = (x, y, x + figure.image.width_px, y + figure.image.height_px)
        moved = figure.model_copy(
            update={
                "bbox": box,
                "burned_in_text": _move_all(figure.burned_in_text, x, y, 1.0),
                "annotations": _move_all(figure.annotations, x, y, 1.0),
            }
        )
        self.figures.append(moved)
        self.items.append(Picture(self.index, moved))
        self.y = max(self.y, box[3])
        return box


def set_pages(pages: Sequence[Page]) -> Flow:
    """The proof of a document."""
    words = collect_words(block.text for page in pages for block in page.text_blocks)
    return Flow([_set_page(page, index) for index, page in enumerate(pages)], words)


def list_places(pages: Sequence[Page]) -> dict[str, FlowPlace]:
    """Where everything stands: pictures by their id, words by locator and text."""
    entries: list[tuple[str, FlowPlace | None]] = []
    for page in pages:
        entries += [(f"{block.locator}\x1f{block.text}", block.place) for block in page.text_blocks]
        entries += [(figure.id, figure.place) for figure in page.figures]
    return {key: place for key, place in entries if place is not None}


def _set_page(page: Page, index: int) -> PageFlow:
    entries: list[Entry] = sorted([*page.text_blocks, *page.figures], key=_order)
    proof = _Proof(page, index)
    at = 0
    while at < len(entries):
        stretch = _measure_stretch(entries, at)
        if stretch:
            _set_stretch(proof, entries[at : at + stretch])
            at += stretch
            continue
        block = entries[at]
        assert isinstance(block, TextBlock)
        proof.add_text(block, (0.0, proof.y + EM, WIDTH, proof.y + EM + LINE))
        at += 1
    printed = page.model_copy(update={"figures": tuple(proof.figures)})
    return PageFlow(printed, index, WIDTH, max(1.0, proof.y), EM, tuple(proof.items))


def _order(entry: Entry) -> int:
    return entry.place.order if entry.place is not None else 0


def is_letter(entry: Entry | Block) -> bool:
    """Whether words are a panel's letter, alone or with a few words."""
    if isinstance(entry, Figure) or entry.role in ("title", "section", "table"):
        return False
    box = (0.0, 0.0, 0.0, 0.0)
    return is_sublabel(Block(0, box, (), entry.text, EM, "body", False))


def _measure_stretch(entries: Sequence[Entry], at: int) -> int:
    """How many entries from here are pictures and panel letters that go together; 0 where there is no picture."""
    count = 0
    while at + count < len(entries) and (isinstance(entries[at + count], Figure) or is_letter(entries[at + count])):
        count += 1
    return count if any(isinstance(entry, Figure) for entry in entries[at : at + count]) else 0


def _set_stretch(proof: _Proof, entries: Sequence[Entry]) -> None:
    """Rows of pictures, each with the letters above or below it that name its panels."""
    is_led = not isinstance(entries[0], Figure) and isinstance(entries[-1], Figure)
    rows = _cut_rows(entries, is_led=is_led)
    for row in rows:
        figures = [entry for entry in row if isinstance(entry, Figure)]
        letters = [entry for entry in row if isinstance(entry, TextBlock)]
        top = proof.y + ROW_GAP
        if is_led and letters:
            top += LINE + LETTER_GAP
        x = 0.0
        boxes: list[BBox] = []
        for figure in figures:
            boxes.append(proof.add_picture(figure, x, top))
            x = boxes[-1][2] + EM
        _set_letters(proof, row, letters, boxes, is_led=is_led)


def _cut_rows(entries: Sequence[Entry], *, is_led: bool) -> list[list[Entry]]:
    rows: list[list[Entry]] = []
    held: list[Entry] = []  # letters that lead the next picture
    mark: int | None = None
    for entry in entries:
        if isinstance(entry, Figure):
            row = entry.place.row if entry.place is not None else None
            if rows and row is not None and row == mark:
                rows[-1] += [*held, entry]
            else:
                rows.append([*held, entry])
            held, mark = [], row
        elif is_led or not rows:
            held.append(entry)
        else:
            rows[-1].append(entry)
    if held and rows:
        rows[-1] += held
    return rows


def _set_letters(
    proof: _Proof, row: Sequence[Entry], letters: Sequence[TextBlock], boxes: Sequence[BBox], *, is_led: bool
) -> None:
    """Each letter at its picture: one for each, one line for all, or each at the picture it follows."""
    is_even = len(letters) == len(boxes)
    for n, letter in enumerate(letters):
        if len(parse_panel_letters(letter.text)) > 1:
            target = (boxes[0][0], boxes[0][1], boxes[-1][2], max(box[3] for box in boxes))
        else:
            target = boxes[n if is_even else _find_owner(row, letter, len(boxes), is_led=is_led)]
        y0 = target[1] - LETTER_GAP - LINE if is_led else target[3] + LETTER_GAP
        middle, half = (target[0] + target[2]) / 2, (target[2] - target[0]) / 2
        proof.add_text(letter, (middle - half, y0, middle + half, y0 + LINE))


def _find_owner(row: Sequence[Entry], letter: TextBlock, n_pictures: int, *, is_led: bool) -> int:
    at = next(i for i, entry in enumerate(row) if entry is letter)
    before = sum(isinstance(entry, Figure) for entry in row[:at])
    return min(max(before if is_led else before - 1, 0), n_pictures - 1)


def free_of_boxes(found: Found, pages: Mapping[int, Page]) -> Found:
    """The record as it is kept: no box of the proof in it; `pages` are the document's by number."""
    if isinstance(found, Unpaired):
        return found
    spans = found.context if isinstance(found, ImageTextPair) else found.evidence
    first = next((span.locator for span in spans if span.locator), None)
    if isinstance(found, Passage):
        source = found.source.model_copy(update={"bbox": None, "locator": first or found.source.locator})
        return found.model_copy(update={"source": source, "evidence": tuple(_free_span(span, None) for span in spans)})
    x0, y0, x1, _ = found.source.bbox or (0.0, 0.0, 1.0, 1.0)
    scale = found.image.width_px / max(1.0, x1 - x0)
    page = pages[found.source.page_number or 0]
    place = next((f.locator for f in page.figures if f.image.sha256 == found.image.sha256), None)
    locator = place or first or found.source.locator
    doubts = tuple(flag for flag in page.flags if flag in DOUBTS)
    own = (0.0, 0.0, float(found.image.width_px), float(found.image.height_px))
    return found.model_copy(
        update={
            "source": found.source.model_copy(update={"bbox": None, "locator": locator}),
            "figure_bbox": own,
            "burned_in_text": _move_all(found.burned_in_text, -x0, -y0, scale),
            "annotations": _move_all(found.annotations, -x0, -y0, scale),
            "context": tuple(_free_span(span, locator) for span in spans),
            "flags": tuple(sorted({*found.flags, *doubts})),
            "confidence": round(found.confidence * (0.8 if set(doubts) - {"encoding_guessed"} else 1.0), 3),
        }
    )


def _free_span(span: Evidence, locator: str | None) -> Evidence:
    return span.model_copy(update={"bbox": None, "locator": span.locator or locator})


def _move_all(lines: Sequence[TextLine | BurnedIn], dx: float, dy: float, scale: float) -> tuple[object, ...]:
    moved = []
    for line in lines:
        x0, y0, x1, y1 = line.bbox
        box = ((x0 + dx) * scale, (y0 + dy) * scale, (x1 + dx) * scale, (y1 + dy) * scale)
        moved.append(line.model_copy(update={"bbox": tuple(round(value, 2) for value in box)}))
    return tuple(moved)

"""A page's printed lines -> blocks: paragraphs, captions and headings apart, whatever the extractor joined."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

from remud_gen.pairing.flow import Block, Flow, Item, PageFlow, Picture
from remud_gen.pairing.joining import collect_words, join_lines
from remud_gen.records import Page, TextLine, TextRole
from remud_gen.rules.figure_labels import find_label_starts, is_table_label, narrow, parse_label, parse_panel_letters
from remud_gen.rules.geometry import Box, holds_centre, hull, measure_gap
from remud_gen.rules.late import compile_late
from remud_gen.rules.near import BoxIndex
from remud_gen.rules.notes import begins_note
from remud_gen.rules.numbered_headings import parse_numbered_heading
from remud_gen.rules.reading import order_boxes

TERMINAL = compile_late(r"[.。!！?？:：;；]['\"”’)）\]]*$")
BARE_NUMBER = compile_late(
    r"\s*[0-9lI]{1,3}(?: ?[-.] ?[0-9lI]{1,3}){1,3}\s*"
)  # of an atlas heading whose title stands apart
_CHAPTER = compile_late(r"\s*第 ?[0-9一二三四五六七八九十百]+ ?[篇章节]")
MARGIN = 0.08  # of the page's height: where running heads and page numbers stand
OCR_HEIGHT = 0.8  # letters fill about this part of an OCR line's box
MAX_RATIO = 1.8  # of the letter heights of two lines of one block
MAX_PITCH = 1.75  # line distance in letter heights, above which a new block begins


@dataclass(slots=True)
class _Line:
    line: TextLine
    size: float
    role: TextRole
    owner: int  # which of the extractor's blocks it came from
    is_read: bool = False  # by OCR, which measures each line's own letters: sizes of one paragraph differ

    @property
    def box(self) -> Box:
        return self.line.bbox


def build_flow(pages: Sequence[Page]) -> Flow:
    """Blocks and pictures of all pages in reading order, without running heads and feet."""
    lines = [_read_lines(page) for page in pages]
    repeated = _find_repeated(pages, lines)
    words = collect_words(entry.line.text for page in lines for entry in page)
    flows = []
    for index, (page, entries) in enumerate(zip(pages, lines, strict=True)):
        kept = [entry for entry in entries if not _is_running_head(entry, page, repeated)]
        flows.append(_lay_out(page, index, kept, words))
    return Flow(flows, words)


def is_finished(text: str) -> bool:
    """Whether a text ends like a sentence."""
    return TERMINAL.search(text.rstrip()) is not None


def _lay_out(page: Page, index: int, entries: list[_Line], words: Collection[str]) -> PageFlow:
    width, height = page.source.page_size or (page.width_pt, page.height_pt)
    if "spread" in page.flags:
        width = page.width_pt  # boxes count from the edge of the whole sheet, but a half is the page that was printed
    em = _measure_em(entries) or height / 70
    blocks = [_make_block(group, index, words) for group in _group(_join_pieces(entries))]
    items: list[Item] = [*blocks, *(Picture(index, figure) for figure in page.figures)]
    order = order_boxes([item.bbox for item in items], width)
    return PageFlow(page, index, width, height, em, tuple(items[i] for i in order))


def _read_lines(page: Page) -> list[_Line]:
    found: list[_Line] = []
    figures = BoxIndex(figure.bbox for figure in page.figures)
    for owner, block in enumerate(page.text_blocks):
        lines = block.lines or (TextLine(bbox=block.bbox, text=block.text, score=block.score),)
        for line in lines:
            if not line.text.strip() or _is_inside_picture(line, page, figures):
                continue
            size = line.font_size or (line.bbox[3] - line.bbox[1]) * OCR_HEIGHT
            is_read = page.text_origin == "ocr"
            found.extend(_Line(piece, size, block.role, owner, is_read) for piece in _split_captions(line))
    return found


def _is_inside_picture(line: TextLine, page: Page, figures: BoxIndex) -> bool:
    # A loose picture box may reach over its own caption: a caption is never part of the picture.
    if not any(holds_centre(page.figures[i].bbox, line.bbox) for i in figures.find(line.bbox)):
        return False
    label = parse_label(line.text)
    return label is None or label.reads_as_sentence or len(label.rest) < 3


def _split_captions(line: TextLine) -> list[TextLine]:
    """Two captions that were read as one line become two; the cut lies where the letters before it end."""
    starts = find_label_starts(line.text)
    if len(starts) < 2:
        return [line]
    x0, y0, x1, y1 = line.bbox
    edges = [0, *starts[1:], len(line.text)]
    pieces = []
    for first, last in pairwise(edges):
        text = line.text[first:last]
        left, right = (x0 + (x1 - x0) * edge / len(line.text) for edge in (first, first + len(text.rstrip())))
        pieces.append(line.model_copy(update={"text": text.strip(), "bbox": (left, y0, right, y1)}))
    return pieces


def _measure_em(entries: Iterable[_Line]) -> float:
    sizes = [entry.size for entry in entries for _ in range(max(1, len(entry.line.text) // 10))]
    return median(sizes) if sizes else 0.0


def _find_repeated(pages: Sequence[Page], lines: Sequence[list[_Line]]) -> frozenset[str]:
    seen: Counter[str] = Counter()
    for page, entries in zip(pages, lines, strict=True):
        seen.update({_shape(entry.line.text) for entry in entries if _is_marginal(entry.box, page)})
    least = 2 if len(pages) < 6 else 3
    return frozenset(shape for shape, count in seen.items() if count >= least)


def _shape(text: str) -> str:
    return re.sub(r"\d+", "#", "".join(text.lower().split()))


def _is_marginal(box: Box, page: Page) -> bool:
    height = (page.source.page_size or (page.width_pt, page.height_pt))[1]
    return box[3] < MARGIN * height or box[1] > (1 - MARGIN) * height


def _is_running_head(entry: _Line, page: Page, repeated: Collection[str]) -> bool:
    if parse_panel_letters(entry.line.text) and any(_is_near(entry, figure.bbox) for figure in page.figures):
        return False
    if entry.role in ("header", "footer"):
        return True
    if not _is_marginal(entry.box, page) or parse_label(entry.line.text):
        return False
    return _shape(entry.line.text) in repeated or re.fullmatch(r"\W*[\divxlIVXL]{1,5}\W*", entry.line.text) is not None


def _is_near(entry: _Line, picture: Box) -> bool:
    return measure_gap(entry.box, picture) < 2.5 * entry.size


def _join_pieces(entries: list[_Line]) -> list[_Line]:
    """Pieces of one printed line that stand close together become one line again."""
    joined: list[_Line] = []
    shelf = _Shelf()
    for entry in sorted(entries, key=lambda e: (e.box[0], e.box[1])):
        lefts = [i for i in shelf.find(entry) if _is_same_line(joined[i], entry)]
        if not lefts:
            shelf.put(len(joined), entry)
            joined.append(entry)
            continue
        at = max(lefts, key=lambda i: joined[i].box[2])
        left = joined[at]
        update = {
            "text": f"{left.line.text.rstrip()} {entry.line.text.lstrip()}",
            "bbox": hull([left.box, entry.box]),
            "score": min(left.line.score, entry.line.score),
        }
        shelf.remove(at, left)
        joined[at] = replace(left, line=left.line.model_copy(update=update), size=max(left.size, entry.size))
        shelf.put(at, joined[at])
    return joined


class _Shelf:
    """Pieces by their right ends, those of one block apart, so that few are tried for what may stand beside them.

    Bare labels, which also go with other blocks' pieces, have a place of their own, and so have panel letters, which
    never go with each other.
    """

    def __init__(self) -> None:
        self._ends: dict[tuple[int | None, bool], BoxIndex] = defaultdict(BoxIndex)

    def put(self, number: int, left: _Line) -> None:
        """A piece to which others may be joined."""
        is_lettered = bool(parse_panel_letters(left.line.text))
        right, middle, em = left.box[2], left.box[1] + left.box[3], left.size
        reach = (right - em, middle - 0.8 * em, right + 3.0 * em, middle + 0.8 * em)
        self._ends[left.owner, is_lettered].put(number, reach)
        if _is_bare_label(left.line.text):
            self._ends[None, is_lettered].put(number, reach)

    def remove(self, number: int, left: _Line) -> None:
        """The piece as it was put."""
        for is_lettered in (False, True):
            for owner in (left.owner, None):
                self._ends[owner, is_lettered].remove(number)

    def find(self, right: _Line) -> list[int]:
        """Numbers of the pieces that may stand at the left of this one, ascending."""
        if parse_label(right.line.text):
            return []
        start, middle, em = right.box[0], right.box[1] + right.box[3], right.size
        reach = (start - 3.0 * em, middle - 0.8 * em, start + em, middle + 0.8 * em)
        kinds = (False,) if parse_panel_letters(right.line.text) else (False, True)
        places = [self._ends.get((owner, kind)) for owner in (right.owner, None) for kind in kinds]
        return sorted({number for place in places if place is not None for number in place.find(reach)})


def _is_same_line(left: _Line, right: _Line) -> bool:
    """Whether a piece that is no label, nor a letter beside letters, goes on with the piece at its left."""
    a, b = left.box, right.box
    em = max(left.size, right.size)
    if abs((a[1] + a[3]) - (b[1] + b[3])) > 0.8 * em or b[0] < a[2] - em or b[0] - a[2] >= 3.0 * em:
        return False
    is_bare_label = _is_bare_label(left.line.text)
    return b[0] - a[2] < (3.0 if is_bare_label else 1.2) * em and (left.owner == right.owner or is_bare_label)


def _is_bare_label(text: str) -> bool:
    """Whether a line is a figure's number and nothing else: its words are set apart by a wide space."""
    label = parse_label(text)
    return (label is not None and not label.rest) or BARE_NUMBER.fullmatch(narrow(text)) is not None


@dataclass(slots=True)
class _Growing:
    """A block to which lines are added: what is asked of all its lines is kept up with each."""

    lines: list[_Line]
    left: float
    rest_left: float  # without the first line, which may be indented, once there are more
    is_bold: bool

    def add(self, entry: _Line) -> None:
        """Another line at the end."""
        self.left = min(self.left, entry.box[0])
        self.rest_left = min(self.rest_left, entry.box[0]) if len(self.lines) > 1 else entry.box[0]
        self.is_bold = self.is_bold and entry.line.is_bold
        self.lines.append(entry)


def _group(entries: list[_Line]) -> list[list[_Line]]:
    groups: list[_Growing] = []
    below = BoxIndex()  # where the next line of each group may have its middle
    for entry in sorted(entries, key=lambda e: (e.box[1], e.box[0])):
        x0, y0, x1, y1 = entry.box
        middle = (y0 + y1) / 2
        fits = [i for i in below.find((x0, middle, x1, middle)) if _continues(groups[i], entry)]
        at = min(fits, key=lambda i: y0 - groups[i].lines[-1].box[3]) if fits else len(groups)
        if fits:
            groups[at].add(entry)
        else:
            groups.append(_Growing([entry], x0, x0, entry.line.is_bold))
        size = max(0.0, entry.size)
        below.put(at, (x0, middle + 0.5 * size, x1, middle + MAX_PITCH * MAX_RATIO * size))
    return [group.lines for group in groups]


def _continues(group: _Growing, entry: _Line) -> bool:
    last = group.lines[-1]
    size = max(last.size, entry.size)
    pitch = ((entry.box[1] + entry.box[3]) - (last.box[1] + last.box[3])) / 2
    common = min(last.box[2], entry.box[2]) - max(last.box[0], entry.box[0])
    if not 0.5 * size < pitch < MAX_PITCH * size or common < 0.6 * min(_width(last), _width(entry)):
        return False
    # A word without ascenders ("sun") is measured a third lower than its neighbours.
    tolerance = (MAX_RATIO if last.owner == entry.owner else 1.45) if entry.is_read else 1.1
    if min(last.size, entry.size) <= 0 or not 1 / tolerance < entry.size / last.size < tolerance:
        return False
    # A short last line or one that stands flush below an open sentence goes on with the caption whatever its role.
    is_flush = abs(entry.box[0] - group.left) < 0.5 * size and pitch < 1.6 * size
    is_remnant = (len(entry.line.text) < 4 or is_flush) and not is_finished(last.line.text)
    if _is_caption(last.role) != _is_caption(entry.role) and not is_remnant:
        return False
    if last.owner != entry.owner and pitch > 1.5 * size and is_finished(last.line.text):
        return False
    return not _begins_block(group, entry)


def _begins_block(group: _Growing, entry: _Line) -> bool:
    above, is_single = group.lines[-1], len(group.lines) == 1
    first, last, text = group.lines[0].line.text, above.line.text, entry.line.text
    if parse_panel_letters(first) or begins_note(text):
        return True
    if parse_panel_letters(text):
        # A letter below its panel stands free; the last letter of a wrapped word stands at the margin.
        return is_finished(last) or abs(entry.box[0] - above.box[0]) > 0.5 * entry.size or len(last) < 4
    label = parse_label(text)
    if (label is not None and not label.reads_as_sentence) or is_table_label(text):
        return is_finished(last) or parse_label(first) is not None or above.owner != entry.owner
    if is_single and _CHAPTER.match(narrow(first)) and len(first) < 30 and _width(above) < 0.8 * _width(entry):
        return True
    is_heading = parse_numbered_heading(first) is not None and is_single
    if is_heading or (parse_numbered_heading(text) and (is_finished(last) or entry.owner != above.owner)):
        return True
    if group.is_bold and not entry.line.is_bold and not parse_label(first):
        return True
    if text.startswith("\u3000\u3000"):
        return True
    return is_finished(last) and entry.box[0] - group.rest_left > 0.9 * entry.size and parse_label(first) is None


def _is_caption(role: TextRole) -> bool:
    return role == "caption"


def _width(entry: _Line) -> float:
    return entry.box[2] - entry.box[0]


def _make_block(group: list[_Line], page: int, words: Collection[str]) -> Block:
    roles = Counter(entry.role for entry in group)
    return Block(
        page=page,
        bbox=hull(entry.box for entry in group),
        lines=tuple(entry.line for entry in group),
        text=join_lines([entry.line.text for entry in group], words),
        size=median(entry.size for entry in group),
        role=min(roles, key=lambda role: (-roles[role], role)),
        is_bold=group[0].line.is_bold,
    )

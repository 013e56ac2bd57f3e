"""Pictures beyond a caption's reach that still are its panels, and small print that is a caption without a label."""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Collection, Iterator, Sequence
from heapq import heappop, heappush

from remud_gen.pairing.captions import LEAST_SCORE, Caption
from remud_gen.pairing.figure_group import FigureGroup
from remud_gen.pairing.flow import Block, Flow, PageFlow, Picture
from remud_gen.pairing.panels import read_panels
from remud_gen.rules.figure_labels import narrow, parse_label, parse_panel_letters, parse_panel_line
from remud_gen.rules.geometry import is_beside
from remud_gen.rules.late import compile_late
from remud_gen.rules.notes import begins_legend, begins_note, strip_note_marker
from remud_gen.rules.panel_marks import find_markers

SMALL = 0.95  # of the body's letters: captions are set smaller
LEAST_WIDTH = 0.25  # of the page: a smaller picture that is not clearly ultrasound is a mark with its motto
ULTRASOUND_SCORE = 0.5
_CREDIT = compile_late(r"\W*(?:source|photo|courtesy|©|copyright|https?:|www\.|doi|来源|摄影)", re.IGNORECASE)


def adopt_panels(flow: Flow, groups: Sequence[FigureGroup], loose: Sequence[Picture]) -> list[Picture]:
    """Give loose pictures to the figure whose lost panels they are; returns those that stay loose.

    A panel may stand in the column or on the page before or after its caption where its printed letter is one that the
    words name, or in one row with the captioned picture.
    """
    place = {picture: number for number, picture in enumerate(flow.pictures())}
    left = {place[picture]: picture for picture in loose}
    for group in groups:
        if group.caption is None or group.is_table:
            continue
        named, own = _name(group), sorted(place[picture] for picture in group.pictures)
        # Nearest first, those in between first of all. Only neighbours can be taken, and what they bring near then.
        met = {at for at in _list_neighbours(own) if at in left}
        waiting = sorted((_measure_steps(at, own), at) for at in met)
        while waiting:
            turn = heappop(waiting)
            flag = _judge(flow, group, left[turn[1]], named, place)
            if flag is None:
                continue
            group.pictures.append(left.pop(turn[1]))
            group.flags |= {flag} - {""}
            for at in _list_neighbours([turn[1]]):
                later = (_measure_steps(at, own), at)
                if at in left and at not in met and later > turn:
                    met.add(at)
                    heappush(waiting, later)
    return [left[at] for at in sorted(left)]


def _list_neighbours(places: Sequence[int]) -> list[int]:
    return sorted({at + step for at in places for step in (-1, 1)})


def _measure_steps(at: int, own: Sequence[int]) -> int:
    """How far a picture stands from the nearest of those that a figure had from the start, counted in pictures."""
    after = bisect(own, at)
    return min(abs(at - other) for other in own[max(0, after - 1) : after + 1])


def _name(group: FigureGroup) -> set[str]:
    texts = [group.caption.text if group.caption else "", *(strip_note_marker(block.text) for block in group.notes)]
    return {key for text in texts for marker in find_markers(narrow(text)) for key in marker.keys}


def _judge(
    flow: Flow, group: FigureGroup, picture: Picture, named: Collection[str], place: dict[Picture, int]
) -> str | None:
    """The doubt under which a picture is a panel of the group ("" for none); None where it is not."""
    caption = group.caption
    assert caption is not None  # the caller leaves out groups without
    distance = min(abs(place[picture] - place[own]) for own in group.pictures)
    if distance > 1 or abs(picture.page - caption.page) > 1:
        return None
    own = {letter.upper() for letter in read_panels(flow, group.pictures, named, (), {}).letters.values()}
    letter = read_panels(flow, [picture], (), (), {}).letters.get(picture, "").upper()
    in_row = picture.page == group.pictures[0].page and any(_is_row(flow, picture, other) for other in group.pictures)
    if letter:
        is_next = bool(own) and not named and letter not in own and in_row
        if (letter in named and letter not in own) or is_next:
            return "" if in_row else "caption_other_page" if picture.page != caption.page else "panel_apart"
        return None
    is_counted = caption.label is not None and len(group.pictures) <= len(caption.label.further)
    if in_row and is_counted:
        return ""
    return "caption_by_row" if in_row and not own and _is_twin(flow, picture, group.pictures[-1]) else None


def _is_row(flow: Flow, a: Picture, b: Picture) -> bool:
    gap = max(a.bbox[0], b.bbox[0]) - min(a.bbox[2], b.bbox[2])
    return a.page == b.page and is_beside(a.bbox, b.bbox, 0.7) and gap < 0.15 * flow.pages[a.page].width


def _is_twin(flow: Flow, a: Picture, b: Picture) -> bool:
    """Whether two pictures were set as a pair: same top, same bottom."""
    em = flow.pages[a.page].em
    return abs(a.bbox[1] - b.bbox[1]) < em and abs(a.bbox[3] - b.bbox[3]) < em


def find_plain_captions(
    flow: Flow, loose: Sequence[Picture], taken: Collection[Block]
) -> Iterator[tuple[Caption, Picture]]:
    """Small print right below or above a loose picture that stands alone, without any label."""
    used = set(taken)
    for picture in loose:
        page = flow.pages[picture.page]
        block = _find_small_print(page, picture, used)
        if block is not None and _is_figure(picture, page):
            used.add(block)
            yield Caption((block,), None, block.text, LEAST_SCORE, ("caption_unlabelled",), is_plain=True), picture


def _is_figure(picture: Picture, page: PageFlow) -> bool:
    width, height = picture.bbox[2] - picture.bbox[0], picture.bbox[3] - picture.bbox[1]
    is_large = width > LEAST_WIDTH * page.width and height > 0.1 * page.height
    return is_large and (
        picture.figure.is_ultrasound_score >= ULTRASOUND_SCORE or width > 1.4 * LEAST_WIDTH * page.width
    )


def _find_small_print(page: PageFlow, picture: Picture, taken: Collection[Block]) -> Block | None:
    x0, y0, x1, y1 = picture.bbox
    found = []
    for block in page.find_blocks(picture.bbox, max(0.0, 2 * page.em)):
        gap = block.bbox[1] - y1 if block.bbox[1] > (y0 + y1) / 2 else y0 - block.bbox[3]
        is_within = block.bbox[0] > x0 - 2 * page.em and block.bbox[2] < x1 + 2 * page.em
        if block not in taken and -0.5 * page.em < gap < 1.8 * page.em and is_within and _reads_as_caption(block, page):
            found.append((block.bbox[1] < y0, gap, block))
    return min(found, key=lambda entry: entry[:2])[2] if found else None


def _reads_as_caption(block: Block, page: PageFlow) -> bool:
    text = block.text
    is_other = parse_panel_letters(text) or parse_panel_line(text) or parse_label(text) or begins_note(text)
    if is_other or begins_legend(text) or _CREDIT.match(text) or block.role in ("title", "section", "table"):
        return False
    return block.size < SMALL * page.em and len(block.lines) <= 4 and len(re.findall(r"[^\W\d_]", text)) >= 4

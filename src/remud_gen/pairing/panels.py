"""Which panel each picture of a figure is: printed letters, letters inside the picture, places, the gap in a row."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from remud_gen.pairing.flow import Block, Flow, PageFlow, Picture
from remud_gen.rules.figure_labels import parse_panel_letters, parse_panel_line
from remud_gen.rules.geometry import Box, is_beside
from remud_gen.rules.near import BoxIndex

MAX_LINE_CHARS = 160  # of a letter and the words beside it
REACH_EM = 3.0  # a letter stands at most this far from its picture
CORNER = 0.2  # part of a picture's side within which a letter inside it names the panel


@dataclass(slots=True)
class Panels:
    """The panels of one figure; `letters` are as printed, `places` are left, right, top, bottom or middle."""

    letters: dict[Picture, str] = field(default_factory=dict)
    places: dict[Picture, str] = field(default_factory=dict)
    words: dict[Picture, str] = field(default_factory=dict)  # printed beside the letter
    flags: set[str] = field(default_factory=set)
    is_separable: bool = True


@dataclass(frozen=True, slots=True)
class _Letter:
    letter: str
    box: Box
    words: str = ""


def read_panels(
    flow: Flow,
    pictures: Sequence[Picture],
    named: Collection[str],
    skipped: Collection[Block],
    given: dict[Picture, str],
) -> Panels:
    """Tell the panels of a figure apart.

    `named` are the upper-case letters its words speak of, `skipped` its captions and notes, `given` letters that are
    known from a caption of one panel alone.
    """
    panels = Panels(letters=dict(given))
    for index in sorted({picture.page for picture in pictures}):
        page = flow.pages[index]
        own = [picture for picture in pictures if picture.page == index and picture not in given]
        for picture, letter in _match(page, own, _collect(page, own, skipped)).items():
            panels.letters[picture] = letter.letter
            if letter.words:
                panels.words[picture] = letter.words
    _read_inside(pictures, panels, named)
    if len({letter.upper() for letter in panels.letters.values()}) < len(panels.letters):
        panels.letters = dict(given)
        panels.flags.add("panel_letters_repeat")
    if len(pictures) == 1:
        _judge_single(panels, named)
        return panels
    _infer(flow, pictures, panels, named)
    if len(panels.letters) < len(pictures):
        panels.letters = {}
        panels.places = place_pictures(pictures)
        panels.is_separable = False
    return panels


def _collect(page: PageFlow, pictures: Sequence[Picture], skipped: Collection[Block]) -> list[_Letter]:
    """The panel letters in reach of the pictures, in reading order."""
    letters, places = _read_letters(page)
    reach = REACH_EM * page.em
    near = {i for picture in pictures for i in places.find(picture.bbox, max(0.0, reach))}
    return [letters[i][1] for i in sorted(near) if letters[i][0] not in skipped]


@lru_cache(maxsize=4)
def _read_letters(page: PageFlow) -> tuple[list[tuple[Block, _Letter]], BoxIndex]:
    """All panel letters of a page with the blocks they are printed in, and where they stand."""
    found: list[tuple[Block, _Letter]] = []
    for block in page.blocks:
        letters = parse_panel_letters(block.text)
        if letters:
            found.extend((block, _Letter(letter, box)) for letter, box in _spread(block, letters))
        elif len(block.text) < MAX_LINE_CHARS and (line := parse_panel_line(block.text)) is not None:
            found.append((block, _Letter(line[0], block.bbox, line[1])))
    return found, BoxIndex(letter.box for _, letter in found)


def find_printed_letters(page: PageFlow, picture: Picture, skipped: Collection[Block]) -> list[tuple[str, Box]]:
    """The panel letters printed below a picture, else those above it, with their boxes."""
    letters = _collect(page, [picture], skipped)
    for side in ("below", "above"):
        near = [one for one in letters if _distance(picture.bbox, one.box, side, page.em) < REACH_EM * page.em]
        if near:
            return [(one.letter, one.box) for one in near]
    return []


def _spread(block: Block, letters: Sequence[str]) -> Iterable[tuple[str, Box]]:
    """Where each letter of a line of letters stands, by its share of the line."""
    x0, y0, x1, y1 = block.bbox
    text = block.lines[0].text
    at = -1
    for letter in letters:
        at = text.find(letter, at + 1) if letter in text[at + 1 :] else at + 1
        x = x0 + (x1 - x0) * (at + 0.5) / max(1, len(text))
        yield letter, (x, y0, x, y1) if len(letters) > 1 else block.bbox


def _match(page: PageFlow, pictures: Sequence[Picture], letters: Sequence[_Letter]) -> dict[Picture, _Letter]:
    """Letters below their pictures or above them, whichever names more pictures at less distance."""
    best: tuple[int, float, dict[Picture, _Letter]] = (0, 0.0, {})
    for side in ("below", "above", "beside"):
        costs = sorted(
            (cost, i, j)
            for i, picture in enumerate(pictures)
            for j, letter in enumerate(letters)
            if (cost := _distance(picture.bbox, letter.box, side, page.em)) < REACH_EM * page.em
        )
        matched: dict[Picture, _Letter] = {}
        total = 0.0
        for cost, i, j in costs:
            if pictures[i] not in matched and letters[j] not in matched.values():
                matched[pictures[i]] = letters[j]
                total += cost
        if len(matched) > best[0] or (len(matched) == best[0] and total < best[1]):
            best = (len(matched), total, matched)
    return best[2]


def _distance(picture: Box, letter: Box, side: str, em: float) -> float:
    x, y = (letter[0] + letter[2]) / 2, (letter[1] + letter[3]) / 2
    if side == "beside":
        is_level = picture[1] - em <= y <= picture[3] + em
        return max(0.0, picture[0] - letter[2]) if is_level and letter[2] < picture[0] + em else math.inf
    if not picture[0] - em <= x <= picture[2] + em:
        return math.inf
    gap = letter[1] - picture[3] if side == "below" else picture[1] - letter[3]
    # A loose picture box may reach over the letter.
    return max(gap, 0.0) if gap > -1.5 * em else math.inf


def _read_inside(pictures: Sequence[Picture], panels: Panels, named: Collection[str]) -> None:
    inside: dict[Picture, str] = {}
    for picture in pictures:
        if picture in panels.letters:
            continue
        letters = _find_corner_letters(picture, named)
        if len(letters) > 1:
            panels.flags.add("panels_within_picture")
        elif letters:
            inside[picture] = letters[0]
    # One stray letter among many pictures is an orientation mark rather than a panel's name.
    is_told = len(pictures) > 1 or len(named) > 1  # a lone letter in a lone picture is a mark of the probe or an organ
    if inside and is_told and (len(inside) + len(panels.letters)) * 2 >= len(pictures):
        panels.letters.update(inside)


def _find_corner_letters(picture: Picture, named: Collection[str]) -> list[str]:
    x0, y0, x1, y1 = picture.bbox
    found: list[str] = []
    for line in picture.figure.burned_in_text:
        letters = parse_panel_letters(line.text)
        if len(letters) != 1 or (named and letters[0].upper() not in named):
            continue
        x = ((line.bbox[0] + line.bbox[2]) / 2 - x0) / max(1.0, x1 - x0)
        y = ((line.bbox[1] + line.bbox[3]) / 2 - y0) / max(1.0, y1 - y0)
        if (min(x, 1 - x) < CORNER and min(y, 1 - y) < CORNER) or len(named) > 1:
            found.append(letters[0])
    return found


def _judge_single(panels: Panels, named: Collection[str]) -> None:
    if not panels.letters and len(named) > 1:
        panels.flags.add("panels_not_separable")


def _infer(flow: Flow, pictures: Sequence[Picture], panels: Panels, named: Collection[str]) -> None:
    """Fill in letters that were not read, where the others or the words leave one possibility."""
    missing = [picture for picture in pictures if picture not in panels.letters]
    is_named = len(named) == len(pictures)
    # Without words that name the panels, half of the letters must be printed: one alone may be anything.
    is_nested = any(len(letter) > 1 for letter in (*panels.letters.values(), *named))  # A1, (ii): no plain sequence
    if not missing or is_nested or (not is_named and 2 * len(panels.letters) < len(pictures)):
        return
    solutions = []
    for order in _possible_orders(pictures):
        for start in sorted({"A", *(letter.upper() for letter in panels.letters.values())}):
            letters = _count_from(order, start, panels.letters)
            if letters is not None and letters not in solutions:
                solutions.append(letters)
        if solutions and not panels.letters:
            break  # nothing printed contradicts reading row by row
    if len(solutions) != 1 or (named and not {letter.upper() for letter in solutions[0].values()} <= set(named)):
        return
    is_upper = next(iter(panels.letters.values()), "A").isupper()
    for picture in missing:
        letter = solutions[0][picture]
        panels.letters[picture] = letter if is_upper else letter.lower()
    panels.flags.add("panel_letter_inferred")


def _count_from(order: Sequence[Picture], start: str, known: dict[Picture, str]) -> dict[Picture, str] | None:
    """Letters in sequence over the pictures; None where a printed letter says otherwise."""
    letters = {picture: chr(ord(start) + i) for i, picture in enumerate(order)}
    is_possible = all(letters[picture] == letter.upper() for picture, letter in known.items())
    return letters if is_possible and letters[order[-1]] <= "P" else None


def _possible_orders(pictures: Sequence[Picture]) -> list[list[Picture]]:
    """Row by row, and column by column."""
    by_row = _sort_by_bands(pictures, axis=1)
    by_column = _sort_by_bands(pictures, axis=0)
    return [by_row] if by_row == by_column else [by_row, by_column]


def _sort_by_bands(pictures: Sequence[Picture], axis: int) -> list[Picture]:
    ordered: list[Picture] = []
    for page in sorted({picture.page for picture in pictures}):
        bands: list[list[Picture]] = []
        for picture in sorted((p for p in pictures if p.page == page), key=lambda p: (p.bbox[axis], p.bbox[1 - axis])):
            if bands and is_beside(_turn(bands[-1][0].bbox, axis), _turn(picture.bbox, axis)):
                bands[-1].append(picture)
            else:
                bands.append([picture])
        for band in bands:
            ordered.extend(sorted(band, key=lambda p: p.bbox[1 - axis]))
    return ordered


def _turn(box: Box, axis: int) -> Box:
    return box if axis == 1 else (box[1], box[0], box[3], box[2])


def place_pictures(pictures: Sequence[Picture]) -> dict[Picture, str]:
    """left, right, top … for two or three pictures of one page that stand in one row or one column."""
    if len({picture.page for picture in pictures}) > 1 or not 2 <= len(pictures) <= 3:
        return {}
    for axis, names in ((1, ("left", "middle", "right")), (0, ("top", "middle", "bottom"))):
        first = _turn(pictures[0].bbox, axis)
        if all(is_beside(first, _turn(picture.bbox, axis)) for picture in pictures[1:]):
            ordered = sorted(pictures, key=lambda p: p.bbox[1 - axis])
            chosen = names if len(ordered) == 3 else (names[0], names[2])
            return dict(zip(ordered, chosen, strict=True))
    return {}

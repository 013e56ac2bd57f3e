"""Figures of a document without pages: what the document itself binds together, then what stands next to what."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from remud_gen.pairing.captions import LEAST_SCORE, Caption, has_own_words
from remud_gen.pairing.figure_group import FigureGroup
from remud_gen.pairing.flow import Block, Flow, Item, Picture
from remud_gen.pairing.flow_document import is_letter
from remud_gen.pairing.groups import Grouping, finish_groups, share_caption
from remud_gen.pairing.titles import claim_by_titles
from remud_gen.records import FlowPlace, TextLine
from remud_gen.rules.figure_labels import is_table_label, parse_label
from remud_gen.rules.language import HAN
from remud_gen.rules.late import compile_late
from remud_gen.rules.notes import begins_legend, begins_note

MAX_CAPTION_CHARS = 3000
MAX_PLAIN_CHARS = 600
MAX_BETWEEN_CHARS = 400  # of a paragraph that may stand between a picture and its caption
LEAST_SIDE_PX = 100  # of a picture that words given in its stead may caption
_ORNAMENT = compile_late(r"logo|icon|banner|avatar|button|advert|cover|封面|图标|二维码|qr code", re.I)
_FILE_NAME = compile_late(r"\S+\.(?:png|jpe?g|gif|tiff?|bmp|webp)$", re.I)
Side = Literal["after", "before"]


@dataclass(eq=False, slots=True)
class _Run:
    """Pictures that follow each other, with the letters among them; `start` and `end` are places in the sequence."""

    pictures: list[Picture]
    start: int
    end: int  # of the last picture or letter
    caption: Caption | None = None
    flags: set[str] = field(default_factory=set)


@dataclass(slots=True)
class _Sequence:
    items: list[Item]
    figures: list[int | None]  # the document's own figure of each item
    candidates: dict[int, Caption]
    runs: list[_Run]
    claimed: set[Caption] = field(default_factory=set)


def group_in_order(flow: Flow, places: Mapping[str, FlowPlace]) -> tuple[Flow, Grouping]:
    """Give every picture its caption or title, then its notes; `places` are by locator and text, or by figure id.

    In the flow that comes back, words given in a picture's stead stand behind it if they became its caption.
    """
    items = list(flow.items())
    figures = [_find_place(item, places) for item in items]
    candidates = _join_translations(items, _find_candidates(items, figures))
    sequence = _Sequence(items, figures, candidates, [])
    bound = list(_bind_declared(sequence))
    taken = {picture for run in bound for picture in run.pictures}
    sequence.runs = _find_runs(sequence, taken)
    _match_neighbours(sequence)
    captions = list(dict.fromkeys(sequence.candidates.values()))
    titles, claims = claim_by_titles(flow, captions)
    _adopt_gathered(sequence, claims, captions)
    groups: list[FigureGroup] = []
    loose: list[Picture] = []
    for run in [*bound, *sequence.runs]:
        if run.caption is not None:
            group = FigureGroup(list(run.pictures), run.caption, flags={*run.caption.flags, *run.flags})
            group.title = next((claims[p] for p in run.pictures if p in claims), None)
            groups += share_caption(flow, group)
        else:
            loose += [picture for picture in run.pictures if picture not in claims]
    by_title: dict[object, FigureGroup] = {}
    owned = {picture for group in groups for picture in group.pictures}
    for picture, title in claims.items():
        if picture not in owned:
            by_title.setdefault(title, FigureGroup(title=title)).pictures.append(picture)
    groups += by_title.values()
    for picture in list(loose):
        caption = _read_alt(picture)
        if caption is not None:
            captions.append(caption)
            groups.append(FigureGroup([picture], caption, flags=set(caption.flags)))
            loose.remove(picture)
            flow = _insert(flow, picture, caption.blocks[0])
    return flow, Grouping(finish_groups(flow, groups, captions, titles), captions, titles, loose)


def _insert(flow: Flow, picture: Picture, block: Block) -> Flow:
    pages = list(flow.pages)
    items = list(pages[picture.page].items)
    items.insert(items.index(picture) + 1, block)
    pages[picture.page] = replace(pages[picture.page], items=tuple(items))
    return replace(flow, pages=pages)


def _find_place(item: Item, places: Mapping[str, FlowPlace]) -> int | None:
    key = item.figure.id if isinstance(item, Picture) else f"{item.locator}\x1f{item.text}"
    place = places.get(key)
    # Figures are counted anew in every chapter.
    return item.page * 1_000_000 + place.figure if place is not None and place.figure is not None else None


def _find_candidates(items: Sequence[Item], figures: Sequence[int | None]) -> dict[int, Caption]:
    pictured = {f for item, f in zip(items, figures, strict=True) if isinstance(item, Picture) and f is not None}
    found: dict[int, Caption] = {}
    for i, item in enumerate(items):
        if isinstance(item, Picture) or item.role in ("title", "section", "table") or is_letter(item):
            continue
        caption = _read_caption(item, is_bound=figures[i] in pictured)
        is_table = caption is not None and caption.label is None and not caption.is_plain
        if caption is not None and not (is_table and _stands_at_table(items, i)):
            found[i] = caption
    return found


def _stands_at_table(items: Sequence[Item], i: int) -> bool:
    around = [items[j] for j in (i - 1, i + 1) if 0 <= j < len(items)]
    return any(isinstance(item, Block) and item.role == "table" for item in around)


def _read_caption(block: Block, *, is_bound: bool) -> Caption | None:
    """A block as a caption: declared as such, or by its label; inside a declared figure, any short words."""
    text = block.text
    if begins_note(text) or begins_legend(text) or len(text) > MAX_CAPTION_CHARS:
        return None
    is_declared = block.role == "caption"
    if is_table_label(text):
        return Caption((block,), None, text, LEAST_SCORE)
    label = parse_label(text)
    if label is not None and (not label.reads_as_sentence or is_declared):
        words = text if label.reads_as_sentence else label.rest
        return Caption((block,), label, words, LEAST_SCORE)
    if is_declared:
        return Caption((block,), None, text, LEAST_SCORE, is_plain=True)
    if is_bound and len(text) <= MAX_PLAIN_CHARS:
        return Caption((block,), None, text, LEAST_SCORE, ("caption_unlabelled",), is_plain=True)
    return None


def _join_translations(items: Sequence[Item], found: Mapping[int, Caption]) -> dict[int, Caption]:
    """A caption and its translation right after it are one; both places then hold it."""
    joined = dict(found)
    for i in sorted(found):
        first, second = joined.get(i), joined.get(i + 1)
        if first is None or second is None or first.label is None or second.label is None:
            continue
        scripts = [HAN.search(caption.blocks[0].text) is not None for caption in (first, second)]
        is_same_page = first.page == second.page
        if first.label.number == second.label.number and scripts[0] != scripts[1] and is_same_page:
            text = "\n".join(part for part in (first.text, second.text) if part)
            both = replace(first, blocks=(*first.blocks, *second.blocks), text=text)
            joined[i] = joined[i + 1] = both
    return joined


def _bind_declared(sequence: _Sequence) -> Iterator[_Run]:
    """Figures that the document itself declares: pictures and captions that share a mark."""
    pictures: dict[int, list[Picture]] = defaultdict(list)
    captions: dict[int, list[Caption]] = defaultdict(list)
    for i, (item, figure) in enumerate(zip(sequence.items, sequence.figures, strict=True)):
        if figure is None:
            continue
        if isinstance(item, Picture):
            pictures[figure].append(item)
        elif i in sequence.candidates and sequence.candidates[i] not in captions[figure]:
            captions[figure].append(sequence.candidates[i])
    for figure, own in pictures.items():
        found = captions.get(figure, [])
        declared = [caption for caption in found if "caption_unlabelled" not in caption.flags] or found
        sequence.claimed |= set(found)
        labelled = [caption for caption in declared if caption.label is not None]
        if len(labelled) == len(own) > 1:
            for picture, caption in zip(own, labelled, strict=True):
                yield _Run([picture], -1, -1, caption, {"caption_by_row"})
        elif declared:
            yield _Run(own, -1, -1, _merge(declared))


def _merge(captions: Sequence[Caption]) -> Caption:
    """Several paragraphs of one caption, led by the one with the label."""
    first = next((caption for caption in captions if caption.label is not None), captions[0])
    rest = [caption for caption in captions if caption is not first and caption.label is None]
    texts = [first.text, *(caption.text for caption in rest)]
    glue = "" if HAN.search(first.text[-1:] or "a") else " "
    blocks = tuple(block for caption in (first, *rest) for block in caption.blocks)
    return replace(first, blocks=blocks, text=glue.join(text for text in texts if text))


def _find_runs(sequence: _Sequence, taken: set[Picture]) -> list[_Run]:
    runs: list[_Run] = []
    is_open = False
    for i, item in enumerate(sequence.items):
        if isinstance(item, Picture) and item not in taken:
            if is_open and runs[-1].pictures[-1].page == item.page:
                runs[-1].pictures.append(item)
                runs[-1].end = i
            else:
                runs.append(_Run([item], _find_start(sequence.items, i), i))
            is_open = True
        elif is_open and isinstance(item, Block) and is_letter(item):
            runs[-1].end = i
        else:
            is_open = False
    return runs


def _find_start(items: Sequence[Item], i: int) -> int:
    """Where the letters begin that lead a run."""
    while i > 0 and isinstance(before := items[i - 1], Block) and is_letter(before):
        i -= 1
    return i


def _match_neighbours(sequence: _Sequence) -> None:
    """Captions right after their pictures or right before them, whichever this document mostly does."""
    votes = {"after": 0, "before": 0}
    for run in sequence.runs:
        sides = [side for side in ("after", "before") if _look(sequence, run, side)]
        if len(sides) == 1:
            votes[sides[0]] += 1
    first: Side = "before" if votes["before"] > votes["after"] else "after"
    for side in (first, "before" if first == "after" else "after"):
        for run in [run for run in sequence.runs if run.caption is None]:
            found = _look(sequence, run, side)
            if not found:
                continue
            numbers = [caption for caption in found if caption.label is not None]
            if len(run.pictures) == len(found) == len(numbers) > 1 and not any(_is_further(c) for c in numbers):
                _split(sequence, run, found)
            else:
                own = found[0] if side == "after" else found[-1]
                run.caption = own
                run.flags |= {"caption_by_order"} if len(found) > 1 and len(run.pictures) > 1 else set()
                sequence.claimed.add(own)
    for run in [run for run in sequence.runs if run.caption is None]:
        over = _look_over(sequence, run, first)
        if over is not None:
            _adopt(sequence, run, over, "text_between")


def _is_further(caption: Caption) -> bool:
    return caption.label is not None and bool(caption.label.further)


def _look(sequence: _Sequence, run: _Run, side: str) -> list[Caption]:
    """Unclaimed captions that follow each other right beside a run, in the order of the text."""
    step = 1 if side == "after" else -1
    at = (run.end if side == "after" else run.start) + step
    found: list[Caption] = []
    while at in sequence.candidates and sequence.candidates[at] not in sequence.claimed:
        if sequence.candidates[at] not in found:
            found.append(sequence.candidates[at])
        at += step
    same_page = [caption for caption in found if abs(caption.page - run.pictures[0].page) <= 1]
    return same_page if side == "after" else same_page[::-1]


def _look_over(sequence: _Sequence, run: _Run, side: Side) -> Caption | None:
    """A labelled caption with one short paragraph between."""
    step = 1 if side == "after" else -1
    edge = run.end if side == "after" else run.start
    if not 0 <= edge + 2 * step < len(sequence.items):
        return None
    between = sequence.items[edge + step]
    caption = sequence.candidates.get(edge + 2 * step)
    if not isinstance(between, Block) or edge + step in sequence.candidates or len(between.text) > MAX_BETWEEN_CHARS:
        return None
    is_free = caption is not None and caption.label is not None and caption not in sequence.claimed
    return caption if is_free and between.role == "body" else None


def _split(sequence: _Sequence, run: _Run, captions: Sequence[Caption]) -> None:
    """As many captions as pictures: one for each, in order."""
    parts = [
        _Run([picture], run.start, run.end, caption, {"caption_by_row"})
        for picture, caption in zip(run.pictures, captions, strict=True)
    ]
    at = sequence.runs.index(run)
    sequence.runs[at : at + 1] = parts
    sequence.claimed |= set(captions)


def _adopt_gathered(sequence: _Sequence, claims: Mapping[Picture, object], captions: Sequence[Caption]) -> None:
    """Captions gathered elsewhere: by the number that stands in a picture's stead, else by order if counts agree."""
    waiting = [c for c in captions if c.label is not None and c not in sequence.claimed and has_own_words(c)]
    waiting = [c for c in waiting if c.label is not None and not c.label.reads_as_sentence]
    free = [run for run in sequence.runs if run.caption is None and not any(p in claims for p in run.pictures)]
    free = [run for run in free if all(_is_large(picture) for picture in run.pictures)]
    for run in list(free):
        place = run.pictures[0].figure.place
        label = parse_label(place.alt or "") if place is not None else None
        found = [c for c in waiting if label is not None and c.label is not None and c.label.number == label.number]
        if len(found) == 1:
            _adopt(sequence, run, found[0], "caption_elsewhere")
            waiting.remove(found[0])
            free.remove(run)
    numbers = [caption.label.number for caption in waiting if caption.label is not None]
    if waiting and len(waiting) == len(free) and len(set(numbers)) == len(numbers):
        for run, caption in zip(free, waiting, strict=True):
            _adopt(sequence, run, caption, "caption_by_order")


def _adopt(sequence: _Sequence, run: _Run, caption: Caption, flag: str) -> None:
    run.caption = caption
    run.flags.add(flag)
    sequence.claimed.add(caption)


def _is_large(picture: Picture) -> bool:
    return min(picture.figure.image.width_px, picture.figure.image.height_px) >= LEAST_SIDE_PX


def _read_alt(picture: Picture) -> Caption | None:
    """The words that a document gives in a picture's stead, where they say what it shows."""
    alt = picture.figure.place.alt if picture.figure.place is not None else None
    if alt is None or not _is_large(picture) or _ORNAMENT.search(alt) or _FILE_NAME.match(alt):
        return None
    is_telling = len(HAN.findall(alt)) >= 4 or len(re.findall(r"[^\W\d_]{2,}", alt)) >= 3
    if not is_telling:
        return None
    line = TextLine(bbox=picture.bbox, text=alt)
    block = Block(picture.page, picture.bbox, (line,), alt, 1.0, "caption", False, picture.figure.locator)
    label = parse_label(alt)
    words = label.rest if label is not None and label.rest and not label.reads_as_sentence else alt
    return Caption((block,), label if words != alt else None, words, 0, ("caption_from_alt",), is_plain=words == alt)

"""Explanatory notes and abbreviation legends -> the figure they belong to, also from the next page."""

from __future__ import annotations

from collections.abc import Sequence

from remud_gen.pairing.blocks import is_finished
from remud_gen.pairing.captions import Caption
from remud_gen.pairing.figure_group import FigureGroup
from remud_gen.pairing.flow import Block, Flow, Picture
from remud_gen.pairing.titles import Title
from remud_gen.rules.figure_labels import narrow, parse_panel_letters
from remud_gen.rules.notes import begins_legend, begins_note
from remud_gen.rules.panel_marks import find_markers

PENDING_SHARE = 0.5  # of the other titled figures that have a note, for a missing one to be a doubt


def attach_notes(
    flow: Flow, groups: Sequence[FigureGroup], captions: Sequence[Caption], titles: Sequence[Title]
) -> None:
    """Give each marked note to the figure last met in reading order; flag titled figures whose note is missing."""
    of_picture = {picture: group for group in groups for picture in group.pictures}
    of_block = {block: group for group in groups if group.caption is not None for block in group.caption.blocks}
    of_block |= {group.title.block: group for group in groups if group.title is not None}
    foreign = {block for caption in captions for block in caption.blocks} | {title.block for title in titles}
    current: FigureGroup | None = None
    is_open = False  # the last note ended within a sentence: the next block goes on with it
    for item in flow.items():
        if isinstance(item, Picture):
            current, is_open = of_picture.get(item, current), False
        elif item in of_block:
            current, is_open = of_block[item], False
        elif item in foreign:
            current, is_open = None, False
        elif current is not None and (
            begins_note(item.text) or begins_legend(item.text) or is_open or _begins_clauses(item, current)
        ):
            current.notes.append(item)
            is_open = not is_finished(item.text)
        elif current is not None and _closes(item, current):
            current, is_open = None, False
    _flag_pending(groups)


def _begins_clauses(block: Block, group: FigureGroup) -> bool:
    """Whether a block tells panel by panel what a titled figure shows, without the marker that notes bear."""
    if group.title is None or group.notes:
        return False
    markers = find_markers(narrow(block.text))
    return len(markers) > 1 and not block.text[: markers[0].start].strip()


def _closes(block: Block, group: FigureGroup) -> bool:
    """Running text ends a captioned figure; a titled one stays open until the next title."""
    if parse_panel_letters(block.text):
        return False
    return group.title is None and len(block.text) > 40


def _flag_pending(groups: Sequence[FigureGroup]) -> None:
    titled = [group for group in groups if group.title is not None]
    having = [group for group in titled if group.notes]
    for group in titled:
        if not group.notes and len(having) > PENDING_SHARE * (len(titled) - 1) > 0:
            group.flags.add("note_pending")

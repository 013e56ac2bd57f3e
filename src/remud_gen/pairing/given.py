"""Pictures whose words are given beside them (label files, headers, folder names): nothing is left to be guessed."""

from __future__ import annotations

from collections.abc import Sequence

from remud_gen.pairing.captions import Caption
from remud_gen.pairing.families import Panel
from remud_gen.pairing.figure_group import FigureGroup
from remud_gen.pairing.flow import Block, Flow, PageFlow, Picture
from remud_gen.pairing.titles import Title
from remud_gen.records import Page, TextBlock, TextLine
from remud_gen.rules.figure_labels import parse_label


def split_given(page: Page) -> tuple[Page, tuple[TextBlock, ...]]:
    """A page of one picture without its given words, and these; any other page as it is."""
    given = tuple(block for block in page.text_blocks if page.kind == "image" and block.locator is not None)
    if not given:
        return page, ()
    rest = tuple(block for block in page.text_blocks if block not in given)
    return page.model_copy(update={"text_blocks": rest}), given


def make_given_panels(flow: Flow, page: PageFlow, given: Sequence[TextBlock]) -> list[Panel]:
    """One panel per picture of the page, each with all the given words."""
    return [_make_panel(flow, picture, given) for picture in page.pictures]


def _make_panel(flow: Flow, picture: Picture, given: Sequence[TextBlock]) -> Panel:
    titles, captions, notes = (
        [_make_block(block, picture.page) for block in given if block.role == role]
        for role in ("title", "caption", "note")
    )
    group = FigureGroup(pictures=[picture], notes=notes)
    if titles:
        # Several titles are one line: "benign; BI-RADS 3".
        text = "; ".join(block.text for block in titles)
        group.title = Title(titles[0], "", "", text, ("-", 0))
    caption = None
    if captions:
        label = parse_label(captions[0].text)
        label = label if label is not None and label.rest and not label.reads_as_sentence else None
        caption = "\n".join([label.rest if label else captions[0].text, *(block.text for block in captions[1:])])
        group.caption = Caption(tuple(captions), label, caption, 0)
    note = "\n".join(block.text for block in notes) or None
    return Panel(group, picture.page, picture.figure, None, caption, note, caption, note)


def _make_block(block: TextBlock, page: int) -> Block:
    line = TextLine(bbox=block.bbox, text=block.text)
    return Block(page, block.bbox, (line,), block.text, 1.0, block.role, False, block.locator)

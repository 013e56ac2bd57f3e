"""Atlas style: a numbered heading opens a figure, and the pictures that follow belong to it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from remud_gen.pairing.captions import Caption
from remud_gen.pairing.flow import Block, Flow, Item, Picture
from remud_gen.rules.figure_labels import parse_panel_letters
from remud_gen.rules.notes import begins_note
from remud_gen.rules.numbered_headings import TitleClass, parse_numbered_heading

LEAST_SHARE = 0.5  # of a class of numbered headings that a picture must follow for it to be titles of figures
MAX_LINES = 2


@dataclass(frozen=True, slots=True, eq=False)
class Title:
    """A figure's numbered heading."""

    block: Block
    number: str
    printed: str
    text: str
    kind: TitleClass


def claim_by_titles(flow: Flow, captions: Sequence[Caption]) -> tuple[list[Title], dict[Picture, Title]]:
    """The document's figure titles and the pictures that each is followed by, over columns and pages."""
    items = list(flow.items())
    taken = {block for caption in captions for block in caption.blocks}
    candidates = {i: title for i, item in enumerate(items) if (title := _read_title(item, taken)) is not None}
    kinds = _vote(items, candidates)
    titles: list[Title] = []
    claims: dict[Picture, Title] = {}
    state: _Open | None = None
    for i, item in enumerate(items):
        title = candidates.get(i)
        if title is not None and title.kind in kinds:
            titles.append(title)
            state = _Open(title)
        elif isinstance(item, Picture):
            if state is not None and _still_belongs(state, items, i):
                claims[item] = state.title
                state.pictures += 1
            else:
                state = None
        elif state is not None:
            state.read(item, is_caption=item in taken)
            if state.is_ended:
                state = None
    return titles, claims


@dataclass(slots=True)
class _Open:
    """What has been met since a title."""

    title: Title
    pictures: int = 0
    letters: tuple[str, ...] = ()
    is_closed: bool = False  # a note or running text came after pictures
    is_ended: bool = False

    def read(self, block: Block, *, is_caption: bool) -> None:
        letters = parse_panel_letters(block.text)
        if letters:
            self.letters += letters
        elif block.role in ("title", "section") and not is_caption:
            self.is_ended = True
        elif self.pictures and (begins_note(block.text) or len(block.text) > 30):
            self.is_closed = True


def _still_belongs(state: _Open, items: Sequence[Item], i: int) -> bool:
    """A picture after the group's note belongs to it only if its letter goes on where the group's stopped."""
    if not state.is_closed:
        return True
    following = items[i + 1] if i + 1 < len(items) else None
    if not isinstance(following, Block) or not state.letters:
        return False
    letters = parse_panel_letters(following.text)
    return bool(letters) and ord(letters[0][0]) == ord(state.letters[-1][0]) + 1


def _read_title(item: Item, taken: set[Block]) -> Title | None:
    if not isinstance(item, Block) or item in taken or len(item.lines) > MAX_LINES:
        return None
    heading = parse_numbered_heading(item.text)
    if heading is None:
        return None
    return Title(item, heading.number, heading.printed, heading.title, heading.kind)


def _vote(items: Sequence[Item], candidates: dict[int, Title]) -> set[TitleClass]:
    """Classes of headings (separator, depth) that are mostly followed by a picture and not by running text."""
    followed: dict[TitleClass, list[bool]] = defaultdict(list)
    for i, title in candidates.items():
        after = next((items[k] for k in range(i + 1, len(items)) if not _is_letter(items[k])), None)
        followed[title.kind].append(isinstance(after, Picture))
    return {kind for kind, votes in followed.items() if sum(votes) / len(votes) >= LEAST_SHARE}


def _is_letter(item: Item) -> bool:
    return isinstance(item, Block) and bool(parse_panel_letters(item.text))

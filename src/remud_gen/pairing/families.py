"""Groups of one figure -> its panels: one picture each, or one cut around all where they cannot be told apart."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from remud_gen.errors import RecordError
from remud_gen.pairing.clauses import find_panel_keys, split_clauses, strip_letters, tidy
from remud_gen.pairing.figure_group import FigureGroup
from remud_gen.pairing.flow import Block, Flow, Picture
from remud_gen.pairing.joining import join_lines
from remud_gen.pairing.panels import Panels, read_panels
from remud_gen.pairing.splitting import list_clause_keys, split_pictures
from remud_gen.protocols import Cropper, Unpaired
from remud_gen.records import Figure
from remud_gen.rules.geometry import hull
from remud_gen.rules.notes import strip_note_marker
from remud_gen.rules.panel_marks import PLACES


@dataclass(slots=True, eq=False)
class Panel:
    """What becomes one pair."""

    group: FigureGroup
    page: int
    figure: Figure
    letter: str | None = None
    caption: str | None = None  # the group's
    note: str | None = None
    own_caption: str | None = None
    own_note: str | None = None
    flags: set[str] = field(default_factory=set)


def cut_panels(
    flow: Flow, group: FigureGroup, skipped: Collection[Block], cropper: Cropper
) -> Iterator[Panel | tuple[int, Unpaired]]:
    """The panels of a group, or (page index, why not) where one cannot be cut out."""
    caption = group.caption.text if group.caption is not None else None
    note = join_lines([block.text for block in group.notes], flow.words) if group.notes else None
    texts = [*(caption or "").split("\n"), strip_note_marker(note or "")]
    named = frozenset(key for text in texts for key in find_panel_keys(text))
    given = {picture: group.own_letters[0] for picture in group.pictures} if len(group.own_letters) == 1 else {}
    given = given if len(group.pictures) == 1 else {}
    pictures = group.pictures
    try:
        split = None if given else split_pictures(flow, pictures, texts, named, skipped, cropper)
    except RecordError as error:
        yield pictures[0].page, Unpaired(error.code, error.message, error.hint or "the whole figure is kept by extract")
        return
    pictures, panels = split or (pictures, read_panels(flow, pictures, named, skipped, given))
    if len(pictures) == 1 and not named and len(list_clause_keys(texts)) > 1:
        panels.flags.add("panels_within_picture")  # the words tell left from right, the pixels do not
    has_places = bool(panels.places) and _tells_places(caption, note, panels)
    panels.flags |= _compare(caption, note, panels, pictures)
    if panels.is_separable or has_places:
        for picture in pictures:
            letter = panels.letters.get(picture)
            panel = Panel(group, picture.page, picture.figure, letter, caption, note, flags=group.flags | panels.flags)
            _speak(panel, panels.places.get(picture) if has_places else letter, named, panels.words.get(picture))
            yield panel
        return
    for page in sorted({picture.page for picture in group.pictures}):
        members = [picture for picture in group.pictures if picture.page == page]
        flags = group.flags | panels.flags | {"panels_not_separable"}
        try:
            figure = _cut_hull(flow, page, members, cropper)
        except RecordError as error:
            yield page, Unpaired(error.code, error.message, error.hint or "the figure's parts are kept by extract")
            continue
        panel = Panel(group, page, figure, None, caption, note, flags=flags)
        _speak(panel, None, named, None)
        yield panel


def _cut_hull(flow: Flow, page: int, members: Sequence[Picture], cropper: Cropper) -> Figure:
    if len(members) == 1:
        return members[0].figure
    cut = cropper.crop(flow.pages[page].page, hull(picture.bbox for picture in members))
    known = {(line.bbox, line.text) for line in cut.burned_in_text}
    further = [
        line for picture in members for line in picture.figure.burned_in_text if (line.bbox, line.text) not in known
    ]
    lines = sorted([*cut.burned_in_text, *further], key=lambda line: (line.bbox[1], line.bbox[0], line.text))
    return cut.model_copy(update={"burned_in_text": tuple(lines)})


def _tells_places(caption: str | None, note: str | None, panels: Panels) -> bool:
    wanted = set(panels.places.values())
    return any(
        (clauses := split_clauses(text)) is not None and clauses.keys == wanted
        for text in (*(caption or "").split("\n"), strip_note_marker(note or ""))
    )


def _compare(caption: str | None, note: str | None, panels: Panels, pictures: Sequence[Picture]) -> set[str]:
    """Doubts about a figure whose words and panels do not agree: a clause without panel."""
    flags: set[str] = set()
    if not panels.is_separable or (len(pictures) < 2 and not panels.letters):
        return flags
    printed = {letter.upper() for letter in panels.letters.values()}
    for text in (*(caption or "").split("\n"), strip_note_marker(note or "")):
        clauses = split_clauses(text) if text else None
        if clauses is None or not clauses.keys - PLACES:
            continue
        firsts = {letter[0] for letter in printed}
        if any(key.upper() not in printed and key[0].upper() not in firsts for key in clauses.keys):
            flags.add("clause_without_panel")
    return flags


def _speak(panel: Panel, key: str | None, named: Collection[str], words: str | None) -> None:
    """Give a panel its own words: its clause, or the whole text without letters where there is no clause."""
    panel.own_caption = choose_clause(panel.caption, key, named, panel.flags)
    note = strip_note_marker(panel.note) if panel.note else None
    panel.own_note = choose_clause(note, key, named, panel.flags)
    if words:
        panel.own_caption = f"{words} {panel.own_caption}".strip() if panel.own_caption else tidy(words)


def choose_clause(text: str | None, key: str | None, named: Collection[str], flags: set[str]) -> str | None:
    """A panel's words; those of a caption and of its translation are chosen each by itself. Doubts join `flags`."""
    parts = [_choose_one(part, key, named, flags) for part in (text or "").split("\n")]
    return "\n".join(part for part in parts if part) or None


def _choose_one(text: str, key: str | None, named: Collection[str], flags: set[str]) -> str | None:
    if not text:
        return None
    if key is not None:
        clauses = split_clauses(text)
        found = clauses.find(key) if clauses is not None else None
        if clauses is not None and found is not None:
            if clauses.is_before_gap(found):
                flags.add("clause_lost")
            if clauses.is_blank(found):
                flags.add("clause_blank")
            return strip_letters(clauses.of(found), named) or None
        if clauses is not None and key not in PLACES and clauses.keys & set(named):
            flags.add("clause_missing")
            return strip_letters(clauses.of(key), named) or None
        if find_panel_keys(text):
            flags.add("clause_not_split")
    return strip_letters(text, named) or None

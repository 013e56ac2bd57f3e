"""Figures as a reader sees them: a title or caption, its pictures over columns and pages, its notes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from remud_gen.pairing.adoption import adopt_panels, find_plain_captions
from remud_gen.pairing.assignment import assign, find_ambiguous, find_clusters, find_habit, tell_side
from remud_gen.pairing.captions import Caption, find_captions, has_own_words
from remud_gen.pairing.costs import Habit
from remud_gen.pairing.figure_group import FigureGroup
from remud_gen.pairing.flow import Flow, Picture
from remud_gen.pairing.notes import attach_notes
from remud_gen.pairing.orphans import adopt_orphans, merge_plates
from remud_gen.pairing.titles import Title, claim_by_titles
from remud_gen.rules.figure_labels import narrow
from remud_gen.rules.panel_marks import find_markers

FAR = 120.0  # cost above which a caption's distance is worth a doubt
TITLED_LIMIT = 60.0  # a picture below a title goes to a caption only if that stands right at it


@dataclass(frozen=True, slots=True)
class Grouping:
    """All figures of a document, all its captions, and the pictures that belong to none."""

    groups: list[FigureGroup]
    captions: list[Caption]
    titles: list[Title]
    loose: list[Picture]


def group_figures(flow: Flow) -> Grouping:
    """Give every picture its title or caption, then its notes."""
    captions = find_captions(flow)
    titles, claims = claim_by_titles(flow, captions)
    habit = find_habit(flow, captions)
    by_caption: dict[Caption, FigureGroup] = {}
    owners: dict[Picture, FigureGroup] = {}
    of_page = _sort_by_page(captions)
    for page in flow.pages:
        own = of_page[page.index]
        limits = {picture: TITLED_LIMIT for picture in page.pictures if picture in claims}
        assigned = assign(page, own, habit, limits)
        doubtful = find_ambiguous(page, assigned, own)
        assigned = _keep_one_side(assigned, doubtful, habit)
        for picture, (caption, cost) in assigned.items():
            group = by_caption.setdefault(caption, FigureGroup(caption=caption, flags=set(caption.flags)))
            group.pictures.append(picture)
            owners[picture] = group
            if cost > FAR:
                group.flags.add("caption_far")
            if caption in doubtful:
                group.flags.add("caption_between")
    by_title: dict[Title, FigureGroup] = {}
    for picture in flow.pictures():
        title = claims.get(picture)
        if title is None:
            continue
        if picture in owners:
            owners[picture].title = owners[picture].title or title
            continue
        group = by_title.setdefault(title, FigureGroup(title=title))
        group.pictures.append(picture)
        owners[picture] = group
    loose = [picture for picture in flow.pictures() if picture not in owners]
    groups = [*by_caption.values(), *by_title.values()]
    waiting = [caption for caption in captions if caption.label is not None and caption not in by_caption]
    adopted: set[Picture] = set()
    for caption, pictures, flag in adopt_orphans(flow, waiting, _cluster_loose(flow, loose, captions)):
        groups.append(FigureGroup(pictures=list(pictures), caption=caption, flags={flag, *caption.flags}))
        adopted.update(pictures)
    loose = [picture for picture in loose if picture not in adopted]
    loose = adopt_panels(flow, groups, loose)
    taken = {block for caption in captions for block in caption.blocks} | {title.block for title in titles}
    for plain, picture in list(find_plain_captions(flow, loose, taken)):
        captions.append(plain)
        groups.append(FigureGroup(pictures=[picture], caption=plain, flags=set(plain.flags)))
        loose.remove(picture)
    groups = finish_groups(flow, [part for group in groups for part in share_caption(flow, group)], captions, titles)
    return Grouping(groups, captions, titles, loose)


def _keep_one_side(
    assigned: dict[Picture, tuple[Caption, float]], doubtful: Collection[Caption], habit: Habit
) -> dict[Picture, tuple[Caption, float]]:
    """Of pictures over and under one caption that names no panels, those on the side where this document's stand."""
    lost = set()
    for caption in doubtful:
        sides = {picture: tell_side(picture, caption) for picture, (held, _) in assigned.items() if held is caption}
        wrong = "under" if habit == "below" else "over"
        if len(set(sides.values())) > 1 and not find_markers(narrow(caption.text)):
            lost |= {picture for picture, side in sides.items() if side == wrong}
    return {picture: claim for picture, claim in assigned.items() if picture not in lost}


def share_caption(flow: Flow, group: FigureGroup) -> list[FigureGroup]:
    """One caption of several figures ("Figs. 2 and 3") becomes a figure for each, where there is a picture for each."""
    label = group.caption.label if group.caption is not None else None
    if group.caption is None or label is None or not label.further:
        return [group]
    flags = group.flags | {"caption_shared"}
    if len(group.pictures) != len(label.further) + 1:
        group.flags = flags
        return [group]
    place = {picture: number for number, picture in enumerate(flow.pictures())}
    ordered = sorted(group.pictures, key=lambda picture: place[picture])
    numbers = (label.number, *label.further)
    captions = [replace(group.caption, label=replace(label, number=n, further=())) for n in numbers]
    return [FigureGroup([p], c, group.title, flags=set(flags)) for p, c in zip(ordered, captions, strict=True)]


def _cluster_loose(flow: Flow, loose: Sequence[Picture], captions: Sequence[Caption]) -> list[list[Picture]]:
    of_page, free = _sort_by_page(captions), set(loose)
    clusters: list[list[Picture]] = []
    for page in flow.pages:
        found = find_clusters(page, [caption.bbox for caption in of_page[page.index]])
        for picture in page.pictures:
            if picture in free:
                clusters.append([other for other in found[picture] if other in free])
                free.difference_update(clusters[-1])
    return clusters


def _sort_by_page(captions: Sequence[Caption]) -> dict[int, list[Caption]]:
    found: dict[int, list[Caption]] = defaultdict(list)
    for caption in captions:
        found[caption.page].append(caption)
    return found


def finish_groups(
    flow: Flow, groups: list[FigureGroup], captions: Sequence[Caption], titles: Sequence[Title]
) -> list[FigureGroup]:
    """Put figures and their pictures in order, join what is continued or captioned elsewhere, and attach notes."""
    place = {picture: number for number, picture in enumerate(flow.pictures())}
    for group in groups:
        group.pictures.sort(key=lambda picture: place[picture])
    groups.sort(key=lambda group: place[group.pictures[0]])
    for group in groups:
        if group.caption is not None and not group.is_continued and not has_own_words(group.caption):
            group.caption = merge_plates(group.caption, captions)
            group.flags |= set(group.caption.flags)
    _link_continued(groups)
    groups = [group for group in groups if group.pictures]
    attach_notes(flow, groups, captions, titles)
    return groups


def _link_continued(groups: Sequence[FigureGroup]) -> None:
    """A continued figure shares the identity, and without words of its own also the caption, of where it began."""
    roots: dict[str, FigureGroup] = {}
    for group in groups:
        number = group.number
        if number is None or group.is_table:
            continue
        root = roots.setdefault(number, group)
        if root is group:
            continue
        if group.is_continued and group.caption is not None:
            group.root = root
            group.flags.add("continued")
            if not has_own_words(group.caption):
                root.pictures.extend(group.pictures)
                root.flags.add("continued")
                group.pictures = []
        elif group.own_letters and root.own_letters and group.own_letters[0] > root.own_letters[0]:
            group.root = root
        else:
            roots[number] = group

"""Captions without a picture in reach and pictures without a caption: facing pages, plates, gathered legends."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

from remud_gen.pairing.captions import Caption, has_own_words
from remud_gen.pairing.flow import Flow, Picture

NEIGHBOURS = (-1, 1)  # the page before is likelier: a caption runs over more often than it runs ahead


def adopt_orphans(
    flow: Flow, waiting: Sequence[Caption], clusters: Sequence[list[Picture]]
) -> Iterator[tuple[Caption, list[Picture], str]]:
    """Pair waiting captions with unclaimed picture clusters of a neighbouring page.

    Only where their numbers agree; several are paired in reading order and flagged as such.
    """
    free: dict[int, list[list[Picture]]] = defaultdict(list)
    for cluster in clusters:
        free[cluster[0].page].append(cluster)
    by_page: dict[int, list[Caption]] = defaultdict(list)
    for caption in waiting:
        if has_own_words(caption) and not (caption.label and caption.label.reads_as_sentence):
            by_page[caption.page].append(caption)
    for page, captions in sorted(by_page.items()):
        for step in NEIGHBOURS:
            found = free.get(page + step, [])
            single = [[picture] for cluster in found for picture in cluster]
            found = single if len(single) == len(captions) else found
            if found and len(found) == len(captions) and page + step < len(flow.pages):
                flag = "caption_other_page" if len(found) == 1 else "caption_by_order"
                for caption, pictures in zip(captions, found, strict=True):
                    yield caption, pictures, flag
                free[page + step] = []
                break


def merge_plates(caption: Caption, captions: Sequence[Caption]) -> Caption:
    """A bare label below a plate takes the words of the caption with its number that is printed elsewhere."""
    if caption.label is None:
        return caption
    twins = [
        other
        for other in captions
        if other is not caption
        and other.label is not None
        and other.label.number == caption.label.number
        and has_own_words(other)
        and other.page >= 0
    ]
    if not twins:
        return caption
    twin = min(twins, key=lambda other: abs(other.page - caption.page))
    flag = "caption_elsewhere" if twin.page != caption.page else "caption_apart"
    return replace(twin, flags=(*caption.flags, flag))

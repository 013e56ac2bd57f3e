"""Which blocks are captions: found by their label, told from running text by how and where they stand."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from remud_gen.pairing.blocks import is_finished
from remud_gen.pairing.flow import Block, Flow, PageFlow, Picture
from remud_gen.rules.figure_labels import FigureLabel, is_table_label, normalise_number, parse_label
from remud_gen.rules.geometry import Box, hull, is_above_or_below, measure_gap

LEAST_SCORE = 3


@dataclass(frozen=True, slots=True, eq=False)
class Caption:
    """A caption: its blocks (two where it runs over two columns), its label, its words without the label."""

    blocks: tuple[Block, ...]
    label: FigureLabel | None  # None: of a table
    text: str
    score: int
    flags: tuple[str, ...] = ()

    @property
    def page(self) -> int:
        """Index of the page it stands on."""
        return self.blocks[0].page

    @property
    def bbox(self) -> Box:
        """Hull of its blocks."""
        return hull(block.bbox for block in self.blocks)


def find_captions(flow: Flow) -> list[Caption]:
    """All captions of the document, of figures and of tables, in reading order."""
    found: list[Caption] = []
    for page in flow.pages:
        for block in page.blocks:
            if is_table_label(block.text):
                found.append(Caption((block,), None, block.text, LEAST_SCORE))
                continue
            label = parse_label(block.text)
            if label is None:
                continue
            score = _score(block, label, page)
            if score >= LEAST_SCORE:
                found.append(_extend(Caption((block,), label, label.rest, score), page))
    return _repair_numbers(_drop_weak(found))


def _score(block: Block, label: FigureLabel, page: PageFlow) -> int:
    score = {".": 2, ":": 2, "|": 2, " ": 2 if ord(label.printed[0]) > 255 else 1}.get(label.delimiter, 0)
    score += 1 if ord(label.printed[0]) > 255 and not label.reads_as_sentence else 0
    score += 2 if block.role == "caption" else 0
    score += 2 if _is_near_picture(block, page) else 0
    score += 2 if not label.rest and len(block.lines) == 1 and _is_near_picture(block, page) else 0
    score += 1 if block.is_bold else 0
    score += 1 if abs(block.size / page.em - 1) > 0.04 else 0
    score -= 4 if label.reads_as_sentence else 0
    score -= 3 if _follows_open_paragraph(block, page) else 0
    return score


def _is_near_picture(block: Block, page: PageFlow) -> bool:
    return any(measure_gap(block.bbox, picture.bbox) < 3.5 * page.em for picture in page.pictures)


def _follows_open_paragraph(block: Block, page: PageFlow) -> bool:
    """Whether the block above is a sentence that this one would complete: "… as shown in" / "Fig. 3."."""
    above = [
        other
        for other in page.blocks
        if is_above_or_below(other.bbox, block.bbox)
        and -0.5 * page.em < block.bbox[1] - other.bbox[3] < 1.2 * page.em
        and abs(other.size / block.size - 1) < 0.06
    ]
    return any(
        not is_finished(other.text) and len(other.text) > 40 and parse_label(other.text) is None for other in above
    )


def _extend(caption: Caption, page: PageFlow) -> Caption:
    """Add the second half of a caption that is set in two columns below a wide picture."""
    first = caption.blocks[0]
    wide = [picture for picture in page.pictures if _spans(picture, first, page)]
    for block in page.blocks:
        if (
            wide
            and block is not first
            and abs(block.bbox[1] - first.bbox[1]) < 1.5 * page.em
            and block.bbox[0] > first.bbox[2]
            and any(picture.bbox[0] < (block.bbox[0] + block.bbox[2]) / 2 < picture.bbox[2] for picture in wide)
            and abs(block.size / first.size - 1) < 0.06
            and parse_label(block.text) is None
            and not is_table_label(block.text)
            and (not is_finished(first.text) or block.role == "caption" or first.size < 0.95 * page.em)
        ):
            glue = "" if ord(caption.text[-1:] or "a") > 0x2E80 else " "
            text = f"{caption.text}{glue}{block.text}"
            return replace(caption, blocks=(first, block), text=text, flags=("caption_over_columns",))
    return caption


def _spans(picture: Picture, block: Block, page: PageFlow) -> bool:
    gap = block.bbox[1] - picture.bbox[3]
    is_wide = picture.bbox[2] > block.bbox[2] + 4 * page.em
    return is_wide and picture.bbox[0] < block.bbox[2] and -page.em < gap < 4 * page.em


def _drop_weak(captions: Sequence[Caption]) -> list[Caption]:
    """Without doubtful second candidates for a number that a sure caption has."""
    best: dict[str, int] = {}
    for caption in captions:
        if caption.label is not None:
            best[caption.label.number] = max(best.get(caption.label.number, 0), caption.score)
    return [
        caption
        for caption in captions
        if caption.label is None
        or caption.label.is_continued
        or caption.score >= min(best[caption.label.number] - 1, LEAST_SCORE + 1)
    ]


def _repair_numbers(captions: Sequence[Caption]) -> list[Caption]:
    """Give back to the text a digit that OCR moved into the number: after 2-3, "图2-46周" is 2-4 and "6周"."""
    repaired: list[Caption] = []
    last = ""
    for caption in captions:
        label = caption.label
        if label is not None and label.delimiter == "" and label.rest and last:
            stem, _, count = last.rpartition("-")
            expected = "-".join(part for part in (stem, str(int(count) + 1) if count.isdigit() else "") if part)
            extra = label.number.removeprefix(expected)
            if label.number != expected and label.number.startswith(expected) and extra.isdigit():
                printed = label.printed[: -len(extra)]
                label = replace(label, printed=printed, number=normalise_number(expected), rest=extra + label.rest)
                caption = replace(caption, label=label, text=label.rest, flags=(*caption.flags, "number_repaired"))
        if label is not None:
            last = label.number
        repaired.append(caption)
    return repaired


CONTINUED_WORDS = re.compile(r"^\W*(?:continued|cont|续|见上页|see (?:previous|preceding) page)\W*$", re.IGNORECASE)


def has_own_words(caption: Caption) -> bool:
    """Whether a caption says more than its label ("Plate 3", "Figure 2 (continued)")."""
    return len(caption.text) > 2 and CONTINUED_WORDS.match(caption.text) is None

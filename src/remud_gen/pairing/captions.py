"""Which blocks are captions: found by their label, told from running text by how and where they stand."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from remud_gen.pairing.blocks import is_finished
from remud_gen.pairing.flow import Block, Flow, PageFlow, Picture
from remud_gen.rules.figure_labels import FigureLabel, is_table_label, narrow, normalise_number, parse_label
from remud_gen.rules.geometry import Box, hull, is_above_or_below, measure_gap
from remud_gen.rules.language import HAN
from remud_gen.rules.late import compile_late

LEAST_SCORE = 3
LISTED = 2  # what standing in a list of captions is worth
_LIST_HEADING = compile_late(
    r"\s*(?:(?:legends?|captions?|explanations?) (?:to|for|of) (?:the )?(?:plates?|figures?)"
    r"|(?:figure|plate) (?:legends?|captions)"
    r"|list of (?:figures|plates)|图版?(?:说明|注释|题)|附图说明)\W*$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, eq=False)
class Caption:
    """A caption: its blocks (two where it runs over two columns), its label, its words without the label."""

    blocks: tuple[Block, ...]
    label: FigureLabel | None  # None: of a table
    text: str
    score: int
    flags: tuple[str, ...] = ()
    is_plain: bool = False  # small print without any label: no table either

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
        listed = _find_listed(page)
        for block in page.blocks:
            if is_table_label(block.text):
                found.append(Caption((block,), None, block.text, LEAST_SCORE))
                continue
            label = parse_label(block.text)
            if label is None:
                continue
            score = _score(block, label, page) + (LISTED if block in listed else 0)
            if score >= LEAST_SCORE:
                found.append(_extend(Caption((block,), label, label.rest, score), page))
    return _repair_numbers(_drop_weak(_join_languages(found, flow)))


def _find_listed(page: PageFlow) -> set[Block]:
    """Blocks of a list of captions: "Legends to plates", with no picture anywhere near."""
    labelled = []
    for block in page.blocks:
        label = parse_label(block.text)
        if label is not None and not label.reads_as_sentence and len(label.rest) > 2:
            labelled.append(block)
    apart = [block for block in labelled if not _is_near_picture(block, page)]
    has_heading = any(_LIST_HEADING.match(narrow(block.text)) for block in page.blocks)
    return set(apart) if len(apart) > 1 or has_heading else set()


def _join_languages(captions: Sequence[Caption], flow: Flow) -> list[Caption]:
    """A caption and its translation right below it, of one number and in two scripts, are one caption."""
    joined: list[Caption] = []
    for caption in captions:
        last = joined[-1] if joined else None
        if last is not None and _is_translation(last, caption, flow):
            text = "\n".join(part for part in (last.text, caption.text) if part)
            joined[-1] = replace(last, blocks=(*last.blocks, *caption.blocks), text=text, score=last.score)
        else:
            joined.append(caption)
    return joined


def _is_translation(first: Caption, second: Caption, flow: Flow) -> bool:
    if first.label is None or second.label is None or first.page != second.page:
        return False
    em = flow.pages[first.page].em
    is_close = is_above_or_below(first.bbox, second.bbox, 0.3) and -em < second.bbox[1] - first.bbox[3] < 2.5 * em
    scripts = [HAN.search(caption.blocks[0].text) is not None for caption in (first, second)]
    return is_close and scripts[0] != scripts[1] and first.label.number == second.label.number


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
    reach = 3.5 * page.em
    near = page.find_pictures(block.bbox, max(0.0, reach))
    return any(measure_gap(block.bbox, picture.bbox) < reach for picture in near)


def _follows_open_paragraph(block: Block, page: PageFlow) -> bool:
    """Whether the block above is a sentence that this one would complete: "… as shown in" / "Fig. 3."."""
    x0, top, x1, _ = block.bbox
    above = [
        other
        for other in page.find_blocks((x0, top - 1.2 * page.em, x1, top + 0.5 * page.em))
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
    x0, top, x1, _ = first.bbox
    over = page.find_pictures((x0, top - 4 * page.em, x1, top + page.em))
    wide = [picture for picture in over if _spans(picture, first, page)]
    right = max((picture.bbox[2] for picture in wide), default=x1)
    for block in page.find_blocks((x1, top - 1.5 * page.em, right, top + 1.5 * page.em)):
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


CONTINUED_WORDS = compile_late(r"^\W*(?:continued|cont|续|见上页|see (?:previous|preceding) page)\W*$", re.IGNORECASE)


def has_own_words(caption: Caption) -> bool:
    """Whether a caption says more than its label ("Plate 3", "Figure 2 (continued)")."""
    return len(caption.text) > 2 and CONTINUED_WORDS.match(caption.text) is None

"""Running text: paragraphs put together over columns and pages, each under its headings."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from remud_gen.pairing.blocks import is_finished
from remud_gen.pairing.flow import Block, Flow
from remud_gen.pairing.joining import join_lines
from remud_gen.rules.figure_labels import is_table_label, narrow, parse_panel_letters
from remud_gen.rules.language import HAN
from remud_gen.rules.late import compile_late

_CHINESE_HEADING = compile_late(
    r"\s*(?:第 ?[0-9一二三四五六七八九十百]+ ?(?P<part>[篇章节])|(?P<list>[一二三四五六七八九十]{1,3}、)"
    r"|(?P<sub>\([一二三四五六七八九十]{1,3}\)))"
)
_NUMBERED = compile_late(r"\s*(?P<number>[0-9]{1,2}(?:\.[0-9]{1,2}){0,3})(?:\.? *\|? +|\. *|、)(?=[A-Z\u4e00-\u9fff])")
_DEPTHS = {"篇": 1, "章": 2, "节": 3}
BACK_MATTER = compile_late(
    r"\W*[0-9.]*\s*(?:references?|bibliography|literature cited|acknowledge?ments?|conflicts? of interests?|"
    r"competing interests?|disclosures?|funding|author[’']?s?[’']? contributions?|data availability|"
    r"supplementary materials?|consent|ethic\w* .*|abbreviations|appendix.*|index|transparency document|"
    r"参考文献|致谢|利益冲突|基金项目|作者贡献|索引)\W*(?:\(.*\))?\s*$",
    re.IGNORECASE,
)
INLINE_BACK_MATTER = compile_late(
    r"(?:acknowledge?ments?|funding|author[’']?s?[’']? contributions?|conflicts? of interests?|"
    r"data availability\b.{0,12}|institutional review.{0,20}|informed consent.{0,12}|supplementary materials?|"
    r"基金项目|作者单位|通[讯信]作者)\s*[:：.]",
    re.IGNORECASE,
)
MAX_HEADING_CHARS = 120
PROSE_CHARS = 150  # a block this long ends a table
_IMPRINT = compile_late(r"@|https?:|doi|\b(?:department|university|hospital|faculty|institute) of\b", re.IGNORECASE)
_QUESTION = compile_late(r"【?(?:选择题|判断题|填空题|问答题)】?|^答案[:：]|^[A-E][.、．]\s*\S.*[B-E][.、．]")


def is_question(text: str) -> bool:
    """Whether a paragraph is an exercise of the book or its answer: no evidence, and nothing to learn from as prose."""
    return _QUESTION.search(text) is not None


@dataclass(frozen=True, slots=True, eq=False)
class Heading:
    """A heading with what tells its rank."""

    block: Block
    text: str
    depth: int | None  # from its numbering
    size: float


@dataclass(frozen=True, slots=True, eq=False)
class Paragraph:
    """A paragraph; `blocks` are two where it runs over a column's or page's end."""

    blocks: tuple[Block, ...]
    text: str
    headings: tuple[Heading, ...]
    is_back_matter: bool


def read_paragraphs(flow: Flow, skipped: Collection[Block]) -> tuple[list[Paragraph], dict[Block, tuple[Heading, ...]]]:
    """All running text outside `skipped` (captions, titles, notes), and the headings over every block."""
    path: list[Heading] = []
    paragraphs: list[Paragraph] = []
    over: dict[Block, tuple[Heading, ...]] = {}
    is_fresh = True  # a heading came since the last paragraph
    is_table = is_back = False
    for block in flow.blocks():
        over[block] = tuple(path)
        is_table = is_table_label(block.text) or (is_table and len(block.text) < PROSE_CHARS)
        if block in skipped or parse_panel_letters(block.text) or is_table_label(block.text):
            continue
        is_styled = flow.pages[block.page].page.kind == "flow" and block.role in ("title", "section")
        heading = (
            Heading(block, " ".join(block.text.split()), None, block.size)
            if is_styled
            else _read_heading(block, flow.pages[block.page].em)
        )
        if heading is not None and (heading.depth is not None or is_styled or not is_table):
            path = _push(path, heading)
            is_fresh, is_table, is_back = True, False, any(BACK_MATTER.match(upper.text) for upper in path)
            continue
        is_back = is_back or INLINE_BACK_MATTER.match(block.text) is not None
        is_cell = is_table and block.size < 0.95 * flow.pages[block.page].em
        if block.role in ("header", "footer", "table", "caption") or is_cell:
            continue
        last = paragraphs[-1] if paragraphs and not is_fresh else None
        if last is not None and _goes_on(last, block):
            text = join_lines([last.text, block.text], flow.words)
            paragraphs[-1] = Paragraph((*last.blocks, block), text, last.headings, last.is_back_matter)
        else:
            paragraphs.append(Paragraph((block,), block.text, tuple(path), is_back))
        is_fresh = False
    return paragraphs, over


def _read_heading(block: Block, em: float) -> Heading | None:
    text = " ".join(block.text.split())
    if not 2 <= len(text) <= MAX_HEADING_CHARS or not re.search(r"[^\W\d_]{2}", text):
        return None
    depth = _measure_depth(narrow(text))
    if depth is None and (len(re.findall(r"[,|]", text)) > 1 or _IMPRINT.search(text)):
        return None  # a list of authors, an address
    is_short = len(block.lines) <= 3 and (depth is not None or not re.search(r"[.。,，;；]$", text))
    if depth is None and block.size < 0.95 * em and not BACK_MATTER.match(text):
        return None
    is_marked = block.role in ("title", "section") or BACK_MATTER.match(text) is not None
    stands_out = block.size > 1.12 * em or (block.is_bold and len(block.lines) <= 2)
    is_listed = depth is not None and len(text) < (30 if HAN.search(text) else 60) and len(block.lines) == 1
    if is_short and (
        is_marked or (stands_out and block.role == "body") or (is_listed and not re.search(r"[.。]$", text))
    ):
        return Heading(block, text, depth, block.size)
    return None


def _measure_depth(text: str) -> int | None:
    match = _CHINESE_HEADING.match(text)
    if match is not None:
        return _DEPTHS[match["part"]] if match["part"] else 4 if match["list"] else 5
    numbered = _NUMBERED.match(text)
    return None if numbered is None else 6 + numbered["number"].count(".")


def _push(path: list[Heading], heading: Heading) -> list[Heading]:
    kept = list(path)
    while kept and not _is_over(kept[-1], heading):
        kept.pop()
    return [*kept, heading]


def _is_over(upper: Heading, lower: Heading) -> bool:
    if upper.depth is not None and lower.depth is not None:
        return upper.depth < lower.depth
    return upper.size > 1.06 * lower.size


def _goes_on(last: Paragraph, block: Block) -> bool:
    before = last.blocks[-1]
    if is_finished(last.text) or abs(block.size / before.size - 1) > 0.1 or len(last.text) < 40:
        return False
    is_elsewhere = block.page != before.page or block.bbox[1] < before.bbox[1] or block.bbox[1] > before.bbox[3]
    starts_inside = block.text[:1].islower() or HAN.match(block.text[:1]) is not None or last.text.endswith("-")
    return block.page - before.page <= 1 and is_elsewhere and (starts_inside or last.text.rstrip()[-1:].isalnum())

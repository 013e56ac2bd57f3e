"""Lines -> text blocks: paragraphs, headings, captions and notes in reading order, with their role."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from remud_gen.records import TextLine, TextRole
from remud_gen.rules.geometry import Box, hull
from remud_gen.rules.late import compile_late
from remud_gen.rules.near import BoxIndex
from remud_gen.rules.reading import order_boxes

CAPTION = compile_late(
    r"\s*(?:(?:supplementary\s+|online\s+)?(?:fig(?:ure)?s?\.?|plate|video)\s*[A-Z]?[\dIl]+|[图圖]\s*[\dA-Z〇一二三四五六七八九十０-９])",
    re.IGNORECASE,
)
# "Table 3 shows …" is a sentence.
TABLE_CAPTION = compile_late(
    r"\s*(?:table\s*[A-Z]?[\dIVX]+\b(?!\s+(?-i:[a-z]))|表\s*[\d０-９一二三四五六七八九十]+(?![\d-]*\s*[为示显列是可中给总]))",
    re.IGNORECASE,
)
NOTE = compile_late(
    r"\s*(?:图解要点|图注|圖註|要点|注\s*[:：]|notes?\s*[:：]|key\s+points?\b|legend\s*[:：]|abbreviations?\s*[:：])",
    re.I,
)
NUMBERED_HEADING = compile_late(
    r"\s*(?:\d+(?:[.\-–－]\d+){1,3}\.?|\d+\.|第\s*[\d一二三四五六七八九十百]+\s*[章节節])\s*\S"
)
PANEL_LETTER = compile_late(r"\s*(?:[(（\[]\s*)?[A-Za-zＡ-Ｚ]\s*(?:[)）\].]\s*)?$")
PAGE_NUMBER = compile_late(r"[\s\-–—·.|/]*\d{1,4}(?:\s*(?:/|of)\s*\d{1,4})?[\s\-–—·.|/]*$", re.I)
CJK = compile_late(r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\u3000-\u303f]")
SENTENCE_END = compile_late(r"[.!?。！？:：;；]['\"”’)\]]*\s*$")
BARE_NUMBER = compile_late(
    r"\s*(?:(?:第|图|圖|表|fig(?:ure)?\.?|table)\s*)?\d+(?:\s*[.\-–－]\s*\d+)*\s*(?:[.:：]\s*)?$", re.IGNORECASE
)
SECTION_NUMBER = compile_late(r"\s*\d{1,2}(?:\.\d{1,2}){0,3}\.?\s+[A-Z\u4e00-\u9fff]")
EDGE_SHARE = 0.075
LINE_GAP_EM = 0.75  # between lines of one block
HEADING_GAP_EM = 0.35  # beyond the usual: a heading of the text's own type is told by the white below it alone
ENOUGH_GAPS = 6
SAME_LINE_GAP_EM = 1.6
NUMBER_GAP_EM = 4.0  # a heading's number often stands apart from its words


@dataclass(frozen=True, slots=True)
class BlockDraft:
    """A block before it gets its id."""

    lines: tuple[TextLine, ...]
    role: TextRole

    @property
    def bbox(self) -> Box:
        """Hull of the lines."""
        return hull(line.bbox for line in self.lines)

    @property
    def text(self) -> str:
        """The lines joined as a reader would read them."""
        return join_lines(line.text for line in self.lines)


@dataclass(slots=True)
class _Growing:
    """A block to which lines are added, with its edges: all of a long one's lines are not looked at for each."""

    lines: list[TextLine]
    left: float  # without the first line, which may be indented, once there are more
    right: float

    def add(self, line: TextLine) -> None:
        """Another line at the end."""
        self.left = min(self.left, line.bbox[0]) if len(self.lines) > 1 else line.bbox[0]
        self.right = max(self.right, line.bbox[2])
        self.lines.append(line)


def join_lines(texts: Iterable[str]) -> str:
    """One running text: hyphenated words healed, no spaces between Chinese lines."""
    parts: list[str] = []
    tail = ""  # the last two characters so far
    for text in texts:
        piece = text
        if tail.endswith("-") and tail[:-1].isalpha() and text[:1].islower():
            parts[-1], tail = parts[-1][:-1], tail[:-1]
        elif tail and not (CJK.match(tail[-1]) and CJK.match(text[:1] or " ")):
            piece = f" {text}"
        parts.append(piece)
        tail = (tail + piece[-2:])[-2:]
    return "".join(parts)


def group_lines(
    lines: Sequence[TextLine], size: tuple[float, float], running: frozenset[str] = frozenset()
) -> list[BlockDraft]:
    """Blocks in reading order; `running` holds `reduce_running` keys of lines known from neighbouring pages."""
    if not lines:
        return []
    edge, inner = _split_edges(lines, size, running)
    body_size = measure_body_size(inner or lines)
    order = order_boxes([line.bbox for line in inner], size[0])
    usual_gap = _measure_usual_gap([inner[index] for index in order])
    groups: list[_Growing] = []
    for index in order:
        line = inner[index]
        if groups and _continues(groups[-1], line, body_size, usual_gap):
            groups[-1].add(line)
        else:
            groups.append(_Growing([line], line.bbox[0], line.bbox[2]))
    drafts = [BlockDraft(tuple(group.lines), _judge_role(group.lines, body_size)) for group in groups]
    top = [BlockDraft((line,), "header") for line in edge if line.bbox[1] < size[1] / 2]
    bottom = [BlockDraft((line,), "footer") for line in edge if line.bbox[1] >= size[1] / 2]
    return [*top, *drafts, *bottom]


def reduce_running(text: str) -> str:
    """A running head without what changes from page to page (digits, spaces, case)."""
    return re.sub(r"[\d\s]+", "", text).casefold()


def measure_body_size(lines: Sequence[TextLine]) -> float:
    """The font size most letters are printed in."""
    sizes: Counter[float] = Counter()
    for line in lines:
        sizes[round(2 * measure_size(line)) / 2] += len(line.text)
    return max(sizes.items(), key=lambda item: (item[1], item[0]))[0] or 1.0


def measure_size(line: TextLine) -> float:
    """Font size, or the line's height where none is known."""
    return line.font_size or (line.bbox[3] - line.bbox[1]) or 1.0


def _split_edges(
    lines: Sequence[TextLine], size: tuple[float, float], running: frozenset[str]
) -> tuple[list[TextLine], list[TextLine]]:
    """Running heads and page numbers, and all else."""
    edge, inner = [], []
    index = BoxIndex(line.bbox for line in lines)
    for line in lines:
        is_at_edge = line.bbox[3] < EDGE_SHARE * size[1] or line.bbox[1] > (1 - EDGE_SHARE) * size[1]
        is_known = reduce_running(line.text) in running and len(reduce_running(line.text)) > 2
        if is_at_edge and (is_known or PAGE_NUMBER.match(line.text) or _stands_alone(line, lines, index)):
            edge.append(line)
        else:
            inner.append(line)
    return edge, inner


def _stands_alone(line: TextLine, lines: Sequence[TextLine], index: BoxIndex) -> bool:
    """Whether nothing follows towards the middle of the page within two lines' height."""
    if CAPTION.match(line.text) or NOTE.match(line.text):
        return False
    reach = 2.0 * (line.bbox[3] - line.bbox[1])
    for other in (lines[number] for number in index.find(line.bbox, max(0.0, reach))):
        if other is line or other.bbox[2] < line.bbox[0] or other.bbox[0] > line.bbox[2]:
            continue
        gap = max(other.bbox[1] - line.bbox[3], line.bbox[1] - other.bbox[3])
        if gap < reach:
            return False
    return True


def _measure_usual_gap(lines: Sequence[TextLine]) -> float:
    """White between two lines of the same paragraph, in ems: the median of lines that follow each other."""
    gaps = []
    for above, below in pairwise(lines):
        gap = (below.bbox[1] - above.bbox[3]) / max(measure_size(above), measure_size(below))
        if -0.6 < gap < LINE_GAP_EM and above.bbox[0] < below.bbox[2] and below.bbox[0] < above.bbox[2]:
            gaps.append(gap)
    return median(gaps) if len(gaps) >= ENOUGH_GAPS else 0.0


def _continues(block: _Growing, line: TextLine, body_size: float, usual_gap: float) -> bool:
    last, is_first = block.lines[-1], len(block.lines) == 1
    size = max(measure_size(last), measure_size(line))
    gap = line.bbox[1] - last.bbox[3]
    if min(last.bbox[3], line.bbox[3]) - max(last.bbox[1], line.bbox[1]) > 0.5 * min(
        last.bbox[3] - last.bbox[1], line.bbox[3] - line.bbox[1]
    ):
        reach = NUMBER_GAP_EM if BARE_NUMBER.match(last.text) else SAME_LINE_GAP_EM
        return 0 <= line.bbox[0] - last.bbox[2] < reach * size and not PANEL_LETTER.match(line.text)
    if not -0.6 * size < gap < LINE_GAP_EM * size or line.bbox[0] > last.bbox[2] or line.bbox[2] < last.bbox[0]:
        return False
    tolerance = 0.05 if last.score == line.score == 1.0 else 0.3
    if abs(measure_size(last) - measure_size(line)) > tolerance * size + 0.3:
        return False
    if PANEL_LETTER.match(line.text) or PANEL_LETTER.match(last.text):
        return False
    if any(pattern.match(line.text) for pattern in (CAPTION, TABLE_CAPTION, NOTE)) and _starts_afresh(
        block, line, size
    ):
        return False
    if is_first and (
        _is_heading_line(last, line, size)
        or (size < 1.3 * body_size and gap > (usual_gap + HEADING_GAP_EM) * size and _ends_short(last, line, size))
    ):
        return False
    if last.is_bold != line.is_bold and is_first and not CAPTION.match(last.text):
        return False
    return not _starts_paragraph(block, line, size)


def _is_heading_line(first: TextLine, following: TextLine, size: float) -> bool:
    """A numbered or capital line that ends short of the next one, in the same type as the text below it."""
    if not _ends_short(first, following, size):
        return False
    letters = [c for c in first.text if c.isalpha()]
    is_capital = len(letters) > 4 and first.text.isupper() and not following.text.isupper()
    return is_capital or bool(SECTION_NUMBER.match(first.text))


def _ends_short(first: TextLine, following: TextLine, size: float) -> bool:
    """Whether a line ends well before the next one does, and without a full stop."""
    return not SENTENCE_END.search(first.text) and first.bbox[2] <= following.bbox[2] - 3 * size


def _starts_afresh(block: _Growing, line: TextLine, size: float) -> bool:
    """A label at a line's start begins a caption unless the sentence before runs on into it."""
    last = block.lines[-1]
    runs_full = last.bbox[2] >= block.right - 2 * size
    return not runs_full or bool(SENTENCE_END.search(last.text)) or line.is_bold != last.is_bold


def _starts_paragraph(block: _Growing, line: TextLine, size: float) -> bool:
    last, left = block.lines[-1], block.left
    is_indented = line.bbox[0] - left > 0.9 * size
    ended_short = last.bbox[2] < block.right - 2.5 * size and bool(SENTENCE_END.search(last.text))
    if len(block.lines) == 1:
        return is_indented and bool(SENTENCE_END.search(last.text)) and line.bbox[0] - last.bbox[0] < 4 * size
    return (is_indented and line.bbox[0] - left < 4 * size and bool(SENTENCE_END.search(last.text))) or ended_short


def _judge_role(lines: list[TextLine], body_size: float) -> TextRole:
    text = join_lines(line.text for line in lines)
    if CAPTION.match(text):
        return "caption"
    if TABLE_CAPTION.match(text):
        return "table"
    if NOTE.match(text):
        return "note"
    size = max(measure_size(line) for line in lines)
    is_short = len(lines) <= 3 and len(text) <= 160
    if not is_short or PANEL_LETTER.match(text):
        return "body"
    is_exact = all(line.score == 1.0 for line in lines)
    if size >= (1.5 if is_exact else 1.7) * body_size and len(text) > 3:
        return "title"
    is_numbered = bool(NUMBERED_HEADING.match(text)) and len(text) <= 90
    is_open = not re.search(r"[.。,，;；]\s*$", text)
    if is_open and (
        all(line.is_bold for line in lines) or size > (1.1 if is_exact else 1.3) * body_size or is_numbered
    ):
        return "section" if re.search(r"[^\W\d_]{2}|[\u4e00-\u9fff]{2}", text) else "body"
    return "body"

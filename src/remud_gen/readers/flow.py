"""Documents without pages: their pieces in order, cut into chapters, for all readers of such."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from types import TracebackType

from remud_gen.errors import RecordError
from remud_gen.protocols import DocumentInfo, FlowElement, FlowPage
from remud_gen.rules.language import HAN
from remud_gen.rules.late import compile_late

MAX_ELEMENTS = 400  # of a chapter, above which it is cut at the next heading or paragraph
_INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u2060\ufeff\x00"))
_BREAK = compile_late(r"(?<=[\u3000-\u9fff\uff00-\uffef])\s*\n\s*(?=[\u3000-\u9fff\uff00-\uffef])")
_LOCATOR_CHARS = 80


class FlowReading:
    """An open document without pages, read whole when it was opened."""

    def __init__(
        self, info: DocumentInfo, pages: Sequence[FlowPage | RecordError], close: Callable[[], None] | None = None
    ) -> None:
        self.info = info
        self._pages = pages
        self._close = close

    def flow_page(self, number: int) -> FlowPage:
        """The 1-based chapter.

        Raises:
            RecordError: NO_SUCH_PAGE, or why this chapter cannot be read.
        """
        if not 1 <= number <= len(self._pages):
            raise RecordError("NO_SUCH_PAGE", f"there is no chapter {number}")
        page = self._pages[number - 1]
        if isinstance(page, RecordError):
            raise page
        return page

    def __enter__(self) -> FlowReading:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._close is not None:
            self._close()


def tidy_text(text: str) -> str:
    """One line without invisible characters; lines of Chinese meet without a space."""
    return " ".join(_BREAK.sub("", text.translate(_INVISIBLE)).split())


def divide(elements: Sequence[FlowElement], prefix: str = "", flags: tuple[str, ...] = ()) -> list[FlowPage]:
    """Chapters: cut at the highest level of headings that occurs more than once, and where one grows too long."""
    counts = Counter(e.level for e in elements if e.kind == "heading" and e.level)
    top = min((level for level, count in counts.items() if count > 1), default=0)
    chapters: list[list[FlowElement]] = [[]]
    has_text = False
    for i, element in enumerate(elements):
        is_heading = element.kind == "heading"
        starts = is_heading and element.level is not None and 0 < element.level <= top and has_text
        is_long = len(chapters[-1]) >= MAX_ELEMENTS and (is_heading or _is_between_paragraphs(elements, i))
        if starts or is_long:
            chapters.append([])
            has_text = False
        chapters[-1].append(element)
        has_text = has_text or not is_heading
    return [_make_page(i, chapter, prefix, flags) for i, chapter in enumerate(chapters, 1) if chapter]


def _is_between_paragraphs(elements: Sequence[FlowElement], i: int) -> bool:
    return all(e.kind == "paragraph" and len(e.text) > 80 for e in elements[i - 1 : i + 1])


def _make_page(number: int, elements: Sequence[FlowElement], prefix: str, flags: tuple[str, ...]) -> FlowPage:
    heading = next((e.text for e in elements if e.kind == "heading"), "")
    name = heading[:_LOCATOR_CHARS] or elements[0].locator
    return FlowPage(number, f"{prefix}: {name}" if prefix else name, tuple(elements), flags)


def read_title(elements: Sequence[FlowElement]) -> str | None:
    """The title of a document that names none: its first heading, if that comes before any long text."""
    for element in elements:
        if element.kind == "heading":
            return element.text[:200]
        if len(element.text) > 200:
            return None
    return None


def is_wordy(text: str) -> bool:
    """Whether a text is words rather than a file name or a number."""
    return len(HAN.findall(text)) >= 2 or len(re.findall(r"[^\W\d_]{2,}", text)) >= 2

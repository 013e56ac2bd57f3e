"""An HTML tree -> its pieces in document order: headings, paragraphs, tables, captions and pictures."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from remud_gen.protocols import FlowElement, FlowKind, PageView
from remud_gen.readers.flow import is_wordy, tidy_text
from remud_gen.readers.picture_tables import arrange_tables
from remud_gen.rules.figure_labels import is_table_label, parse_label, parse_panel_letters
from remud_gen.rules.late import compile_late
from remud_gen.rules.notes import begins_legend, begins_note

DROPPED = frozenset(
    {"script", "style", "template", "noscript", "head", "nav", "button", "select", "textarea", "iframe", "object",
     "embed", "audio", "video", "canvas", "map", "form", "input", "annotation", "annotation-xml", "dialog"}
)  # fmt: skip
BLOCKS = frozenset(
    {"address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details", "div", "dl", "dt",
     "fieldset", "figcaption", "figure", "footer", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "html", "legend",
     "li", "main", "ol", "p", "pre", "section", "summary", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul"}
)  # fmt: skip
HEADINGS = {f"h{level}": level for level in range(1, 7)}
MAX_TEXT = 200_000  # of one piece: longer ones are no text
_HIDDEN = compile_late(r"display\s*:\s*none|visibility\s*:\s*hidden", re.I)
_FIGURE_CLASS = compile_late(
    r"(?:^|[\s_-])(?:fig(?:ure)?|wp-caption|thumb(?:inner)?|image-?(?:box|block|wrap))(?:$|[\s_-])", re.I
)
_CAPTION_CLASS = compile_late(
    r"caption|(?:^|[\s_-])(?:fig(?:ure)?|img|image)[_-]?(?:title|legend|text)(?:$|[\s_-])|tu-?zhu", re.I
)
Load = Callable[[int], PageView]


@dataclass(slots=True)
class _State:
    locate: Callable[[str | None, int, str | None], str]
    make_load: Callable[[str], Load]
    title_is_caption: bool
    found: list[FlowElement] = field(default_factory=list)
    buffer: list[str] = field(default_factory=list)
    waiting: list[FlowElement] = field(default_factory=list)  # pictures within a sentence
    kinds: list[tuple[FlowKind, int | None]] = field(default_factory=list)
    figures: list[int] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    anchors: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    count: int = 0
    figure_count: int = 0
    row_count: int = 0
    dropped: int = 0

    def locator(self) -> str:
        anchor = self.anchors[-1] if self.anchors else None
        return self.locate(anchor, self.count, self.lines[-1] if self.lines else None)


def read_markup(
    root: Any,
    make_load: Callable[[str], Load],
    locate: Callable[[str | None, int, str | None], str],
    *,
    title_is_caption: bool = False,
) -> list[FlowElement]:
    """The pieces of a page.

    `make_load` gives a picture's loader for its address; `locate` names a place by anchor, running number and line.
    """
    from lxml import etree

    root = _find_main(root)
    arrange_tables(root)
    state = _State(locate, make_load, title_is_caption)
    for event, node in etree.iterwalk(root, events=("start", "end")):
        if not isinstance(node.tag, str):
            if event == "end" and node.tail and node is not root and not state.dropped:
                state.buffer.append(node.tail)
            continue
        if event == "start":
            _start(state, node)
        else:
            _end(state, node)
            if node.tail and node is not root and not state.dropped:
                state.buffer.append(node.tail)
    _flush(state)
    return _settle(state.found)


def _name(node: Any) -> str:
    return str(node.tag).rpartition("}")[2].lower()


def _is_dropped(node: Any) -> bool:
    name = _name(node)
    if name in DROPPED or node.get("hidden") is not None or node.get("aria-hidden") == "true":
        return True
    if name == "footer" and next(node.iterancestors("article", "section", "blockquote"), None) is None:
        return True
    return _HIDDEN.search(node.get("style") or "") is not None


def _find_main(root: Any) -> Any:
    """The part of a web page that is its content, where the page says so and there is something in it."""
    mains = root.xpath("//*[local-name()='main' or @role='main']")
    if len(mains) == 1 and (len(" ".join(mains[0].itertext())) > 200 or mains[0].xpath(".//*[local-name()='img']")):
        return mains[0]
    return root


def _start(state: _State, node: Any) -> None:
    name = _name(node)
    if state.dropped or _is_dropped(node):
        state.dropped += 1
        return
    if name in BLOCKS:
        _flush(state)
    anchor = node.get("id") or (node.get("name") if name == "a" else None)
    state.anchors.append(anchor if anchor and name not in ("body", "html") else "")
    if not state.anchors[-1]:
        state.anchors[-1] = state.anchors[-2] if len(state.anchors) > 1 else ""
    state.lines.append(node.get("data-line") or (state.lines[-1] if state.lines else ""))
    if name in BLOCKS:
        _open_block(state, node, name)
    elif name in ("img", "image"):
        _add_picture(state, node)
    elif name == "br":
        state.buffer.append("\n\x1e")
        state.row_count += 1  # what follows stands below
    if _is_data_table(node, name):
        _add_table(state, node)
        state.dropped += 1
        return
    if node.text:
        state.buffer.append(node.text)


def _open_block(state: _State, node: Any, name: str) -> None:
    state.row_count += 1
    row = node.get("data-row") or ""
    state.rows.append(int(row[:9]) if row.isdecimal() else state.rows[-1] if state.rows else 0)
    is_container = name == "figure" or (node.get("data-figure") is not None) or _is_figure_class(node, name)
    if is_container and not (name == "figure" and state.figures and state.figures[-1]):
        state.figure_count += 1
        state.figures.append(state.figure_count)
    else:
        state.figures.append(state.figures[-1] if state.figures else 0)
    level = HEADINGS.get(name)
    if level is not None:
        state.kinds.append(("heading", level))
    elif name in ("figcaption", "caption") or _is_caption_class(node):
        state.kinds.append(("caption", None))
    elif name == "li":
        state.kinds.append(("list", None))
    else:
        upper = state.kinds[-1] if state.kinds else ("paragraph", None)
        state.kinds.append(upper if upper[0] in ("caption", "list") else ("paragraph", None))


def _is_caption_class(node: Any) -> bool:
    return node.get("data-caption") is not None or _CAPTION_CLASS.search(node.get("class") or "") is not None


def _is_figure_class(node: Any, name: str) -> bool:
    """A box of class "figure" with one picture at least, and neither headings nor further figures in it."""
    if name not in ("div", "section", "table", "center", "p") or not _FIGURE_CLASS.search(node.get("class") or ""):
        return False
    inner = node.xpath(
        "count(.//*[local-name()='img'])>0 and not(.//*[local-name()='figure' or local-name()='h1' or "
        "local-name()='h2' or local-name()='h3'])"
    )
    return bool(inner)


def _end(state: _State, node: Any) -> None:
    if state.dropped:
        state.dropped -= 1
        if state.dropped or _is_dropped(node):
            return
        # A table was read as a whole when it began.
    name = _name(node)
    if name in BLOCKS:
        _flush(state)
        state.kinds.pop()
        state.figures.pop()
        state.rows.pop()
    state.anchors.pop()
    state.lines.pop()


def _flush(state: _State) -> None:
    text = "".join(state.buffer)[:MAX_TEXT]
    state.buffer.clear()
    kind, level = state.kinds[-1] if state.kinds else ("paragraph", None)
    for piece in split_lines(text):
        state.count += 1
        figure = (state.figures[-1] if state.figures else 0) or None
        state.found.append(FlowElement(kind, piece, state.locator(), level=level, figure=figure))
    state.found.extend(state.waiting)
    state.waiting.clear()


def split_lines(text: str) -> list[str]:
    """Paragraphs of a text with forced line breaks (\\n\\x1e): apart where a line begins a label, a note or a list."""
    pieces: list[str] = []
    is_apart = True
    for line in text.split("\n\x1e"):
        plain = tidy_text(line)
        if not plain:
            is_apart = True
            continue
        opens = parse_label(plain) is not None or begins_note(plain) or begins_legend(plain) or is_table_label(plain)
        opens = opens or bool(parse_panel_letters(plain)) or line.lstrip("\n").startswith("\u3000")
        if pieces and not is_apart and not opens:
            pieces[-1] = tidy_text(f"{pieces[-1]}\n{plain}")
        else:
            pieces.append(plain)
        is_apart = False
    return pieces


def _add_picture(state: _State, node: Any) -> None:
    link = _find_link(node)
    if not link:
        return
    state.count += 1
    alt = tidy_text(node.get("alt") or node.get("aria-label") or "")
    title = tidy_text(node.get("title") or "") if state.title_is_caption else ""
    figure = state.figures[-1] if state.figures and state.figures[-1] else 0
    if title and is_wordy(title) and not figure:
        state.figure_count += 1
        figure = state.figure_count
    row = (state.rows[-1] if state.rows and state.rows[-1] else state.row_count) or None
    picture = FlowElement("picture", alt, state.locator(), figure=figure or None, row=row, load=state.make_load(link))
    added = [picture]
    if title and is_wordy(title) and figure:
        added.append(FlowElement("caption", title, state.locator(), figure=figure))
    before = "".join(state.buffer)
    if before.strip() and not before.rstrip(" \t\r").endswith("\n\x1e"):
        state.waiting.extend(added)
        return
    waiting, state.waiting = state.waiting, []
    _flush(state)
    state.found.extend(waiting)
    state.found.extend(added)


def _find_link(node: Any) -> str:
    for name in ("src", "data-src", "data-original", "data-lazy-src", "href", "{http://www.w3.org/1999/xlink}href",
                 "xlink:href"):  # fmt: skip
        link = (node.get(name) or "").strip()
        if link and not (link.startswith("data:") and len(link) < 200 and node.get("data-src")):
            return link
    return ""


def _is_data_table(node: Any, name: str) -> bool:
    """A table of words and numbers, as against one that only sets a page or its pictures side by side."""
    if name != "table" or node.xpath(".//*[local-name()='img' or local-name()='table' or local-name()='figure']"):
        return False
    cells = node.xpath(".//*[local-name()='td' or local-name()='th']")
    if not cells:
        return False
    longest = max(len("".join(cell.itertext())) for cell in cells)
    return len(cells) > 1 and longest < 1500


def _add_table(state: _State, node: Any) -> None:
    caption = node.xpath("./*[local-name()='caption']")
    lines = []
    for row in node.iter("{*}tr"):
        cells = [tidy_text("".join(cell.itertext())) for cell in row if _name_of(cell) in ("td", "th")]
        lines.append(" | ".join(cells))
    for words in caption:
        state.count += 1
        state.found.append(FlowElement("caption", tidy_text("".join(words.itertext())), state.locator()))
    text = "\n".join(line for line in lines if line.strip(" |"))
    if text:
        state.count += 1
        state.found.append(FlowElement("table", text[:MAX_TEXT], state.locator()))


def _name_of(node: Any) -> str:
    return _name(node) if isinstance(node.tag, str) else ""


def _settle(found: list[FlowElement]) -> list[FlowElement]:
    """Without empty pieces; a figure's mark is kept only where the figure has a picture."""
    pictured = {element.figure for element in found if element.kind == "picture"}
    kept = [element for element in found if element.text or element.kind == "picture"]
    return [
        replace(element, figure=None) if element.figure is not None and element.figure not in pictured else element
        for element in kept
    ]

"""The body of a Word document -> its pieces in order: styled headings and captions, text boxes, tables, pictures."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from remud_gen.errors import RecordError
from remud_gen.protocols import FlowElement, FlowKind, PageView
from remud_gen.readers.flow import is_wordy, tidy_text
from remud_gen.readers.markup import split_lines
from remud_gen.readers.picture_page import load_picture
from remud_gen.readers.picture_tables import order_cells
from remud_gen.rules.figure_labels import is_table_label, parse_label, parse_panel_letters
from remud_gen.rules.late import compile_late
from remud_gen.rules.notes import begins_note

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
V = "{urn:schemas-microsoft-com:vml}"
WP = "{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}"
MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
BREAK = "\n\x1e"
MAX_DEPTH = 12  # of tables in tables and text boxes in text boxes
MAX_PIECES = 500_000
_HEADING_STYLE = compile_late(r"(?:heading|标题|überschrift|titre)\s*([1-9])$", re.I)
_CAPTION_STYLE = compile_late(r"caption|题注|图注|图题|图片标题|图名|figure (?:title|legend)|legend", re.I)
_TITLE_STYLE = compile_late(r"^(?:title|标题|书名)$", re.I)
_LIST_STYLE = compile_late(r"^list\b|列表|列出段落", re.I)
_SEQUENCE = compile_late(r"\bSEQ\s+\S", re.I)
_SKIPPED = frozenset({f"{W}del", f"{W}moveFrom", f"{W}rPr", f"{W}pPr", f"{W}instrText", f"{W}delText", f"{W}fldData"})
MAX_RUN_IN = 60


@dataclass(slots=True)
class _Paragraph:
    """What was met in one paragraph, in order: words, and pictures and text boxes as they stand among them."""

    pieces: list[str | FlowElement] = field(default_factory=list)
    boxes: list[Any] = field(default_factory=list)
    instructions: list[str] = field(default_factory=list)
    is_bold: bool = True


class _Body:
    def __init__(self, document: Any) -> None:
        self.part = document.part
        self.styles = {style.style_id: style for style in document.styles}
        self.found: list[FlowElement] = []
        self.count = self.rows = self.tables = 0

    def read(self, container: Any, depth: int = 0, row: int = 0) -> None:
        """All blocks of the body, of a cell or of a text box."""
        for child in _blocks(container):
            if len(self.found) > MAX_PIECES:
                raise RecordError("FILE_TOO_LARGE", "the document has too many paragraphs", "cut it into several files")
            if child.tag == f"{W}p":
                self.read_paragraph(child, depth, row)
            elif child.tag == f"{W}tbl" and depth < MAX_DEPTH:
                self.read_table(child, depth)

    def read_paragraph(self, node: Any, depth: int, row: int) -> None:
        self.count += 1
        self.rows += 1
        place = f"paragraph {self.count}"
        met = _Paragraph()
        self._walk(node, met, place, row or self.rows)
        kind, level = self._classify(node, met)
        for piece in _order(met.pieces):
            if isinstance(piece, FlowElement):
                self.found.append(piece)
                continue
            for text in split_lines(piece):
                told, depth_of = (kind, level) if kind != "heading" or len(text) < 300 else ("paragraph", None)
                self.found.append(FlowElement(told, text, place, level=depth_of))
        if depth < MAX_DEPTH:
            for box in met.boxes:
                self.read(box, depth + 1)

    def read_table(self, node: Any, depth: int) -> None:
        """A table of words, or one that sets pictures side by side."""
        self.tables += 1
        rows = [[cell for cell in _blocks(row) if cell.tag == f"{W}tc"] for row in _blocks(node) if row.tag == f"{W}tr"]
        shape = [[_has_picture(cell) for cell in cells] for cells in rows]
        if not any(any(cells) for cells in shape):
            text = "\n".join(" | ".join(_read_plain(cell) for cell in cells) for cells in rows)
            if text.strip(" |\n"):
                self.found.append(FlowElement("table", text, f"table {self.tables}"))
            return
        start = self.rows + 1
        self.rows += len(rows) + 1
        for i, j in order_cells(shape):
            self.read(rows[i][j], depth + 1, start + i)

    def _walk(self, node: Any, met: _Paragraph, place: str, row: int) -> None:
        stack: list[Any] = list(reversed(list(node)))
        while stack:
            child = stack.pop()
            if not isinstance(child.tag, str) or child.tag in _SKIPPED:
                if child.tag in (f"{W}instrText",):
                    met.instructions.append(child.text or "")
                continue
            if child.tag == f"{MC}AlternateContent":
                choice = child.find(f"{MC}Choice")
                stack.append(choice if choice is not None else child.find(f"{MC}Fallback"))
                stack = [entry for entry in stack if entry is not None]
                continue
            if child.tag == f"{W}txbxContent":
                met.boxes.append(child)
                continue
            if child.tag == f"{W}r":
                met.is_bold = met.is_bold and (_is_bold(child) or not "".join(child.itertext(f"{W}t")).strip())
            self._take(child, met, place, row)
            stack.extend(reversed(list(child)))

    def _take(self, node: Any, met: _Paragraph, place: str, row: int) -> None:
        if node.tag == f"{W}t":
            met.pieces.append(node.text or "")
        elif node.tag in (f"{W}tab", f"{W}ptab"):
            met.pieces.append("  ")
        elif node.tag in (f"{W}br", f"{W}cr"):
            met.pieces.append(BREAK)
        elif node.tag == f"{W}noBreakHyphen":
            met.pieces.append("-")
        elif node.tag == f"{W}fldSimple":
            met.instructions.append(node.get(f"{W}instr") or "")
        elif node.tag in (f"{A}blip", f"{V}imagedata"):
            link = node.get(f"{R}embed") or node.get(f"{R}id")
            outside = node.get(f"{R}link")
            if link or outside:
                load = self._make_load(link, is_outside=not link)
                alt = _read_alt(node)
                met.pieces.append(FlowElement("picture", alt, place, row=row, load=load))

    def _make_load(self, link: str | None, *, is_outside: bool) -> Callable[[int], PageView]:
        part = self.part

        def read() -> bytes:
            relation = part.rels.get(link) if link else None
            if is_outside or (relation is not None and relation.is_external):
                raise RecordError("PICTURE_REMOTE", "a picture lies outside of the document and is never fetched")
            if relation is None:
                raise RecordError("PICTURE_MISSING", "a picture is not in the document", "insert it again")
            return bytes(relation.target_part.blob)

        return lambda max_pixels: load_picture(read, max_pixels)

    def _classify(self, node: Any, met: _Paragraph) -> tuple[FlowKind, int | None]:
        text = tidy_text("".join(piece for piece in met.pieces if isinstance(piece, str)))
        style = self._find_style(node)
        names = [name for name in _names_of(style)]
        label = parse_label(text)
        if any(_CAPTION_STYLE.search(name) for name in names) and "list" not in names[0].lower():
            return "caption", None
        if (label is not None or is_table_label(text)) and any(_SEQUENCE.search(words) for words in met.instructions):
            return "caption", None
        level = _find_level(node, style, names)
        if level is not None:
            return "heading", level
        if node.find(f"{W}pPr/{W}numPr") is not None or any(_LIST_STYLE.search(name) for name in names[:1]):
            return "list", None
        is_short = 2 < len(text) < MAX_RUN_IN and text[-1] not in ".。,，;；:："
        if is_short and met.is_bold and label is None and not begins_note(text) and not is_table_label(text):
            return ("paragraph", None) if parse_panel_letters(text) else ("heading", 7)
        return "paragraph", None

    def _find_style(self, node: Any) -> Any:
        mark = node.find(f"{W}pPr/{W}pStyle")
        return self.styles.get(mark.get(f"{W}val")) if mark is not None else None


def read_body(document: Any) -> list[FlowElement]:
    """The pieces of an open python-docx document."""
    body = _Body(document)
    body.read(document.element.body)
    return [element for element in body.found if element.text or element.kind == "picture"]


def _blocks(container: Any) -> Iterator[Any]:
    """Children, with content controls and tracked insertions opened."""
    stack = list(reversed(list(container)))
    while stack:
        child = stack.pop()
        if child.tag in (f"{W}sdt", f"{W}sdtContent", f"{W}ins", f"{W}smartTag", f"{W}customXml", f"{W}moveTo"):
            stack.extend(reversed(list(child)))
        elif isinstance(child.tag, str):
            yield child


def _order(pieces: list[str | FlowElement]) -> list[str | FlowElement]:
    """A picture within a line follows its words; one on a line of its own parts them."""
    ordered: list[str | FlowElement] = []
    waiting: list[str | FlowElement] = []
    text = ""
    for piece in pieces:
        if isinstance(piece, str):
            text += piece
        elif text.strip() and not text.rstrip(" \t").endswith(BREAK):
            waiting.append(piece)
        else:
            ordered += [text, *waiting, piece] if text.strip() else [*waiting, piece]
            waiting, text = [], ""
    return [*ordered, *([text] if text.strip() else []), *waiting]


def _names_of(style: Any) -> list[str]:
    """Names of a style and of those it is based on."""
    names: list[str] = []
    for _ in range(8):
        if style is None:
            break
        names.append(str(style.name or ""))
        style = getattr(style, "base_style", None)
    return names or [""]


def _find_level(node: Any, style: Any, names: list[str]) -> int | None:
    for name in names:
        match = _HEADING_STYLE.search(name)
        if match is not None:
            return int(match[1])
    if _TITLE_STYLE.match(names[0]):
        return 0
    outline = node.find(f"{W}pPr/{W}outlineLvl")
    for _ in range(8):
        if outline is not None or style is None:
            break
        outline = style.element.find(f"{W}pPr/{W}outlineLvl")
        style = getattr(style, "base_style", None)
    value = outline.get(f"{W}val") if outline is not None else None
    return int(value) + 1 if value is not None and value.isdecimal() and int(value) < 9 else None


def _is_bold(run: Any) -> bool:
    mark = run.find(f"{W}rPr/{W}b")
    return mark is not None and mark.get(f"{W}val") not in ("0", "false", "off")


def _has_picture(node: Any) -> bool:
    return next(node.iter(f"{A}blip", f"{V}imagedata"), None) is not None


def _read_plain(node: Any) -> str:
    return tidy_text(" ".join("".join(p.itertext(f"{W}t")) for p in node.iter(f"{W}p")))


def _read_alt(node: Any) -> str:
    """Words given for a picture, unless a program made them up."""
    for upper in node.iterancestors(f"{WP}inline", f"{WP}anchor", f"{V}shape"):
        told = upper.find(f"{WP}docPr")
        words = told.get("descr") if told is not None else upper.get("alt")
        if words and is_wordy(words) and "AI-generated" not in words:
            return tidy_text(words)
        break
    return ""

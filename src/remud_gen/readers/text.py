"""Plain text files: paragraphs and headings by how lines stand, whatever the encoding."""

from __future__ import annotations

import re
from pathlib import Path
from typing import ClassVar

from remud_gen.protocols import DocumentInfo, FlowElement
from remud_gen.readers.flow import FlowReading, divide, read_title, tidy_text
from remud_gen.readers.html import read_text_file
from remud_gen.rules.blocks import join_lines
from remud_gen.rules.figure_labels import is_table_label, parse_label
from remud_gen.rules.language import HAN
from remud_gen.rules.late import compile_late
from remud_gen.rules.notes import begins_note

SUFFIXES = frozenset({".txt", ".text"})
WRAP_CHARS = 130  # a text whose lines are no wider was cut into lines by a typewriter's rule
FULL_LINE = 0.72  # of the usual width: a shorter line ends its paragraph
_BREAKS = compile_late(r"\r\n?|\f|\v|\x85|\u2028|\u2029")
_RULE = compile_late(r"\s*([=\-~^*_#])\1{2,}\s*$")
_HEADINGS = (
    (compile_late(r"(?:第 ?[0-9一二三四五六七八九十百]+ ?[篇章]|(?:part|chapter) [0-9IVX]+\b)", re.I), 1),
    (compile_late(r"(?:第 ?[0-9一二三四五六七八九十百]+ ?节|section [0-9.]+\b)", re.I), 2),
    (compile_late(r"[一二三四五六七八九十]{1,3}、"), 3),
    (compile_late(r"[（(][一二三四五六七八九十]{1,3}[)）]"), 4),
    (compile_late(r"[0-9]{1,2}(?:\.[0-9]{1,2}){0,3}\.?[ \u3000]+(?=[A-Z\u4e00-\u9fff])"), 0),  # depth by its dots
)
MAX_HEADING = 60
_END = compile_late(r"[.。!！?？:：;；,，、]['\"”’)）]*$")


class TextReader:
    """Plain text: chapters by their headings, no pictures."""

    name: ClassVar[str] = "text"

    @staticmethod
    def sniff(head: bytes, path: Path) -> str | None:
        """text/plain by the name, if the bytes do not speak against it."""
        is_text = not head.startswith((b"%PDF", b"PK\3\4", b"\x89PNG", b"\xff\xd8\xff", b"GIF8"))
        return "text/plain" if path.suffix.lower() in SUFFIXES and is_text else None

    def probe(self, path: Path) -> DocumentInfo:
        """Chapters and title."""
        return self.open(path).info

    def open(self, path: Path) -> FlowReading:
        """Read it whole.

        Raises:
            RecordError: NOT_TEXT, UNKNOWN_ENCODING or FILE_TOO_LARGE.
        """
        decoded = read_text_file(path, lambda _: None)
        elements = read_paragraphs_of(_BREAKS.sub("\n", decoded.text))
        pages = divide(elements, flags=decoded.flags)
        return FlowReading(DocumentInfo("text/plain", len(pages), read_title(elements)), pages)


def read_paragraphs_of(text: str) -> list[FlowElement]:
    """Headings and paragraphs with the lines they begin on."""
    lines = text.split("\n")
    widths = sorted(width for line in lines if (width := _measure(line)) > 20)
    usual = widths[int(0.9 * (len(widths) - 1))] if widths else 0
    is_wrapped = 0 < usual <= WRAP_CHARS and widths[-1] <= 1.25 * usual
    found: list[FlowElement] = []
    held: list[str] = []
    start = 0
    for number, line in enumerate([*lines, ""], start=1):
        rule = _RULE.match(line)
        if rule is not None and len(held) == 1 and len(held[0]) <= MAX_HEADING and rule[1] in "=-~":
            found.append(FlowElement("heading", tidy_text(held[0]), f"line {start}", level=1 if rule[1] == "=" else 2))
            held = []
            continue
        plain = "" if rule is not None else line.strip()
        may_head = plain and (not held or not is_wrapped or _ends(held[-1], usual))
        level = _read_level(plain) if may_head else None
        opens = not plain or level is not None or _begins(line, held, usual, is_wrapped=is_wrapped)
        if held and opens:
            found.append(FlowElement("paragraph", tidy_text(join_lines(held)), f"line {start}"))
            held = []
        if level is not None:
            found.append(FlowElement("heading", tidy_text(plain), f"line {number}", level=level))
        elif plain:
            start = start if held else number
            held.append(plain)
    return found


def _begins(line: str, held: list[str], usual: int, *, is_wrapped: bool) -> bool:
    """Whether a line begins a paragraph; lines that are not cut at a width are paragraphs each."""
    plain = line.strip()
    if not held or not is_wrapped or line.startswith(("\u3000\u3000", "    ", "\t")):
        return True
    label = parse_label(plain)
    if (label is not None and not label.reads_as_sentence) or begins_note(plain) or is_table_label(plain):
        return True
    return _ends(held[-1], usual)


def _ends(line: str, usual: int) -> bool:
    return _measure(line) < FULL_LINE * usual


def _measure(line: str) -> int:
    """Width in half-width characters."""
    return sum(2 if ord(character) > 0x2E80 else 1 for character in line.rstrip())


def _read_level(line: str) -> int | None:
    if len(line) > MAX_HEADING or _END.search(line) or parse_label(line) is not None or is_table_label(line):
        return None
    for pattern, level in _HEADINGS:
        match = pattern.match(line)
        if match is not None:
            return level or 2 + match.group().rstrip(". \u3000").count(".")
    is_shouted = line.isupper() and len(line) > 4 and len(line.split()) < 9 and HAN.search(line) is None
    return 2 if is_shouted else None

"""The numbered source spans of one input: what an answer may rest on, and nothing that gives away the page.

Figure numbers and panel letters are taken out, sentences about other figures are left out, and every span is one line,
so that no text of a book can pose as another span.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from remud_gen.records import BBox, BurnedIn, Evidence, EvidenceKind, GenerateInput, ImageTextPair, Language, Passage
from remud_gen.rules.burned_in import annotate
from remud_gen.rules.figure_citations import Citation, find_citations
from remud_gen.rules.figure_labels import narrow, parse_label, read_number
from remud_gen.rules.late import compile_late
from remud_gen.rules.panel_marks import (
    LETTER_INSIDE,
    find_chinese,
    find_chinese_verbs,
    find_clause_starts,
    find_markers,
    find_panel_words,
    find_parenthesised,
    list_lone_letters,
)

MAX_SPAN_CHARS = 2000
MAX_CONTEXT_SPANS = 8
MAX_BURNED_IN_SPANS = 24
MIN_OCR_SCORE = 0.5
# Names, dates and places are nobody's business, settings and scale numbers say nothing about what is seen.
HIDDEN_BURNED_IN = frozenset({"patient", "date", "time", "institution", "setting", "scale"})
RUNNING_TEXT = {"mention", "body"}
NUMBERED = {"ctx", "ocr"}
THE_IMAGE: dict[Language, str] = {"en": "the image", "zh": "图像"}
SENTENCE_END = compile_late(
    r"(?<=[。！？])|(?<=[.!?])(?<!\bFig\.)(?<!\bFigs\.)(?<!\bal\.)(?<!\bvs\.)(?<!\b[A-Z]\.)\s+(?=[A-Z(])"
)
LEADING_PANEL = compile_late(
    r"^\s*(?:[(（\[]\s*[A-Pa-p]\s*[)）\]]\s*[:：.、]?|[A-P]\s*(?:[:：、](?!\s*[a-z])|[.．]\s))\s*(?=\S)"
)
# Of sixteen panels at most: no list is read to its end from each of its letters.
_LETTERS = r"[A-PＡ-Ｐ][1-9]?(?:\s*(?:[-–~～、,，&和及与至到]|and|to)\s*[A-PＡ-Ｐ][1-9]?(?![A-Za-z])){0,15}"
NAMED_PANEL = compile_late(
    rf"\b(?i:the )?(?:(?i:(?:sub)?(?:panel|figure|image))s?\s*[(（]?\s*{_LETTERS}\s*[)）]?(?![A-Za-z0-9-])"
    r"|(?i:(?:sub)?panels?) [(]?[a-p][1-9]?(?:\s*(?:[-–,&]|and)\s*[a-p][1-9]?(?![A-Za-z]))*[)]?(?![A-Za-z0-9-]))"
    r"|(?<=\b[Ii]n )[A-P](?:\s*(?:,|&|and)\s*[A-P](?![A-Za-z]))+(?=[,.;])"
)
_LETTER = r"[(]?[A-Pa-p][1-9]?[)]?"
SUBFIGURE = compile_late(  # its letter stands in brackets like the mark of a clause, which is taken out alone
    rf"\b(?:the )?(?:sub-?(?:figure|fig\.?|panel|image)s?|panels?) ?{_LETTER}"
    rf"(?:(?: ?[-–,&] ?| and ){_LETTER}(?![A-Za-z]))*"
    r"(?![A-Za-z0-9-])",
    re.IGNORECASE,
)
# Without these a pattern cannot match: most texts are spared it.
PANEL_WORDS = ("sub", "panel")  # of SUBFIGURE, in lower case
PANEL_NAMES = ("panel", "figure", "image")  # of NAMED_PANEL, but for a list of letters after "in"
LISTED_PANEL = compile_late(r"[Ii]n [A-P]")
OPENING = ("(", "（", "[")
BRACKETS = (*OPENING, ")", "）", "]")
LEADS_TO_CITATION = compile_late(
    r"\b(?:see(?: also)?|as in|in|compare|compared with|cf\.?|and|also|from|with|of)\s*$"
    r"|(?:另见|参见|详见|比较|对比|见|如|同|及|和)\s*$",
    re.IGNORECASE,
)
MORE_NUMBERS = compile_late(
    r"(?:\s*(?:,|&|and|to|[-–])\s*[A-Z]?\d{1,3}(?:[-.]\d{1,3})*[A-Pa-p]?(?![A-Za-z0-9%.]|\s*(?:[cm]?m|ml|%|weeks?)\b))+"
)
_ONE_CHINESE = rf"(?<![A-Za-z0-9])(?:{_LETTERS}|[a-p])\s*图(?![像象解])"
CHINESE_PANEL = compile_late(
    rf"(?:{_ONE_CHINESE}(?:[、,，和及与]\s*{_ONE_CHINESE}){{0,15}}|(?:分|子)?图\s*[(（]?[A-Pa-pＡ-Ｐ][1-9]?[)）]?(?![A-Za-z0-9])(?:[、,，和及与~～-]\s*[(（]?[A-Pa-pＡ-Ｐ][1-9]?[)）]?(?![A-Za-z0-9])){{0,15}})(?:\s*部分|中)?"
)
MARKS = (find_chinese, find_parenthesised, find_panel_words, find_clause_starts, find_chinese_verbs)
_SPACE_BEFORE = r"(?:(?<!\s)\s++)?"  # all of it: not tried again from each of many spaces
EMPTY_BRACKETS = compile_late(
    rf"{_SPACE_BEFORE}[(（\[](?:see|cf|e\.g|as in|and|also|参?见|如|另见|[,;，；、.\s])*+[)）\]]",
    re.IGNORECASE,
)
# What a citation leaves behind in a bracket that holds more: "(6.6 cm; )".
HANGING = compile_late(rf"{_SPACE_BEFORE}[,;，；、]\s*+(?=[)）\]])|(?<=[(（\[])\s*+[,;，；、]\s*+")
# Numbers of a list of references, which look like the names of spans.
REFERENCES = compile_late(rf"{_SPACE_BEFORE}\[\d{{1,3}}(?:\s*[-–—,，、;]\s*\d{{1,3}})*\]")
PANEL_LINE = compile_late(r"\s*(?:[(（\[]\s*)?[A-Ha-hＡ-Ｈａ-ｈ]\s*(?:[)）\]]\s*)?(?:[.．:：]\s*)?")
SPACE = compile_late(r"\s+")


@dataclass(frozen=True, slots=True)
class _Hider:
    """Takes references to figures out of a text; `number` and `panel` are those of the figure it is about."""

    language: Language
    number: str | None = None
    panel: str | None = None

    def clean(self, text: str) -> str:
        """One line without figure numbers and panel letters."""
        line = " ".join(text.split())
        label = parse_label(line)
        if label is not None and not label.reads_as_sentence:
            line = label.rest.strip()
        if _holds(line.lower(), PANEL_WORDS):
            line = SUBFIGURE.sub(_name_image, line)
        line = _drop_marks(line)
        if (panel := LEADING_PANEL.match(line)) is not None:
            line = line[panel.end() :]
        for citation in _merge(find_citations(line)):
            line = self._replace(line, citation)
        if _holds(line.lower(), PANEL_NAMES) or LISTED_PANEL.search(line):
            line = NAMED_PANEL.sub(_name_image, line)
        if "图" in line:
            line = CHINESE_PANEL.sub(THE_IMAGE["zh"], line)
        if _holds(line, BRACKETS):
            line = REFERENCES.sub("", HANGING.sub("", EMPTY_BRACKETS.sub("", line)))
        return " ".join(line.split())[:MAX_SPAN_CHARS]

    def keep_own_sentences(self, text: str) -> str:
        """The sentences that cite this figure or none; one that cites only others is about another picture."""
        if self.number is None:
            return text
        own = read_number(self.number)
        kept = []
        for sentence in SENTENCE_END.split(text):
            cited = find_citations(sentence, {own})
            if not cited or any(self._is_own(citation, own) for citation in cited):
                kept.append(sentence)
        return " ".join(kept) if self.language == "en" else "".join(kept)

    def _is_own(self, citation: Citation, own: str) -> bool:
        letters = {letter.lower() for letter in citation.letters}
        return citation.number == own and (self.panel is None or not letters or self.panel.lower() in letters)

    def _replace(self, line: str, citation: tuple[int, int]) -> str:
        start, end = citation
        before, after = line[:start], line[end:]
        opened = max(before.rfind("("), before.rfind("（"), before.rfind("["))
        if re.match(r"(?:figures|figs)\b", line[start:end], re.IGNORECASE):
            after = MORE_NUMBERS.sub("", after, count=1) if MORE_NUMBERS.match(after) else after
        if opened > max(before.rfind(")"), before.rfind("）"), before.rfind("]")):
            return LEADS_TO_CITATION.sub("", before) + after
        words = THE_IMAGE[self.language]
        if re.search(r"\bthe\s*$", before):
            words = words.removeprefix("the ")
        if not before.strip() or re.search(r"[.!?]\s*$", before):
            words = words[:1].upper() + words[1:]
        return before + words + after


def _holds(text: str, words: tuple[str, ...]) -> bool:
    return any(word in text for word in words)


def _drop_marks(line: str) -> str:
    """A line without the letters that mark the clauses of panels; "panel A" and A图 are left to be named anew."""
    plain = narrow(line)
    markers = find_markers(plain, MARKS) if len(list_lone_letters(plain)) > 1 else []
    for marker in reversed(markers):
        mark = line[marker.start : marker.end]
        if "图" in mark or NAMED_PANEL.match(mark):
            continue
        before, after = line[: marker.start].rstrip(), line[marker.end :].lstrip()
        line = before + ("" if ord((before or "图")[-1]) > 0x2E80 else " ") + after
    return LETTER_INSIDE.sub("", line) if _holds(line, OPENING) else line


def _name_image(match: re.Match[str]) -> str:
    before = match.string[: match.start()].rstrip()
    words = THE_IMAGE["en"]
    return words if before and before[-1] not in ".!?" else words[:1].upper() + words[1:]


def build_spans(item: GenerateInput) -> tuple[Evidence, ...]:
    """Number the words of an input: title, cap, note, heading, ctx1 …, ocr1 …; none twice."""
    language = item.language
    if isinstance(item, ImageTextPair):
        hider = _Hider(language, item.figure_number, item.panel)
        found = [*_own_words(item, hider), *_context(item.context, hider), *_burned_in(item)]
    elif isinstance(item, Passage):
        hider = _Hider(language)
        headings = [Evidence(id="heading", kind="heading", text=text) for text in item.heading_path]
        whole = Evidence(id="body", kind="body", text=item.text, page_number=item.source.page_number)
        body = [evidence for evidence in item.evidence if evidence.kind != "heading"] or [whole]
        found = list(_context([*headings, *body], hider))
    else:
        found = list(_context(item.evidence, _Hider(language)))
    return tuple(_number(found))


def render_spans(spans: Iterable[Evidence]) -> str:
    """The spans as a model reads them, one per line: `[cap] …`."""
    return "\n".join(f"[{span.id}] {span.text}" for span in spans)


def _own_words(pair: ImageTextPair, hider: _Hider) -> Iterator[Evidence]:
    """What belongs to this panel; the whole group's words only where the figure has no other panels."""
    is_whole = pair.panel is None and not pair.siblings
    words: tuple[tuple[str, EvidenceKind, str | None], ...] = (
        ("title", "title", pair.title),
        ("cap", "caption", pair.panel_caption or (pair.caption if is_whole else None)),
        ("note", "note", pair.panel_note or (pair.note if is_whole else None)),
    )
    for name, kind, text in words:
        if text:
            place = next((evidence for evidence in pair.context if evidence.kind == kind), None)
            page_number = place.page_number if place else pair.source.page_number
            plain = Evidence(id=name, kind=kind, text=hider.clean(text), page_number=page_number)
            if place:
                update = {"bbox": place.bbox, "origin": place.origin, "locator": place.locator}
                plain = plain.model_copy(update=update)
            yield plain


def _context(context: Sequence[Evidence], hider: _Hider) -> Iterator[Evidence]:
    """The headings above it as one span, then what running text says; a pair's own words come from its fields."""
    headings = [evidence for evidence in context if evidence.kind == "heading"]
    if headings:
        path = " › ".join(hider.clean(evidence.text) for evidence in headings)
        yield headings[-1].model_copy(update={"id": "heading", "text": path})
    for evidence in [evidence for evidence in context if evidence.kind in RUNNING_TEXT][:MAX_CONTEXT_SPANS]:
        text = hider.clean(hider.keep_own_sentences(" ".join(evidence.text.split())))
        yield evidence.model_copy(update={"id": "ctx", "text": text})


def _burned_in(pair: ImageTextPair) -> Iterator[Evidence]:
    """What is written into the picture without banners and settings; labels with the figure's own key."""
    known = pair.annotations or annotate(pair.burned_in_text, language=pair.language)
    pieces: dict[BBox, list[BurnedIn]] = {}
    for piece in known:
        pieces.setdefault(piece.bbox, []).append(piece)
    shown = 0
    for line in pair.burned_in_text:
        if line.score < MIN_OCR_SCORE or shown == MAX_BURNED_IN_SPANS:
            continue
        known_pieces = pieces.get(line.bbox, [])
        if PANEL_LINE.fullmatch(line.text) and not any(piece.meaning for piece in known_pieces):
            continue  # a letter by itself names a panel, unless the figure's own key says what it means
        text = _show(line.text, known_pieces, pair.language)
        if text:
            shown += 1
            yield Evidence(id="ocr", kind="burned_in", text=text, bbox=line.bbox, origin="ocr")


def _show(line: str, pieces: Sequence[BurnedIn], language: Language) -> str:
    """The line as read if all of it may be shown, else the pieces of it that may."""
    opened, closed = ("（", "）") if language == "zh" else (" (", ")")
    may_show_all = all(piece.kind not in HIDDEN_BURNED_IN and piece.meaning_from != "legend" for piece in pieces)
    if may_show_all:
        return SPACE.sub(" ", line).strip()[:MAX_SPAN_CHARS]
    shown = [
        f"{piece.text}{opened}{piece.meaning}{closed}" if piece.meaning_from == "legend" else piece.text
        for piece in pieces
        if piece.kind not in HIDDEN_BURNED_IN
    ]
    return SPACE.sub(" ", " ".join(shown)).strip()[:MAX_SPAN_CHARS]


def _number(spans: Iterable[Evidence]) -> Iterator[Evidence]:
    """Leave out what is empty or said already, then number what there may be several of."""
    seen: set[str] = set()
    counts: Counter[str] = Counter()
    for span in spans:
        plain = narrow(span.text).lower().strip(" .。")
        if not plain or (plain in seen and span.kind != "burned_in"):
            continue
        seen.add(plain)
        counts[span.id] += 1
        yield span.model_copy(update={"id": f"{span.id}{counts[span.id]}"}) if span.id in NUMBERED else span


def _merge(citations: Iterable[Citation]) -> list[tuple[int, int]]:
    """Places of citations from last to first, each once: a list such as "Figs. 2-4" is one place."""
    places: dict[int, int] = {}
    for citation in citations:
        places[citation.start] = max(citation.end, places.get(citation.start, 0))
    return sorted(places.items(), reverse=True)

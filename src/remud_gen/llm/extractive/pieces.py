"""Spans -> sentences that can be quoted (raw, verbatim) and shown (clean, without references to the page)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from remud_gen.records import Evidence, Language
from remud_gen.rules.late import compile_late
from remud_gen.rules.leaks import FIGURE_NUMBER, OTHER_IMAGE, PANEL, SCREEN_HALF, SOURCE_TEXT, TASK_TALK
from remud_gen.rules.normalise import unify
from remud_gen.rules.patterns import search_first

MAX_SPAN_CHARS = 6000  # a longer span is not a caption; what follows is not read
MAX_SENTENCE_CHARS = 600
HAN = "\u3400-\u4dbf\u4e00-\u9fff"

_BREAK_EN = compile_late(r"(?<=[.!?])[\"”’)\]]*\s+(?=[A-Z(\"“\[]|\d[A-Z])|;\s+|\n\s*\n|(?<=[.!?;])\n")
_BREAK_ZH = compile_late(r"(?<=[。！？；;])|\n\s*\n|(?<=[。；])\n|\u3000+")
_ABBREVIATION = compile_late(
    r"(?:\b(?:Fig|Figs|Dr|Prof|vs|approx|ca|cf|No|al|e\.g|i\.e|resp|max|min|St|Mr|Mrs|Ms)|\s[A-Z])\.$"
)
_CITATION = compile_late(r"\s*\[\s*\d+(?:\s*[,，–-]\s*\d+)*\s*\]|(?<=[a-z.,])(?:\^\d+)")
_FIGURE_BRACKET = compile_late(
    r"\s*[(（\[](?:see\s+|cf\.\s+|见|如|详见)?\s*(?:fig(?:ure|s)?|table|panel|video|movie|图|表|附图|视频)[^()（）\]]{0,40}[)）\]]",
    re.IGNORECASE,
)
MARKERS_EN = (
    r"(?:(?:white|black|red|yellow|blue|green|orange|open|solid|filled|curved|straight|long|short|thin|thick|large|small|"
    r"dashed|dotted|double|single|horizontal|vertical)\s+)*"
    r"(?:arrow\s?heads?|arrows?|asterisks?|stars?|triangles?|crosses|calipers|callipers|circles?|dashed\s+lines?|"
    r"dotted\s+lines?|(?<=yellow\s)lines?|(?<=red\s)lines?|(?<=white\s)lines?)"
)
MARKERS_ZH = (
    r"(?:(?:红|白|黑|黄|蓝|绿|橙|长|短|粗|细|大|小|实心|空心|弯|直|双|单)色?)*(?:箭头|短箭|长箭|星号|三角|"
    r"圆圈|十字|虚线|游标)"
)
_MARKER_BRACKET = compile_late(
    rf"\s*[(（\[]\s*(?:(?:marked|indicated|shown|pointed)\s+(?:by|with)\s+)?(?:the\s+|an?\s+)?"
    rf"(?:{MARKERS_EN}|{MARKERS_ZH}|[*†‡△▲↑↓→←]+)(?:\s*所[示指])?\s*[)）\]]",
    re.IGNORECASE,
)
_LEGEND_BRACKET = compile_late(r"\s*[(（\[][^()（）\]]*\b[A-Z][A-Za-z0-9]{0,5}\s*[:：=＝][^()（）\]]*[)）\]]")
_LEAD = compile_late(
    r"^\s*(?:(?:图解要点|图注|注释|说明|注|图示|要点)\s*[:：]\s*|"
    r"(?:图|fig(?:ure)?\.?)\s*\d+(?:[-–.]\d+)*\s*[:：.]?\s*|\d+(?:-\d+){1,2}\s+|"
    r"(?:and\s+|[-–,]\s*)?[(（][A-Ha-h](?:\s*[-–,、和&]\s*[A-Ha-h]|\s+and\s+[A-Ha-h])*[)）]\s*[:：]?\s*|[A-Ha-h](?:[.,:：、)）]|\s*图\s*[:：]?)\s*为?"
    r"|[(（]?(?:left|right|top|bottom|center|upper|lower)[)）]?\s*:\s*)",
    re.IGNORECASE,
)
# Beyond the leaks that the filters know: talk of a study or a publisher, and tokens of machines.
_LEAK = compile_late(
    r"\bfig(?:ure|s)?\b\.?\s*\d?|\btables?\s+\d|\bpanels?\b|\([A-Ha-h]\)|\b(?:the|this) (?:image|figure)s?\b|"
    r"\b(?:left|right|upper|lower|top|bottom)\s+(?:panel|image|picture|column|row|graph)s?\b|"
    r"\b(?:our|we|(?-i:us)|authors?|this (?:study|paper|article|chapter|book|section|review)|dataset|algorithm|"
    r"proposed|models?|network|ground truth|annotat\w+|caption|legend|copyright|reproduced|courtesy|permission|doi|"
    r"http\w*|www|instructions?|ignore|disregard)\b|et al|指令|提示词|忽略|数据集|算法|模型|前述|"
    r"[<>]\s*/?\s*[a-z|]|\|>|<\||```|\[/?INST\]|\{|\}|\\|\ufffd|锟斤拷|\(cid:|[\ue000-\uf8ff\u0000-\u0008\u000b-\u001f]",
    re.IGNORECASE,
)
_REFERENCES = FIGURE_NUMBER + PANEL + SCREEN_HALF + OTHER_IMAGE + SOURCE_TEXT + TASK_TALK
_FOREIGN = compile_late(
    r"[\u0400-\u04ff\u3040-\u30ff\uac00-\ud7af\u0590-\u06ff\u0900-\u097f\u0e00-\u0e7f\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)
_LIGATURES = str.maketrans({"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "\u00ad": ""})
_DANGLING = compile_late(r"(?:[\s,]+(?:and|or|with|of|the|an?|in|by|as))+$", re.IGNORECASE)
_EDGE = " \t\n\r\u3000,，;；:：.。、-–—~"


@dataclass(frozen=True, slots=True)
class Piece:
    """A sentence of a span: `raw` is what stands there, to be quoted; offsets are into the span's text."""

    span: Evidence
    start: int
    end: int

    @property
    def raw(self) -> str:
        """The verbatim words."""
        return self.span.text[self.start : self.end]

    def cut(self, start: int, end: int) -> Piece:
        """A part of it, by offsets into `raw`, without blank edges."""
        raw = self.raw[start:end]
        left = len(raw) - len(raw.lstrip())
        return Piece(self.span, self.start + start + left, self.start + start + max(left, len(raw.rstrip())))


def split_span(span: Evidence, language: Language) -> Iterator[Piece]:
    """Its sentences, leading panel letters and `Note:` words cut off."""
    text = span.text[:MAX_SPAN_CHARS]
    start = 0
    for match in (_BREAK_EN if language == "en" else _BREAK_ZH).finditer(text):
        if language == "en" and _ABBREVIATION.search(text[max(0, match.start() - 8) : match.start()]):
            continue
        yield from _trim(span, start, match.start())
        start = match.end()
    yield from _trim(span, start, len(text))


def _trim(span: Evidence, start: int, end: int) -> Iterator[Piece]:
    piece = Piece(span, start, end).cut(0, end - start)
    while piece.raw:
        lead = _LEAD.match(piece.raw)
        if lead is None or not lead.end():
            break
        piece = piece.cut(lead.end(), len(piece.raw))
    if 1 < len(piece.raw) <= MAX_SENTENCE_CHARS:
        yield piece


KEY_START = compile_late(
    r"(?:(?<=[^A-Za-z0-9])|(?<=[\u4e00-\u9fff]))"
    r"[A-Z][A-Za-z0-9]{0,6}\s*[:：=＝]\s*(?=[A-Za-z\u4e00-\u9fff])"
)


def cut_key(piece: Piece) -> Piece:
    """A sentence without the abbreviation key at its end."""
    key = KEY_START.search(piece.raw)
    return piece.cut(0, key.start()) if key and key.start() > 1 else piece


def clean(raw: str) -> str:
    """The words as a learner may read them: no citations, figure references or marker brackets, single spaces."""
    text = _LEGEND_BRACKET.sub("", raw)
    text = _MARKER_BRACKET.sub("", _FIGURE_BRACKET.sub("", _CITATION.sub("", text)))
    text = re.sub(r"(?<=[a-z])[-\u00ad]\s*\n\s*(?=[a-z])", "", text)
    text = re.sub(r"\s+", " ", text.translate(_LIGATURES))
    text = re.sub(rf"(?<=[{HAN}，。；：（）]) (?=[{HAN}，。；：（）])", "", text)
    for half, full in ((",", "，"), (":", "："), (";", "；")):
        text = re.sub(rf"(?<=[{HAN}]){half}\s?|{half}(?=[{HAN}])", full, text)
    text = re.sub(r" (?=[,.;:)])", "", text).strip(_EDGE)
    return _DANGLING.sub("", _close_brackets(text)).strip(_EDGE)


def is_presentable(text: str, language: Language) -> bool:
    """Whether a clean text may be shown to a learner: own language, no leaks, no debris of a bad reading."""
    if not text or _LEAK.search(text) or _FOREIGN.search(text) or search_first(_REFERENCES, unify(text)):
        return False
    han = len(re.findall(f"[{HAN}]", text))
    if language == "zh":
        latin_words = re.findall(r"[A-Za-z]{4,}", text)
        return han >= 2 and len("".join(latin_words)) <= han * 2
    is_broken = re.search(r"[a-z0-9]-\s(?!and\b|or\b|to\b)[a-z]|[a-z]{2}[,.]\d", text)
    return han == 0 and is_broken is None and _reads_as_english(text)


def _reads_as_english(text: str) -> bool:
    words = re.findall(r"[^\W_]+(?:[-'’.][^\W_]+)*", text)
    letters = [word for word in words if re.fullmatch(r"[A-Za-z][A-Za-z'’-]*", word)]
    odd = [word for word in words if len(word) > 28 or re.fullmatch(r"[b-df-hj-np-tv-xz]{5,}", word)]
    singles = [word for word in letters if len(word) == 1 and word not in "aAI"]
    return bool(letters) and not odd and len(singles) <= 1 and len(letters) >= 0.6 * len(words)


def _close_brackets(text: str) -> str:
    """Drop a bracket whose partner was cut off."""
    for opening, closing in ("()", "（）", "[]"):
        if text.count(opening) > text.count(closing):
            at = text.rfind(opening)
            text = (text[:at] + text[at + 1 :]).strip(_EDGE) if at else text[1:]
        elif text.count(opening) < text.count(closing):
            at = text.find(closing)
            text = (text[:at] + text[at + 1 :]).strip(_EDGE)
    return text


def lower_first(text: str) -> str:
    """The first word in lower case unless it is a name or an abbreviation."""
    first = text.split(" ", 1)[0]
    is_name = (len(first) > 1 and (not first[1:].islower() or first[1] == "-")) or first.rstrip("’'s") in NAMES
    return text if is_name else text[:1].lower() + text[1:]


def lower_words(text: str) -> str:
    """Words in title case in lower case, names and abbreviations kept."""
    words = (lower_first(word) for word in text.split(" "))
    return " ".join(word.capitalize() if word.capitalize() in NAMES else word for word in words)


NAMES = frozenset((
    "Doppler", "Warthin", "Baker", "Hashimoto", "Graves", "Fallot", "Ebstein", "Morison", "Budd", "Crohn", "Wilms",
    "Achilles", "Murphy", "Douglas", "Sjögren", "Takotsubo", "Valsalva", "Chiari", "Histoplasma", "Schwann",
    "Wharton", "Graaf", "Cooper", "Kerley",
))  # fmt: skip

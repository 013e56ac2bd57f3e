"""How figures are labelled in print, Chinese and English: numbers, panel letters, citations in running text.

All functions take text as printed. Full-width digits and letters, dashes of any length and the usual misreadings of
OCR (l and I for 1, O for 0, Flg for Fig) are understood; positions refer to the text that was given.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

# One character for one character, so that positions stay valid.
NARROW = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
NARROW |= dict.fromkeys(map(ord, "‐‑‒–—−－"), ord("-"))
NARROW |= dict.fromkeys(map(ord, "\u3000\u00a0\u2002\u2003\u2009\u202f\t"), ord(" "))
NARROW |= {ord("圖"): ord("图"), ord("續"): ord("续"), ord("～"): ord("~"), ord("Ａ"): ord("A")}

_PART = r"(?:[0-9][0-9lIO|]{0,2}|[lI|][0-9lIO|]{0,2})(?![0-9])"
NUMBER_EN = (
    rf"(?:[A-Z](?=[0-9])|[A-Z]\.(?=[0-9]))?(?:[IVX]{{2,4}}(?![A-Za-z])|{_PART}(?:[-.](?=[0-9lI]){_PART}){{0,3}})"
)
NUMBER_ZH = rf"(?:[一二三四五六七八九十]{{1,3}}(?![、])|[A-Z]?{_PART}(?: ?[-.] ?(?=[0-9lI]){_PART}){{0,3}})"
HEAD_EN = (
    r"(?:(?:supplement(?:ary|al)|suppl\.?|extended data|online) )?"
    r"(?:f[il1][gq9](?:ures?|s)?|f ?i ?g ?u ?r ?e|plates?)(?![a-z])\.? {0,3}"
)
HEAD_ZH = r"(?:续|附|彩)?图(?:版)? {0,2}"
LETTERS = (
    r"(?: ?\([A-Pa-p](?: ?[-,、~&和] ?\(?[A-Pa-p]\)?)*\)(?: ?[-,、~&] ?\([A-Pa-p]\))*"
    r"|[A-Pa-p](?:[-,、~][A-Pa-p])*(?![A-Za-z]))?"
)
_LABEL = re.compile(
    rf"\s*(?P<label>(?:(?P<en>{HEAD_EN})(?P<num_en>{NUMBER_EN})|(?P<zh>{HEAD_ZH})(?P<num_zh>{NUMBER_ZH}))"
    rf"(?P<letters>{LETTERS}))(?![0-9])(?P<tail>(?: {{0,3}}[.:|,;)\]、-])?(?P<space> *))",
    re.IGNORECASE,
)
_NEXT_LABEL = re.compile(
    rf"(?:^|(?<=[.。;；]) {{1,80}}| {{2,80}}|(?<=[\u4e00-\u9fff]) {{1,80}})(?={HEAD_EN}[0-9]|{HEAD_ZH}[0-9])",
    re.IGNORECASE,
)
_TABLE = re.compile(
    r"\s*(?:(?:supplementary )?(?:tables?|tab\.) ?(?:[A-Z]?[0-9]{1,3}|[IVX]{1,4})\b|[续附]?表 ?[0-9一二三四五])", re.I
)
_CONTINUED = re.compile(
    r"^[\s.:]*[(\[]?\s*(?:continued|cont['’]?d\.?|cont\.|续(?=[)\s图]|$)|接上页|接前页)\s*[)\]]?[\s.:]*", re.I
)
_SENTENCE_EN = re.compile(
    r"(?:and|or|to|in|of|is|are|was|were|has|have|can|also|as|for|from|with|where|which|that|we|below|above|"
    r"shows?|showed|shown|showing|illustrates?|illustrated|depicts?|depicted|demonstrates?|demonstrated|presents?|"
    r"displays?|displayed|gives?|summari[sz]es?|reveals?|revealed|indicates?|provides?|compares?|represents?)\b"
)
_SENTENCE_ZH = re.compile(r"[、，,)）;；~和与及或至到中所为是示显可给表说的则]|(?:所示|显示|可见)")
_LINE_LETTERS = re.compile(
    r"[(\[]? ?[A-Pa-p] ?[)\].、]?图?(?:(?: {1,40}|(?<=[)\]])) ?[(\[]? ?[A-Pa-p] ?[)\].、]?图?)*$"
)
_ONE_LETTER = re.compile(r"[A-Pa-p](?![a-z])")
_PANEL_LINE = re.compile(r"\s*(?:[(\[] ?(?P<a>[A-Pa-p]) ?[)\]]|(?P<b>[A-P]) ?[.、:)])\s*(?P<rest>\S.{1,160})$")


@dataclass(frozen=True, slots=True)
class FigureLabel:
    """A label that begins a text: `number` is normalised (1-2-3), `printed` and `rest` are as they stand."""

    printed: str
    number: str
    letters: tuple[str, ...]
    is_continued: bool
    delimiter: str  # what follows the number: one of . : | , ; ) ] 、 - or a space, or nothing
    rest: str
    reads_as_sentence: bool  # "Figure 3 shows …", "图7所示…": running text, no caption


def narrow(text: str) -> str:
    """Full-width letters, digits, spaces and all dashes as their plain forms, every character at its old position."""
    return text.translate(NARROW)


def normalise_number(printed: str) -> str:
    """A figure number for comparison: separators are dashes, OCR's l, I, | and O are digits, II is 2, 三 is 3."""
    text = narrow(printed).replace(" ", "").strip(".-")
    if re.fullmatch(r"[IVX]{2,4}", text):
        return str(_read_roman(text))
    if re.fullmatch(r"[一二三四五六七八九十]{1,3}", text):
        return str(_read_chinese(text))
    prefix = text[0] if text[:1].isalpha() and text[0] not in "lIO" else ""
    digits = text[len(prefix) :].translate(str.maketrans("lI|Oo", "11100")).replace(".", "-").strip("-")
    return prefix.upper() + "-".join(str(int(part)) if part.isdigit() else part for part in digits.split("-"))


def parse_label(text: str) -> FigureLabel | None:
    """The figure label a text begins with; None for a text that begins with anything else."""
    plain = narrow(text)
    match = _LABEL.match(plain)
    if match is None or (match["num_zh"] and plain[match.end("label") :][:1] in ("例", "像")):
        return None
    number = match["num_en"] or match["num_zh"]
    if not re.search(r"[0-9一二三四五六七八九十IVX]", number) and match["tail"].strip() not in (".", ":"):
        return None
    delimiter = match["tail"].strip() or (" " if match["space"] else "")
    rest = text[match.end("tail") :]
    continued = _CONTINUED.match(narrow(rest)) if rest else None
    if continued is not None:
        rest = rest[continued.end() :]
    is_sentence = _reads_as_sentence(delimiter, narrow(rest), is_chinese=bool(match["zh"]))
    return FigureLabel(
        printed=" ".join(text[match.start("label") : match.end("label")].split()),
        number=normalise_number(number),
        letters=expand_letters(match["letters"]),
        is_continued=continued is not None or (match["zh"] or "").startswith("续"),
        delimiter=delimiter,
        rest=rest.strip(),
        reads_as_sentence=is_sentence and continued is None,
    )


def is_table_label(text: str) -> bool:
    """Whether a text begins like the caption of a table."""
    return _TABLE.match(narrow(text)) is not None


def find_label_starts(text: str) -> list[int]:
    """Where captions begin in one printed line; a second one is a caption of the figure beside."""
    plain = narrow(text)
    starts = []
    for match in re.finditer(
        rf"(?:^|(?<=[.。;；]) {{1,80}}| {{2,80}}|(?<=[\u4e00-\u9fff]) {{1,80}})(?={HEAD_EN}[0-9]|{HEAD_ZH}[0-9])",
        plain,
        re.I,
    ):
        label = parse_label(text[match.end() :])
        if label is not None and not label.reads_as_sentence and label.delimiter in (".", ":", "|", " "):
            starts.append(match.end())
    return starts


def parse_panel_letters(text: str) -> tuple[str, ...]:
    """The letters of a line that holds nothing but panel letters: "B", "(a)", "A 图", "(a)      (b)"."""
    plain = narrow(text).strip()
    if not plain or len(plain) > 60 or not _LINE_LETTERS.match(plain):
        return ()
    return tuple(_ONE_LETTER.findall(plain.replace("图", "")))


def parse_panel_line(text: str) -> tuple[str, str] | None:
    """Letter and words of a line such as "(a) Apical view" under a panel; None for any other line."""
    match = _PANEL_LINE.match(narrow(text))
    if match is None:
        return None
    return (match["a"] or match["b"], text[match.start("rest") : match.end("rest")].strip())


def expand_letters(text: str | None) -> tuple[str, ...]:
    """All letters that "A-C", "(a)–(c)", "A、B" or "a, c and d" name, in order of appearance."""
    plain = narrow(text or "")
    letters: list[str] = []
    for match in re.finditer(
        r"(?<![A-Za-z])([A-Pa-p])\)?\s*(?:[-~至到]|to\b)\s*\(?([A-Pa-p])(?![A-Za-z])|(?<![A-Za-z])([A-Pa-p])(?![A-Za-z])",
        plain,
    ):
        first, last = (match[1], match[2]) if match[1] else (match[3], match[3])
        span = range(ord(first), ord(last) + 1) if first.islower() == last.islower() else ()
        letters.extend(chr(code) for code in span if chr(code) not in letters)
    return tuple(letters)


def _reads_as_sentence(delimiter: str, rest: str, *, is_chinese: bool) -> bool:
    if delimiter in (",", ";", ")", "]", "、"):
        return True
    if delimiter in (".", ":", "|"):
        return False
    if is_chinese:
        return delimiter == "" and _SENTENCE_ZH.match(rest) is not None
    return _SENTENCE_EN.match(rest) is not None


def _read_roman(text: str) -> int:
    values = [{"I": 1, "V": 5, "X": 10}[letter] for letter in text]
    return sum(-value if value < after else value for value, after in zip(values, [*values[1:], 0], strict=True))


def _read_chinese(text: str) -> int:
    tens, ten, ones = text.rpartition("十")
    digit = "零一二三四五六七八九".find
    if not ten:
        return int("".join(str(digit(letter)) for letter in text))
    return (digit(tens) if tens else 1) * 10 + (digit(ones) if ones else 0)

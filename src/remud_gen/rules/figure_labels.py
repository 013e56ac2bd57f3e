"""How figures are labelled in print, Chinese and English: numbers, panel letters, citations in running text.

All functions take text as printed. Full-width digits and letters, dashes of any length and the usual misreadings of
OCR (l and I for 1, O for 0, Flg for Fig) are understood; positions refer to the text that was given.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace

from remud_gen.rules.late import compile_late

# One character for one character, so that positions stay valid.
NARROW = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
NARROW |= dict.fromkeys(map(ord, "‐‑‒–—−－"), ord("-"))
NARROW |= dict.fromkeys(map(ord, "\u3000\u00a0\u2002\u2003\u2009\u202f\t"), ord(" "))
NARROW |= {ord("圖"): ord("图"), ord("續"): ord("续"), ord("～"): ord("~"), ord("〜"): ord("~"), ord("Ａ"): ord("A")}
NARROW |= {ord("Ⅰ"): ord("I"), ord("Ⅴ"): ord("V"), ord("Ⅹ"): ord("X"), ord("•"): ord("."), ord("〔"): ord("[")}
NARROW |= dict.fromkeys(map(ord, "íìîïı"), ord("i")) | {ord("〕"): ord("]"), ord("【"): ord("["), ord("】"): ord("]")}

# OCR's l and I stand for 1 only where no word goes on: "Fig. 3.Intact" is figure 3.
_PART = r"(?-i:[0-9][0-9lIOo|]{0,2}(?![a-z])|[0-9]{1,3}|[lI|O](?:[0-9lIO|]{1,2}|(?![A-Za-z])))(?![0-9])"
_SERIES = r"(?:[A-Z](?=[0-9])|[A-Z][.-](?=[0-9]))?"
_ROMAN = r"(?:[IVX]{2,5}(?![A-Za-z])|[ⅡⅢⅣⅥⅦⅧⅨⅪⅫ]|(?-i:[VX])(?![A-Za-z0-9-]))"
NUMBER_EN = rf"(?:{_ROMAN}|{_SERIES}{_PART}(?:[-.](?=[0-9lI]){_PART}){{0,3}})"
NUMBER_ZH = (
    r"(?:[一二三四五六七八九十]{1,3}(?![、])"
    rf"|{_ROMAN}(?: ?[-.] ?{_PART})?|{_SERIES}{_PART}(?: ?[-.] ?(?=[0-9lI]){_PART}){{0,3}})"
)
HEAD_EN = (
    r"(?:(?:supplement(?:ary|al)|suppl\.?|extended data|online) )?"
    r"(?:e?(?:f[il1]|ﬁ)[gq9](?:ures?|s)?|f ?i ?g ?u ?r ?e|plates?"
    r"|(?:images?|photo(?:graph)?s?|schemes?|illustrations?|panels?)(?= ))(?![a-z])[.,]? {0,3}"
)
HEAD_ZH = r"(?:续|附|彩|插|示意)?图(?:版|片)? {0,2}|照片 {0,2}"
COUNTED = "例个张幅像"  # what is counted: 声像图3例 cites nothing
_ONE = r"(?-i:[A-P][1-9]?|[a-p][1-9]?)"
LETTERS = (
    r"(?: ?\([A-Pa-p](?: ?[-,、~&和] ?\(?[A-Pa-p]\)?)*\)(?: ?[-,、~&] ?\([A-Pa-p]\))*"
    r"| (?-i:[A-P] ?[-~] ?[A-P]|[a-p] ?[-~] ?[a-p])(?![A-Za-z])"
    rf"|{_ONE}(?:(?:[-,、~]|, |(?: ?(?:&|and|和|与|及) ?)){_ONE}(?![A-Za-z]))*(?![A-Za-z]))?"
)
_FURTHER = rf"(?:(?P<join>[,、;&和与及~-]|and|to|至|到) {{0,2}}(?:{HEAD_EN}|{HEAD_ZH})?(?P<num>{NUMBER_ZH})(?![0-9]))"
_LABEL = compile_late(
    rf"\s*(?P<bracket>\[?)(?P<label>(?:(?P<en>{HEAD_EN})(?P<num_en>{NUMBER_EN})|(?P<zh>{HEAD_ZH})(?P<num_zh>{NUMBER_ZH}))"
    rf"(?P<letters>{LETTERS}))(?![0-9])",
    re.IGNORECASE,
)
_TAIL = compile_late(r"(?: {0,3}[.:|,;)\]、-])?(?P<space> *)")
_JOINED = compile_late(rf" {{0,2}}{_FURTHER}", re.IGNORECASE)
_NEXT_LABEL = compile_late(
    rf"(?:^|(?<=[.。;；]) {{1,80}}| {{2,80}}|(?<=[\u4e00-\u9fff]) {{1,80}})(?=(?:{HEAD_EN}|{HEAD_ZH})[0-9])",
    re.IGNORECASE,
)
_PLURAL = compile_late(
    r"(?:figs|figures|plates|images|photos|photographs|schemes|illustrations|panels)\b", re.IGNORECASE
)
_FAMILIES = {
    "plate": "PLATE", "图版": "PLATE", "image": "IMAGE", "photo": "PHOTO", "照片": "PHOTO", "scheme": "SCHEME",
    "illus": "ILLUS", "panel": "PANEL", "suppl": "S", "extended": "S", "efig": "S",
}  # fmt: skip
_TABLE = compile_late(
    r"\s*(?:(?:supplementary )?(?:tables?|tab\.) ?(?:[A-Z]?[0-9]{1,3}|[IVX]{1,4})\b|[续附]?表 ?[0-9一二三四五])", re.I
)
_CONTINUED = compile_late(
    r"^[\s.:]*(?:[(\[]\s*)?(?:continued|cont['’]?d\.?|cont\.|续(?=[)\s图]|$)|接上页|接前页)\s*[)\]]?[\s.:]*", re.I
)
_SENTENCE_EN = compile_late(
    r"(?:and|or|to|in|of|is|are|was|were|has|have|can|also|as|for|from|with|where|which|that|we|below|above|"
    r"shows?|showed|shown|showing|illustrates?|illustrated|depicts?|depicted|demonstrates?|demonstrated|presents?|"
    r"displays?|displayed|gives?|summari[sz]es?|reveals?|revealed|indicates?|provides?|compares?|represents?)\b"
)
_SENTENCE_ZH = compile_late(r"[、，,)）;；~和与及或至到中所为是示显可给表说的则]|(?:所示|显示|可见)")
_SPACED_SENTENCE_ZH = compile_late(r"所示|中可见|可见|显示")
_ROMAN = r"(?:\(i{1,3}\)|\(iv\))"
# What may stand behind a letter, told apart in one way only: a line of many letters would be tried in all the others.
_BEHIND = rf"(?:[1-9]|{_ROMAN})?+(?: ?[)\].、]图?{_ROMAN}?| ?图{_ROMAN}?| ?{_ROMAN})?"
_LINE_LETTERS = compile_late(
    rf"图?[(\[]? ?[A-Pa-p]{_BEHIND}(?:(?: {{1,42}}|(?<=[)\]]))(?:[(\[] ?)?[A-Pa-p]{_BEHIND})*$"
)
_ONE_LETTER = compile_late(r"(?<![A-Za-z])([A-Pa-p][1-9]?)(?![A-Za-z])[)\]]?(\(i{1,3}\)|\(iv\))?")
_ROMAN_LINE = compile_late(r"\((i{1,3}|iv|vi{0,3}|ix|x)\)$")
_PANEL_LINE = compile_late(
    r"\s*(?:[(\[] ?(?P<a>[A-Pa-p][1-9]?) ?[)\]]|(?P<b>[A-P][1-9]?) ?[.、:)]|(?P<c>[a-p][1-9]?)\)"
    r"|(?P<d>[A-P][1-9]?) {1,3}(?=[\u4e00-\u9fff])|(?:[Ss]ubp|[Pp])anel (?P<e>[A-Pa-p])[.:]?(?= ))"
    r"\s*(?P<rest>\S.{1,160})$"
)


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
    further: tuple[str, ...] = ()  # "Figs. 2 and 3": one caption for several figures


def narrow(text: str) -> str:
    """Full-width letters, digits, spaces and all dashes as their plain forms, every character at its old position."""
    return text.translate(NARROW)


def normalise_number(printed: str) -> str:
    """A figure number for comparison: separators are dashes, OCR's l, I, | and O are digits, II is 2, 三 is 3."""
    text = _spell_roman(narrow(printed)).replace(" ", "").strip(".-")
    if re.fullmatch(r"[IVX]{2,5}|[VX]", text):
        return str(_read_roman(text))
    if re.fullmatch(r"[一二三四五六七八九十]{1,3}", text):
        return str(_read_chinese(text))
    roman, dash, rest = text.partition("-")
    if dash and re.fullmatch(r"[IVX]{2,5}|[VX]", roman):
        text = f"{_read_roman(roman)}-{rest}"
    prefix = text[0] if text[:1].isalpha() and text[0] not in "lIO" else ""
    digits = text[len(prefix) :].translate(str.maketrans("lI|Oo", "11100")).replace(".", "-").strip("-")
    return prefix.upper() + "-".join(str(int(part)) if part.isdecimal() else part for part in digits.split("-"))


def read_number(printed: str) -> str:
    """The normalised number of a label as printed ("Figure 3A", "图1-2", "Plate II"), or of a bare number."""
    label = parse_label(printed)
    return label.number if label is not None else normalise_number(printed)


def name_family(head: str) -> str:
    """What a number of this kind of label begins with, so that Plate 3 is not Figure 3; nothing for figures."""
    plain = narrow(head).lower()
    return next((family for word, family in _FAMILIES.items() if word in plain), "")


def add_family(head: str, number: str) -> str:
    """The number in the series that its head names: Supplementary Figure 3 and Figure S3 are one, Plate 3 another."""
    return number if number[:1].isalpha() else name_family(head) + number


def parse_label(text: str) -> FigureLabel | None:
    """The figure label a text begins with; None for a text that begins with anything else."""
    plain = narrow(text)
    bracketed = _unwrap(plain)
    if bracketed is not None:
        start, end = bracketed
        inner = parse_label(text[start:end])
        after = text[end + 1 :].strip(" ：:\u3000")
        is_cut_off = bool(after) and plain[start - 1] == "("  # "(Fig. 3) and": a citation that began a line
        if inner is None or inner.reads_as_sentence or inner.rest or is_cut_off:
            return None
        return replace(inner, delimiter=":", rest=after)
    match = _LABEL.match(plain)
    if match is None or match["bracket"] or (match["num_zh"] and plain[match.end() :][:1] in tuple(COUNTED)):
        return None
    number = match["num_en"] or match["num_zh"]
    head = (match["en"] or match["zh"]).strip()
    letters, end = (None, match.start("letters")) if _marks_clause(plain, match) else (match["letters"], match.end())
    further, end = _read_further(plain, end, number, head)
    tail = _TAIL.match(plain, end)
    assert tail is not None  # every part of it is optional
    if not re.search(r"[0-9一二三四五六七八九十IVXⅡ-Ⅻ]", number) and tail.group().strip() not in (".", ":"):
        return None
    delimiter = tail.group().strip() or (" " if tail["space"] else "")
    rest = text[tail.end() :]
    continued = _CONTINUED.match(narrow(rest)) if rest else None
    if continued is not None:
        rest = rest[continued.end() :]
    is_sentence = _reads_as_sentence(delimiter, narrow(rest), head, is_plain=not further)
    first = normalise_number(number)
    if _PLURAL.match(head) and not further:
        first, further = _split_range(first)
    return FigureLabel(
        printed=" ".join(text[match.start("label") : end].split()),
        number=add_family(head, first),
        letters=expand_letters(letters),
        is_continued=continued is not None or head.startswith("续"),
        delimiter=delimiter,
        rest=rest.strip().lstrip("—"),
        reads_as_sentence=is_sentence and continued is None,
        further=tuple(add_family(head, other) for other in further),
    )


def _marks_clause(plain: str, match: re.Match[str]) -> bool:
    """Whether "(A)" after a number opens the first clause: the next letter stands in brackets later on."""
    letters = expand_letters(match["letters"])
    if not letters or "(" not in match["letters"] or plain[match.start("letters")] != " ":
        return False
    following = chr(ord(letters[-1]) + 1)
    return f"({following})" in plain[match.end() :] or f"({following}-" in plain[match.end() :]


def _unwrap(plain: str) -> tuple[int, int] | None:
    """Where the inside of a bracket that a text begins with starts and ends."""
    start = len(plain) - len(plain.lstrip())
    closing = {"[": "]", "(": ")"}.get(plain[start : start + 1])
    end = plain.find(closing, start, start + 40) if closing else -1
    if end > 0 and plain[start] == "(" and "(" in plain[start + 1 : end]:
        end = plain.find(")", end + 1, start + 40)
    return (start + 1, end) if end > 0 else None


def _read_further(plain: str, end: int, number: str, head: str) -> tuple[tuple[str, ...], int]:
    """Further numbers of "Figs. 2 and 3." and 图3、图4, and where they end; none where the text goes on as prose."""
    is_chinese = "图" in head or "照片" in head
    if not (is_chinese or _PLURAL.match(head)):
        return (), end
    numbers, at = [normalise_number(number)], end
    while (match := _JOINED.match(plain, at)) is not None:
        other = normalise_number(match["num"])
        if other.count("-") != numbers[0].count("-"):
            break
        if match["join"] in ("-", "~", "to", "至", "到"):
            numbers.extend(fill_range(numbers[-1], other))
        numbers.append(other)
        at = match.end()
    is_label = len(numbers) > 1 and re.match(
        r" *[.:|]| +(?![所显可示为是中])\S" if is_chinese else r" *[.:|]", plain[at:]
    )
    return (tuple(numbers[1:]), at) if is_label else ((), end)


def _split_range(number: str) -> tuple[str, tuple[str, ...]]:
    """ "Figures 2-3" are two figures."""
    first, _, last = number.partition("-")
    if not (first.isdecimal() and last.isdecimal() and 0 < int(last) - int(first) < 8):
        return number, ()
    return first, (*fill_range(first, last), last)


def fill_range(first: str, last: str) -> list[str]:
    """The numbers between two of one series."""
    stem, _, low = first.rpartition("-")
    stem_last, _, high = last.rpartition("-")
    if stem != stem_last or not (low.isdecimal() and high.isdecimal()) or int(high) - int(low) > 20:
        return []
    return [f"{stem}-{value}" if stem else str(value) for value in range(int(low) + 1, int(high))]


def is_table_label(text: str) -> bool:
    """Whether a text begins like the caption of a table."""
    return _TABLE.match(narrow(text)) is not None


def find_label_starts(text: str) -> list[int]:
    """Where captions begin in one printed line; a second one is a caption of the figure beside."""
    plain = narrow(text)
    starts = []
    for match in _NEXT_LABEL.finditer(plain):
        label = parse_label(text[match.end() :])
        if label is not None and not label.reads_as_sentence and label.delimiter in (".", ":", "|", " "):
            starts.append(match.end())
    return starts


def parse_panel_letters(text: str) -> tuple[str, ...]:
    """The letters of a line that holds nothing but panel letters: "B", "(a)", "A 图", "(a)      (b)"."""
    plain = narrow(text).strip()
    if (roman := _ROMAN_LINE.match(plain)) is not None:
        return (roman[1],)
    if not plain or len(plain) > 60 or not _LINE_LETTERS.match(plain):
        return ()
    return tuple(letter + nested for letter, nested in _ONE_LETTER.findall(plain.replace("图", "")))


def parse_panel_line(text: str) -> tuple[str, str] | None:
    """Letter and words of a line such as "(a) Apical view" under a panel; None for any other line."""
    match = _PANEL_LINE.match(narrow(text))
    if match is None:
        return None
    letter = match["a"] or match["b"] or match["c"] or match["d"] or match["e"]
    return (letter, text[match.start("rest") : match.end("rest")].strip())


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


def _reads_as_sentence(delimiter: str, rest: str, head: str, *, is_plain: bool) -> bool:
    if delimiter in (",", ";", ")", "]", "、"):
        return True
    if delimiter in (".", ":", "|"):
        return False
    if "图" in head or "照片" in head:
        # With a space before it only what no caption begins with: 图7 示左肾囊肿 may be one.
        pattern = _SENTENCE_ZH if delimiter == "" else _SPACED_SENTENCE_ZH
        return is_plain and pattern.match(rest) is not None
    is_weak = name_family(head) not in ("", "PLATE", "S")
    return _SENTENCE_EN.match(rest) is not None or (is_weak and re.match(r"[a-z]", rest) is not None)


def _spell_roman(text: str) -> str:
    return re.sub(r"[Ⅰ-Ⅻ]", lambda match: unicodedata.normalize("NFKC", match.group()), text)


def _read_roman(text: str) -> int:
    values = [{"I": 1, "V": 5, "X": 10}[letter] for letter in text]
    return sum(-value if value < after else value for value, after in zip(values, [*values[1:], 0], strict=True))


def _read_chinese(text: str) -> int:
    tens, ten, ones = text.rpartition("十")
    digit = "零一二三四五六七八九".find
    if not ten:
        return int("".join(str(digit(letter)) for letter in text))
    return (digit(tens) if tens else 1) * 10 + (digit(ones) if ones else 0)

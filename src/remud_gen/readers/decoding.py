"""Bytes of a text file -> text: told by marks, by what decodes, and by what then reads like language."""

from __future__ import annotations

import codecs
from dataclasses import dataclass

from remud_gen.errors import RecordError
from remud_gen.rules.late import compile_late

# Marks at the start; the longer ones first, since one begins like another.
MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
ALIASES = {"gb2312": "gb18030", "gbk": "gb18030", "x-gbk": "gb18030", "big5": "big5hkscs", "iso-8859-1": "cp1252",
           "latin-1": "cp1252", "latin1": "cp1252", "us-ascii": "cp1252", "ascii": "cp1252"}  # fmt: skip
COMMON_SIMPLIFIED = frozenset(
    "的一是不在了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种面而方后多定行学法所民得经"
    "十三之进着等部度家电力里如水化高自二理起小物现实加量都两体制机当使点从业本去把性好应开它合还因由其些然前外天政四日那社义事平形相"
    "超声肝肾脏图示回像病检查左右心血管腔结节显见低强无肿胆囊甲状腺乳胎儿膜瓣脉"
)
COMMON_TRADITIONAL = frozenset(
    "的一是不在了有和人這中大為上個國我以要他時來用們生到作地於出就分對成會可主發年動同工也能下過子說產種面而方後多定行學法所民得經"
    "十三之進著等部度家電力裡如水化高自二理起小物現實加量都兩體制機當使點從業本去把性好應開它合還因由其些然前外天政四日那社義事平形相"
    "超聲音波肝腎臟圖示回像病檢查左右心血管腔結節顯見低強無腫膽囊甲狀腺乳胎兒膜瓣脈"
)
LEAST_COMMON = 0.12  # of a Chinese text's characters that are among the common ones; of misread bytes it is under 0.05
MAX_LOST = 0.01  # share of characters that may be unreadable
_HAN = compile_late(r"[\u3400-\u9fff]")
_ODD = compile_late(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f\ufffe\uffff\ue000-\uf8ff]")
_WESTERN = compile_late(r"[\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u00ff\u2013-\u2026\u20ac\u0160\u0161\u0153°µ±²³·×«»]")


@dataclass(frozen=True, slots=True)
class Decoded:
    """A text, how it was decoded, and the doubts about that."""

    text: str
    encoding: str
    flags: tuple[str, ...] = ()


def decode_text(data: bytes, declared: str | None = None) -> Decoded:
    """The text of a file; `declared` is what the file says of its own encoding, believed only if it holds.

    Raises:
        RecordError: NOT_TEXT for binary files, UNKNOWN_ENCODING where no encoding gives readable text.
    """
    for mark, encoding in MARKS:
        if data.startswith(mark):
            return _decode_marked(data, encoding)
    wide = _guess_wide(data)
    if wide is not None:
        return Decoded(data.decode(wide), wide, ("encoding_guessed",))
    if data[:65536].count(0) > len(data[:65536]) // 200:
        raise RecordError("NOT_TEXT", "the file holds binary data", "give it the name of what it is, or remove it")
    text = _try(data, "utf-8")
    if text is not None:
        return _check(Decoded(text, "utf-8"))
    name = _normalise(declared)
    guess = _guess_legacy(data)
    if name is not None and name != "utf-8" and (text := _try(data, name)) is not None:
        is_contradicted = guess is not None and guess.encoding != name and "encoding_doubtful" not in guess.flags
        if not is_contradicted:
            return _check(Decoded(text, name))
    if guess is not None:
        return _check(guess)
    return _decode_damaged(data)


def _decode_marked(data: bytes, encoding: str) -> Decoded:
    text = _try(data, encoding)
    if text is not None:
        return _check(Decoded(text, encoding))
    text = data.decode(encoding, "replace")
    if text.count("\ufffd") > MAX_LOST * len(text) + 1:
        raise RecordError("UNKNOWN_ENCODING", f"the file is marked as {encoding} but is not", "save it again as UTF-8")
    return Decoded(text, encoding, ("encoding_damaged",))


def _normalise(declared: str | None) -> str | None:
    if not declared:
        return None
    try:
        name = codecs.lookup(ALIASES.get(declared.strip().lower(), declared.strip().lower())).name
    except (LookupError, ValueError):
        return None
    # Codecs such as hex or rot13 are no encodings of text, and utf-7 hides markup.
    return None if name in ("utf-7", "rot13", "hex", "base64", "zlib", "bz2", "uu", "quopri", "punycode") else name


def _try(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except (UnicodeError, LookupError):
        return None


def _guess_wide(data: bytes) -> str | None:
    """UTF-16 without a mark: every second byte of spaces, digits and line ends is zero."""
    head = data[:4096]
    if len(data) % 2 or len(head) < 4:
        return None
    zeros = (head[0::2].count(0), head[1::2].count(0))
    for encoding, many, few in (("utf-16-le", zeros[1], zeros[0]), ("utf-16-be", zeros[0], zeros[1])):
        if many > 0.02 * len(head) and few * 20 < many:
            text = _try(data, encoding)
            if text is not None and not _ODD.search(text):
                return encoding
    for encoding in ("utf-16-le", "utf-16-be"):
        text = _try(data, encoding) if any(zeros) else None
        if text is not None and not _ODD.search(text) and _share_common(text) >= LEAST_COMMON:
            return encoding
    return None


def _share_common(text: str) -> float:
    """Share of common characters among the Chinese ones, by the script that fits better."""
    han = _HAN.findall(text[:20_000])
    counts = [sum(character in common for character in han) for common in (COMMON_SIMPLIFIED, COMMON_TRADITIONAL)]
    return max(counts) / len(han) if len(han) > 1 else 0.0


def _guess_legacy(data: bytes) -> Decoded | None:
    """Chinese by its common characters, else Western European by its accents."""
    best: tuple[float, Decoded] | None = None
    for encoding, common in (("gb18030", COMMON_SIMPLIFIED), ("big5hkscs", COMMON_TRADITIONAL)):
        text = _try(data, encoding)
        if text is None:
            continue
        han = _HAN.findall(text)
        share = sum(character in common for character in han) / max(1, len(han))
        if len(han) >= 2 and share >= LEAST_COMMON and (best is None or share > best[0]):
            flags = ("encoding_guessed",) if len(han) < 20 else ()
            best = (share, Decoded(text, encoding, flags))
    if best is not None:
        return best[1]
    text = _try(data, "cp1252")
    if text is None:
        return None
    high = [character for character in text if ord(character) > 127]
    if high and sum(bool(_WESTERN.match(character)) for character in high) >= 0.9 * len(high):
        is_sparse = len(high) < 0.15 * len(text)
        return Decoded(text, "cp1252", ("encoding_guessed",) if is_sparse else ("encoding_doubtful",))
    return None


def _decode_damaged(data: bytes) -> Decoded:
    tried = [Decoded(data.decode(name, "replace"), name, ("encoding_damaged",)) for name in ("utf-8", "gb18030")]
    best = min(tried, key=lambda found: found.text.count("\ufffd"))
    if best.text.count("\ufffd") > MAX_LOST * len(best.text):
        raise RecordError("UNKNOWN_ENCODING", "the encoding of the text is not known", "save the file again as UTF-8")
    return best


def _check(found: Decoded) -> Decoded:
    """Characters that no text holds speak against the encoding, or against its being text at all."""
    odd = len(_ODD.findall(found.text))
    if odd > MAX_LOST * len(found.text) + 2:
        raise RecordError("NOT_TEXT", "the file holds binary data", "give it the name of what it is, or remove it")
    return Decoded(found.text, found.encoding, (*found.flags, "encoding_doubtful")) if odd > 3 else found

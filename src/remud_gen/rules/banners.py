"""Which words burned into a picture name a patient, a day or a place, and so must not leave with it.

Three reasons count: what the words are (a labelled name, a date, a hospital), what stands beside such words in the same
row, and where they stand: machines print who was examined into the top and bottom of their screens. The place alone
speaks only in clinical pictures, whose bands are still whole; a book's picture has labels there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from remud_gen.records import BBox, BurnedIn, Language, Source, TextLine
from remud_gen.rules.burned_in import annotate
from remud_gen.rules.geometry import is_beside, measure_gap
from remud_gen.rules.identifiers import list_identifiers
from remud_gen.rules.late import compile_late
from remud_gen.rules.normalise import unify
from remud_gen.rules.placeholders import HiddenKind, count_placeholders, is_placeholder
from remud_gen.rules.screen_labels import is_known_label
from remud_gen.rules.screen_patterns import SETTING_WORD
from remud_gen.rules.terms import find_terms

WITHHELD = "[PATIENT]"  # stands for a line whose words a reader knew to be the patient's from the file's own header
BAND = 0.12  # share of the height, at the top and at the bottom, where machines print their banner
_KINDS: Mapping[str, HiddenKind] = {"patient": "NAME", "date": "DATE", "institution": "PLACE"}
_OPEN_KINDS = frozenset({"other", "label", "scale", "time"})  # what a bare name, number or time is taken for
_NUMBER = compile_late(r"(?=(?:.*\d){5})[A-Za-z]{0,4}[\d /-]+[A-Za-z]?")
_SHORT = compile_late(r"[\W\d_]{0,4}|[A-Za-z]|\d{1,4}(?:[.,]\d+)?")
_SAYS_NOTHING = compile_late(
    r"(?i)(?:[a-z]{0,3}\s?\d{1,3}|left|right|long|trans|transverse|longitudinal|sagittal|coronal|apical|view|axis|"
    r"short|upper|lower|mid|pole|lobe|lt|rt|b|m|mode|img|image|frame|loop|freeze|page|live|exam|scan|"
    r"[左右上下前后内外中双两]侧?|[纵横矢冠]状?切面?|[长短]轴|切面|正常|图像|测量|探头)"
)
_GAP = 4.0  # heights of a line; farther apart, words of one row belong to different things


PictureKind = Literal["clinical", "book", "page"]  # a page is print that may hold pictures, as a whole


@dataclass(frozen=True, slots=True)
class HiddenLine:
    """A line to be hidden: its number among the picture's lines, and what it gives away."""

    index: int
    kind: HiddenKind
    bbox: BBox


def is_clinical(source: Source) -> bool:
    """Whether something comes from a picture that a clinic may have made, DICOM or loose, not from a book."""
    return source.unit == "px" and source.page_size is not None


def find_hidden_lines(
    lines: Sequence[TextLine], frame: BBox, kind: PictureKind, language: Language
) -> tuple[HiddenLine, ...]:
    """The lines of a picture that give somebody away, in their order; `frame` is the picture's box in their unit.

    On a page as a whole only what names a patient counts: its dates and hospitals are those of authors.
    """
    if not lines:
        return ()
    # Line by line: what a line is taken for must not hang on boxes being equal to the last digit.
    pieces = [annotate([line], language=language) for line in lines]
    found: dict[int, HiddenKind] = {}
    for index, line in enumerate(lines):
        named = _name_kind(line, pieces[index])
        if named is not None and (kind != "page" or named not in ("DATE", "PLACE")):
            found[index] = named
    if kind != "page" and (found or kind == "clinical"):
        unknown = [i for i, line in enumerate(lines) if i not in found and _is_unknown(line.text, pieces[i])]
        found |= {index: "BANNER" for index in _spread(lines, found, unknown)}
        # Once a picture is known to name somebody, its bands are a machine's.
        found |= {index: "BANNER" for index in unknown if index not in found and _is_in_band(lines[index].bbox, frame)}
    return tuple(HiddenLine(index, found[index], lines[index].bbox) for index in sorted(found))


def _name_kind(line: TextLine, pieces: Sequence[BurnedIn]) -> HiddenKind | None:
    text = unify(line.text)
    if is_placeholder(text):
        return next(iter(count_placeholders(text)))
    found = list_identifiers(text)
    if found:
        return found[0].kind
    return next((_KINDS[piece.kind] for piece in pieces if piece.kind in _KINDS), None)


def _is_unknown(text: str, pieces: Sequence[BurnedIn]) -> bool:
    """Whether no rule can say what the words are; a name is such a word, and so is a bare number of a record."""
    plain = unify(text).strip()
    if _NUMBER.fullmatch(plain):
        return True
    if any(piece.kind not in _OPEN_KINDS or piece.meaning is not None for piece in pieces):
        return False
    languages: tuple[Language, ...] = ("en", "zh")
    for hit in sorted((hit for each in languages for hit in find_terms(plain, each)), key=lambda hit: -hit.start):
        plain = f"{plain[: hit.start]} {plain[hit.end :]}"
    return any(not _is_familiar(word) for word in re.split(r"[\s,;:/|()\[\]]+", plain) if word)


def _is_familiar(word: str) -> bool:
    forms = (_SHORT, _SAYS_NOTHING, SETTING_WORD)
    return any(form.fullmatch(word) for form in forms) or is_known_label(word)


def _spread(lines: Sequence[TextLine], found: Mapping[int, HiddenKind], unknown: Sequence[int]) -> Iterator[int]:
    """Unknown words beside what was found: OCR often reads `Name:` and the name as two lines."""
    hidden = [lines[index].bbox for index in found]
    grown = True
    left = list(unknown)
    while grown:
        grown = False
        for index in list(left):
            box = lines[index].bbox
            reach = _GAP * (box[3] - box[1])
            if any(is_beside(box, other) and measure_gap(box, other) <= reach for other in hidden):
                left.remove(index)
                hidden.append(box)
                grown = True
                yield index


def _is_in_band(box: BBox, frame: BBox) -> bool:
    height = frame[3] - frame[1]
    middle = (box[1] + box[3]) / 2 - frame[1]
    return middle <= BAND * height or middle >= (1 - BAND) * height

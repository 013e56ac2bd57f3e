"""Words burned into a picture -> typed pieces: labels, measured values, settings, dates, people.

Nothing is corrected: a number that OCR may have got wrong (`5.4lcm`) is a measured value without a `value`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from remud_gen.records import BBox, BurnedIn, BurnedInKind, Language, TextLine
from remud_gen.rules import screen_patterns as patterns
from remud_gen.rules.identifiers import list_identifiers
from remud_gen.rules.late import compile_late
from remud_gen.rules.legend import parse_legend
from remud_gen.rules.measurements import UNITS, fold_unit
from remud_gen.rules.normalise import unify
from remud_gen.rules.screen_labels import ORIENTATION, is_known_label, look_up

DOUBT = 0.5  # factor on the score of a number that holds a letter or cannot be true
MASK = "\x00"
PANEL_LETTER = compile_late(r"[(\[]?\s?[A-Ha-h]\s?[)\]]?[.:]?")
LARGEST = {"length": 500.0, "share": 100.0, "rate": 400.0, "velocity": 1500.0, "angle": 360.0, "volume": 20_000.0}
Found = tuple[int, int, BurnedIn]


@dataclass(frozen=True, slots=True)
class _Line:
    """One line in plain letters, with what its labels are to mean."""

    text: str
    source: TextLine
    legend: Mapping[str, str]
    language: Language

    def make(self, kind: BurnedInKind, text: str, certainty: float = 1.0, **facts: object) -> BurnedIn:
        """A piece of this line, scored by how well it was read and how surely it is of its kind."""
        score = round(self.source.score * certainty, 3)
        return BurnedIn.model_validate({"kind": kind, "text": text, "bbox": self.source.bbox, "score": score, **facts})


def annotate(
    lines: Sequence[TextLine], legend: Mapping[str, str] | None = None, language: Language = "en"
) -> tuple[BurnedIn, ...]:
    """Pieces of all lines in their order; `legend` (label -> meaning) goes before the shipped list of labels."""
    plain = [(unify(line.text).replace(MASK, " ").strip(), line) for line in lines]
    pieces = [piece for text, line in plain if text for piece in _type_line(_Line(text, line, legend or {}, language))]
    return tuple(_join_beats(_join_names(pieces)))


def names_both_halves(lines: Iterable[TextLine], bbox: BBox) -> bool:
    """Whether panel letters stand in the left and in the right half of a box: two panels, not one dual screen."""
    middle = (bbox[0] + bbox[2]) / 2
    letters = [line for line in lines if PANEL_LETTER.fullmatch(unify(line.text).strip())]
    return len({(line.bbox[0] + line.bbox[2]) / 2 < middle for line in letters}) == 2


def collect_legend(texts: Iterable[str | None], language: Language) -> dict[str, str]:
    """Label -> meaning from a figure's own words, earlier texts first."""
    meanings: dict[str, str] = {}
    for text in texts:
        for entry in parse_legend(text, language) if text else ():
            meanings.setdefault(entry.label, entry.meaning)
    return meanings


def _type_line(line: _Line) -> Iterator[BurnedIn]:
    whole = _type_whole(line)
    if whole is not None:
        yield whole
        return
    found: list[Found] = []
    rest = line.text
    for find in FINDERS:
        for start, end, piece in find(line, rest):
            if MASK not in rest[start:end]:
                found.append((start, end, piece))
                rest = rest[:start] + MASK * (end - start) + rest[end:]
    for match in re.finditer(rf"[^{MASK}]+", rest):
        text = match.group().strip(" +×✕|·:;,.-=")
        if text or not found:
            found.extend((match.start(), match.end(), piece) for piece in _type_rest(line, text or line.text))
    yield from (piece for _, _, piece in sorted(found, key=lambda item: item[:2]))


def _type_whole(line: _Line) -> BurnedIn | None:
    """What a line is as a whole: a banner, a place, a label of the figure's own key."""
    text = line.text
    if text in line.legend:
        return _make_label(line, text)
    identifiers = [found for found in list_identifiers(text) if found.kind != "EXAM_TIME"]
    if identifiers or patterns.PATIENT.search(text) or patterns.NAME_PAIR.fullmatch(text):
        return line.make("patient", text, 1.0 if identifiers else 0.8)
    if patterns.INSTITUTION.search(text):
        return line.make("institution", text, 0.9)
    if patterns.SCALE.fullmatch(text):
        return line.make("scale", text, 0.8)
    return line.make("scale", text, 0.7) if patterns.SCALE_UNIT.fullmatch(text) else None


def _find_plain(kind: BurnedInKind, pattern: re.Pattern[str]) -> Callable[[_Line, str], Iterator[Found]]:
    def find(line: _Line, text: str) -> Iterator[Found]:
        for match in pattern.finditer(text):
            yield match.start(), match.end(), line.make(kind, match.group().strip())

    return find


def _find_gestation(line: _Line, text: str) -> Iterator[Found]:
    for match in patterns.GESTATION.finditer(text):
        days = 7 * int(match["weeks"]) + int(match["days"] or 0)
        piece = line.make("caliper", match.group().strip(), name=match["name"] or "GA", value=float(days), unit="day")
        yield match.start(), match.end(), piece


def _find_frequency(line: _Line, text: str) -> Iterator[Found]:
    for match in patterns.FREQUENCY.finditer(text):
        yield match.start(), match.end(), _measure(line, "frequency", match, match["name"])


def _find_depth(line: _Line, text: str) -> Iterator[Found]:
    """A depth says so, or stands alone without a second decimal: distances are finer."""
    for match in patterns.DEPTH.finditer(text):
        number, name = match["number"], match["name"]
        is_named = name is not None and name != "D"
        is_coarse = len(number.partition(".")[2]) <= 1 and _read_number(number) is not None
        is_alone = match.group().strip() == line.text
        if is_named or (is_coarse and is_alone and 2 <= (_read_number(number) or 0) <= 40):
            certainty = 1.0 if is_named else 0.6 if name else 0.8
            yield match.start(), match.end(), _measure(line, "depth", match, name, certainty)


def _find_value(line: _Line, text: str) -> Iterator[Found]:
    for match in patterns.CALIPER.finditer(text):
        name, unit = match["name"], match["unit"].lower()
        if name is None and match["mark"] is None and unit in ("%", "g", "kg", "s", "ms", "db"):
            continue
        if unit == "db" or ((name or "").upper(), unit) in (("SV", "mm"), ("G", "mm"), ("AO", "%")):
            yield match.start(), match.end(), line.make("setting", match.group().strip(), 0.9, name=name)
            continue
        if name is None and unit == "bpm":
            name = "HR"
        certainty = 1.0 if name or match["mark"] else 0.8
        yield match.start(), match.end(), _measure(line, "caliper", match, name, certainty)


def _find_index(line: _Line, text: str) -> Iterator[Found]:
    for match in patterns.UNITLESS.finditer(text):
        yield match.start(), match.end(), _measure(line, "caliper", match, match["name"])


def _measure(
    line: _Line, kind: BurnedInKind, match: re.Match[str], name: str | None, certainty: float = 1.0
) -> BurnedIn:
    groups = match.groupdict()
    unit = groups.get("unit")
    try:
        folded = fold_unit(unit) if unit else None
    except KeyError:
        folded = unit
    value, flags = _read_number(match["number"]), []
    if value is None:
        flags.append("doubtful_number")
    else:
        dimension, size = UNITS.get(folded or "", ("", 1.0))
        value = -abs(value) if dimension == "velocity" and groups.get("minus") else value
        value = abs(value) if dimension not in ("", "velocity") else value
        if abs(value) * size > LARGEST.get(dimension, float("inf")):
            value = None
            flags.append("implausible_number")
    return line.make(
        kind, match.group().strip(), certainty if value is not None else certainty * DOUBT,
        name=re.sub(r"\s+", " ", name) if name else None, value=value, unit=folded, flags=tuple(flags),
    )  # fmt: skip


def _read_number(text: str) -> float | None:
    """The number, or None where a letter or a space stands among the digits."""
    plain = text.replace(",", ".") if re.fullmatch(r"[-+]?\d+,\d{1,2}", text) else text
    return float(plain) if patterns.CLEAN_NUMBER.fullmatch(plain) else None


def _type_rest(line: _Line, text: str) -> Iterator[BurnedIn]:
    """Words: labels of the figure's key, settings, orientation, usual labels, other words."""
    tokens = text.split()
    if len(tokens) > 1 and all(token in line.legend or is_known_label(token) for token in tokens):
        yield from (_make_label(line, token) for token in tokens)
        return
    meaning = ORIENTATION.get(text.upper())
    if text in line.legend:
        yield _make_label(line, text)
    elif meaning is not None:
        yield line.make("orientation", text, 0.9, meaning=meaning[line.language], meaning_from="vocabulary")
    elif patterns.ORIENTATION_LETTER.fullmatch(text):
        yield line.make("orientation", text, 0.5)
    elif is_known_label(text) and text[:1].isupper():
        yield _make_label(line, text)
    elif patterns.SETTING_WORD.fullmatch(text):
        yield line.make("setting", text, 0.7)
    elif patterns.CALIPER_NAME.fullmatch(text) and not text.isupper():
        yield line.make("caliper", text, 0.6, name=text.lstrip("+×✕ "))
    elif text.isdigit():
        yield line.make("scale", text, 0.6)
    elif patterns.LABEL.fullmatch(text):
        yield line.make("label", text, 0.7 if text.isupper() or not text.isascii() else 0.5)
    else:
        yield line.make("other", text, 0.5)


def _make_label(line: _Line, text: str) -> BurnedIn:
    own = line.legend.get(text)
    if own is not None:
        return line.make("label", text, 1.0, name=text, meaning=own, meaning_from="legend")
    usual = look_up(text, line.language)
    if usual is not None:
        return line.make("label", text, 0.9, name=text, meaning=usual, meaning_from="vocabulary")
    return line.make("label", text, 0.7, name=text)


def _join_names(pieces: list[BurnedIn]) -> list[BurnedIn]:
    """A name and its value that OCR read as two lines of one row."""
    joined = list(pieces)
    for index, piece in enumerate(pieces):
        name = patterns.CALIPER_NAME.fullmatch(piece.text)
        if name is None or piece.value is not None:
            continue
        height = piece.bbox[3] - piece.bbox[1]
        for other_index, other in enumerate(pieces):
            gap = other.bbox[0] - piece.bbox[2]
            overlap = min(piece.bbox[3], other.bbox[3]) - max(piece.bbox[1], other.bbox[1])
            is_beside = overlap > 0.5 * height and -0.5 * height <= gap <= 4 * height
            if is_beside and other.kind in ("caliper", "depth") and other.name is None and other.unit is not None:
                facts = {"kind": "caliper", "name": name["name"], "flags": (*other.flags, "joined")}
                joined[other_index] = other.model_copy(update=facts)
                joined[index] = piece.model_copy(update={"kind": "caliper", "name": name["name"]})
                break
    return joined


def _join_beats(pieces: list[BurnedIn]) -> list[BurnedIn]:
    """A lone number over or beside a lone `bpm` is the heart rate."""
    joined = list(pieces)
    for piece in pieces:
        if piece.text.lower() != "bpm":
            continue
        height = piece.bbox[3] - piece.bbox[1]
        for index, other in enumerate(pieces):
            is_near = abs(other.bbox[3] - piece.bbox[1]) < height and other.bbox[2] > piece.bbox[0] < other.bbox[2]
            is_near = is_near and other.bbox[0] < piece.bbox[2]
            value = _read_number(other.text)
            if other.kind == "scale" and is_near and value is not None and 20 <= value <= 300:
                facts = {"kind": "caliper", "name": "HR", "value": value, "unit": "bpm", "flags": ("joined",)}
                joined[index] = other.model_copy(update=facts)
    return joined


FINDERS: tuple[Callable[[_Line, str], Iterator[Found]], ...] = (
    _find_plain("date", patterns.DATE),
    _find_plain("time", patterns.TIME),
    _find_gestation,
    _find_plain("setting", patterns.TEMPERATURE),
    _find_plain("setting", patterns.SWEEP),
    _find_frequency,
    _find_depth,
    _find_plain("probe", patterns.PROBE),
    _find_value,
    _find_index,
    _find_plain("setting", patterns.SETTING),
    _find_plain("setting", patterns.DECIBEL),
)

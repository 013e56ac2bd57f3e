"""A DICOM header -> what may be kept of it: words about the picture, regions of the screen; nothing about the patient.

Only the elements named here are ever read into a record, and free text only where it holds no identifier and no word
of a person's, a place's or an examination's name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from remud_gen.protocols import GivenText
from remud_gen.records import BBox, PictureRegion
from remud_gen.rules.geometry import hull, measure_area
from remud_gen.rules.identifiers import list_identifiers
from remud_gen.rules.late import compile_late
from remud_gen.rules.normalise import unify

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

LOCATOR = "dicom header"
FREE_TEXT = ("StudyDescription", "SeriesDescription", "ProtocolName")
MAX_CHARS = 80
SLACK_PX = 2  # devices write the last pixel or the one after it
LEAST_AREA = 0.05  # of the screen that the picture's regions cover, if they are to be believed
OLDEST = 89  # an age above this identifies
MODALITIES = {"US": "ultrasound", "IVUS": "intravascular ultrasound", "EC": "echocardiography", "OPT": "ultrasound"}
# Image Type, value 4: one bit per technique.
TECHNIQUES = (
    (0x1, "2D"), (0x2, "M-mode"), (0x4, "continuous-wave Doppler"), (0x8, "pulsed-wave Doppler"),
    (0x10, "colour Doppler"), (0x20, "colour M-mode"), (0x40, "3D rendering"), (0x100, "power Doppler"),
)  # fmt: skip
FORMATS = ("none", "2d", "m_mode", "spectral", "waveform", "graphics")
DATA = (
    "none", "tissue", "colour_flow", "pw_doppler", "cw_doppler", "doppler_mean_trace", "doppler_mode_trace",
    "doppler_max_trace", "volume_trace", "volume_rate", "ecg", "pulse", "phonocardiogram", "grey_bar", "colour_bar",
    "backscatter", "area_trace", "area_rate",
)  # fmt: skip
UNITS = (
    "none", "percent", "dB", "cm", "s", "Hz", "dB/s", "cm/s", "cm2", "cm2/s", "cm3", "cm3/s", "degrees",
)  # fmt: skip
SAID = {
    "tissue": "2D", "colour_flow": "colour Doppler", "pw_doppler": "pulsed-wave Doppler",
    "cw_doppler": "continuous-wave Doppler", "ecg": "ECG",
}  # fmt: skip
SIDES = {"L": "left", "R": "right", "B": "both"}
AGE = compile_late(r"(\d{3})([YMWD])")
AGE_UNITS = {"Y": "years", "M": "months", "W": "weeks", "D": "days"}


@dataclass(frozen=True, slots=True)
class Screen:
    """What stands where on a device's screen: the picture's box, the regions, and what is doubtful about them."""

    box: BBox
    regions: tuple[PictureRegion, ...]
    flags: tuple[str, ...]


def read_screen(header: Dataset, width: int, height: int) -> Screen:
    """The box around all regions that hold pictures or curves; the whole screen where none can be believed."""
    whole = (0.0, 0.0, float(width), float(height))
    regions = tuple(_read_regions(header))
    shown = [region.bbox for region in regions if region.format != "none"]
    if not shown:
        return Screen(whole, (), ("whole_screen",))
    box = hull(shown)
    fits = box[0] >= 0 and box[1] >= 0 and box[2] <= width + SLACK_PX and box[3] <= height + SLACK_PX
    if not fits or measure_area(box) < LEAST_AREA * width * height:
        # The picture was scaled or cut after the device had described it.
        return Screen(whole, (), ("whole_screen", "regions_unusable"))
    kinds = {_name_kind(region) for region in regions if region.format != "none"}
    inner = (box[0], box[1], min(box[2], whole[2]), min(box[3], whole[3]))
    return Screen(inner, regions, tuple(sorted(f"region_{kind}" for kind in kinds)))


def _name_kind(region: PictureRegion) -> str:
    return "colour_flow" if region.format == "2d" and region.data == "colour_flow" else region.format


def _read_regions(header: Dataset) -> Iterator[PictureRegion]:
    for entry in _take(header, "SequenceOfUltrasoundRegions") or ():
        corners = [_take(entry, f"RegionLocation{name}") for name in ("MinX0", "MinY0", "MaxX1", "MaxY1")]
        if not all(isinstance(corner, int) for corner in corners):
            continue
        x0, y0, x1, y1 = (float(corner) for corner in corners)
        if x1 <= x0 or y1 <= y0:
            continue
        kind, data = _take(entry, "RegionSpatialFormat"), _take(entry, "RegionDataType")
        deltas = [_take(entry, f"PhysicalDelta{axis}") for axis in "XY"]
        units = [_take(entry, f"PhysicalUnits{axis}Direction") for axis in "XY"]
        has_scale = all(isinstance(value, int | float) and value for value in deltas)
        yield PictureRegion(
            bbox=(x0, y0, x1 + 1, y1 + 1),  # the header names the last pixel, a box ends after it
            format=_name(FORMATS, kind),
            data=_name(DATA, data),
            delta=(float(deltas[0]), float(deltas[1])) if has_scale else None,
            units=(_name(UNITS, units[0]), _name(UNITS, units[1])) if has_scale else None,
        )


def read_words(header: Dataset, screen: Screen, names: frozenset[str]) -> tuple[GivenText, ...]:
    """Title, caption and note from whitelisted elements; nothing where they say no more than which device it was."""
    titles = [text for key in FREE_TEXT if (text := _clean(_take(header, key), names))]
    told = list(_describe(header, screen, names))
    if not titles and not told:
        return ()
    words = [GivenText(text, "title", LOCATOR) for text in dict.fromkeys(titles)]
    modality = MODALITIES.get(str(_take(header, "Modality")))
    told = [("Modality", modality), *told] if modality else told
    if told:
        words.append(GivenText(". ".join(f"{name}: {value}" for name, value in told) + ".", "caption", LOCATOR))
    device = list(_describe_device(header, names))
    if device:
        words.append(GivenText(". ".join(f"{name}: {value}" for name, value in device) + ".", "note", LOCATOR))
    return tuple(words)


def _describe(header: Dataset, screen: Screen, names: frozenset[str]) -> Iterator[tuple[str, str]]:
    kinds = [str(value) for value in _list(_take(header, "ImageType"))]
    if len(kinds) > 2 and (kind := _clean(kinds[2], names)) and re.fullmatch(r"[A-Za-z /-]{3,24}", kind):
        yield "Examination", kind.lower()
    body = _clean(_take(header, "BodyPartExamined"), names) or _code(header, "AnatomicRegionSequence", names)
    if body:
        yield "Body part", body.lower()
    view = _code(header, "ViewCodeSequence", names) or _clean(_take(header, "ViewName"), names)
    if view:
        yield "View", view
    side = SIDES.get(str(_take(header, "ImageLaterality") or _take(header, "Laterality")))
    if side:
        yield "Side", side
    shown = dict.fromkeys(SAID[region.data] for region in screen.regions if region.data in SAID)
    bits = int(kinds[3], 16) if len(kinds) > 3 and re.fullmatch(r"[0-9A-Fa-f]{4}", kinds[3]) else 0
    shown |= dict.fromkeys(name for bit, name in TECHNIQUES if bits & bit)
    if shown:
        yield "Technique", ", ".join(shown)


def _describe_device(header: Dataset, names: frozenset[str]) -> Iterator[tuple[str, str]]:
    for name, key in (("Device", "ManufacturerModelName"), ("Transducer", "TransducerType")):
        text = _clean(_take(header, key), names)
        if text:
            yield name, text
    age = AGE.fullmatch(str(_take(header, "PatientAge") or ""))
    if age is not None and int(age[1]):
        is_old = age[2] == "Y" and int(age[1]) > OLDEST
        yield "Age", f"over {OLDEST} years" if is_old else f"{int(age[1])} {AGE_UNITS[age[2]]}"


def _code(header: Dataset, key: str, names: frozenset[str]) -> str | None:
    entries = _list(_take(header, key))
    return _clean(_take(entries[0], "CodeMeaning"), names) if entries else None


def _clean(value: object, names: frozenset[str]) -> str | None:
    """A short text as it stands, unless it could tell who, where or when."""
    text = " ".join(unify(str(value or "")).split())
    if not text or len(text) > MAX_CHARS or not re.search(r"[^\W\d_]{2}", text) or "^" in text:
        return None
    has_number = re.search(r"\d[\d./:-]{4,}", text) is not None
    return None if has_number or names_someone(text, names) or list_identifiers(text) else text


def names_someone(text: str, names: frozenset[str]) -> bool:
    """Whether a text in NFKC form holds one of the header's names or numbers."""
    return bool(names & set(_split(text))) or any(ord(name[0]) > 0x2E80 and name in text for name in names)


def list_names(header: Dataset) -> frozenset[str]:
    """Every word of a person's, an institution's or an address's name, and every identifier, in this header."""
    found: set[str] = set()
    for element in header.iterall():
        keyword = str(element.keyword)
        is_name = element.VR == "PN" or re.search(r"Institution|Physician|Operator|Address|Station", keyword)
        if is_name or keyword in ("PatientID", "OtherPatientIDs", "AccessionNumber", "StudyID", "DeviceSerialNumber"):
            # Two digits of an identifier stand in every measurement; four hardly.
            words = set(_split(unify(str(element.value))))
            words = {word for word in words if len(word) > (3 if word.isdecimal() else 1)}
            found |= words - (NOBODY if element.VR == "PN" else COMMON)
    return frozenset(found)


NOBODY = frozenset(["anonymized", "anonymised", "anonymous", "anon", "unknown", "none", "test", "patient"])
COMMON = NOBODY | {
    "of", "and", "the", "for", "department", "echo", "us", "ultrasound", "hospital", "clinic", "center", "centre", "ob",
    "gyn",
}  # fmt: skip


def _split(text: str) -> Sequence[str]:
    return re.findall(r"[\u4e00-\u9fff]+|[^\W_]+", text.casefold())


def _take(entry: Dataset, key: str) -> Any:
    """The value of an element, None where it is missing or malformed."""
    try:
        return entry.get(key)
    except (ValueError, TypeError, KeyError, AttributeError, NotImplementedError, OverflowError, UnicodeError):
        return None


def _list(value: Any) -> list[Any]:
    if value is None or isinstance(value, str):
        return [] if value is None else [value]
    return list(value) if hasattr(value, "__iter__") else [value]


def _name(names: Sequence[str], code: object) -> str:
    return names[code] if isinstance(code, int) and 0 <= code < len(names) else "unknown"

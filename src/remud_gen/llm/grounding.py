"""Boxes of figures out of a model's reply, and the guard that no reply is read by another convention than it was
written in: numbers that cannot be right, and boxes that fit the page's ink only when read differently, are errors.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, ValidationError

from remud_gen.errors import RecordError
from remud_gen.llm.reply import Lenient, Text, strict_schema
from remud_gen.llm.structured import UnreadableReply, choose_text, read_whole
from remud_gen.protocols import ModelReply
from remud_gen.rules.box_fit import PageInk
from remud_gen.rules.coordinates import OVERSHOOT, Convention, list_others
from remud_gen.rules.geometry import Box, intersect, measure_iou
from remud_gen.rules.late import compile_late

BOX_KEYS = ("bbox_2d", "bbox", "box_2d", "box", "bounding_box")
CORNERS = (("x1", "y1", "x2", "y2"), ("x0", "y0", "x1", "y1"), ("xmin", "ymin", "xmax", "ymax"))
LIST_KEYS = ("figures", "images", "objects", "boxes", "items", "results", "detections")
NOTHING = compile_late(
    r"\W*(?:there (?:are|is) )?no (?:figures?|images?|pictures?)(?: (?:on|in) (?:this|the) page)?\W*|"
    r"\W*(?:本页|该页|此页)?(?:没有|无)(?:任何)?(?:插图|图片|图像|图)\W*",
    re.IGNORECASE,
)
NOT_FIGURES = compile_late(
    r"\b(?:table|logo|banner|equation|formula|header|footer|caption|text|title|paragraph|page number)\b|"
    r"表格|徽标|公式|页眉|页脚|标题|正文|页码",
    re.IGNORECASE,
)
FIGURES = compile_late(
    r"\b(?:figure|image|ultrasound|picture|photo\w*|chart|plot|drawing|diagram|scan)\b|图", re.IGNORECASE
)
MOST_BOXES = 200  # of a page: more are a model that repeats itself, and each costs a look at the page
SAME = 0.9  # of IoU: the same figure named twice
OTHER_FIT, LEAST_GAIN = (
    0.65,
    0.3,
)  # right readings measured 0.61 to 1.0 where edges were off by 1.5 %, wrong ones to 0.60
LEAST_FIT = 0.3
ASK_AGAIN = "--retry-errors asks again; if it stays so, "
HINTS = {
    "REPLY_TRUNCATED": f"{ASK_AGAIN}raise vision.max_output_tokens",
    "EMPTY_REPLY": f"{ASK_AGAIN}raise vision.max_output_tokens: long thinking may leave no tokens for the reply",
    "JSON_INVALID": f"{ASK_AGAIN}use a model that keeps to a JSON schema",
    "BOX_INVALID": f"{ASK_AGAIN}use a model that is trained to give boxes",
}


def _read_numbers(value: object) -> object:
    """Accept `[[x1, y1], [x2, y2]]`, named corners and a list in quotes for `[x1, y1, x2, y2]`."""
    if isinstance(value, str):
        value = [float(number) for number in re.findall(r"-?\d+(?:\.\d+)?", value)]
    if isinstance(value, Mapping):
        names = next((names for names in CORNERS if all(name in value for name in names)), None)
        value = [value[name] for name in names] if names is not None else value
    if isinstance(value, list) and len(value) == 2 and all(isinstance(corner, list) for corner in value):
        value = [*value[0], *value[1]]
    return value


Numbers = Annotated[
    list[Annotated[float, Field(allow_inf_nan=False)]],
    Field(min_length=4, max_length=4),
    BeforeValidator(_read_numbers),
]


class ReplyBox(Lenient):
    """One figure of a page, in the model's own numbers."""

    bbox_2d: Numbers
    label: Text = ""


class ReplyBoxes(Lenient):
    """The whole reply about one page."""

    figures: list[ReplyBox]


@dataclass(frozen=True, slots=True)
class FoundBox:
    """A figure in pixels of the picture that was shown; `fit` says how well its edges agree with the ink."""

    box: Box
    label: str
    fit: float


@dataclass(frozen=True, slots=True)
class Reading:
    """What a page's boxes are worth when read as the model was said to write, and when read in the best other way."""

    found: tuple[FoundBox, ...]
    fit: float
    other: str
    other_fit: float


def boxes_schema() -> dict[str, Any]:
    """The JSON schema of the wanted reply."""
    return strict_schema(ReplyBoxes)


def read_boxes(reply: ModelReply) -> list[ReplyBox]:
    """The boxes of a reply, in whichever of the usual forms; an empty list where it says that there are none.

    Raises:
        UnreadableReply: EMPTY_REPLY, JSON_INVALID or BOX_INVALID: asking once more may help.
        RecordError: CONTENT_FILTER, REFUSAL or REPLY_TRUNCATED: half a list of figures would pass for the whole.
    """
    text, _ = choose_text(reply)
    if NOTHING.fullmatch(text.strip()):
        return []
    boxes, entries = [], _find_entries(read_whole(reply, text))
    if len(entries) > MOST_BOXES:
        raise UnreadableReply("BOX_INVALID", f"{len(entries)} boxes on one page", HINTS["BOX_INVALID"])
    for number, entry in enumerate(entries, 1):
        try:
            boxes.append(ReplyBox.model_validate(_rename_key(entry)))
        except ValidationError as error:
            told = f"box {number} is not four numbers: {json.dumps(entry, ensure_ascii=False)[:120]}"
            raise UnreadableReply("BOX_INVALID", told, HINTS["BOX_INVALID"]) from error
    return [box for box in boxes if FIGURES.search(box.label) or not NOT_FIGURES.search(box.label)]


def _find_entries(value: Any, depth: int = 0) -> Sequence[object]:
    if isinstance(value, list):
        is_lone_box = len(value) == 4 and all(isinstance(number, int | float) for number in value)
        return [value] if is_lone_box else value
    if isinstance(value, Mapping) and depth < 3:
        if not value or any(key in value for key in BOX_KEYS):
            return [value] if value else []
        for key in LIST_KEYS:
            if key in value:
                return _find_entries(value[key] or [], depth + 1)
        if len(value) == 1:
            return _find_entries(next(iter(value.values())) or [], depth + 1)
    raise UnreadableReply("JSON_INVALID", "the reply is JSON but holds no list of figures", HINTS["JSON_INVALID"])


def _rename_key(entry: object) -> object:
    if isinstance(entry, list):
        return {"bbox_2d": entry}
    if not isinstance(entry, Mapping):
        return entry
    key = next((key for key in BOX_KEYS if key in entry), "bbox_2d")
    return {"bbox_2d": entry.get(key), "label": entry.get("label") or entry.get("type") or ""}


def place_boxes(boxes: Sequence[ReplyBox], chosen: Convention, size: tuple[int, int], ink: PageInk) -> Reading:
    """The boxes on the picture, checked against it and against every other convention.

    Raises:
        RecordError: COORDS_WRONG, naming the setting that would fit; BOX_INVERTED; BOX_ON_BLANK; BOXES_MISFIT.
    """
    if not boxes:
        return Reading((), 1.0, "", 0.0)
    values = [box.bbox_2d for box in boxes]
    others = {one: _measure_fit(values, one, size, ink) for one in list_others(chosen)}
    best = max(others, key=lambda one: others[one])
    _refuse_impossible(values, chosen, size, best if others[best] > LEAST_FIT else None)
    placed = [chosen.place(numbers, size) for numbers in values]
    fits = [ink.measure_fit(box) for box in placed]
    fit = sum(fits) / len(fits)
    if others[best] >= OTHER_FIT and others[best] - fit >= LEAST_GAIN:
        raise _wrong(chosen, f"its {len(boxes)} boxes lie across pictures and words (fit {fit:.2f})", best)
    for box, numbers in zip(placed, values, strict=True):
        if ink.is_blank(box):
            told = f"there is nothing but paper in the box {_tell(numbers)}"
            raise RecordError("BOX_ON_BLANK", told, _doubt(chosen))
    if fit < LEAST_FIT:
        told = f"the boxes end nowhere near where pictures end (fit {fit:.2f} of 1)"
        raise RecordError("BOXES_MISFIT", told, _doubt(chosen))
    found: list[FoundBox] = []
    for box, reply, box_fit in zip(placed, boxes, fits, strict=True):
        clipped = intersect(box, (0.0, 0.0, float(size[0]), float(size[1])))
        if all(measure_iou(clipped, other.box) < SAME for other in found):
            found.append(FoundBox(clipped, reply.label, box_fit))
    return Reading(tuple(found), fit, best.name, others[best])


def _refuse_impossible(
    values: Sequence[Sequence[float]], chosen: Convention, size: tuple[int, int], best: Convention | None
) -> None:
    """Numbers that cannot be meant as they are read."""
    largest = max(abs(number) for numbers in values for number in numbers)
    if chosen.full != 1.0 and 0.0 < largest <= 1.0:
        raise _wrong(chosen, "all its numbers are between 0 and 1", next(c for c in list_others(chosen) if c.full == 1))
    for numbers in values:
        if chosen.measure_overshoot(numbers, size) > OVERSHOOT:
            raise _wrong(chosen, f"the box {_tell(numbers)} lies beyond the picture of {size[0]} x {size[1]}", best)
    for numbers in values:
        x0, y0, x1, y1 = chosen.place(numbers, size)
        if x1 - x0 < 1 or y1 - y0 < 1:
            told = f"the box {_tell(numbers)} ends before it begins: corners in another order, or width and height"
            raise RecordError("BOX_INVERTED", told, f"set vision.coords: {best.name}" if best else HINTS["BOX_INVALID"])


def _measure_fit(values: Sequence[Sequence[float]], one: Convention, size: tuple[int, int], ink: PageInk) -> float:
    """The mean fit under one convention; 0 where a number lies beyond the picture."""
    if any(one.measure_overshoot(numbers, size) > OVERSHOOT for numbers in values):
        return 0.0
    return sum(ink.measure_fit(one.place(numbers, size)) for numbers in values) / len(values)


def _wrong(chosen: Convention, told: str, other: Convention | None) -> RecordError:
    hint = f"the boxes fit when read as {other.told}: set vision.coords: {other.name}" if other else _doubt(chosen)
    return RecordError("COORDS_WRONG", f"the reply is not in {chosen.told} ({chosen.name}): {told}", hint)


def _doubt(chosen: Convention) -> str:
    return (
        f"is vision.coords: {chosen.name} how this model writes boxes? Does its server shrink pictures (then lower "
        f"vision.max_image_pixels)? Else {ASK_AGAIN}use a model that is trained to give boxes"
    )


def _tell(numbers: Sequence[float]) -> str:
    return "[" + ", ".join(f"{number:g}" for number in numbers) + "]"

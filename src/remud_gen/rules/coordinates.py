"""How vision-language models write a box, and what a box they wrote means on the picture they were shown."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from remud_gen.rules.geometry import Box
from remud_gen.rules.late import compile_late

CoordsName = Literal["qwen2.5-vl", "qwen3-vl", "gemini", "fraction", "pixels"]
OVERSHOOT = 0.02  # of a side: models draw a little past the edge
# Names that leave no doubt; a fine-tuned model keeps the way of its base, but its name need not tell the base.
SURE_NAMES: tuple[tuple[re.Pattern[str], CoordsName], ...] = (
    (compile_late(r"qwen-?2[._-]?5-?vl", re.IGNORECASE), "qwen2.5-vl"),
    (compile_late(r"qwen-?3-?vl", re.IGNORECASE), "qwen3-vl"),
)


@dataclass(frozen=True, slots=True)
class Convention:
    """One way to write a box."""

    name: CoordsName
    full: float | None  # what a whole side counts as; None: its pixels
    factor: int  # sides of the picture that is sent are multiples of it
    is_y_first: bool
    told: str  # in words

    def measure_overshoot(self, values: Sequence[float], size: tuple[int, int]) -> float:
        """How far the numbers lie beyond the picture, as a share of its side; 0 for none."""
        box = self.place(values, size)
        beyond = (-box[0] / size[0], -box[1] / size[1], box[2] / size[0] - 1, box[3] / size[1] - 1)
        return max(0.0, *beyond, box[0] / size[0] - 1, box[1] / size[1] - 1)

    def place(self, values: Sequence[float], size: tuple[int, int]) -> Box:
        """The box in pixels of a picture of this size, as it was written: not clipped, not put in order."""
        a, b, c, d = values
        x0, y0, x1, y1 = (b, a, d, c) if self.is_y_first else (a, b, c, d)
        across, down = (1.0, 1.0) if self.full is None else (size[0] / self.full, size[1] / self.full)
        return (x0 * across, y0 * down, x1 * across, y1 * down)


CONVENTIONS: dict[CoordsName, Convention] = {
    one.name: one
    for one in (
        Convention("qwen2.5-vl", None, 28, False, "pixels of the picture as Qwen2.5-VL sees it"),
        Convention("qwen3-vl", 1000.0, 32, False, "0 to 1000 across and down"),
        Convention("gemini", 1000.0, 28, True, "0 to 1000, down before across"),
        Convention("fraction", 1.0, 28, False, "0 to 1 across and down"),
        Convention("pixels", None, 28, False, "pixels of the picture that is sent"),
    )
}
assert tuple(CONVENTIONS) == get_args(CoordsName)


def choose_convention(name: CoordsName | None, model: str | None) -> Convention | None:
    """The named convention, or the one that the model's name makes certain; None where neither tells."""
    if name is not None:
        return CONVENTIONS[name]
    for pattern, sure in SURE_NAMES:
        if pattern.search(model or ""):
            return CONVENTIONS[sure]
    return None


def list_others(chosen: Convention) -> list[Convention]:
    """The conventions that would read the same numbers as other boxes, one name for each reading."""
    seen = {(chosen.full, chosen.is_y_first)}
    others = []
    for one in CONVENTIONS.values():
        if (one.full, one.is_y_first) not in seen:
            seen.add((one.full, one.is_y_first))
            others.append(one)
    return others

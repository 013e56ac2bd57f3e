"""Which questions to ask for about one input: drawn from the input's id, so that every machine draws the same."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from remud_gen.config import GenerateConfig
from remud_gen.protocols import WantedItem
from remud_gen.records import Evidence, QuestionForm, QuestionType, Style

# Shares of question types; knowledge questions never carry an image.
IMAGE_TYPES: dict[QuestionType, float] = {
    "modality": 5, "plane": 8, "anatomy": 12, "finding": 20, "measurement": 10, "grading": 5, "diagnosis": 12,
    "differential": 6, "comparison": 3, "next_step": 5, "acquisition": 3, "report": 3,
}  # fmt: skip
TEXT_TYPES: dict[QuestionType, float] = {
    "knowledge": 40, "finding": 15, "acquisition": 12, "next_step": 10, "differential": 8, "diagnosis": 8,
    "measurement": 4, "grading": 3,
}  # fmt: skip
FORMS: dict[QuestionForm, float] = {"open": 55, "mcq": 25, "yesno": 12, "dialogue": 8}
# In this order of suitability the reasoning share is filled: a line of thought about a modality says little.
REASONED: tuple[QuestionType, ...] = (
    "diagnosis", "differential", "finding", "measurement", "grading", "comparison", "next_step", "acquisition",
    "knowledge", "anatomy", "plane", "modality", "report",
)  # fmt: skip
MEASURED = re.compile(
    r"\d\s*(?:mm|cm|ml|m/s|%|°|kPa|mmHg|weeks?|毫米|厘米|毫升|周|度)(?![A-Za-z])|\d\s*[x×]\s*\d", re.IGNORECASE
)
GRADED = re.compile(r"(?:TI|BI|O|LI|PI)-?\s?RADS|Graf|Bosniak|grade|graded|stage|分级|分期|分类|分度|级", re.IGNORECASE)
COMPARED = re.compile(
    r"\bleft\b.*\bright\b|\bright\b.*\bleft\b|compared?|versus|\bvs\b|左.*右|右.*左|比较|对比|对侧", re.IGNORECASE
)
KEYS: dict[QuestionForm, Mapping[str, float]] = {
    "mcq": dict.fromkeys("ABCD", 1.0),
    "yesno": {"yes": 1.0, "no": 1.0},
}
Name = TypeVar("Name", bound=str)


def choose_mix(
    identity: str, spans: Sequence[Evidence], config: GenerateConfig, *, is_visual: bool
) -> tuple[WantedItem, ...]:
    """As many wanted items as the configuration says, of types that the spans can bear."""
    draw = random.Random(f"{config.seed}/{identity}")
    count = config.items_per_pair if is_visual else config.items_per_passage
    types = _draw_types(draw, dict(IMAGE_TYPES if is_visual else TEXT_TYPES), spans, count)
    wish = count * (0.0 if config.thinking == "none" else config.reasoning_share)
    n_reasoning = int(wish) + (draw.random() < wish - int(wish))
    reasoned = set(sorted(range(count), key=lambda index: (REASONED.index(types[index]), index))[:n_reasoning])
    wanted = []
    for index, qtype in enumerate(types):
        style: Style = "reasoning" if index in reasoned else "direct"
        form: QuestionForm = "report" if qtype == "report" else _draw(draw, _allowed_forms(is_visual))
        key = _draw(draw, KEYS[form]) if form in KEYS else None
        wanted.append(WantedItem(qtype, form, style, key))
    return tuple(wanted)


def render_mix(wanted: Iterable[WantedItem]) -> str:
    """The wanted items as a model reads them, one per line."""
    lines = []
    for number, item in enumerate(wanted, start=1):
        key = f", key={item.key}" if item.key else ""
        lines.append(f"{number}. qtype={item.qtype}, form={item.form}, style={item.style}{key}")
    return "\n".join(lines)


def _draw_types(
    draw: random.Random, shares: dict[QuestionType, float], spans: Sequence[Evidence], count: int
) -> list[QuestionType]:
    text = " ".join(span.text for span in spans)
    if not MEASURED.search(text):
        shares.pop("measurement", None)
    if not GRADED.search(text):
        shares.pop("grading", None)
    if not COMPARED.search(text):
        shares.pop("comparison", None)
    types: list[QuestionType] = []
    left = dict(shares)
    for _ in range(count):
        left = left or dict(shares)  # every type once before any twice
        chosen = _draw(draw, left)
        left.pop(chosen)
        types.append(chosen)
    return types


def _allowed_forms(is_visual: bool) -> dict[QuestionForm, float]:
    return FORMS if is_visual else {form: share for form, share in FORMS.items() if form != "dialogue"}


def _draw(draw: random.Random, shares: Mapping[Name, float]) -> Name:
    at = draw.random() * sum(shares.values())
    for name, share in shares.items():
        at -= share
        if at < 0:
            return name
    return name

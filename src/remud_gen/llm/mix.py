"""Which questions to ask for about one input: drawn from the input's id, so that every machine draws the same."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar, get_args

from remud_gen.config import GenerateConfig
from remud_gen.mix_config import Difficulty, OptionCount
from remud_gen.protocols import WantedItem
from remud_gen.records import Evidence, QuestionForm, QuestionType, Style
from remud_gen.rules.late import compile_late
from remud_gen.rules.patterns import compile_pattern, search_first

# In this order of suitability the reasoning share is filled: a line of thought about a modality says little.
REASONED: tuple[QuestionType, ...] = (
    "diagnosis", "differential", "finding", "measurement", "grading", "comparison", "next_step", "acquisition",
    "knowledge", "anatomy", "plane", "modality", "report",
)  # fmt: skip
MEASURED = compile_late(
    r"\d\s*(?:mm|cm|ml|m/s|%|°|kPa|mmHg|weeks?|毫米|厘米|毫升|周|度)(?![A-Za-z])|\d\s*[x×]\s*\d", re.IGNORECASE
)
GRADED = (
    compile_pattern(
        r"(?:TI|BI|O|LI|PI)-?\s?RADS|Graf|Bosniak|grade|graded|stage|分级|分期|分类|分度|级",
        "rads|graf|bosniak|grade|stage|分|级",
        flags=re.IGNORECASE,
    ),
)
COMPARED = (
    compile_pattern(r"\bleft\b.*\bright\b|\bright\b.*\bleft\b", "left", "right", flags=re.IGNORECASE),
    compile_pattern(r"compared?|versus|\bvs\b", "compare|versus|vs", flags=re.IGNORECASE),
    compile_pattern("左.*右|右.*左", "左", "右"),
    compile_pattern("比较|对比|对侧", "比较|对比|对侧"),
)
LETTERS = "ABCDE"
OWN_PROMPTS: frozenset[QuestionForm] = frozenset(("mcq", "dialogue"))
YES_NO = {"yes": 1.0, "no": 1.0}
Name = TypeVar("Name", bound=str | int)


def choose_mix(
    identity: str, spans: Sequence[Evidence], config: GenerateConfig, *, is_visual: bool
) -> tuple[WantedItem, ...]:
    """As many wanted items as the configuration says, of types that the spans can bear; none where they bear none."""
    draw = random.Random(f"{config.seed}/{identity}")
    # What came later draws from numbers of its own, so that it changes nothing of the rest.
    extra = random.Random(f"{config.seed}/{identity}/extra")
    mix = config.mix
    types = _draw_types(
        draw,
        _order(mix.image_types if is_visual else mix.text_types, QuestionType),
        spans,
        config.items_per_pair if is_visual else config.items_per_passage,
    )
    count = len(types)
    wish = count * (0.0 if config.thinking == "none" else config.reasoning_share)
    n_reasoning = int(wish) + (draw.random() < wish - int(wish))
    reasoned = set(sorted(range(count), key=lambda index: (REASONED.index(types[index]), index))[:n_reasoning])
    forms = _allowed_forms(mix.forms, is_visual=is_visual)
    difficulties = _order(mix.difficulties, Difficulty)
    wanted = []
    for index, qtype in enumerate(types):
        style: Style = "reasoning" if index in reasoned else "direct"
        form: QuestionForm = "report" if qtype == "report" else _draw(draw, forms)
        key, n_options = None, None
        if form == "yesno":
            key = _draw(draw, YES_NO)
        elif form == "mcq":
            n_options = _draw(extra, _order(mix.option_counts, OptionCount))
            at = draw.random() * n_options
            key = LETTERS[min(int(at), n_options - 1)]
        difficulty = _draw(extra, difficulties) if difficulties else None
        wanted.append(WantedItem(qtype, form, style, key, n_options, difficulty))
    return tuple(wanted)


def split_by_form(wanted: Sequence[WantedItem]) -> list[tuple[WantedItem, ...]]:
    """The forms with a prompt of their own each by themselves, the rest together; in the order of the mix."""
    groups: dict[QuestionForm | None, list[WantedItem]] = {}
    for item in wanted:
        groups.setdefault(item.form if item.form in OWN_PROMPTS else None, []).append(item)
    return [tuple(group) for group in groups.values()]


def render_mix(wanted: Iterable[WantedItem]) -> str:
    """The wanted items as a model reads them, one per line."""
    lines = []
    for number, item in enumerate(wanted, start=1):
        words = [f"qtype={item.qtype}", f"form={item.form}", f"style={item.style}"]
        words += [f"key={item.key}"] if item.key else []
        words += [f"options={item.n_options}"] if item.n_options else []
        words += [f"difficulty={item.difficulty}"] if item.difficulty else []
        lines.append(f"{number}. {', '.join(words)}")
    return "\n".join(lines)


def _draw_types(
    draw: random.Random, shares: dict[QuestionType, float], spans: Sequence[Evidence], count: int
) -> list[QuestionType]:
    text = " ".join(span.text for span in spans)
    if not MEASURED.search(text):
        shares.pop("measurement", None)
    if search_first(GRADED, text) is None:
        shares.pop("grading", None)
    if search_first(COMPARED, text) is None:
        shares.pop("comparison", None)
    return _spread(draw, shares, count) if shares and count else []


def _spread(draw: random.Random, shares: Mapping[QuestionType, float], count: int) -> list[QuestionType]:
    """So many types that each has its share over many inputs, and comes twice here only where it is due twice."""
    names = list(shares)
    draw.shuffle(names)
    step = sum(shares.values()) / count
    at = draw.random() * step
    chosen: list[QuestionType] = []
    for name in names:
        while at < shares[name] and len(chosen) < count:
            chosen.append(name)
            at += step
        at -= shares[name]
    chosen += names[-1:] * (count - len(chosen))  # a rounding error at the very end
    draw.shuffle(chosen)
    return chosen


def _allowed_forms(shares: Mapping[QuestionForm, float], *, is_visual: bool) -> dict[QuestionForm, float]:
    """Without an image there is no report and nothing to talk about over several turns."""
    forms = _order(shares, QuestionForm)
    left = {form: share for form, share in forms.items() if is_visual or form not in ("dialogue", "report")}
    return left or {"open": 1.0}


def _order(shares: Mapping[Name, float], names: Any) -> dict[Name, float]:
    """In the order of the taxonomy: how a configuration lists its shares changes nothing."""
    return {name: shares[name] for name in get_args(names) if shares.get(name)}


def _draw(draw: random.Random, shares: Mapping[Name, float]) -> Name:
    at = draw.random() * sum(shares.values())
    for name, share in shares.items():
        at -= share
        if at < 0:
            return name
    return name

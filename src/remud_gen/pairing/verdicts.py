"""What a model's choice makes of a pair: surer, with other words, or kept on disk and left out of all that follows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

from remud_gen.pairing.confidence import FACTORS, measure_confidence
from remud_gen.pairing.rewording import CLAUSE_DOUBTS, Words, reword
from remud_gen.records import ImageTextPair, Sketch

CONFIRMED, CHOSEN, REJECTED = 0.95, 0.9, 0.0  # confidence after a check, before what doubts it leaves
SETTLED = frozenset({
    "no_caption", "caption_by_order", "caption_far", "caption_between", "caption_by_row", "caption_unlabelled",
    "caption_shared", "panel_apart", "caption_other_page", "caption_elsewhere", "text_between",
})  # fmt: skip
"""Doubts about which words are a figure's: answered by a choice. Doubts about clauses and panels are not."""
ABOUT_WORDS = SETTLED | CLAUSE_DOUBTS | {"caption_over_columns", "number_repaired", "note_pending"}
"""Doubts about words that are no longer the pair's once others are chosen."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What is a figure's, by number; None for nothing shown."""

    caption: int | None
    note: int | None = None


def find_contradiction(sketch: Sketch, choices: Mapping[int, Choice]) -> str | None:
    """Why the choices for the panels of one figure cannot all be right; None where they agree.

    Pictures are panels of one figure because their letters, or places that the words name, say so.
    """
    if len(set(choices.values())) < 2:
        return None
    told = ", ".join(f"{one.panel or one.number}: {choices[one.number].caption or 'none'}" for one in sketch.figures)
    return f"panels of one figure were given different words ({told})"


def settle(pair: ImageTextPair, choice: Choice, min_ultrasound_score: float | None) -> ImageTextPair:
    """The pair after its figure's choice.

    `min_ultrasound_score` is the score below which a picture is flagged as another kind, None where none is. What the
    rules had chosen stays readable in `sketch`.
    """
    sketch = pair.sketch
    assert sketch is not None  # asked about only with one
    if choice.caption is None:
        return _raise_flag(pair, "rejected_by_model", REJECTED)
    is_same = choice.caption in sketch.own
    if is_same and choice.note == sketch.note:
        return _raise_flag(pair, "confirmed_by_model", _confirm(pair))
    return _change(pair, sketch, choice, min_ultrasound_score, is_same=is_same)


def flag(pair: ImageTextPair, name: str) -> ImageTextPair:
    """The pair as it was, with one more flag."""
    return _raise_flag(pair, name, pair.confidence)


def _raise_flag(pair: ImageTextPair, name: str, confidence: float) -> ImageTextPair:
    return pair.model_copy(update={"flags": tuple(sorted({*pair.flags, name})), "confidence": confidence})


def _confirm(pair: ImageTextPair) -> float:
    """Without the doubts that the model has settled; never lower than before."""
    settled = prod(FACTORS.get(name, 1.0) for name in pair.flags if name in SETTLED)
    return max(pair.confidence, round(min(1.0, pair.confidence / settled) * CONFIRMED, 3))


def _change(
    pair: ImageTextPair, sketch: Sketch, choice: Choice, min_ultrasound_score: float | None, *, is_same: bool
) -> ImageTextPair:
    """The pair with the words of a choice, as sure as the doubts allow that it leaves."""
    numbered = {one.number: one for one in sketch.choices}
    caption = None if is_same or choice.caption is None else numbered[choice.caption]
    note = numbered[choice.note] if choice.note is not None else None
    flags = {*pair.flags} if is_same else {*pair.flags} - ABOUT_WORDS
    flags.add("confirmed_by_model" if is_same else "caption_chosen_by_model")
    if choice.note != sketch.note:
        flags = flags - {"note_pending"} | {"note_chosen_by_model" if note is not None else "note_rejected_by_model"}
    made = reword(pair, sketch, Words(caption, note), flags, min_ultrasound_score)
    own = [caption] if caption is not None else [one for one in sketch.choices if one.number in sketch.own]
    reading = min(one.reading_score for one in [*own, *([note] if note is not None else [])])
    level = CONFIRMED if is_same else CHOSEN
    return made.model_copy(
        update={"confidence": round(measure_confidence({*made.flags} - SETTLED, reading) * level, 3)}
    )

"""Do a judge's quotes stand where it says?"""

from __future__ import annotations

from remud_gen.llm.judging.case import describe_answer, describe_thinking, pose
from remud_gen.llm.judging.replies import Gate, ReplyGate
from remud_gen.records import Quadruplet
from remud_gen.rules.quotes import is_quoted

SIMILARITY = 90  # percent: a judge copies, but may smooth a hyphen or a full stop
ABOUT_IMAGE: frozenset[Gate] = frozenset(
    {"image_agrees", "image_needed", "single_answer", "clinically_valid", "thinking_leads"}
)
"""Gates that a visible feature may decide; of the others only words can tell."""


def stands_in(quote: str, text: str) -> bool:
    """Whether words stand in a text."""
    return bool(quote.strip()) and is_quoted(quote, text, SIMILARITY)


def holds(gate: ReplyGate, record: Quadruplet) -> bool:
    """Whether what a gate's verdict rests on is there: words in their place, or a feature where an image decides.

    What a judge says to see on an image cannot be looked up; that it names something can.
    """
    if gate.where == "image":
        return bool(record.images) and bool(gate.quote.strip()) and gate.name in ABOUT_IMAGE
    places = _list_places(record)
    if gate.where in places:
        return stands_in(gate.quote, places[gate.where])
    return False


def _list_places(record: Quadruplet) -> dict[str, str]:
    asked = "\n".join([pose(record).describe(), *(turn.question for turn in record.turns)])
    spans = {span.id.lower(): span.text for span in record.evidence}
    own = {"question": asked, "thinking": describe_thinking(record), "answer": describe_answer(record)}
    return {**spans, "options": asked, **own}

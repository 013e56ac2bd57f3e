"""Words in a line of thought that are about writing it, not about the picture: the task, the source, a hint."""

from __future__ import annotations

from remud_gen.rules.leaks import SOURCE_TEXT, TASK_TALK
from remud_gen.rules.normalise import unify
from remud_gen.rules.patterns import compile_pattern, search_first

HINT_TALK = (
    compile_pattern(
        r"(?i)\b(?:private|hidden|given|provided|expected|correct|stated|known) (?:note|hint|answer)\b"
        r"|\bthe (?:hint|note) (?:says?|states?|gives?|tells?|suggests?|is)\b|\banswer (?:key|is given|was given)\b"
        r"|\b(?:as|since) (?:the answer|we know the answer|I (?:was|am) (?:told|given))",
        "note|hint|answer|told|given",
    ),
    compile_pattern(
        r"(?:附注|提示)(?:中|里)?(?:说|写|给出|指出|表明|的答案)|(?:给定|已知|预期|标准|参考|既定)(?:的)?答案"
        r"|答案(?:已|是)(?:给出|给定|提供)",
        "附注|提示|答案",
    ),
)
TALK = (*TASK_TALK, *SOURCE_TEXT, *HINT_TALK)


def find_task_talk(text: str) -> str | None:
    """The first such words of a text, None where it has none."""
    plain = unify(text)
    return search_first(TALK, plain)

"""Why parts are to be made, told once per reason rather than once per part."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from remud_gen.rules.late import compile_late
from remud_gen.runner.parts import PartState

RECORD_INPUT = compile_late(r"input (\w+)/\S+\.jsonl (changed|is new|is gone)")
RECORD_FILE = compile_late(r"\S+?(\.errors)?\.jsonl ")
PICTURE = compile_late(r"images/\S+ ")
VERBS = {"changed": "changed", "is new": "are new", "is gone": "are gone"}


@dataclass(slots=True)
class ReasonGroup:
    """Parts of a stage that are in one state for one reason."""

    state: str
    reason: str
    keys: list[str] = field(default_factory=list)
    planned: int = 0
    done: int = 0


def group_reasons(states: Sequence[PartState]) -> list[ReasonGroup]:
    """One group per state and reason, in the order in which they first occur."""
    groups: dict[tuple[str, str], ReasonGroup] = {}
    for state in states:
        if state.state == "fresh":
            continue
        # How far each part came is added up; which of its own inputs changed is left to the JSON.
        reason = "" if state.state == "partial" else generalise_reason(state.reason)
        group = groups.setdefault((state.state, reason), ReasonGroup(state.state, reason))
        group.keys.append(state.spec.key)
        group.planned += state.spec.taken
        group.done += state.meta.counts.inputs if state.meta is not None else 0
    return list(groups.values())


def generalise_reason(reason: str) -> str:
    """The reason without names that only one part has: `input pair/x.jsonl changed` -> `inputs of pair changed`."""
    pieces = []
    for piece in reason.split(", "):
        found = RECORD_INPUT.fullmatch(piece)
        if found:
            pieces.append(f"inputs of {found[1]} {VERBS[found[2]]}")
        else:
            pieces.append(PICTURE.sub("a picture ", RECORD_FILE.sub(_name_file, piece)))
    return ", ".join(dict.fromkeys(pieces))


def _name_file(found: re.Match[str]) -> str:
    return "its error file " if found[1] else "its record file "

"""What reviewers said about a record, each for himself -> one decision; reviewers who disagree are a decision, too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from remud_gen.runner.review import FIELDS, Decision

VERDICTS = ("accept", "fix", "reject")
DASHES = ("-", "–", "—")  # in the place of the thinking: there shall be none; tools do not send an empty field


@dataclass(frozen=True, slots=True)
class Opinion:
    """What one reviewer said; who it was is not known here."""

    verdict: str | None  # of VERDICTS
    texts: Mapping[str, str] = field(default_factory=dict)  # field -> as the reviewer left it


@dataclass(frozen=True, slots=True)
class Reviewed:
    """One record as it came back."""

    id: str
    content: str  # digest of what the reviewers saw
    shown: Mapping[str, str]  # the texts that they saw
    opinions: tuple[Opinion, ...]


def decide(reviewed: Iterable[Reviewed]) -> list[Decision]:
    """One decision per record and content; whoever said nothing about it does not count."""
    gathered: dict[tuple[str, str], set[Decision]] = {}
    for one in reviewed:
        found = gathered.setdefault((one.id, one.content), set())
        found |= {decision for opinion in one.opinions if (decision := _judge(one, opinion)) is not None}
    decisions = []
    for (record_id, content), found in gathered.items():
        if len(found) > 1:
            decisions.append(Decision(id=record_id, content=content, outcome="conflict"))
        decisions += found if len(found) == 1 else ()
    return decisions


def _judge(one: Reviewed, opinion: Opinion) -> Decision | None:
    """None where a reviewer left everything as it was and gave no verdict."""
    if opinion.verdict == "reject":
        return Decision(id=one.id, content=one.content, outcome="reject")
    texts = {name: tidy(text) for name, text in opinion.texts.items() if name in FIELDS}
    if texts.get("thinking") in DASHES:
        texts["thinking"] = ""
    edits = {name: text for name, text in texts.items() if text != tidy(one.shown.get(name, ""))}
    if edits:
        return Decision(id=one.id, content=one.content, outcome="edit", **edits)
    if opinion.verdict not in VERDICTS:
        return None
    return Decision(id=one.id, content=one.content, outcome="accept" if opinion.verdict == "accept" else "fix")


def tidy(text: str) -> str:
    """A text without what an input field adds to it: other line ends, blanks around it."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()

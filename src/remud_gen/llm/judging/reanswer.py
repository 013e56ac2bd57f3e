"""Re-answer: does one who sees the image alone, or the thinking alone, come to the answer on record?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from remud_gen.judge_records import ProbeOutcome
from remud_gen.llm.judging.case import Case, pose
from remud_gen.llm.judging.desk import Desk
from remud_gen.llm.judging.probe import Examined, Finding, Probe
from remud_gen.llm.judging.replies import ReplyAnswer, ReplyConclusion
from remud_gen.records import Quadruplet, Severity
from remud_gen.rules.words import split_sentences

FEWEST_SENTENCES = 3  # of a line of thought that says something without its last one


class ReanswerProbe(Probe):
    """The question answered anew from the image, until one reply agrees with the record; none that does is a doubt
    about the pair or the answer, no proof: hard questions look the same. And the line of thought, its last sentence
    cut off, is followed to its end: where that is another answer, the record contradicts itself.
    """

    name = "reanswer"
    codes: ClassVar[Mapping[str, str]] = {
        "SELF_INCONSISTENT": "Answered anew from the image, or by its own thinking, a question gets another answer.",
    }
    severities: ClassVar[Mapping[str, Severity]] = {"SELF_INCONSISTENT": "review"}

    def fits(self, case: Case) -> bool:
        """Questions about an image, and those with a line of thought."""
        return case.is_visual or _cut(case.record) is not None

    async def examine(self, case: Case, desk: Desk) -> Examined:
        """Ask until one agrees; a reply that cannot be compared speaks for neither."""
        found: list[Finding] = []
        right, said, is_lost = await self._answer(case.record, desk) if case.is_visual else (0, [], False)
        told = "; ".join(dict.fromkeys(said))
        if is_lost:
            found.append(Finding("SELF_INCONSISTENT", "answer", f"0 of {len(said)} agree: {told}"))
        thinking = _cut(case.record)
        if thinking is not None:
            found += await self._conclude(case.record, thinking, desk)
        asked = len(said) + (thinking is not None)
        return Examined(ProbeOutcome(probe=self.name, asked=asked, right=right, told=told[:80]), tuple(found))

    async def _answer(self, record: Quadruplet, desk: Desk) -> tuple[int, list[str], bool]:
        """How many replies agree, what all of them said, and whether all said something else."""
        right = unknown = 0
        said: list[str] = []
        while not right and len(said) < self.config.repeats:
            asking = pose(record, len(said), self.config.seed)
            values = {"question": asking.describe()}
            reply = await desk.ask(ReplyAnswer, record, values, record.images, sample=len(said))
            agrees = reply.can_tell and await desk.agrees(record, asking, reply.answer, reply.answer_key)
            right += agrees is True
            unknown += agrees is None
            said.append((reply.answer or reply.answer_key or "") if reply.can_tell else "cannot tell")
        return right, said, not right and not unknown

    async def _conclude(self, record: Quadruplet, thinking: str, desk: Desk) -> list[Finding]:
        asking = pose(record)
        values = {"question": asking.describe(), "thinking": thinking}
        reply = await desk.ask(ReplyConclusion, record, values)
        if not reply.can_tell or await desk.agrees(record, asking, reply.answer, reply.answer_key) is not False:
            return []
        told = f"without its last sentence it leads to: {reply.answer or reply.answer_key}"
        return [Finding("SELF_INCONSISTENT", "thinking", told, "reject")]


def _cut(record: Quadruplet) -> str | None:
    """The thinking without its last sentence; None where too little is left."""
    sentences = split_sentences(record.thinking or "")
    return " ".join(sentences[:-1]) if len(sentences) >= FEWEST_SENTENCES else None

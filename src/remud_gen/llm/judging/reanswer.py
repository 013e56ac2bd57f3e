"""Re-answer: does one who sees the image and the question alone come to the answer on record?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from remud_gen.judge_records import ProbeOutcome
from remud_gen.llm.judging.case import Case, pose
from remud_gen.llm.judging.desk import Desk
from remud_gen.llm.judging.probe import Examined, Finding, Probe
from remud_gen.llm.judging.replies import ReplyAnswer
from remud_gen.records import Severity


class ReanswerProbe(Probe):
    """The question answered anew from the image, until one reply agrees with the record; none that does is a doubt
    about the pair or the answer, no proof: hard questions look the same.
    """

    name = "reanswer"
    codes: ClassVar[Mapping[str, str]] = {
        "SELF_INCONSISTENT": "Answered anew from the image, several times, the question never gets its answer.",
    }
    severities: ClassVar[Mapping[str, Severity]] = {"SELF_INCONSISTENT": "review"}

    def fits(self, case: Case) -> bool:
        """Questions about an image."""
        return case.is_visual

    async def examine(self, case: Case, desk: Desk) -> Examined:
        """Ask until one agrees; a reply that cannot be compared speaks for neither."""
        record = case.record
        right = asked = unknown = 0
        said: list[str] = []
        while not right and asked < self.config.repeats:
            asking = pose(record, asked, self.config.seed)
            values = {"question": asking.describe()}
            reply = await desk.ask(ReplyAnswer, record, values, record.images, sample=asked)
            asked += 1
            agrees = reply.can_tell and await desk.agrees(record, asking, reply.answer, reply.answer_key)
            right += agrees is True
            unknown += agrees is None
            said.append((reply.answer or reply.answer_key or "") if reply.can_tell else "cannot tell")
        told = "; ".join(dict.fromkeys(said))
        is_found = not right and not unknown
        found = [Finding("SELF_INCONSISTENT", "answer", f"0 of {asked} agree: {told}")] if is_found else []
        return Examined(ProbeOutcome(probe=self.name, asked=asked, right=right, told=told[:80]), tuple(found))

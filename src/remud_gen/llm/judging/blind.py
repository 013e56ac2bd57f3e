"""Image-blind: is the question answered rightly by one who has not seen the image?"""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from typing import ClassVar

from remud_gen.judge_records import ProbeOutcome
from remud_gen.llm.judging.case import Case, pose
from remud_gen.llm.judging.desk import Desk
from remud_gen.llm.judging.probe import Examined, Finding, Probe
from remud_gen.llm.judging.replies import ReplyBlind
from remud_gen.records import Severity

KEYED = ("mcq", "yesno")
OPEN_SHARE = 2 / 3  # of the replies to an open question; of others all must be right, as some are by chance


class BlindProbe(Probe):
    """The question without its image: right in every reply (an open one in two of three), it needs no image."""

    name = "blind"
    codes: ClassVar[Mapping[str, str]] = {
        "BLIND_ANSWERABLE": "A model that was not shown the image answers rightly each time: the question needs none.",
    }
    severities: ClassVar[Mapping[str, Severity]] = {"BLIND_ANSWERABLE": "review"}

    def fits(self, case: Case) -> bool:
        """Questions about an image."""
        return case.is_visual

    async def examine(self, case: Case, desk: Desk) -> Examined:
        """Ask until the outcome is certain: mostly one reply that says `cannot tell`."""
        record, repeats = case.record, self.config.repeats
        needed = repeats if record.form in KEYED else ceil(repeats * OPEN_SHARE)
        right = asked = 0
        bases: list[str] = []
        told = ""
        while right < needed <= right + repeats - asked:
            asking = pose(record, asked, self.config.seed)
            values = {"question": asking.describe()}
            reply = await desk.ask(ReplyBlind, record, values, sample=asked)
            asked += 1
            is_right = reply.can_tell and await desk.agrees(record, asking, reply.answer, reply.answer_key) is True
            right += is_right
            told = (reply.answer or reply.answer_key or "") if reply.can_tell else "cannot tell"
            bases += [reply.basis] if is_right and reply.basis else []
        is_found = right >= needed and not await self._fits_others(case, desk, told)
        found = [Finding("BLIND_ANSWERABLE", "question", _tell(right, asked, bases, told))] if is_found else []
        return Examined(ProbeOutcome(probe=self.name, asked=asked, right=right, told=told[:80]), tuple(found))

    async def _fits_others(self, case: Case, desk: Desk, told: str) -> bool:
        """Whether an open answer is so general that it is right of another image as well: then it is no proof."""
        if case.record.form in KEYED or case.partner is None or not told:
            return False
        return await desk.is_same(case.record, case.partner.answer, told) is True


def _tell(right: int, asked: int, bases: list[str], told: str) -> str:
    basis = f" by {bases[0]}" if bases else ""
    return f"{right} of {asked} right without the image{basis}: {told}"

"""Swapped image: is the answer still the same where another image of the document stands in?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from remud_gen.judge_records import ProbeOutcome
from remud_gen.llm.judging.case import Case, pose
from remud_gen.llm.judging.desk import Desk
from remud_gen.llm.judging.probe import Examined, Finding, Probe
from remud_gen.llm.judging.replies import ReplyAnswer
from remud_gen.records import Severity

SHARED = frozenset({"modality", "plane", "acquisition", "knowledge"})  # other images may truly have the same answer


class SwappedImageProbe(Probe):
    """The same question with another image of the document, of another region of the body where the words tell: it
    should not be answerable, or have another answer.
    """

    name = "swapped_image"
    codes: ClassVar[Mapping[str, str]] = {
        "IMAGE_IGNORED": "Shown another image in its place, a model gives the same answer: the image does not matter.",
    }
    severities: ClassVar[Mapping[str, Severity]] = {"IMAGE_IGNORED": "review"}

    def fits(self, case: Case) -> bool:
        """Questions about an image, but for those to which the true answer of another is often the same: of two
        images each has a yes or a no.
        """
        is_telling = case.record.qtype not in SHARED and case.record.form != "yesno"
        return case.is_visual and bool(case.other_images) and is_telling

    async def examine(self, case: Case, desk: Desk) -> Examined:
        """Ask once."""
        record, asking = case.record, pose(case.record)
        values = {"question": asking.describe()}
        reply = await desk.ask(ReplyAnswer, record, values, case.other_images)
        is_same = reply.can_tell and await desk.agrees(record, asking, reply.answer, reply.answer_key) is True
        told = (reply.answer or reply.answer_key or "") if reply.can_tell else "cannot tell"
        found = [Finding("IMAGE_IGNORED", "question", f"said of another image: {told}")] if is_same else []
        return Examined(ProbeOutcome(probe=self.name, asked=1, right=int(is_same), told=told[:80]), tuple(found))

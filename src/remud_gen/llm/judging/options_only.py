"""Options only: does the right option give itself away, without the question and without the image?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from remud_gen.judge_records import ProbeOutcome
from remud_gen.llm.judging.case import Case, list_options, pose
from remud_gen.llm.judging.desk import Desk
from remud_gen.llm.judging.probe import Examined, Finding, Probe
from remud_gen.llm.judging.replies import ReplyGuess
from remud_gen.records import Severity


class OptionsOnlyProbe(Probe):
    """The options without question and image. One right guess in four is chance, so that a single record gets a note;
    the whole run gets an alarm where more is right than chance allows.
    """

    name = "options_only"
    codes: ClassVar[Mapping[str, str]] = {
        "OPTIONS_ONLY": "Shown the options alone, in any order, a model picks the right one: their wording tells.",
    }
    severities: ClassVar[Mapping[str, Severity]] = {"OPTIONS_ONLY": "info"}

    def fits(self, case: Case) -> bool:
        """Multiple choice with a known key."""
        record = case.record
        return record.form == "mcq" and len(record.options) > 1 and record.answer_key is not None

    async def examine(self, case: Case, desk: Desk) -> Examined:
        """Ask with the options in other orders, until one reply is not right."""
        record, repeats = case.record, self.config.repeats
        right = asked = 0
        told = ""
        while right == asked < repeats:
            asking = pose(record, asked, self.config.seed)
            values = {"options": "\n".join(list_options(asking.options))}
            reply = await desk.ask(ReplyGuess, record, values, sample=asked)
            asked += 1
            right += reply.can_tell and reply.answer_key is not None and reply.answer_key == asking.key
            told = (reply.reason or "") if reply.can_tell else "cannot tell"
        outcome = ProbeOutcome(
            probe=self.name, asked=asked, right=right, chance=round(1 / len(record.options), 4), told=told[:80]
        )
        is_found = right == repeats
        found = [Finding("OPTIONS_ONLY", "options", f"{right} of {asked} right: {told}")] if is_found else []
        return Examined(outcome, tuple(found))

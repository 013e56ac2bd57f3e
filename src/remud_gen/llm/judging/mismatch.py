"""Image and text: can the words that are printed with an image describe it?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from remud_gen.judge_records import ProbeOutcome
from remud_gen.llm.judging.case import Case
from remud_gen.llm.judging.desk import Desk
from remud_gen.llm.judging.probe import FALSE_QUOTE, Examined, Finding, Probe
from remud_gen.llm.judging.quoting import stands_in
from remud_gen.llm.judging.replies import ReplyMatch
from remud_gen.records import Severity


class MismatchProbe(Probe):
    """The image and its printed words, nothing else; records of one image share the question."""

    name = "mismatch"
    codes: ClassVar[Mapping[str, str]] = {
        "IMAGE_TEXT_MISMATCH": "The image plainly shows something else than the words that are printed with it say.",
    }
    severities: ClassVar[Mapping[str, Severity]] = {"IMAGE_TEXT_MISMATCH": "reject"}
    catching = frozenset(codes)

    def fits(self, case: Case) -> bool:
        """Questions about an image that has a caption, a title or a note."""
        return case.is_visual and bool(case.words)

    async def examine(self, case: Case, desk: Desk) -> Examined:
        """Ask once; a contradiction must quote the words it is about."""
        record = case.record
        words = "\n".join(span.text for span in case.words)
        reply = await desk.ask(ReplyMatch, record, {"words": words}, record.images)
        holding = [one for one in reply.contradict if stands_in(one.quote, words) and one.seen]
        false = [one for one in (*reply.agree, *reply.contradict) if not stands_in(one.quote, words)]
        found = [Finding(FALSE_QUOTE, "evidence", f"mismatch: “{one.quote}”") for one in false[:1]]
        if reply.verdict == "contradicts" and holding:
            told = "; ".join(f"“{one.quote}”: {one.seen}" for one in holding)
            found.insert(0, Finding("IMAGE_TEXT_MISMATCH", "images", told))
        outcome = ProbeOutcome(
            probe=self.name,
            asked=1,
            right=int(reply.verdict == "fits"),
            n_false_quotes=len(false),
            told=reply.verdict,
        )
        return Examined(outcome, tuple(found))

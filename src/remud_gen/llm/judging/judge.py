"""The judge: gates first, each with the words it rests on, then scores."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from remud_gen.judge_records import ProbeOutcome
from remud_gen.llm.judging.case import Case, describe_answer, describe_thinking, pose
from remud_gen.llm.judging.desk import Desk
from remud_gen.llm.judging.probe import FALSE_QUOTE, Examined, Finding, Probe
from remud_gen.llm.judging.quoting import holds
from remud_gen.llm.judging.replies import Gate, ReplyGate, ReplyJudgement
from remud_gen.llm.spans import render_spans
from remud_gen.records import Language, Severity

CODES: Mapping[Gate, tuple[str, str]] = {
    "self_contained": ("JUDGE_AMBIGUOUS", "question"),
    "supported": ("JUDGE_UNFAITHFUL", "answer"),
    "image_agrees": ("JUDGE_UNFAITHFUL", "images"),
    "image_needed": ("JUDGE_IMAGE_NOT_NEEDED", "question"),
    "single_answer": ("JUDGE_AMBIGUOUS", "answer"),
    "clinically_valid": ("JUDGE_CLINICAL", "answer"),
    "no_leak": ("JUDGE_LEAK", "question"),
    "thinking_leads": ("JUDGE_THINKING", "thinking"),
}
NONE: dict[Language, str] = {"en": "(none)", "zh": "（无）"}


class JudgeProbe(Probe):
    """Eight gates, each answered yes or no with a quote that is looked up, then scores from 1 to 5.

    A failed gate counts only where its quote stands where the judge says, or names a feature of the image.
    """

    name = "judge"
    codes: ClassVar[Mapping[str, str]] = {
        "JUDGE_UNFAITHFUL": "The judge finds a fact of the answer in no source, or not on the image.",
        "JUDGE_CLINICAL": "The judge finds an answer that no specialist would sign.",
        "JUDGE_AMBIGUOUS": "The judge finds a question that is not understood by itself, or has more than one answer.",
        "JUDGE_LEAK": "The judge finds that the question gives its answer away, or that a field talks about the task.",
        "JUDGE_THINKING": "The judge finds a line of thought that does not lead to the answer.",
        "JUDGE_IMAGE_NOT_NEEDED": "The judge finds that the question is settled without the image.",
        "JUDGE_WEAK": "The judge passes every gate and scores usefulness and depth low.",
        "JUDGE_UNSURE": "The judge cannot decide a gate.",
    }
    severities: ClassVar[Mapping[str, Severity]] = {
        **dict.fromkeys(codes, "reject"),
        "JUDGE_IMAGE_NOT_NEEDED": "review",
        "JUDGE_WEAK": "review",
        "JUDGE_UNSURE": "info",
    }
    catching = frozenset({"JUDGE_UNFAITHFUL", "JUDGE_CLINICAL", "JUDGE_AMBIGUOUS", "JUDGE_LEAK", "JUDGE_THINKING"})

    def fits(self, case: Case) -> bool:
        """Every record, with an image or without."""
        return True

    async def examine(self, case: Case, desk: Desk) -> Examined:
        """Ask once, look the quotes up, and take what holds."""
        record = case.record
        values = {
            "answer": describe_answer(record),
            "question": pose(record).describe(),
            "spans": render_spans(record.evidence) or NONE[record.language],
            "thinking": describe_thinking(record) or NONE[record.language],
        }
        reply = await desk.ask(ReplyJudgement, record, values, record.images)
        found: list[Finding] = []
        n_false = 0
        for gate in reply.gates:
            is_held = holds(gate, record)
            is_claimed = gate.verdict == "fail" or (gate.where != "none" and bool(gate.quote))
            n_false += is_claimed and not is_held
            if gate.verdict == "fail" and is_held:
                found.append(Finding(*CODES[gate.name], _tell(gate)))
            elif gate.verdict == "fail":
                found.append(Finding(FALSE_QUOTE, CODES[gate.name][1], _tell(gate)))
            elif gate.verdict == "unsure":
                found.append(Finding("JUDGE_UNSURE", CODES[gate.name][1], _tell(gate)))
        found += self._weigh_scores(reply)
        failed = [gate.name for gate in reply.gates if gate.verdict == "fail"]
        outcome = ProbeOutcome(
            probe=self.name,
            asked=1,
            right=int(not failed),
            n_false_quotes=n_false,
            told=f"failed: {', '.join(failed)}" if failed else _tell_scores(reply),
        )
        return Examined(outcome, tuple(found))

    def _weigh_scores(self, reply: ReplyJudgement) -> list[Finding]:
        """Scores stand behind gates: where one failed, or a score is missing, they say nothing."""
        scores = reply.scores
        if scores is None or scores.usefulness is None or scores.depth is None:
            return []
        is_passed = all(gate.verdict != "fail" for gate in reply.gates)
        is_weak = (scores.usefulness + scores.depth) / 2 < self.config.weak_below
        return [Finding("JUDGE_WEAK", "question", _tell_scores(reply))] if is_passed and is_weak else []


def _tell(gate: ReplyGate) -> str:
    reason = f": {gate.reason}" if gate.reason else ""
    return f"{gate.name}: “{gate.quote}” ({gate.where}){reason}"


def _tell_scores(reply: ReplyJudgement) -> str:
    scores = reply.scores
    if scores is None or scores.usefulness is None or scores.depth is None:
        return "passed, no scores"
    return f"usefulness {scores.usefulness:g}, depth {scores.depth:g}"

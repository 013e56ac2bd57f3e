"""A question solved anew by one who sees the image and the question alone, as often as wanted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from remud_gen.errors import RecordError
from remud_gen.llm.conclusions import judge_conclusion
from remud_gen.llm.plain_reply import Plain, read_as
from remud_gen.llm.problems import Problem
from remud_gen.llm.reply import Lenient, OptionalKey, OptionalText, Text
from remud_gen.llm.structured import HINTS, UnreadableReply, ask_and_read, choose_text
from remud_gen.llm.together import ask_all
from remud_gen.prompts import Prompt
from remud_gen.protocols import Asker, ModelReply, ModelRequest
from remud_gen.records import Trace
from remud_gen.rules.task_talk import find_task_talk
from remud_gen.rules.words import split_sentences

NO_THINKING = (
    "NO_THINKING",
    "the reply holds no thinking",
    "--retry-errors asks again; if it stays so, use a stronger model",
)


class ReplySolution(Lenient):
    """A line of thought, then what it came to."""

    thinking: OptionalText = None
    answer: Text = ""
    answer_key: OptionalKey = None


_read_object = read_as(ReplySolution)


@dataclass(frozen=True, slots=True)
class Solved:
    """All traces of one question; the first is the best."""

    traces: tuple[Trace, ...]
    reply: ModelReply  # that of the best

    @property
    def best(self) -> Trace:
        """The trace that is kept as the record's thinking."""
        return self.traces[0]

    @property
    def agreement(self) -> float:
        """Share of the traces that came to the answer on record."""
        return round(sum(trace.agrees is True for trace in self.traces) / len(self.traces), 4)


def read_solution(reply: ModelReply) -> Plain[ReplySolution]:
    """The solution of a reply; a model with a trace of its own may answer in plain words."""
    try:
        plain = _read_object(reply)
    except UnreadableReply:
        text, _ = choose_text(reply)
        if not reply.reasoning or text == reply.reasoning:
            raise
        return Plain(ReplySolution(thinking=reply.reasoning, answer=text), ("prose",))
    if plain.value.thinking is None and reply.reasoning and reply.text.strip():
        return Plain(plain.value.model_copy(update={"thinking": reply.reasoning}), plain.steps)
    if plain.value.thinking is None:
        raise UnreadableReply("NO_ITEMS", "`thinking` is empty", HINTS["NO_ITEMS"])
    return plain


async def solve(asker: Asker, requests: Sequence[ModelRequest], reask: Prompt, problem: Problem) -> Solved:
    """A trace for each request, all asked at once.

    Raises:
        RecordError: of the first that came to nothing; a retry pays for those alone that have no good reply.
    """

    async def one(request: ModelRequest) -> tuple[Trace, ModelReply]:
        reply, plain, replies = await ask_and_read(asker, request, reask, read_solution)
        solution = plain.value
        if not solution.thinking:
            raise RecordError(*NO_THINKING, replies)
        conclusion = solution.answer or split_sentences(solution.thinking)[-1]
        trace = Trace(
            thinking=solution.thinking,
            conclusion=conclusion,
            agrees=judge_conclusion(problem, conclusion, solution.answer_key),
            request_sha256=reply.request_sha256,
        )
        return trace, reply

    made = await ask_all(one(request) for request in requests)
    # The sort is stable: among equals the first asked is kept.
    made.sort(key=lambda each: _rank(each[0]))
    return Solved(tuple(trace for trace, _ in made), made[0][1])


def _rank(trace: Trace) -> tuple[int, bool]:
    return {True: 0, None: 1, False: 2}[trace.agrees], find_task_talk(trace.thinking) is not None

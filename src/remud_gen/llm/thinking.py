"""Where the thinking of a record comes from: the reply's field, the model's own trace, or a second call that solves.

Whatever the source, talk about the task is rewritten once. A trace that cannot be kept costs its question the thinking,
not the question: the record is then a direct one, and the reason is counted by its code.
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from dataclasses import replace

from remud_gen.config import GenerateConfig
from remud_gen.llm.build import Thought
from remud_gen.llm.problems import Problem
from remud_gen.llm.requests import RequestBuilder
from remud_gen.llm.rewrite import explain_bad_rewrite, rewrite
from remud_gen.llm.solve import Solved, solve
from remud_gen.llm.together import ask_all
from remud_gen.protocols import Asker, ModelReply, ModelRequest
from remud_gen.records import Generation, Step
from remud_gen.rules.task_talk import find_task_talk

TEMPLATED_CLIENTS = {"extractive"}  # their thinking is a fixed form, no thought of a model
TALK_CODE, CONTRADICTION_CODE = "THINK_META", "SELF_INCONSISTENT"


class Thinker:
    """Finds the thinking for questions as the configuration says."""

    def __init__(self, options: GenerateConfig, builder: RequestBuilder) -> None:
        self._options, self._builder = options, builder

    async def think(
        self, asker: Asker, problems: Sequence[Problem], written: Sequence[str | None], reply: ModelReply, style: str
    ) -> Thought:
        """The thinking of a question and its later turns; `written` is what stands in the reply's fields.

        Raises:
            RecordError: where a call for it comes to nothing.
        """
        wish = self._options.thinking
        nothing = Thought((None,) * len(problems))
        if wish == "none" or (style == "direct" and wish != "field"):
            return nothing
        if wish == "solve":
            thought, _ = await self._solve(asker, problems)
        elif wish == "native" and reply.reasoning and reply.text:
            thought = replace(nothing, turns=(reply.reasoning, *written[1:]), source="native")
        elif written[0] is None:
            return nothing
        elif reply.client in TEMPLATED_CLIENTS:
            return replace(nothing, turns=tuple(written), source="templated")
        else:
            thought = replace(nothing, turns=tuple(written), source="field")
        return thought if thought.code else await self._mend(asker, problems, thought)

    async def solve(self, asker: Asker, problem: Problem) -> tuple[Thought, Generation]:
        """The thinking of a question whose answer no model wrote, and the calls that made it.

        Raises:
            RecordError: where a call for it comes to nothing.
        """
        thought, reply = await self._solve(asker, [problem])
        thought = thought if thought.code else await self._mend(asker, [problem], thought)
        first, *rest = thought.steps
        generation = Generation(
            client=reply.client,
            model=reply.model,
            finish_reason=reply.finish_reason,
            input_tokens=reply.input_tokens,
            output_tokens=reply.output_tokens,
            cost_usd=reply.cost_usd,
            **first.model_dump(),
        )
        return replace(thought, steps=tuple(rest)), generation

    async def _mend(self, asker: Asker, problems: Sequence[Problem], thought: Thought) -> Thought:
        """The thought with talk about the task rewritten, or without any thinking."""
        turns, steps = list(thought.turns), list(thought.steps)
        for number, (problem, text) in enumerate(zip(problems, thought.turns, strict=True)):
            talk = find_task_talk(text) if text is not None else None
            if text is None or talk is None:
                continue
            if not self._options.rewrites_task_talk:
                return thought.fail(TALK_CODE, f"the thinking talks about its task: “{talk}”")
            request = self._builder.build_rewrite(problem, text)
            turns[number], step = await rewrite(asker, request, self._builder.find_reask(problem.item))
            steps.append(step)
            fault = explain_bad_rewrite(problem, text, turns[number])
            if fault is not None:
                return replace(thought, steps=tuple(steps)).fail(TALK_CODE, f"“{talk}”: {fault}")
        if len(steps) == len(thought.steps):
            return thought
        return replace(thought, turns=tuple(turns), steps=tuple(steps), source="rewrite")

    async def _solve(self, asker: Asker, problems: Sequence[Problem]) -> tuple[Thought, ModelReply]:
        """Several traces of the question itself, one of each later turn."""
        is_hinted = self._options.thinking_hint

        def ask(turn: int, problem: Problem) -> tuple[Awaitable[Solved], ModelRequest]:
            n_samples = self._options.samples if turn == 0 else 1
            requests = [self._builder.build_solve(problem, n, is_hinted=is_hinted) for n in range(n_samples)]
            return solve(asker, requests, self._builder.find_reask(problem.item), problem), requests[0]

        asked = [ask(turn, problem) for turn, problem in enumerate(problems)]
        solutions = await ask_all(call for call, _ in asked)
        steps = [
            Step(
                prompt=request.prompt,
                prompt_sha256=request.prompt_sha256,
                request_sha256=solved.best.request_sha256,
            )
            for (_, request), solved in zip(asked, solutions, strict=True)
        ]
        first = solutions[0]
        thought = Thought(
            turns=tuple(solved.best.thinking for solved in solutions),
            source="solve",
            is_hinted=is_hinted,
            agreement=first.agreement,
            traces=first.traces[1:],
            steps=tuple(steps),
        )
        for problem, solved in zip(problems, solutions, strict=True):
            if solved.best.agrees is False:
                told = f"the answer is “{problem.answer[:80]}”, solved anew it is “{solved.best.conclusion[:80]}”"
                return replace(thought, traces=first.traces).fail(CONTRADICTION_CODE, told), first.reply
        return thought, first.reply

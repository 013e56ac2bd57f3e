"""A line of thought that talks about its task, said again without; what the second version adds is not believed."""

from __future__ import annotations

from remud_gen.llm.plain_reply import read_as
from remud_gen.llm.problems import Problem
from remud_gen.llm.reply import Lenient, OptionalText
from remud_gen.llm.structured import ask_and_read
from remud_gen.prompts import Prompt
from remud_gen.protocols import Asker, ModelRequest
from remud_gen.records import Step
from remud_gen.rules.numbers import is_supported, read_quantities, read_sources
from remud_gen.rules.opposites import find_swap
from remud_gen.rules.task_talk import find_task_talk


class ReplyTrace(Lenient):
    """A line of thought, or nothing where none was left."""

    thinking: OptionalText = None


async def rewrite(asker: Asker, request: ModelRequest, reask: Prompt) -> tuple[str | None, Step]:
    """The new version and the call that made it.

    Raises:
        RecordError: as `ask_and_read` does.
    """
    reply, plain, _ = await ask_and_read(asker, request, reask, read_as(ReplyTrace))
    step = Step(prompt=request.prompt, prompt_sha256=request.prompt_sha256, request_sha256=reply.request_sha256)
    return plain.value.thinking, step


def explain_bad_rewrite(problem: Problem, before: str, after: str | None) -> str | None:
    """Why a new version cannot stand for the old one; None where it can."""
    if after is None:
        return "nothing is left of it without that talk"
    talk = find_task_talk(after)
    if talk is not None:
        return f"rewritten, it still says “{talk}”"
    known = [*read_sources(before), *read_sources(problem.describe()), *read_sources(problem.answer)]
    added = [quantity.text for quantity in read_quantities(after) if not is_supported(quantity, known)]
    if added:
        return f"rewritten, it has a number that did not stand there: {added[0]}"
    swap = find_swap(after, before, min_context=2)
    return f"rewritten, it says the opposite: {swap}" if swap else None

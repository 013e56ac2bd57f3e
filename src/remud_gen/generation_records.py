"""How a quadruplet came to be: the calls that made it, and the lines of thought that were not chosen."""

from __future__ import annotations

from typing import Literal

from remud_gen.record_base import Record

ThinkingSource = Literal["field", "solve", "native", "rewrite", "templated", "none"]


class Step(Record):
    """A further call that had a part in a record: facts, solve, rewrite."""

    prompt: str  # name@version of the prompt file
    prompt_sha256: str
    request_sha256: str


class Trace(Record):
    """One more line of thought about the same question, with what it came to."""

    thinking: str
    conclusion: str
    agrees: bool | None = None  # with the record's answer; None where that cannot be told
    request_sha256: str


class Generation(Record):
    """How a quadruplet came to be."""

    client: str
    model: str
    prompt: str  # name@version of the prompt file
    prompt_sha256: str
    request_sha256: str
    examples: tuple[str, ...] = ()  # name.language@version of the examples that were shown
    examples_sha256: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()  # further calls, in the order in which they were made
    thinking_source: ThinkingSource = "none"
    is_hinted: bool = False  # the thinking was written by one who knew the answer
    finish_reason: str | None = None
    repair_steps: tuple[str, ...] = ()
    input_tokens: int | None = None  # of the whole call that this record shares with its siblings
    output_tokens: int | None = None
    cost_usd: float | None = None  # None = unknown, never 0 for unknown

"""The optional first call: facts with their quotes out of the spans, before any question is written.

A fact whose quote does not stand in its span is dropped here: what questions rest on has been found in the source.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from remud_gen.llm.plain_reply import read_as
from remud_gen.llm.reply import Lenient, Many, OptionalText, ReplyClaim, ReplyQuote, RequiredText
from remud_gen.llm.structured import ask_and_read
from remud_gen.prompts import Prompt
from remud_gen.protocols import Asker, ModelRequest
from remud_gen.records import ClaimKind, Evidence, Language, Step
from remud_gen.rules.quotes import THRESHOLDS, is_quoted

Visible = Literal["yes", "no", "unsure"]
HEADS: dict[Language, str] = {
    "en": "Facts, each with the words it rests on:",
    "zh": "事实清单（附依据）：",
}
UNSEEN: dict[Language, str] = {"en": "not to be seen", "zh": "图上不可见"}


def _read_visible(value: object) -> object:
    text = str(value).strip().lower()
    return text if text in ("yes", "no") else {"true": "yes", "false": "no"}.get(text, "unsure")


class ReplyFact(Lenient):
    """One statement with the words it rests on."""

    kind: Annotated[ClaimKind, *ReplyClaim.model_fields["kind"].metadata]
    text: RequiredText
    span_id: Annotated[str, *ReplyQuote.model_fields["span_id"].metadata]
    quote: RequiredText
    visible: Annotated[Visible, BeforeValidator(_read_visible)] = "unsure"


class ReplyFacts(Lenient):
    """The whole reply."""

    unusable_reason: OptionalText = None
    facts: Many[ReplyFact] = Field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts that were found in their spans; `n_dropped` were not."""

    facts: tuple[ReplyFact, ...]
    n_dropped: int
    unusable_reason: str | None
    step: Step

    def narrow(self, spans: Sequence[Evidence]) -> tuple[Evidence, ...]:
        """The spans that bear a fact."""
        named = {fact.span_id for fact in self.facts}
        return tuple(span for span in spans if span.id in named)


async def ask_for_facts(asker: Asker, request: ModelRequest, reask: Prompt, spans: Sequence[Evidence]) -> Facts:
    """Ask, read, and keep what stands in its span.

    Raises:
        RecordError: as `ask_and_read` does.
    """
    reply, plain, _ = await ask_and_read(asker, request, reask, read_as(ReplyFacts, "facts"))
    found = plain.value
    known = {span.id: span for span in spans}
    kept = tuple(fact for fact in found.facts if fact.span_id in known and _stands(fact, known[fact.span_id]))
    step = Step(prompt=request.prompt, prompt_sha256=request.prompt_sha256, request_sha256=reply.request_sha256)
    return Facts(kept, len(found.facts) - len(kept), found.unusable_reason, step)


def render_facts(facts: Iterable[ReplyFact], language: Language) -> str:
    """The facts as a model reads them below the spans, one per line."""
    lines = [
        f"- {fact.kind}{f' ({UNSEEN[language]})' if fact.visible == 'no' else ''}: {fact.text} "
        f"({fact.span_id}: “{fact.quote}”)"
        for fact in facts
    ]
    return "\n".join(["", HEADS[language], "", *lines, ""])


def _stands(fact: ReplyFact, span: Evidence) -> bool:
    language: Language = "en" if fact.quote.isascii() else "zh"
    threshold = THRESHOLDS["ocr" if span.origin == "ocr" or span.kind == "burned_in" else "layer", language]
    return is_quoted(fact.quote, span.text, threshold)

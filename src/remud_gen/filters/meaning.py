"""Side, negation and opposites: the few characters that turn a true statement into a false one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import ClassVar

from pydantic import Field

from remud_gen.filters.evidence import PICTURE_KINDS
from remud_gen.filters.rule import Finding, RuleFilter, RuleOptions, reject_all
from remud_gen.records import Claim, Quadruplet, Severity
from remud_gen.rules.late import compile_late
from remud_gen.rules.opposites import find_swap, list_sides
from remud_gen.rules.polarity import find_flip, is_denial_unfounded
from remud_gen.rules.words import list_content_words, measure_cover

# Not `No flow is seen`: a bare `no` belongs to what follows.
_LEAD = compile_late(r"^\s*(?:no|yes|否|是的?|不是|对|不对|有|没有)\s*[.,。,::;、!]\s*", re.IGNORECASE)


class MeaningOptions(RuleOptions):
    """When two texts are about the same thing."""

    min_cover: float = Field(0.30, ge=0, le=1)
    """Share of a claim's words in its sources below which negations are not compared."""


class MeaningFilter(RuleFilter[MeaningOptions]):
    """Do claims and answers say what their sources say."""

    name = "meaning"
    options_class = MeaningOptions
    codes: ClassVar[Mapping[str, str]] = {
        "LATERALITY_CONFLICT": "A claim or answer names the other side than its source.",
        "POLARITY_CONFLICT": "A claim or answer denies what its source affirms or the reverse; opposites are reviewed.",
    }
    severities: ClassVar[Mapping[str, Severity]] = reject_all(codes)

    def find(self, record: Quadruplet) -> Iterator[Finding]:
        """Compare claims with their quotes and spans, answers with everything given."""
        spans = {span.id: span.text for span in record.evidence}
        for claim in record.claims:
            if claim.evidence:
                quotes = "\n".join(quote.quote for quote in claim.evidence)
                cited = "\n".join(dict.fromkeys(spans.get(quote.span_id, "") for quote in claim.evidence))
                yield from self._check_claim(record, claim, quotes, cited)
        answers = [("answer", record.answer)]
        answers += [(f"turns.{index}.answer", turn.answer) for index, turn in enumerate(record.turns)]
        given = "\n".join(span.text for span in record.evidence)
        for name, answer in answers:
            yield from self._check_answer(record, name, answer, given)

    def _check_claim(self, record: Quadruplet, claim: Claim, quotes: str, cited: str) -> Iterator[Finding]:
        field = f"claims.{claim.id}"
        side = find_swap(claim.text, quotes, sides_only=True) or _find_lone_side(claim.text, quotes, record.question)
        if not side and claim.kind in PICTURE_KINDS:
            side = _find_lone_side(claim.text, cited, record.question)
        if side:
            yield Finding("LATERALITY_CONFLICT", field, f"{claim.text}: {side}")
        if (
            claim.kind not in PICTURE_KINDS
            and measure_cover(claim.text, list_content_words(quotes)) < self.options.min_cover
        ):
            return
        body = _LEAD.sub("", claim.text)
        flip = find_flip(body, quotes)
        if not flip and measure_cover(claim.text, list_content_words(cited)) >= self.options.min_cover:
            flip = "denied without basis" if is_denial_unfounded(body, quotes) else None
        if flip:
            yield Finding("POLARITY_CONFLICT", field, f"{claim.text}: {flip}")
            return
        swap = find_swap(claim.text, quotes, counts_lone=True)
        if swap and not side:
            yield Finding("POLARITY_CONFLICT", field, f"{claim.text}: {swap}", "review")

    def _check_answer(self, record: Quadruplet, name: str, answer: str, given: str) -> Iterator[Finding]:
        if record.kind == "vqa" or record.claims:
            side = find_swap(answer, given, sides_only=True)
            if not side and record.kind == "vqa":
                side = _find_lone_side(answer, given, record.question)
            if side:
                yield Finding("LATERALITY_CONFLICT", name, side)
        if record.form == "mcq" or not record.claims:
            return
        claimed = "\n".join(
            part for claim in record.claims for part in (claim.text, *(q.quote for q in claim.evidence))
        )
        body = _LEAD.sub("", answer)
        flip = find_flip(body, claimed)
        if not flip and is_denial_unfounded(body, f"{claimed}\n{record.question}"):
            flip = "denied without basis"
        if flip:
            yield Finding("POLARITY_CONFLICT", name, flip)
            return
        swap = find_swap(body, f"{claimed}\n{given}", min_context=2)
        if swap and not find_swap(body, f"{claimed}\n{given}", sides_only=True):
            yield Finding("POLARITY_CONFLICT", name, swap, "review")


def _find_lone_side(text: str, source: str, question: str) -> str | None:
    """One side in the text, only the other one in the source: no neighbouring words are needed to see it."""
    mine, theirs = list_sides(text), list_sides(source)
    if len(mine) != 1 or "both" in mine or not theirs or "both" in theirs or mine & theirs:
        return None
    if mine & list_sides(question) and not theirs & list_sides(question):
        return None if len(theirs) != 1 else f"{min(mine)}, the source says {min(theirs)}"
    return f"{min(mine)}, the source says {min(theirs)}"

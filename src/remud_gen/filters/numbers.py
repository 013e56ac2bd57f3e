"""Does every number of an answer stand in a source, in whatever unit, and is every comparison true."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar

from remud_gen.filters.fields import read_texts
from remud_gen.filters.rule import Finding, RuleFilter, RuleOptions, reject_all
from remud_gen.records import Quadruplet, Severity
from remud_gen.rules.comparisons import (
    find_false_comparison,
    find_false_equation,
    list_derived_values,
    list_ratios,
    read_range_verdicts,
)
from remud_gen.rules.late import compile_late
from remud_gen.rules.numbers import Quantity, is_supported, read_quantities, read_sources, read_worded

_DIGIT = compile_late("[0-9]")


class NumbersFilter(RuleFilter[RuleOptions]):
    """Are the numbers right."""

    name = "numbers"
    codes: ClassVar[Mapping[str, str]] = {
        "NUM_UNGROUNDED": "A number of an answer or a claim stands in no source, question or option, in any unit.",
        "RANGE_CONFLICT": "A value is said to lie inside, outside, above or below a limit; the numbers say otherwise.",
        "SUM_WRONG": "A written-out calculation gives another result.",
    }
    severities: ClassVar[Mapping[str, Severity]] = reject_all(codes, SUM_WRONG="review")

    def find(self, record: Quadruplet) -> Iterator[Finding]:
        """Check answers against all sources, claims against the spans they cite."""
        yield from _check_answers(record)
        yield from _check_claims(record)
        for field in read_texts(record).shown:
            if field.kind not in ("answer", "thinking") or not _DIGIT.search(field.text):
                continue
            false = [verdict.text for verdict in read_range_verdicts(field.text) if not verdict.is_true]
            found = false[0] if false else find_false_comparison(field.text)
            if found:
                yield Finding("RANGE_CONFLICT", field.name, found)
            wrong = find_false_equation(field.text)
            if wrong:
                yield Finding("SUM_WRONG", field.name, wrong)


def _check_answers(record: Quadruplet) -> Iterator[Finding]:
    asked = {"answer": _read_said(record.answer)}
    asked |= {f"turns.{i}.answer": _read_said(turn.answer) for i, turn in enumerate(record.turns)}
    if not any(asked.values()):
        return
    sources: list[Quantity] = []
    texts = [span.text for span in record.evidence] + [option.text for option in record.options]
    texts += [record.question, *(turn.question for turn in record.turns)]
    texts += [claim.text for claim in record.claims if not claim.evidence]
    for text in texts:
        sources.extend(read_sources(text))
    derived = list_derived_values("\n".join([record.thinking or "", record.answer]))
    derived |= list_ratios("\n".join([*(span.text for span in record.evidence), record.answer]))
    for name, quantities in asked.items():
        for quantity in quantities:
            if not is_supported(quantity, sources) and quantity.value not in derived:
                yield Finding("NUM_UNGROUNDED", name, quantity.text)


def _read_said(text: str) -> tuple[Quantity, ...]:
    return read_quantities(text) + read_worded(text)


def _check_claims(record: Quadruplet) -> Iterator[Finding]:
    spans = {span.id: span.text for span in record.evidence}
    derived: frozenset[float] | None = None
    for claim in record.claims:
        cited = [spans.get(quote.span_id, "") for quote in claim.evidence]
        quantities = _read_said(claim.text) if cited else ()
        if not quantities:
            continue
        # The quote may be short; its span, the question and the options are what the claim can know.
        sources = [q for text in cited for q in read_sources(text)] + list(read_sources(record.question))
        for quantity in quantities:
            if is_supported(quantity, sources):
                continue
            if derived is None:
                derived = list_derived_values("\n".join([record.thinking or "", record.answer, claim.text]))
                derived |= list_ratios("\n".join([*cited, claim.text]))
            if quantity.value not in derived:
                yield Finding("NUM_UNGROUNDED", f"claims.{claim.id}", quantity.text)

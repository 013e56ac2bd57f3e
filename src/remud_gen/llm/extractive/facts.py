"""What the rules read out of a source: one value, what it answers, and the words it rests on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from remud_gen.llm.extractive.pieces import Piece
from remud_gen.records import ClaimKind, Quote
from remud_gen.rules.terms import Term

Asks = Literal[
    "label", "named", "structure", "plane", "mode", "route", "method", "marker", "size", "printed", "finding",
    "topic_finding", "diagnosis", "definition", "appearance", "norm", "statement", "located", "composed", "classified",
    "term",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fact:
    """One readable fact. `subject` is what is asked about, `value` the answer, `wrong` values that are surely false."""

    asks: Asks
    kind: ClaimKind
    value: str
    quotes: tuple[Quote, ...]
    subject: str = ""
    sentence: str = ""  # the whole statement where the value alone is no sentence
    term: Term | None = None
    wrong: tuple[str, ...] = ()
    support: Literal["caption", "context", "burned_in"] = "caption"

    @property
    def key(self) -> tuple[str, str, str]:
        """Equal for the same fact read twice."""
        return (self.asks, self.subject.lower(), self.value.lower())


def quote_of(piece: Piece) -> Quote:
    """The verbatim words of a piece as a quote."""
    return Quote(span_id=piece.span.id, quote=piece.raw)

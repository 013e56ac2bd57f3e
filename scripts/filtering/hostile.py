"""Texts that no person writes, as a model that runs wild does, and how long the rules take over each."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from remud_gen.protocols import Filter
from remud_gen.records import Quadruplet, Quote

HEADS = ("", "1", "A")
PIECES = (
    " ", "\n", "\t", "1", "1 ", "1-", "+1", "a", "a.", "A-", "A、", "(a) ", "图 ", "图(", "标题", "the image ",
    "caption says ", "Fig. 1", "a@", "<", "{{", "Mr ", "王小 ", "左", "left ", "不", "no wall ",
)  # fmt: skip


def list_texts(size: int) -> Iterator[str]:
    """Long runs of one piece, and of one piece behind another."""
    for piece in PIECES:
        for head in HEADS:
            yield head + piece * (size // len(piece))


def find_slowest(record: Quadruplet, filters: Sequence[Filter], size: int = 100_000) -> tuple[float, str]:
    """The most processor seconds that one filter takes over one record with such texts, and which."""
    worst = (0.0, "")
    for text in list_texts(size):
        spans = tuple(span.model_copy(update={"text": text}) for span in record.evidence)
        quotes = tuple(Quote(span_id=span.id, quote=text) for span in spans)
        claims = tuple(claim.model_copy(update={"text": text, "evidence": quotes}) for claim in record.claims)
        fields = {"question": text, "thinking": text, "answer": text, "evidence": spans, "claims": claims}
        long = record.model_copy(update=fields)
        for each in filters:
            start = time.process_time()
            list(each.check(long))
            worst = max(worst, (time.process_time() - start, f"{each.name} over {text[:12]!r}"))
    return worst

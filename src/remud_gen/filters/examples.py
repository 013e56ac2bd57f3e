"""A few records per reason code, spread over the corpus: which ones, the digests of their ids decide."""

from __future__ import annotations

import heapq
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from remud_gen.records import Quadruplet, Verdict
from remud_gen.rules.digests import digest_text


@dataclass(frozen=True, slots=True)
class CodeExample:
    """A record that a code was given to, and the verdict."""

    record: Quadruplet
    verdict: Verdict

    @property
    def snippet(self) -> str:
        """Field and evidence in one line."""
        return f"{self.verdict.field}: {self.verdict.evidence}" if self.verdict.evidence else self.verdict.field

    def to_json(self) -> dict[str, Any]:
        """What a person needs to see whether the code is right."""
        record, verdict = self.record, self.verdict
        return {
            "code": verdict.code,
            "severity": verdict.severity,
            "filter": verdict.filter,
            "field": verdict.field,
            "evidence": verdict.evidence,
            **({"original": verdict.original, "replacement": verdict.replacement} if verdict.original else {}),
            "id": record.id,
            "status": record.status,
            "file": record.source.file,
            "page_number": record.source.page_number,
            "language": record.language,
            "form": record.form,
            "images": [image.path for image in record.images],
            "question": record.question,
            "options": {option.key: option.text for option in record.options},
            "answer_key": record.answer_key,
            "thinking": record.thinking,
            "answer": record.answer,
        }


class ExampleBook:
    """The examples of all codes, in memory that does not grow with the corpus."""

    def __init__(self, per_code: int) -> None:
        self._per_code = per_code
        self._kept: dict[str, list[tuple[int, str, CodeExample]]] = {}  # heaps, the largest digest on top

    def offer(self, record: Quadruplet, verdict: Verdict) -> None:
        """Keep a record if its digest is among the lowest of its code."""
        heap = self._kept.setdefault(verdict.code, [])
        row = (-digest_text(verdict.code, record.id), record.id, CodeExample(record, verdict))
        if len(heap) < self._per_code:
            heapq.heappush(heap, row)
        elif row[:2] > heap[0][:2]:
            heapq.heapreplace(heap, row)

    def list_of(self, code: str) -> list[CodeExample]:
        """The examples of one code, always in the same order."""
        return [example for _, _, example in sorted(self._kept.get(code, ()), key=lambda row: (-row[0], row[1]))]

    def to_lines(self) -> Iterator[str]:
        """All examples as JSON lines, code by code."""
        for code in sorted(self._kept):
            for example in self.list_of(code):
                yield json.dumps(example.to_json(), ensure_ascii=False)

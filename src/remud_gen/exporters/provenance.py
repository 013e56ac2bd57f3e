"""provenance.jsonl: for every exported record the file, page and box it comes from, and the words it rests on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path
from typing import Any

from remud_gen.exporters.rows import encode_line, read_rows
from remud_gen.records import Claim, Evidence, Quadruplet, Source
from remud_gen.rules.licences import name_licence

PROVENANCE = "provenance.jsonl"


class ProvenanceWriter:
    """Notes all records on their way to an exporter; what that left out is taken out again at the end."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / PROVENANCE

    def watch(self, records: Iterable[tuple[str, Quadruplet]]) -> Generator[tuple[str, Quadruplet]]:
        """Pass a stream through; close it where it is not read to its end."""
        with self._path.open("wb") as stream:
            for split, record in records:
                stream.write(encode_line(describe_origin(record, split)))
                yield split, record

    def leave_out(self, ids: Iterable[str]) -> None:
        """Take out records that were left out by name; of an id that came more than once the first rows stay."""
        lost = Counter(ids)
        if not lost:
            return
        kept = Counter(row["id"] for row in read_rows(self._path) if row["id"] in lost)
        kept.subtract(lost)
        short = self._path.with_suffix(".short")
        with self._path.open("rb") as old, short.open("wb") as new:
            for line, row in zip(old, read_rows(self._path), strict=True):
                if row["id"] in lost:
                    kept[row["id"]] -= 1
                if row["id"] not in lost or kept[row["id"]] >= 0:
                    new.write(line)
        short.replace(self._path)


def describe_origin(record: Quadruplet, split: str) -> dict[str, Any]:
    """One row. Boxes are in `unit`, origin top-left, of the page set upright; pages are counted from 1."""
    source, made = record.source, record.generation
    spans = {span.id: span for span in record.evidence}
    return {
        "id": record.id,
        "split": split,
        "file": source.file,
        "document_sha256": source.document_sha256,
        "page": source.page_number,
        "page_size": source.page_size,
        "bbox": source.bbox,
        "unit": source.unit,
        "locator": source.locator,
        "licence": name_licence(record.licence),
        "licence_stated": record.licence,
        "images": [image.sha256 for image in record.images],
        "claims": [_describe_claim(claim, spans, source) for claim in record.claims],
        # Where no claim quotes anything, the words themselves are what the answer rests on.
        "evidence": [
            {**_describe_span(span, source), **({} if record.claims else {"text": span.text})}
            for span in record.evidence
        ],
        "client": made.client,
        "model": made.model,
        "prompt": made.prompt,
        "prompt_sha256": made.prompt_sha256,
        "request_sha256": made.request_sha256,
    }


def describe_pointers(record: Quadruplet) -> Iterator[dict[str, Any]]:
    """A row per picture that is not passed on: where whoever owns the source finds it."""
    source = record.source
    for image in record.images:
        yield {
            "id": record.id,
            "image_sha256": image.sha256,
            "path": image.path,
            "document_sha256": source.document_sha256,
            "file": source.file,
            "page": source.page_number,
            "page_size": source.page_size,
            "bbox": source.bbox,
            "unit": source.unit,
            "locator": source.locator,
            "to_original": source.to_original,
        }


def _describe_claim(claim: Claim, spans: dict[str, Evidence], source: Source) -> dict[str, Any]:
    quotes = [
        {"quote": quote.quote, **_describe_span(spans[quote.span_id], source)}
        for quote in claim.evidence
        if quote.span_id in spans
    ]
    return {"text": claim.text, "is_general": claim.is_general, "quotes": quotes}


def _describe_span(span: Evidence, source: Source) -> dict[str, Any]:
    # Words that are burned into a picture stand on the picture's page.
    page = source.page_number if span.page_number is None and span.kind == "burned_in" else span.page_number
    place = {"span": span.id, "kind": span.kind, "page": page, "bbox": span.bbox, "locator": span.locator}
    return {**place, "origin": span.origin}

"""What the filters did: counts per reason code, document and language, what is left, examples, and alarms."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import BaseModel, Field

from remud_gen.filters.examples import ExampleBook
from remud_gen.filters.rule import SEVERITY_ORDER
from remud_gen.filters.variety import Variety
from remud_gen.records import Quadruplet, Verdict
from remud_gen.rules.histogram import LENGTH_EDGES, Histogram
from remud_gen.rules.normalise import shorten

VERSION = 2  # raise it with any change of what is counted or how: a kept funnel of another version is counted anew
EXAMPLES_PER_CODE = 5
ALARM_SHARE = 0.30
ALARM_FROM_RECORDS = 20  # below, a share says nothing
DEAD_FILTER_FROM_RECORDS = 5000


class Example(BaseModel):
    """One record that a code was given to."""

    id: str
    field: str
    snippet: str


class CodeCount(BaseModel):
    """How often a code occurred, and in how many records it was the first and gravest reason."""

    severities: dict[str, int] = Field(default_factory=dict)
    records: int = 0
    first: int = 0
    by_document: dict[str, int] = Field(default_factory=dict)
    by_language: dict[str, int] = Field(default_factory=dict)
    examples: list[Example] = Field(default_factory=list)


class Funnel(BaseModel):
    """The whole report."""

    total: int = 0
    kept: int = 0
    review: int = 0
    rejected: int = 0
    fixed: int = 0
    by_document: dict[str, dict[str, int]] = Field(default_factory=dict)  # file -> status -> records
    by_language: dict[str, dict[str, int]] = Field(default_factory=dict)
    codes: dict[str, CodeCount] = Field(default_factory=dict)
    mix: dict[str, dict[str, int]] = Field(default_factory=dict)  # of kept records: type, form, style, key, …
    lengths: dict[str, Histogram] = Field(default_factory=dict)  # of kept records, in characters: "question zh", …
    variety: Variety = Field(default_factory=Variety)  # of kept records
    alarms: list[str] = Field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """The report as plain values."""
        return self.model_dump(mode="json")

    def to_lines(self) -> list[str]:
        """The report as a table for a terminal."""
        fixed = f", {self.fixed} fixed" if self.fixed else ""
        lines = [f"filter: {self.kept} kept, {self.review} for review, {self.rejected} rejected of {self.total}{fixed}"]
        if self.codes:
            width = max(len(code) for code in self.codes)
            lines.append(f"  {'code'.ljust(width)}  records  first  severity  example")
            for code, count in sorted(self.codes.items(), key=lambda row: (-row[1].records, row[0])):
                severity = "/".join(sorted(count.severities, key=lambda s: SEVERITY_ORDER[s]))
                example = f"{count.examples[0].id} {count.examples[0].snippet}" if count.examples else ""
                row = f"  {code.ljust(width)}  {count.records:7}  {count.first:5}  {severity:8}  {shorten(example, 70)}"
                lines.append(row.rstrip())
        return [*lines, *(f"  ALARM {alarm}" for alarm in self.alarms)]


def count_funnel(records: Iterable[Quadruplet], book: ExampleBook | None = None) -> Funnel:
    """Count judged records (corpus verdicts included) in one pass; `book` then holds examples of every code."""
    funnel, own = Funnel(), book or ExampleBook(EXAMPLES_PER_CODE)
    for record in records:
        _count_record(funnel, own, record)
    for name in ("by_document", "by_language", "codes", "lengths", "mix"):
        setattr(funnel, name, dict(sorted(getattr(funnel, name).items())))
    funnel.mix = {name: dict(sorted(counts.items())) for name, counts in funnel.mix.items()}
    for code, count in funnel.codes.items():
        count.examples = [
            Example(id=found.record.id, field=found.verdict.field, snippet=found.snippet) for found in own.list_of(code)
        ]
    funnel.variety.close()
    funnel.alarms = [*_find_alarms(funnel), *funnel.variety.list_alarms()]
    return funnel


def _count_record(funnel: Funnel, book: ExampleBook, record: Quadruplet) -> None:
    status = record.status
    funnel.total += 1
    setattr(funnel, status, getattr(funnel, status) + 1)
    funnel.fixed += any(verdict.severity == "fix" for verdict in record.verdicts)
    for table, key in ((funnel.by_document, record.source.file), (funnel.by_language, record.language)):
        row = table.setdefault(key, {"kept": 0, "review": 0, "rejected": 0})
        row[status] += 1
    verdicts = sorted(record.verdicts, key=lambda verdict: SEVERITY_ORDER[verdict.severity])
    seen: set[str] = set()
    for verdict in verdicts:
        if verdict.code not in seen:
            _count_code(funnel, record, verdict, is_first=not seen)
            book.offer(record, verdict)
            seen.add(verdict.code)
    if status == "kept":
        funnel.variety.add(record)
        for name, value in _describe(record):
            counts = funnel.mix.setdefault(name, {})
            counts[value] = counts.get(value, 0) + 1
        for name, text in list_lengths(record):
            funnel.lengths.setdefault(name, Histogram(edges=LENGTH_EDGES)).add(len(text))


def list_lengths(record: Quadruplet) -> Iterator[tuple[str, str]]:
    """Name and text of what is measured in characters; languages apart, as a Chinese character says more."""
    yield f"question {record.language}", record.question
    if record.thinking:
        yield f"thinking {record.language}", record.thinking
    yield f"answer {record.language}", record.answer


def _describe(record: Quadruplet) -> Iterator[tuple[str, str]]:
    yield "kind", record.kind
    yield "qtype", record.qtype
    yield "form", record.form
    yield "style", record.style
    yield "language", record.language
    if record.form == "mcq" and record.answer_key:
        yield f"key of {len(record.options)}", record.answer_key


def _count_code(funnel: Funnel, record: Quadruplet, verdict: Verdict, *, is_first: bool) -> None:
    count = funnel.codes.setdefault(verdict.code, CodeCount())
    count.records += 1
    count.first += is_first
    tables = (
        (count.severities, verdict.severity),
        (count.by_document, record.source.file),
        (count.by_language, record.language),
    )
    for table, key in tables:
        table[key] = table.get(key, 0) + 1


def _find_alarms(funnel: Funnel) -> Iterator[str]:
    for code, count in funnel.codes.items():
        rejects = count.severities.get("reject", 0)
        if funnel.total >= ALARM_FROM_RECORDS and rejects > ALARM_SHARE * funnel.total:
            share = round(100 * rejects / funnel.total)
            yield f"{code} rejects {share} % of all records: look at the prompt or the pairing"
    if funnel.total >= DEAD_FILTER_FROM_RECORDS and not funnel.rejected:
        yield f"nothing was rejected among {funnel.total} records: are the filters switched off?"

"""Find a record by its id and follow it back to the page and the words it rests on."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from remud_gen.errors import InputError
from remud_gen.llm.judging.trial import settle
from remud_gen.records import (
    CorpusVerdict,
    Document,
    ImageTextPair,
    Page,
    PageRendition,
    Passage,
    Quadruplet,
    QuestionItem,
    Record,
)
from remud_gen.rules.content_digest import digest_content
from remud_gen.rules.record_texts import lay_over
from remud_gen.runner.imported import STAGE as IMPORTED
from remud_gen.runner.parts import list_parts
from remud_gen.runner.reading import parse_record
from remud_gen.runner.reports.naming import choose_named, explain_unread, list_documents, refuse_no_run
from remud_gen.runner.review import FIELDS, load_review
from remud_gen.runner.trial import find_trial


def find_record(run: Path, stages: Sequence[str], identity: str) -> list[Record]:
    """The record, then what it was made from, up to its document.

    Raises:
        InputError: when no record or more than one has an id that begins so, or the folder is no run.
    """
    refuse_no_run(run)
    found = _search(run, [*reversed(stages), IMPORTED], identity)
    if found is None:
        named = choose_named(list_documents(run), identity)
        if named:
            told = f"{named[0].file} is a document of this run, {named[0].id}"
            raise InputError(told, f"add --out page.png to draw it; `remud inspect {named[0].id}` tells its record")
        unread = explain_unread(run, identity)
        if unread is not None:
            raise unread
        raise InputError(f"no record in {run} has an id that begins with {identity!r}", "ids stand in RUN/*/*.jsonl")
    trail = [found]
    parent: str | None = None
    if isinstance(found, Quadruplet):
        trail = [_lay_corpus_over(run, found)]
        parent = found.parent_id
    elif isinstance(found, ImageTextPair | Passage | Page | QuestionItem):
        parent = found.document_id
    elif isinstance(found, PageRendition):
        parent = found.document.id
    if parent is not None and not _is_foreign(run, stages, parent):
        trail += find_record(run, stages, parent)
    return trail


def _lay_corpus_over(run: Path, record: Quadruplet) -> Quadruplet:
    """The record with what was found about it in the whole corpus: an export holds it so."""
    needle = f'"id":"{record.id}"'.encode()
    for path in sorted((run / "corpus").glob("*.jsonl")):
        with path.open("rb") as stream:
            for line in stream:
                extra = parse_record(json.loads(line)) if needle in line else None
                if isinstance(extra, CorpusVerdict) and extra.id == record.id:
                    return lay_over(record, extra)
    return record


def _is_foreign(run: Path, stages: Sequence[str], parent: str) -> bool:
    """Whether what a record was made from lies in the run that it was imported from."""
    return bool(list_parts(run, IMPORTED)) and _search(run, [*reversed(stages)], parent) is None


def _search(run: Path, stages: Iterable[str], identity: str) -> Record | None:
    needle = f'"id":"{identity}'.encode()
    for stage in stages:
        matches: dict[str, Record] = {}
        for path in sorted((run / stage).glob("*.jsonl")):
            if path.name.endswith(".errors.jsonl"):
                continue
            with path.open("rb") as stream:
                for line in stream:
                    if needle in line:
                        data = json.loads(line)
                        if str(data.get("id", "")).startswith(identity) and data.get("record") != "corpus_verdict":
                            matches[data["id"]] = parse_record(data)
        if len(matches) > 1:
            listed = ", ".join(sorted(matches)[:5])
            raise InputError(f"{len(matches)} records begin with {identity!r}: {listed}", "give more of the id")
        if matches:
            return next(iter(matches.values()))
    return None


def to_lines(run: Path, trail: Sequence[Record]) -> Iterator[str]:
    """A record and its ancestors as a person reads them."""
    for record in trail:
        if isinstance(record, Quadruplet):
            yield from _describe_quadruplet(run, record)
        elif isinstance(record, ImageTextPair):
            yield from _describe_pair(run, record)
        elif isinstance(record, Document):
            yield f"document {record.id}: {record.file}, {record.page_count} pages, sha256 {record.sha256}"
        elif isinstance(record, PageRendition):
            yield from _describe_rendition(run, record)
        else:
            yield f"{getattr(record, 'record', 'record')} {getattr(record, 'id', '')}"
            yield record.model_dump_json(indent=1, exclude_defaults=True)
        yield from _tell_endings(run, str(getattr(record, "id", "")))


def _tell_endings(run: Path, identity: str) -> Iterator[str]:
    """What stages said when they made nothing of this record, or not all they should have."""
    needle = f'{{"id": "{identity}"'.encode()
    for path in sorted(run.glob("*/*.errors.jsonl")):
        with path.open("rb") as stream:
            for line in stream:
                if line.startswith(needle):
                    said = json.loads(line)
                    yield f"  {path.parent.name:<9} {said['outcome']}: {said['code']}: {said['message']}"


def _describe_quadruplet(run: Path, record: Quadruplet) -> Iterator[str]:
    record = settle(record, find_trial(run))
    yield f"quadruplet {record.id}: {record.kind}, {record.qtype}, {record.form}, {record.style}, {record.status}"
    yield from (f"  image     {run / image.path} ({image.width_px}x{image.height_px})" for image in record.images)
    yield f"  question  {record.question}"
    yield from (f"            {option.key}. {option.text}" for option in record.options)
    if record.thinking:
        yield f"  thinking  {record.thinking}"
    yield f"  answer    {record.answer}"
    spans = {span.id: span for span in record.evidence}
    for claim in record.claims:
        yield f"  claim     {claim.text}"
        for quote in claim.evidence:
            span = spans.get(quote.span_id)
            place = _tell_place(span.page_number, span.bbox, span.locator) if span is not None else "unknown span"
            yield f"    rests on “{quote.quote}” ({span.kind if span else quote.span_id}, {place})"
    for verdict in record.verdicts:
        yield f"  verdict   {verdict.code} ({verdict.severity}) {verdict.field}: {verdict.evidence}"
        if verdict.severity == "fix":
            yield f"    before: {verdict.original}"
    for decision in load_review(run).list_for(record.id):
        is_present = decision.content == digest_content(record)
        texts = [f"{name}: {text}" for name in FIELDS if (text := getattr(decision, name)) is not None]
        yield f"  review    {' | '.join([decision.outcome, *texts])}{'' if is_present else ' (of another version)'}"
    if record.agreement is not None:
        more = len(record.traces)
        yield f"  agreement {record.agreement:g}" + (f", further traces stored: {more}" if more else "")
    if record.question_from is not None:
        yield f"  asked of  pair {record.question_from}; this image was put in its place"
    for one in record.probing.outcomes if record.probing is not None else ():
        told = "no usable reply" if one.is_failed else f"{one.right} of {one.asked} agree, {one.told or 'no words'}"
        yield f"  probed    {one.probe}: {told}"
    made = record.generation
    hinted = " (hinted)" if made.is_hinted else ""
    yield f"  made by   {made.client} {made.model}, prompt {made.prompt}, thinking {made.thinking_source}{hinted}"
    if made.request_sha256 and made.output_tokens:  # what no endpoint was asked is not stored
        yield f"  asked in  {made.request_sha256[:12]}, which `remud replies show` prints"
    further = [*(f"example {name}" for name in made.examples), *(f"prompt {step.prompt}" for step in made.steps)]
    if further:
        yield f"            with {', '.join(further)}"


def _describe_pair(run: Path, record: ImageTextPair) -> Iterator[str]:
    source = record.source
    where = _tell_place(source.page_number, source.bbox, source.locator, source.unit)
    yield f"pair {record.id}: {source.file}, {where}"
    yield f"  image     {run / record.image.path} ({record.image.width_px}x{record.image.height_px})"
    for name in ("figure_number", "panel", "title", "caption", "note", "panel_caption", "panel_note"):
        if value := getattr(record, name):
            yield f"  {name:<14}{value}"
    if record.burned_in_text:
        yield f"  burned in     {' | '.join(line.text for line in record.burned_in_text)}"
    for span in record.context:
        yield f"  {span.kind:<14}page {span.page_number}: {span.text}"
    yield f"  confidence    {record.confidence:.2f} {' '.join(record.flags)}"


def _describe_rendition(run: Path, record: PageRendition) -> Iterator[str]:
    yield f"rendition {record.id}: {record.source.file}, page {record.source.page_number}"
    if record.image is not None:
        yield f"  image     {run / record.image.path} ({record.image.width_px}x{record.image.height_px})"
    for box in record.boxes or ():
        yield f"  figure    {_box(box.bbox)} {record.source.unit}, score {box.score:.2f} {box.label}".rstrip()


def _tell_place(page: int | None, bbox: Sequence[float] | None, locator: str | None, unit: str = "") -> str:
    if locator is not None and bbox is None:
        return locator
    return f"page {page}, box {_box(bbox)} {unit}".rstrip()


def _box(bbox: Sequence[float] | None) -> str:
    return "[" + ", ".join(f"{value:g}" for value in bbox) + "]" if bbox else "-"

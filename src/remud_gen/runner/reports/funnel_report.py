"""`remud report` and `remud filter --dry-run`: the funnel as tables and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from remud_gen.errors import RecordError
from remud_gen.exporters.card import read_manifest
from remud_gen.filters.funnel import Funnel
from remud_gen.filters.rule import SEVERITY_ORDER
from remud_gen.rules.histogram import draw_bars
from remud_gen.runner.export_places import OWN_PLACE
from remud_gen.runner.judged import EXAMPLES
from remud_gen.runner.options import Result
from remud_gen.runner.preview import Preview
from remud_gen.runner.reports.codes import tell_codes
from remud_gen.runner.reports.report import StageReport
from remud_gen.runner.reports.standing import Standing, take_stock
from remud_gen.runner.reports.table import lay_out, shorten_text

NAME_CHARS = 44
STATUSES = ("kept", "review", "rejected")
CODE_HEADINGS = ("code", "records", "share", "first", "reject", "review", "fix", "info", "zh", "en", "documents")
DOCUMENT_KINDS = {
    "page": "pages",
    "pair": "pairs",
    "passage": "passages",
    "question": "questions",
    "quadruplet": "records",
}


def report_json(result: Result) -> str:
    """All of the report on one line."""
    assert result.funnel is not None
    standings = take_stock(result.reports)
    data = {
        "run": str(result.run),
        "stages": [_describe_stage(standing) for standing in standings],
        "exports": _list_exports(result),
        "documents": _list_documents(standings, result.funnel),
        "funnel": result.funnel.to_json(),
    }
    return json.dumps(data, ensure_ascii=False)


def report_text(result: Result) -> str:
    """Stages, documents, languages, codes, what is kept, and alarms."""
    assert result.funnel is not None
    funnel, standings = result.funnel, take_stock(result.reports)
    lines = [*_draw_stages(standings, result), *_draw_lost(result.reports)]
    lines += ["", *_draw_documents(_list_documents(standings, funnel)), "", *_draw_languages(funnel)]
    lines += ["", *draw_codes(funnel), *_draw_mix(funnel)]
    for name, histogram in funnel.lengths.items():
        lines += ["", *histogram.to_lines(f"length of {name}, kept", "characters")]
    lines += ["", *draw_alarms(funnel)]
    if (result.run / EXAMPLES).is_file():
        lines.append(f"Five examples of every code: {result.run}/{EXAMPLES}")
    return "\n".join(lines)


def preview_json(preview: Preview) -> str:
    """What a dry run found, on one line."""
    data = {
        "run": str(preview.run),
        "dry_run": True,
        "notes": preview.notes,
        "funnel": preview.funnel.to_json(),
        "histograms": preview.histograms.model_dump(mode="json"),
    }
    return json.dumps(data, ensure_ascii=False)


def preview_text(preview: Preview) -> str:
    """What a dry run found: statuses, codes, measures, alarms."""
    funnel, histograms = preview.funnel, preview.histograms
    lines = [f"Dry run: {funnel.total} records judged as `remud filter` would; nothing is written to {preview.run}."]
    lines += [*preview.notes, "", *draw_bars([(name, histograms.statuses[name]) for name in STATUSES])]
    lines += ["", *draw_codes(funnel), *histograms.to_lines(), "", *_draw_duplicates(funnel), *draw_alarms(funnel)]
    return "\n".join(lines)


def draw_codes(funnel: Funnel) -> Iterator[str]:
    """A row per code, the most frequent first: in how many records, in how many first, by severity and language."""
    if not funnel.codes:
        yield "no filter found anything"
        return
    rows = []
    for code, count in sorted(funnel.codes.items(), key=lambda row: (-row[1].records, row[0])):
        severities = [str(count.severities.get(name, 0) or "") for name in SEVERITY_ORDER]
        languages = [str(count.by_language.get(name, 0) or "") for name in ("zh", "en")]
        share = f"{100 * count.records / max(1, funnel.total):.1f} %"
        figures = [str(count.records), share, str(count.first)]
        rows.append((code, *figures, *severities, *languages, str(len(count.by_document))))
    yield from lay_out(CODE_HEADINGS, rows, ("code",))


def draw_alarms(funnel: Funnel) -> Iterator[str]:
    """What somebody ought to look at."""
    yield from (f"ALARM {alarm}" for alarm in funnel.alarms)


def _describe_stage(standing: Standing) -> dict[str, Any]:
    tally = standing.tally
    return {
        "stage": standing.name,
        "unit": standing.unit,
        **{name: getattr(tally, name) for name in ("inputs", "produced", "rejected", "failed", "outputs")},
        "records": tally.records,
        "codes": tally.codes,
        "is_up_to_date": standing.is_current,
    }


def _list_exports(result: Result) -> dict[str, dict[str, Any]]:
    """The exports in the run's own folder, as their manifests say."""
    exports = {}
    for name in result.config.export.formats:
        try:
            manifest = read_manifest(result.run / OWN_PLACE / name)
        except (OSError, RecordError):
            continue  # there is none
        exports[name] = {"inputs": manifest.inputs, "counts": manifest.counts, "left_out": manifest.left_out}
    return exports


def _list_documents(standings: Sequence[Standing], funnel: Funnel) -> dict[str, dict[str, int]]:
    """What each document gave, from its pages to its kept records."""
    documents: dict[str, dict[str, int]] = {}
    for standing in standings:
        if standing.name in ("extract", "pair", "generate"):
            for name, tally in standing.documents.items():
                row = documents.setdefault(name, {})
                row.update({kind: count for kind, count in tally.records.items() if kind in DOCUMENT_KINDS})
    for name, statuses in funnel.by_document.items():
        documents.setdefault(name, {}).update(statuses)
    return documents


def _draw_stages(standings: Sequence[Standing], result: Result) -> Iterator[str]:
    headings = ("stage", "inputs", "produced", "rejected", "failed", "outputs")
    rows = []
    for standing in standings:
        tally = standing.tally
        outputs = ", ".join(f"{n} {kind}{'s' if n != 1 else ''}" for kind, n in sorted(tally.records.items())) or "0"
        figures = (tally.inputs, tally.produced, tally.rejected, tally.failed)
        rows.append((standing.name, *(str(figure) for figure in figures), outputs))
    for name, export in _list_exports(result).items():
        left, taken = sum(export["left_out"].values()), export["inputs"]
        splits = ", ".join(f"{count} {split}" for split, count in export["counts"].items() if split != "images")
        rows.append((f"export {name}", str(taken), str(taken - left), str(left), "0", splits))
    yield from lay_out(headings, rows, ("stage", "outputs"))


def _draw_lost(reports: Sequence[StageReport]) -> Iterator[str]:
    """Why earlier stages turned inputs down."""
    lines = [
        line
        for report in reports
        if report.name not in ("filter", "judge", "corpus")
        for line in tell_codes(report.name, sorted(report.counts.codes.items()))
    ]
    if lines:
        yield from ("", *lines)


def _draw_documents(documents: Mapping[str, Mapping[str, int]]) -> Iterator[str]:
    kinds = [kind for kind in DOCUMENT_KINDS if any(row.get(kind) for row in documents.values())]
    headings = ("document", *(DOCUMENT_KINDS[kind] for kind in kinds), *STATUSES)
    rows = [
        (shorten_text(name, NAME_CHARS), *(str(row.get(kind, 0)) for kind in (*kinds, *STATUSES)))
        for name, row in documents.items()
    ]
    yield from lay_out(headings, rows, ("document",))


def _draw_languages(funnel: Funnel) -> Iterator[str]:
    rows = []
    for language, row in funnel.by_language.items():
        counts = {code: count.by_language.get(language, 0) for code, count in funnel.codes.items()}
        most = [code for code in sorted(counts, key=lambda code: (-counts[code], code)) if counts[code]][:3]
        told = ", ".join(f"{code} {counts[code]}" for code in most)
        rows.append((language, str(sum(row.values())), *(str(row[name]) for name in STATUSES), told))
    yield from lay_out(
        ("language", "records", *STATUSES, "most frequent codes"), rows, ("language", "most frequent codes")
    )


def _draw_mix(funnel: Funnel) -> Iterator[str]:
    if not funnel.kept:
        return
    yield from ("", "kept records")
    for name, counts in funnel.mix.items():
        parts = (
            sorted(counts.items(), key=lambda row: (-row[1], row[0])) if not name.startswith("key") else counts.items()
        )
        yield f"  {name.ljust(9)}  {', '.join(f'{value} {count}' for value, count in parts)}"
    variety = funnel.variety
    yield f"  questions  {variety.distinct_questions} different of {variety.records}"
    if variety.picture_records:
        groups = f", {variety.picture_groups} different" if variety.picture_groups != variety.pictures else ""
        asked = f"{variety.distinct_picture_questions} different questions in {variety.picture_records} records"
        yield f"  pictures   {variety.pictures}{groups}; {asked} about them"
    if variety.choices:
        yield f"  choices    the longest option is the right one in {variety.longest_keys} of {variety.choices}"


def _draw_duplicates(funnel: Funnel) -> Iterator[str]:
    names = {"DUP_EXACT": "equal", "DUP_NEAR": "nearly equal", "IMG_DUP": "about a picture that has copies"}
    told = [f"{funnel.codes[code].records} {name}" for code, name in names.items() if code in funnel.codes]
    groups = f"{funnel.variety.pictures} pictures kept, {funnel.variety.picture_groups} of them different"
    yield f"duplicates: {', '.join(told) or 'none'}; {groups}"

"""The result of a command -> the text or JSON on stdout."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from remud_gen.runner.command import Result
from remud_gen.runner.parts import Counts
from remud_gen.runner.publish import Publication
from remud_gen.runner.report import StageReport

HEADINGS = ("stage", "inputs", "produced", "rejected", "failed", "outputs", "parts run", "seconds")


def to_json(result: Result) -> str:
    """Everything a script may want, on one line."""
    data: dict[str, Any] = {
        "run": str(result.run),
        "status": "finished_with_errors" if result.n_errors else "finished",
        "errors": result.n_errors,
        "stages": {report.name: _stage_json(report) for report in result.reports},
    }
    if result.funnel is not None:
        data["funnel"] = result.funnel.to_json()
    if result.exports:
        data["export_folder"] = str(result.export_folder)
        data["exports"] = {name: _export_json(one) for name, one in result.exports.items()}
    return json.dumps(data, ensure_ascii=False)


def _export_json(one: Publication) -> dict[str, Any]:
    return {
        "is_up_to_date": one.is_up_to_date,
        "inputs": one.inputs,
        "exported": one.exported,
        "files": sorted(one.summary.files),
        "counts": dict(one.summary.counts),
        "left_out": [list(row) for row in one.summary.left_out],
        "notes": list(one.summary.notes),
        "seconds": round(one.seconds, 2),
    }


def _stage_json(report: StageReport) -> dict[str, Any]:
    return {
        **report.counts.model_dump(),
        "usage": report.usage.model_dump(),
        "calls_paid": report.calls_paid,
        "parts": report.n_parts,
        "parts_run": report.n_run,
        "parts_partial": report.n_partial,
        "parts_stale": report.n_stale,
        "parts_orphaned": report.n_orphans,
        "seconds": round(report.seconds, 2),
    }


def to_text(result: Result) -> str:
    """A table of the stages, what was rejected and why, the exports, and an honest last line."""
    rows = [_row(report) for report in result.reports]
    rows += [_export_row(name, one) for name, one in result.exports.items()]
    lines = _table(HEADINGS, rows)
    lines += _list_codes(result.reports)
    lines += _list_notes(result)
    if result.funnel is not None:
        lines += ["", *result.funnel.to_lines()]
    lines += _list_exports(result)
    lines += ["", _last_line(result)]
    return "\n".join(lines)


def _list_exports(result: Result) -> list[str]:
    lines = []
    notes: dict[str, list[str]] = {}
    for name, one in result.exports.items():
        counts = ", ".join(f"{count} {split}" for split, count in one.summary.counts.items())
        left = _count_left_out(one.summary.left_out)
        verb = f"{name} is up to date" if one.is_up_to_date else f"exported {name}"
        lines.append(f"{verb}: {counts}{left} -> {result.export_folder}/{name}")
        for note in one.summary.notes:
            notes.setdefault(note, []).append(name)
    for note, names in notes.items():  # what all formats lack is said once
        lines.append(f"  {note}" if len(names) == len(result.exports) else f"  {', '.join(names)}: {note}")
    return lines


def _count_left_out(left_out: Sequence[tuple[str, str]]) -> str:
    codes: dict[str, int] = {}
    for _, reason in left_out:
        code = reason.partition(":")[0]
        codes[code] = codes.get(code, 0) + 1
    return f"; left out: {', '.join(f'{code} {n}' for code, n in sorted(codes.items()))}" if codes else ""


def _row(report: StageReport) -> tuple[str, ...]:
    counts = report.counts
    outputs = ", ".join(f"{n} {kind}{'s' if n != 1 else ''}" for kind, n in sorted(counts.records.items())) or "0"
    run = f"{report.n_run} of {report.n_parts}"
    figures = (counts.inputs, counts.produced, counts.rejected, counts.failed)
    return (report.name, *(str(n) for n in figures), outputs, run, f"{report.seconds:.1f}")


def _export_row(name: str, one: Publication) -> tuple[str, ...]:
    count = one.exported
    figures = (one.inputs, count, len(one.summary.left_out), 0)
    outputs = f"{count} record{'s' if count != 1 else ''}"
    run = "0 of 1" if one.is_up_to_date else "1 of 1"
    return (f"export {name}", *(str(n) for n in figures), outputs, run, f"{one.seconds:.1f}")


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[i]) for row in (headings, *rows)) for i in range(len(headings))]
    lines = []
    for row in (headings, *rows):
        cells = [
            cell.ljust(width) if heading in ("stage", "outputs") else cell.rjust(width)
            for cell, width, heading in zip(row, widths, headings, strict=True)
        ]
        lines.append("  ".join(cells).rstrip())
    return lines


def _list_codes(reports: Sequence[StageReport]) -> list[str]:
    lines = []
    for report in reports:
        if report.counts.codes and report.name not in ("filter", "corpus"):
            codes = ", ".join(f"{code} {n}" for code, n in sorted(report.counts.codes.items()))
            lines.append(f"{report.name}: {codes}")
    return ["", *lines] if lines else []


def _list_notes(result: Result) -> list[str]:
    lines = []
    for report in result.reports:
        if report.usage.calls and result.config.generate.client != "extractive":
            usage = report.usage
            price = "unknown" if usage.unpriced_calls else f"${usage.cost_usd:.4f}"
            lines.append(
                f"{report.name}: {usage.calls} calls ({report.calls_paid} sent now), "
                f"{usage.input_tokens} + {usage.output_tokens} tokens, cost {price}"
            )
        if report.n_orphans:
            lines.append(f"{report.name}: {report.n_orphans} parts of inputs that are gone, kept on disk, not used")
        if report.n_stale:
            lines.append(f"{report.name}: {report.n_stale} parts are out of date (left so by --only)")
        if report.n_partial:
            lines.append(f"{report.name}: {report.n_partial} parts are partial; run again without a limit")
    if result.config.generate.client == "extractive" and any(r.name == "generate" for r in result.reports):
        from remud_gen.llm.extractive import DISCLAIMER

        lines.append(DISCLAIMER)
    return ["", *lines] if lines else []


def _last_line(result: Result) -> str:
    errors = result.n_errors
    if not errors:
        return f"Finished. Run folder: {result.run}"
    noun = "error" if errors == 1 else "errors"
    where = f"`remud status` lists them, {result.run}/*/*.errors.jsonl holds all"
    return f"Finished with {errors} {noun}: {where}. When the cause is mended, add --retry-errors."


def status_json(result: Result) -> str:
    """Stages and documents with their parts' states."""
    data: dict[str, Any] = {"run": str(result.run), "stages": {}}
    for report in result.reports:
        states: dict[str, int] = {}
        for state in report.states:
            states[state.state] = states.get(state.state, 0) + 1
        documents = {
            name: {"counts": counts.model_dump(), "states": sorted(reasons)}
            for name, (counts, reasons) in _by_document(report).items()
        }
        data["stages"][report.name] = {**_stage_json(report), "states": states, "documents": documents}
    return json.dumps(data, ensure_ascii=False)


def status_text(result: Result, most_reasons: int = 8) -> str:
    """One table over the stages, and why stale parts are stale."""
    headings = (
        "stage",
        "inputs",
        "produced",
        "rejected",
        "failed",
        "parts",
        "fresh",
        "stale",
        "partial",
        "missing",
        "orphaned",
    )
    rows = []
    reasons: list[str] = []
    for report in result.reports:
        by_state: Mapping[str, int] = {
            name: sum(state.state == name for state in report.states)
            for name in ("fresh", "stale", "partial", "missing")
        }
        counts = report.counts
        figures = (counts.inputs, counts.produced, counts.rejected, counts.failed, report.n_parts)
        rows.append((report.name, *(str(n) for n in (*figures, *by_state.values(), report.n_orphans))))
        reasons += [
            f"{report.name} {state.spec.key}: {state.state}: {state.reason}"
            for state in report.states
            if state.state in ("stale", "partial")
        ]
    lines = _table(headings, rows)
    if reasons:
        lines += ["", *reasons[:most_reasons]]
        if len(reasons) > most_reasons:
            lines.append(f"… and {len(reasons) - most_reasons} more parts")
    lines += _list_codes(result.reports)
    errors = result.n_errors
    lines += ["", *result.errors] if result.errors else []
    lines += ["", f"{errors} errors on record." if errors else "No errors on record."]
    return "\n".join(lines)


def _by_document(report: StageReport) -> dict[str, tuple[Counts, set[str]]]:
    found: dict[str, tuple[Counts, set[str]]] = {}
    for state in report.states:
        counts, states = found.setdefault(state.spec.document, (Counts(), set()))
        states.add(f"{state.state}: {state.reason}" if state.reason else state.state)
        if state.meta is not None:
            counts.add(state.meta.counts)
    return found

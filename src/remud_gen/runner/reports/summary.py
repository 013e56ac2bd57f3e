"""The result of a command -> the text or JSON on stdout."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from remud_gen.config import BudgetConfig
from remud_gen.runner.options import Result
from remud_gen.runner.reports.codes import tell_codes
from remud_gen.runner.reports.costs import Costs, costs_json, tell_costs
from remud_gen.runner.reports.forecast_text import forecast_json, forecast_lines
from remud_gen.runner.reports.mix import MixReport, measure_mix
from remud_gen.runner.reports.report import StageReport
from remud_gen.runner.reports.standing import describe_usage
from remud_gen.runner.reports.table import lay_out
from remud_gen.runner.reports.trial_text import trial_json, trial_lines
from remud_gen.runner.reports.unnamed import tell_unused
from remud_gen.runner.reports.wording import count_noun, describe_price

if TYPE_CHECKING:
    from remud_gen.runner.publish import Publication

HEADINGS = ("stage", "inputs", "produced", "rejected", "failed", "outputs", "parts run", "seconds")


def to_json(result: Result) -> str:
    """Everything a script may want, on one line."""
    data: dict[str, Any] = {
        "run": str(result.run),
        "status": "waiting" if result.waiting else "finished_with_errors" if result.n_errors else "finished",
        "errors": result.n_errors,
        "stages": {report.name: _stage_json(report) for report in result.reports},
    }
    if result.waiting is not None:
        data["waiting"] = result.waiting
    mix = _find_mix(result)
    if mix is not None:
        data["stages"]["generate"]["mix"] = mix.to_json()
    if result.dry_run is not None:
        data["forecast"] = forecast_json(result.dry_run.forecasts)
    data["costs"] = costs_json(*_list_costs(result))
    if result.funnel is not None:
        data["funnel"] = result.funnel.to_json()
    if result.trial is not None:
        data["judge"] = trial_json(result.trial)
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
        "not_chosen": dict(one.summary.not_chosen),
        "left_out": [list(row) for row in one.summary.left_out],
        "notes": list(one.notes),
        "seconds": round(one.seconds, 2),
    }


def _stage_json(report: StageReport) -> dict[str, Any]:
    return {
        **report.counts.model_dump(),
        "usage": describe_usage(report.usage),
        "calls_paid": report.calls_paid,
        "calls_stored": report.calls_stored,
        "inputs_unasked": report.n_unasked,
        "parts": report.n_parts,
        "parts_run": report.n_run,
        "parts_partial": report.n_partial,
        "parts_stale": report.n_stale,
        "parts_orphaned": report.n_orphans,
        "errors_retried": report.n_retried,
        "errors_remaining": report.n_remaining,
        "seconds": round(report.seconds, 2),
    }


def to_text(result: Result) -> str:
    """A table of the stages, what was rejected and why, the exports, and an honest last line."""
    rows = [_row(report) for report in result.reports]
    rows += [_export_row(name, one) for name, one in result.exports.items()]
    lines = lay_out(HEADINGS, rows, ("stage", "outputs"))
    lines += _list_codes(result.reports)
    lines += _list_notes(result)
    if result.dry_run is not None:
        return "\n".join([*lines, "", *forecast_lines(result.dry_run.forecasts)])
    # A client without a model takes what the words give; only a model can be held to a mix.
    mix = _find_mix(result) if result.config.generate.client != "extractive" else None
    if mix is not None:
        lines += ["", *mix.to_lines()]
    if result.funnel is not None:
        lines += ["", *result.funnel.to_lines()]
    if result.trial is not None:
        lines += ["", *trial_lines(result.trial)]
    costs = tell_costs(*_list_costs(result))
    lines += ["", *costs] if costs else []
    exports = _list_exports(result)
    lines += ["", *exports] if exports else []
    lines += ["", *_list_unasked(result), _last_line(result)]
    return "\n".join(lines)


def _list_costs(result: Result) -> tuple[Path, BudgetConfig, Costs, int | None]:
    kept = result.funnel.kept if result.funnel is not None else None
    return result.run, result.config.budget, [(report.name, report.usage) for report in result.reports], kept


def _list_unasked(result: Result) -> list[str]:
    """What was left because it costs, and the command that the user has to give for it."""
    return [
        f"{report.name} has {count_noun(report.n_unasked, 'input')} left that "
        f"{'needs' if report.n_unasked == 1 else 'need'} a model: "
        f"run `remud {report.command}{' --retry-errors' if report.is_retry else ''}` to ask for "
        f"{'it' if report.n_unasked == 1 else 'them'}"
        for report in result.reports
        if report.n_unasked
    ]


def _list_exports(result: Result) -> list[str]:
    lines = []
    notes: dict[str, list[str]] = {}
    for name, one in result.exports.items():
        counts = ", ".join(f"{count} {split}" for split, count in one.summary.counts.items())
        not_chosen = sum(one.summary.not_chosen.values())
        left = (f"; not chosen: {not_chosen}" if not_chosen else "") + _count_left_out(one.summary.left_out)
        verb = f"{name} is up to date" if one.is_up_to_date else f"exported {name}"
        lines.append(f"{verb}: {counts}{left} -> {result.export_folder}/{name}")
        for note in one.notes:
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
    figures = (one.inputs, count, len(one.summary.left_out) + sum(one.summary.not_chosen.values()), 0)
    outputs = f"{count} record{'s' if count != 1 else ''}"
    run = "0 of 1" if one.is_up_to_date else "1 of 1"
    return (f"export {name}", *(str(n) for n in figures), outputs, run, f"{one.seconds:.1f}")


def _list_codes(reports: Sequence[StageReport]) -> list[str]:
    lines: list[str] = []
    for report in reports:
        if report.counts.codes and report.name not in ("filter", "corpus"):
            lines += tell_codes(report.name, sorted(report.counts.codes.items()))
    return ["", *lines] if lines else []


def _find_mix(result: Result) -> MixReport | None:
    """Of a command that made questions, or whose last stage is the one that does."""
    for report in result.reports:
        is_asked_for = report.n_run or report is result.reports[-1]
        if report.name == "generate" and is_asked_for and report.counts.outputs:
            return measure_mix(result.run, report.states, result.config.generate)
    return None


def _list_notes(result: Result) -> list[str]:
    lines = []
    for report in result.reports:
        is_rule_made = report.name == "generate" and result.config.generate.client == "extractive"
        if report.usage.calls and not is_rule_made:
            lines.append(_describe_calls(report))
            lines += _describe_repairs(report)
        if report.n_retried:
            noun = count_noun(report.n_retried, "error")
            lines.append(f"{report.name}: {noun} tried again, {report.n_remaining} remaining")
        if report.n_orphans:
            lines += tell_unused(result.run, report.name, report.orphans)
        if report.n_unasked:
            continue  # said at the end, with what to do
        if report.n_stale and result.dry_run is None and result.waiting is None:
            lines.append(f"{report.name}: {_count_parts(report.n_stale)} out of date (left so by --only)")
        if report.n_partial and result.waiting is None:
            lines.append(f"{report.name}: {_count_parts(report.n_partial)} partial; run again without a limit")
    if result.config.generate.client == "extractive" and any(r.name == "generate" for r in result.reports):
        from remud_gen.llm.extractive import DISCLAIMER

        lines.append(DISCLAIMER)
    return ["", *lines] if lines else []


def _count_parts(count: int) -> str:
    return f"{count_noun(count, 'part')} {'is' if count == 1 else 'are'}"


def _describe_calls(report: StageReport) -> str:
    usage = report.usage
    price = describe_price(usage.cost_usd, usage.unpriced_calls, usage.calls)
    now = f"{report.calls_paid} sent now, {report.calls_stored} from stored replies"
    tokens = f"{usage.input_tokens} + {usage.output_tokens} tokens"
    return f"{report.name}: {count_noun(usage.calls, 'call')} ({now}), {tokens}, cost {price}"


def _describe_repairs(report: StageReport) -> list[str]:
    """How many replies could be read only after which repair; one reply may have needed several."""
    steps = {name: n for name, n in report.usage.repairs.items() if name != "none"}
    if not steps:
        return []
    told = ", ".join(f"{name} {n}" for name, n in sorted(steps.items(), key=lambda pair: (-pair[1], pair[0])))
    return [f"{report.name}: replies that had to be repaired: {told}"]


def _last_line(result: Result) -> str:
    if result.waiting is not None:
        return f"Not finished: {result.waiting}. The same command collects what has ended; --wait stays until then."
    errors = result.n_errors
    lost = sum(reason.startswith("IMAGE_") for one in result.exports.values() for _, reason in one.summary.left_out)
    if not errors and lost:
        told = f"{lost} record{'s' if lost != 1 else ''} left out for pictures that are lost or damaged"
        return f"Finished, but {told}: add --verify to restore them. Run folder: {result.run}"
    if not errors:
        return f"Finished. Run folder: {result.run}"
    noun = "error" if errors == 1 else "errors"
    where = f"`remud status` lists them, {result.run}/*/*.errors.jsonl holds all"
    return f"Finished with {errors} {noun}: {where}. When the cause is mended, add --retry-errors."

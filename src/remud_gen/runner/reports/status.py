"""`remud status`: how a run stands -> JSON for scripts; the text is in status_text.py. docs/reference/status.md."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from remud_gen.runner.imported import count_records, describe_faults
from remud_gen.runner.options import Result
from remud_gen.runner.parts import PartState, add_counts
from remud_gen.runner.reports.costs import costs_json
from remud_gen.runner.reports.export_state import examine_exports
from remud_gen.runner.reports.standing import Standing, Tally, describe_usage, take_stock


def status_json(result: Result) -> str:
    """Stages, their documents and every part that is not as it should be, on one line."""
    standings = take_stock(result.reports)
    exports = examine_exports(result.run, result.config, result.reports)
    are_current = all(standing.is_current for standing in standings)
    data = {
        "run": str(result.run),
        "is_up_to_date": are_current and all(one.is_current for one in exports.values()),
        "errors": sum(standing.tally.errors for standing in standings),
        "first_errors": result.errors,
        "faults": [fault for standing in standings for fault in standing.find_faults()],
        "exports": {name: one.state for name, one in exports.items()},
        "imported": {
            "records": count_records(result.imported),
            "parts": len(result.imported),
            "faults": list(describe_faults(result.imported)),
        },
        "review": dict(result.review),
        "batches": [asdict(batch) for batch in result.batches],
        "costs": costs_json(
            result.run, result.config.budget, [(report.name, report.usage) for report in result.reports], None
        ),
        "totals": _describe_totals(standings),
        "stages": {standing.name: _describe_stage(standing) for standing in standings},
    }
    return json.dumps(data, ensure_ascii=False)


def _describe_totals(standings: Sequence[Standing]) -> dict[str, Any]:
    whole = Tally()
    for standing in standings:
        tally = standing.tally
        for name in ("calls", "input_tokens", "output_tokens", "cost_usd", "unpriced_calls", "work_s"):
            setattr(whole, name, getattr(whole, name) + getattr(tally, name))
        whole.repairs = add_counts(whole.repairs, tally.repairs)
        for state, count in tally.states.items():
            whole.states[state] = whole.states.get(state, 0) + count
    return {
        "states": whole.states,
        "orphans": sum(len(standing.orphans) for standing in standings),
        "usage": describe_usage(whole),
        "work_s": round(whole.work_s, 3),
    }


def _describe_stage(standing: Standing) -> dict[str, Any]:
    reasons: dict[str, list[str]] = {}
    for state in standing.open:
        if state.reason:
            told = reasons.setdefault(state.spec.document, [])
            reason = f"{state.state}: {state.reason}"
            if reason not in told:
                told.append(reason)
    return {
        **_describe_tally(standing.tally),
        "is_up_to_date": standing.is_current,
        "documents": {
            name: _describe_document(tally, reasons.get(name, ())) for name, tally in standing.documents.items()
        },
        "parts": [_describe_part(state) for state in standing.open],
        "orphans": standing.orphans,
        "waiting": standing.waiting,
    }


def _describe_tally(tally: Tally) -> dict[str, Any]:
    return {
        **_count(tally),
        "records": tally.records,
        "codes": tally.codes,
        "states": tally.states,
        "parts_with_errors": tally.n_failing,
        "usage": describe_usage(tally),
        "work_s": round(tally.work_s, 3),
    }


def _describe_document(tally: Tally, reasons: Sequence[str]) -> dict[str, Any]:
    return {
        "counts": {**_count(tally), "records": tally.records, "codes": tally.codes},
        "states": tally.states,
        "usage": describe_usage(tally),
        "work_s": round(tally.work_s, 3),
        "reasons": list(reasons),
    }


def _count(tally: Tally) -> Mapping[str, int]:
    names = ("planned", "inputs", "produced", "rejected", "failed", "outputs", "errors")
    return {name: getattr(tally, name) for name in names}


def _describe_part(state: PartState) -> dict[str, Any]:
    return {
        "key": state.spec.key,
        "document": state.spec.document,
        "state": state.state,
        "reason": state.reason,
        "failed": state.meta.counts.failed if state.meta is not None else 0,
        "inputs": state.spec.taken,
    }

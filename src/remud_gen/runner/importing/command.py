"""One `remud import`: what PATH is, what was taken of it, and what that is in words."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from remud_gen.errors import ConfigError, InputError
from remud_gen.exporters.card import MANIFEST
from remud_gen.rules.late import compile_late
from remud_gen.runner.folder import RunFolder
from remud_gen.runner.importing.left_out import LeftOut
from remud_gen.runner.importing.opinions import decide
from remud_gen.runner.importing.raw import RawImport, find_raw, import_raw
from remud_gen.runner.importing.tools import read_file, read_reviewed
from remud_gen.runner.judged import read_judged
from remud_gen.runner.options import Options, Result, resolve_config
from remud_gen.runner.plan import StageRow
from remud_gen.runner.reports.wording import count_noun
from remud_gen.runner.review import Decision, Review, load_review, save_review
from remud_gen.runner.survey import survey
from remud_gen.runner.trial import list_filtered

# Ids come out of files of others: what a terminal would obey is not shown.
_CONTROLS = compile_late("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
REVIEW_FORMATS = ("labelstudio", "argilla")


@dataclass(slots=True)
class ReviewImport:
    """What came of a file of reviewers."""

    outcomes: Counter[str] = field(default_factory=Counter)  # taken, by outcome
    silent: int = 0  # records that nobody said anything about
    outdated: list[str] = field(default_factory=list)  # taken, but the record is another one by now
    flagged: list[tuple[str, str]] = field(default_factory=list)  # (id, codes): edits that break rules
    rejected: list[tuple[str, str]] = field(default_factory=list)  # (id, codes): accepted, and rejected by a rule
    left_out: LeftOut = field(default_factory=LeftOut)


def import_path(rows: Sequence[StageRow], path: Path, options: Options) -> RawImport | ReviewImport:
    """Bring a raw export, or a file of Label Studio or Argilla, into the run of the options.

    Raises:
        InputError: PATH is neither, the run is in use, or there is no run to decide about.
    """
    if not path.exists():
        raise InputError(f"{path} does not exist", "name a raw export, or a file of Label Studio or Argilla")
    if path.is_dir():
        return _import_records(path, options)
    return _import_decisions(rows, path, options)


def _import_records(path: Path, options: Options) -> RawImport:
    source = find_raw(path)
    if source is None:
        is_review = any((path / f"{name}.json").exists() or path.name == name for name in REVIEW_FORMATS)
        hint = "name the file that the reviewers' tool exported" if is_review else "name a folder of --format raw"
        raise InputError(f"{path} holds no raw export ({MANIFEST} of the format raw)", hint)
    if source.resolve().is_relative_to((options.run / "imported").resolve()):
        raise ConfigError(f"{path} lies in the run's own folder of imports")
    folder = RunFolder(options.run).open(resolve_config(options))
    try:
        return import_raw(folder, source)
    finally:
        folder.close()


def _import_decisions(rows: Sequence[StageRow], path: Path, options: Options) -> ReviewImport:
    done = ReviewImport()
    reviewed = list(read_reviewed(read_file(path), done.left_out))
    decisions = decide(reviewed)
    done.silent = len({one.id for one in reviewed} - {decision.id for decision in decisions})
    result = survey(rows, options)  # refuses a folder that is no run
    folder = RunFolder(options.run).open(result.config)
    try:
        review = load_review(options.run, result.config)
        known = _look_up(result, review.add(decisions), decisions, done)
        taken = [decision for decision in decisions if decision.id in known]
        for decision in decisions:
            if decision.id not in known:
                done.left_out.add(decision.id, "UNKNOWN_ID", "the run has no record with this id")
        if taken:
            save_review(options.run, review.add(taken))
        done.outcomes.update(decision.outcome for decision in taken)
    finally:
        folder.close()
    return done


def _look_up(result: Result, review: Review, decisions: Sequence[Decision], done: ReviewImport) -> set[str]:
    """Go through all judged records of the run: which ids are there, and what the decisions make of them."""
    wanted = {decision.id: decision for decision in decisions}
    states = {report.name: report.states for report in result.reports}
    known: set[str] = set()
    filtered = [*result.imported, *list_filtered(result.reports)]
    for record in read_judged(result.run, filtered, states["corpus"]):
        decision = wanted.get(record.id)
        if decision is None or record.id in known:
            continue
        known.add(record.id)
        judged = review.apply(record)
        codes = {verdict.code: verdict for verdict in judged.verdicts}
        if "HUMAN_OUTDATED" in codes:
            done.outdated.append(record.id)
        elif decision.outcome == "edit" and judged.status != "kept":
            found = [one.code for one in judged.verdicts[len(record.verdicts) :] if one.severity == "review"]
            done.flagged.append((record.id, ", ".join(dict.fromkeys(found)) or judged.status))
        elif decision.outcome == "accept" and judged.status == "rejected":
            found = [one.code for one in judged.verdicts if one.severity == "reject"]
            done.rejected.append((record.id, ", ".join(dict.fromkeys(found))))
    return known


def is_fruitless(done: RawImport | ReviewImport) -> bool:
    """Whether nothing of PATH was of use, which is an error of the command."""
    if isinstance(done, RawImport):
        return not done.imported and set(done.left_out.codes) != {"ALREADY_THERE"}
    return not done.outcomes


def to_json(done: RawImport | ReviewImport) -> str:
    """Everything a script may want, on one line."""
    data: dict[str, Any]
    if isinstance(done, RawImport):
        data = {
            "kind": "records", "name": done.name, "imported": done.imported, "parts": done.parts,
            "pictures": done.pictures, "withheld": done.withheld, "was_there": done.is_known,
        }  # fmt: skip
    else:
        data = {
            "kind": "decisions", "decisions": dict(done.outcomes), "silent": done.silent, "outdated": done.outdated,
            "flagged": done.flagged, "rejected": done.rejected,
        }  # fmt: skip
    data["left_out"] = dict(sorted(done.left_out.codes.items()))
    data["first_left_out"] = done.left_out.shown
    return json.dumps(data, ensure_ascii=False)


def to_text(done: RawImport | ReviewImport) -> str:
    """What was taken, what was not and why, and what to do next."""
    lines = _tell_records(done) if isinstance(done, RawImport) else _tell_decisions(done)
    if done.left_out.total:
        codes = ", ".join(f"{code} {count}" for code, count in sorted(done.left_out.codes.items()))
        lines.append(f"left out: {done.left_out.total} ({codes})")
        lines += [f"  {place}: {reason}" for place, reason in done.left_out.shown]
        if done.left_out.total > len(done.left_out.shown):
            lines.append(f"  … and {done.left_out.total - len(done.left_out.shown)} more")
    return "\n".join(_CONTROLS.sub("\ufffd", line) for line in lines)


def _tell_records(done: RawImport) -> list[str]:
    if done.is_known:
        return [f"{count_noun(done.imported, 'record')} of this export are in the run already ({done.name})"]
    told = f"imported: {count_noun(done.imported, 'record')} and {count_noun(done.pictures, 'new picture')}"
    lines = [f"{told} ({done.name})"]
    if done.withheld:
        lines.append(f"without pictures, which the export may not pass on: {count_noun(done.withheld, 'record')}")
    return [*lines, "They keep the verdicts they came with; `remud export` takes them along."]


def _tell_decisions(done: ReviewImport) -> list[str]:
    counts = ", ".join(f"{outcome} {count}" for outcome, count in sorted(done.outcomes.items()))
    total = count_noun(done.outcomes.total(), "decision")
    lines = [f"taken: {total} ({counts})" if counts else "taken: no decision"]
    if done.silent:
        lines.append(f"not reviewed: {count_noun(done.silent, 'record')}")
    for name, found in (
        ("outdated, not applied, as the record is another one by now", [(each, "") for each in done.outdated]),
        ("edited, and held back for review by a rule", done.flagged),
        ("accepted, and rejected by a rule all the same", done.rejected),
    ):
        if found:
            lines.append(f"{name}: {len(found)}")
            lines += [f"  {each}{': ' if why else ''}{why}" for each, why in found[:20]]
            lines += [f"  … and {len(found) - 20} more"] if len(found) > 20 else []
    if done.outcomes:
        lines.append("They lie over the records of the run; `remud export` follows them.")
    return lines

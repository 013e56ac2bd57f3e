"""Which parts no run needs any more: the plan of a run beside what lies in its stage folders."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from remud_gen.rules.late import compile_late
from remud_gen.runner.cleaning.outlook import PlannedStage, RunPlan

META = ".meta.json"
OTHERS = (".errors.jsonl", ".calls.json", ".jsonl")  # the longer ending first
KEY = compile_late(r"[\w-]+-([0-9a-f]{8})(?:-p\d{5,}-\d{5,})?(?:-n\d{4,})?")


@dataclass
class StageFiles:
    """What of a stage's folder goes and what stays."""

    stage: str
    gone: list[str] = field(default_factory=list)  # keys of parts of inputs that are no more
    replaced: list[str] = field(default_factory=list)  # keys of parts whose place others have taken
    staying: list[str] = field(default_factory=list)  # keys of all other parts
    strays: list[str] = field(default_factory=list)  # names of files of parts that have no sidecar
    kept: list[str] = field(default_factory=list)  # why parts that are not planned stay


def judge_parts(plan: RunPlan) -> list[StageFiles]:
    """Tell parts that go from parts that stay, stage by stage.

    A part that is not planned goes when its document is no more, or when everything up to its own stage is finished
    and so has taken its place: before that, parts are not planned only because what they follow from is not made yet,
    and the parts of a renamed book are what its new ones are made from.
    """
    sha8s, unreadable = plan.sha8s, plan.unreadable
    gap, failed, judged = "", set[str](), []
    for stage in plan.stages:
        found = StageFiles(stage.row.name)
        upstream_failed = set(failed)
        failed |= _find_failed(stage)
        # Pages that fail now may have been read well by another cut of the book.
        doubtful = failed if stage.row.division == "pages" else upstream_failed
        if stage.gap and not gap:
            gap = f"{stage.gap}, which may still need them; run `remud {stage.row.run_by}` first"
        planned = {state.spec.key for state in stage.states}
        reasons: Counter[str] = Counter()
        for key in _list_keys(plan.run, found):
            name = KEY.fullmatch(key)
            is_ours = name is not None or (stage.row.division == "corpus" and key == stage.row.name)
            is_gone = name is not None and name[1] not in sha8s
            if key in planned or not is_ours:
                found.staying.append(key)
                continue
            reason = _find_reason(is_gone, unreadable, gap, name is not None and name[1] in doubtful)
            if reason:
                reasons[reason] += 1
            (found.staying if reason else found.gone if is_gone else found.replaced).append(key)
        for reason, n in reasons.items():
            found.kept.append(f"{stage.row.name}: {n} part{'s' if n > 1 else ''} kept: {reason}")
        judged.append(found)
    return judged


def _find_reason(is_gone: bool, unreadable: Sequence[str], gap: str, is_doubtful: bool) -> str:
    """Why a part that is not planned stays; empty when it may go."""
    if is_gone:
        return f"{unreadable[0]} cannot be read: it may be their document" if unreadable else ""
    if gap:
        return gap
    return "inputs of the same documents failed; mend the cause and add --retry-errors first" if is_doubtful else ""


def _find_failed(stage: PlannedStage) -> set[str]:
    """Documents with failed inputs: what is planned after them is less than what could be."""
    keys = (state.spec.key for state in stage.states if state.meta is not None and state.meta.counts.errors)
    return {name[1] for name in map(KEY.fullmatch, keys) if name is not None}


def _list_keys(run: Path, found: StageFiles) -> list[str]:
    """Keys of the parts of a stage that are on disk; files of parts without a sidecar are noted as strays."""
    names = list_names(run / found.stage)
    keys = {name.removesuffix(META) for name in names if name.endswith(META)}
    found.strays = [name for name in names if (key := _read_key(name)) and key not in keys]
    return sorted(keys)


def _read_key(name: str) -> str:
    """The key in the name of a file that is no sidecar; empty where remud gives no such names."""
    ending = next((ending for ending in OTHERS if name.endswith(ending)), None)
    key = name.removesuffix(ending) if ending else ""
    return key if KEY.fullmatch(key) else ""


def list_names(folder: Path) -> list[str]:
    """Names in a folder, sorted; none where there is no folder."""
    try:
        with os.scandir(folder) as entries:
            return sorted(entry.name for entry in entries)
    except FileNotFoundError:
        return []

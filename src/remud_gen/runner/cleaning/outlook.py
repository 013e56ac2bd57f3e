"""What a run wants to have on disk, planned without writing anything; an incomplete shelf is refused."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from remud_gen.config import Config, ModelConfig
from remud_gen.errors import InputError
from remud_gen.runner.away import HINT
from remud_gen.runner.folder import RunFolder
from remud_gen.runner.inventory import refuse_empty_shelf, refuse_missing_root, take_inventory
from remud_gen.runner.parts import PartState
from remud_gen.runner.plan import Request, StageRow, choose_rows, plan_stage
from remud_gen.runner.run import load_stage
from remud_gen.stages.base import AsyncStage, InputFile


@dataclass(frozen=True, slots=True)
class PlannedStage:
    """A stage as the present inputs and settings want it."""

    row: StageRow
    model: ModelConfig | None  # of a stage that asks one
    states: list[PartState]

    @property
    def gap(self) -> str:
        """What is not fresh, in words; empty when all is."""
        by_state = Counter(state.state for state in self.states if state.state != "fresh")
        counts = [f"{n} {name} part{'s' if n > 1 else ''}" for name, n in sorted(by_state.items())]
        return f"{self.row.name} has {' and '.join(counts)}" if counts else ""


@dataclass(frozen=True, slots=True)
class RunPlan:
    """What a run wants to have on disk."""

    run: Path
    files: Sequence[InputFile]
    stages: Sequence[PlannedStage]
    config: Config

    @property
    def sha8s(self) -> frozenset[str]:
        """Beginnings of the hashes of the present files, by which part names tell documents apart."""
        return frozenset(file.sha256[:8] for file in self.files)

    @property
    def unreadable(self) -> list[str]:
        """Files that are there but cannot be read: which documents they are, nobody can tell now."""
        return [file.file for file in self.files if file.stamp is None]


def find_roots(run: Path) -> list[Path]:
    """The folders and files that a run was given, all there.

    Raises:
        InputError: when this is no run, or its inputs are not all there: then nothing can be judged by them.
    """
    folder = RunFolder(run)
    if not folder.marker:
        raise InputError(f"{run} is not a run folder", "start one: remud extract books/ --run DIR")
    roots = folder.recall_roots()
    if not roots:
        raise InputError(f"{run} has no inputs yet", f"name a folder or files: remud extract books/ --run {run}")
    _check_shelf(roots, run)
    return roots


def plan_run(rows: Sequence[StageRow], run: Path, config: Config) -> RunPlan:
    """Plan every stage without writing anything.

    Raises:
        InputError: as `find_roots` does.
    """
    roots = find_roots(run)
    files = take_inventory(roots, run, is_writable=False)
    request = Request(run, config, files)
    stages: list[PlannedStage] = []
    upstream: list[PartState] = []
    unwanted: list[PlannedStage] = []
    wanted = choose_rows(rows, config)
    names = {row.name for row in wanted}
    for row in rows:
        if row in wanted:
            stage = load_stage(row.target, config)
            upstream = plan_stage(request, row, stage, upstream)
            # What another configuration left goes only once the stage that this one has in its stead is finished.
            stages += [PlannedStage(row, stage.model if isinstance(stage, AsyncStage) else None, upstream), *unwanted]
            unwanted = []
        elif row.name not in names:
            unwanted.append(PlannedStage(row, None, []))
    stages += unwanted
    return RunPlan(run, files, stages, config)


def _check_shelf(roots: Sequence[Path], run: Path) -> None:
    """Refuse a shelf that is not all there: an unplugged disk must not look like removed books."""
    for root in roots:
        if not root.exists():
            raise refuse_missing_root(root, HINT)
        if root.is_dir() and not any([_check_file(path) for path in _walk(root, run.resolve())]):
            raise refuse_empty_shelf([root], HINT)


def _walk(root: Path, run: Path) -> Iterator[str]:
    def refuse(error: OSError) -> None:
        raise InputError(f"{error.filename} cannot be listed: {error.strerror}", HINT)

    for folder, subfolders, names in os.walk(root, onerror=refuse):
        subfolders[:] = [
            name for name in subfolders if name[0] != "." and Path(os.path.realpath(Path(folder, name))) != run
        ]
        yield from (f"{folder}/{name}" for name in names if name[0] != ".")


def _check_file(path: str) -> bool:
    if not Path(path).exists() and os.path.lexists(path):
        raise InputError(f"{path} is a link that leads nowhere", HINT)
    return True

"""Which stored replies the parts of a run, and of all runs that share its store, rest on."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from filelock import FileLock, Timeout

from remud_gen import registry
from remud_gen.errors import InputError, RemudError
from remud_gen.llm.opening import choose_client
from remud_gen.runner.cleaning.orphans import META, list_names
from remud_gen.runner.cleaning.outlook import RunPlan, find_roots, plan_run
from remud_gen.runner.options import Options, resolve_config
from remud_gen.runner.parts import part_paths, read_meta
from remud_gen.runner.plan import StageRow
from remud_gen.runner.store_place import find_store as locate_store


def find_store(plan: RunPlan) -> Path:
    """Where the replies of a run lie."""
    return locate_store(plan.config, plan.run)


def read_needs(plan: RunPlan, leaving: Collection[tuple[str, str]] = ()) -> Iterator[str]:
    """Request hashes that the parts of a run rest on; `leaving` are stages and keys of parts that are about to
    go: parts of several stages share a key.

    Raises:
        InputError: when the run's needs cannot be told; the message says why.
    """
    gap = ""
    for stage in plan.stages:
        gap = gap or stage.gap
        if stage.model is None:
            continue
        client = choose_client(stage.model)
        if not registry.load("llm", client).is_network:
            told = f"{plan.run} is set to the client `{client}`, so what its own model was asked is not known"
            raise InputError(told)
        if gap:
            raise InputError(f"in {plan.run} {gap}: run `remud {stage.row.run_by}` first")
        planned = {state.spec.key for state in stage.states}
        there = (name.removesuffix(META) for name in list_names(plan.run / stage.row.name) if name.endswith(META))
        for key in sorted(key for key in planned.union(there) if (stage.row.name, key) not in leaving):
            yield from _read_requests(plan.run, stage.row.name, key)


def _read_requests(run: Path, stage: str, key: str) -> list[str]:
    """Request hashes of one part, which must be as many as its sidecar counts."""
    paths = part_paths(run, stage, key)
    meta = read_meta(paths.meta)
    if meta is None:
        raise InputError(f"the sidecar of {run}/{stage}/{key} is damaged")
    try:
        entries = json.loads(paths.calls.read_bytes()) if meta.counts.inputs else []
        requests = [sha for entry in entries for sha in entry.get("requests", [])]
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise InputError(f"what {run}/{stage}/{key} rests on cannot be read: {error}") from None
    # A request that inputs share is counted once; earlier versions counted it once an input.
    if len(entries) != meta.counts.inputs or meta.usage.calls not in (len(set(requests)), len(requests)):
        raise InputError(f"{paths.calls} does not belong to its sidecar")
    return requests


def read_needs_of_others(
    rows: Sequence[StageRow], own: Path, users: Sequence[Path], holding: ExitStack | None
) -> Iterator[str]:
    """Request hashes that the other runs of a store rest on; `holding` keeps each from starting until it is closed.

    Raises:
        InputError: when the needs of one of them cannot be told; the message says whose and why.
    """
    for run in users:
        if run == own.resolve():
            continue
        try:
            if holding is not None:
                find_roots(run)  # a folder that is no run any more gets no lock file
                _hold(run, holding)
            yield from read_needs(plan_run(rows, run, resolve_config(Options(run))))
        except (RemudError, OSError) as error:
            told = error.message if isinstance(error, RemudError) else str(error)
            raise InputError(f"the run {run} uses the same store: {told}") from None


def find_removed(plan: RunPlan, users: Sequence[Path]) -> list[Path]:
    """The runs noted in a store that are no more.

    Raises:
        InputError: where even the folder above one is not there, as on a disk that is not plugged in.
    """
    removed = [run for run in users if not run.exists()]
    # A store inside its run knows the run by the path it had before the folder was moved.
    if plan.config.runner.replies is not None:
        for run in removed:
            if not run.parent.exists():
                raise InputError(f"the run {run} uses the same store and its disk is not there")
    return removed


def _hold(run: Path, holding: ExitStack) -> None:
    lock = FileLock(run / ".lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise InputError(f"{run} is in use by another remud command") from None
    holding.callback(lock.release)

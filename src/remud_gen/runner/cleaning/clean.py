"""What no run needs any more: found, told, and removed where that is asked for.

Order: half-written files, parts (sidecar first), files of parts that have none, bases, pictures, replies, cache.
Each step judges by what stays of those before it, so that a kill at any moment leaves a whole run, and a rest that the
same command finds again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from remud_gen.config import load_config
from remud_gen.errors import InputError, RemudError
from remud_gen.llm.store import ReplyStore
from remud_gen.llm.store_reading import look_into_store
from remud_gen.runner.cleaning.needs import find_removed, find_store, read_needs, read_needs_of_others
from remud_gen.runner.cleaning.orphans import StageFiles, judge_parts
from remud_gen.runner.cleaning.outlook import RunPlan, find_roots, plan_run
from remud_gen.runner.cleaning.sweeper import SHOWN, Finding, Sweeper, list_half_exports, list_temporaries
from remud_gen.runner.cleaning.text import Cleaning
from remud_gen.runner.files import write_atomically
from remud_gen.runner.folder import RunFolder
from remud_gen.runner.imported import STAGE as IMPORTED
from remud_gen.runner.inventory import CACHE
from remud_gen.runner.options import Options, resolve_config
from remud_gen.runner.parts import list_parts
from remud_gen.runner.place import recover
from remud_gen.runner.plan import StageRow


def clean(rows: Sequence[StageRow], options: Options, *, is_applied: bool) -> Cleaning:
    """List what this run does not need any more; remove it if `is_applied`. A mere list writes nothing.

    Raises:
        InputError: no run, in use by another command, inputs that are not all there, or a file that cannot be removed.
    """
    run = options.run
    config = resolve_config(options)
    sweeper = Sweeper(run, is_applied=is_applied)
    find_roots(run)  # before anything is written: it refuses a run that cannot be judged
    with ExitStack() as holding:
        half_written = {"temporaries": list(list_temporaries(run)), "half_exports": list(list_half_exports(run))}
        if is_applied:
            holding.enter_context(_hold(run))
        plan = plan_run(rows, run, config)
        for kind, found in half_written.items():
            for name, size_bytes in found:
                sweeper.note(kind, name, size_bytes)
        stages = judge_parts(plan)
        sweeper.sweep_parts(stages)
        sweeper.sweep_bases(stages)
        sweeper.sweep_pictures([*stages, StageFiles(IMPORTED, staying=list_parts(run, IMPORTED))])
        try:
            _sweep_replies(rows, plan, stages, sweeper, is_applied=is_applied)
        except RemudError as error:
            sweeper.kept.append(f"replies kept: {error.message}")
        _sweep_cache(run, sweeper, is_applied=is_applied)
    return Cleaning(run, sweeper.findings, sweeper.kept, is_applied)


@contextmanager
def _hold(run: Path) -> Iterator[None]:
    """Lock the run, and put right what killed commands left; its own configuration stays what it is."""
    kept = run / "config.yaml"
    folder = RunFolder(run).open(load_config(kept if kept.is_file() else None, (), {}))
    try:
        recover(run / "export")
        yield
    finally:
        folder.close()


def _sweep_replies(
    rows: Sequence[StageRow], plan: RunPlan, stages: Sequence[StageFiles], sweeper: Sweeper, *, is_applied: bool
) -> None:
    """Replies that no part of any run that draws on the store rests on.

    Raises:
        RemudError: when that cannot be told; nothing was removed.
    """
    path = find_store(plan)
    if not path.exists():
        return
    with ExitStack() as stack:
        if is_applied:
            store = stack.enter_context(closing(ReplyStore(path)))
            # Keys before needs: a reply that another run stores from now on is not among them.
            sizes, users = dict.fromkeys(store.iterate_keys(), 0), tuple(store.users())
        else:
            look = look_into_store(path)
            sizes, users = look.sizes, look.users
        if plan.config.runner.replies is not None and plan.run.resolve() not in users:
            raise InputError(f"{path} is shared and has not noted this run as a user; run `remud generate` first")
        leaving = {(stage.stage, key) for stage in stages for key in (*stage.gone, *stage.replaced)}
        _forget(sizes, read_needs(plan, leaving))
        removed = find_removed(plan, users)
        present = [user for user in users if user not in removed]
        _forget(sizes, read_needs_of_others(rows, plan.run, present, stack if is_applied else None))
        if is_applied:
            if tuple(store.users()) != users:
                raise InputError("another run has begun to use the store; run the same command again")
            _remove(store, sizes, sweeper)
        for sha, size_bytes in sizes.items() if not is_applied else ():
            sweeper.note("replies", sha, size_bytes)
        if sizes and plan.config.runner.replies is not None:
            sweeper.kept += [f"the run {user} is no more: its replies were not kept" for user in removed]


def _forget(sizes: dict[str, int], needed: Iterable[str]) -> None:
    for sha in needed:
        sizes.pop(sha, None)


def _remove(store: ReplyStore, keys: dict[str, int], sweeper: Sweeper) -> None:
    if not keys:
        return
    before = store.size_bytes()
    count = store.remove(keys)
    freed = max(0, before - store.size_bytes())
    sweeper.findings["replies"] = Finding(count, freed, list(keys)[:SHOWN])


def _sweep_cache(run: Path, sweeper: Sweeper, *, is_applied: bool) -> None:
    """Hashes of files that are no more; a name in a foreign encoding cannot be looked up and stays."""
    try:
        data = (run / CACHE).read_bytes()
        entries = json.loads(data)
        gone = [path for path in entries if "\\x" not in path and not Path(path).exists()]
    except (OSError, ValueError, TypeError):
        return
    if not gone:
        return
    rest = {path: entry for path, entry in entries.items() if path not in set(gone)}
    after = json.dumps(rest, ensure_ascii=False).encode("utf-8")
    if is_applied:
        write_atomically(run / CACHE, after)
    sweeper.findings["cached_inputs"] = Finding(len(gone), max(0, len(data) - len(after)), gone[:SHOWN])

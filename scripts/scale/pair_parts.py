"""The only place that knows the runner from inside: larger pair parts that a later run takes for its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from remud_gen.config import load_config
from remud_gen.pipeline import PIPELINE
from remud_gen.records import ImageTextPair, Record
from remud_gen.runner.folder import RunFolder
from remud_gen.runner.inventory import take_inventory
from remud_gen.runner.parts import PartState
from remud_gen.runner.plan import Request, choose_rows, join_parts, plan_stage
from remud_gen.runner.reading import iterate_inputs, locate
from remud_gen.runner.run import load_stage
from remud_gen.runner.writer import PartWriter
from scripts.scale.variants import iterate_variants


def multiply_pairs(run: Path, n_pairs: int, picture_px: int) -> int:
    """Spread `n_pairs` variants over the documents of a run whose pair stage is up to date; return how many.

    The parts are written as the runner writes them, under the fingerprints it plans: to the next command they are
    what the pair stage made. A part that is large enough already is left alone.
    """
    folder = RunFolder(run)
    states = _plan_pairs(folder, run)
    for number, state in enumerate(states):
        share = n_pairs * (number + 1) // len(states) - n_pairs * number // len(states)
        assert state.state == "fresh" and state.meta is not None, (state.spec.key, state.reason)
        if state.meta.counts.records.get("pair", 0) < share:
            _rewrite(run, state, share, folder, picture_px)
    return sum(state.meta.counts.records.get("pair", 0) for state in _plan_pairs(folder, run) if state.meta)


def _plan_pairs(folder: RunFolder, run: Path) -> list[PartState]:
    config = load_config(run / "config.yaml")
    request = Request(run, config, take_inventory(folder.recall_roots(), run, is_writable=False))
    states: list[PartState] = []
    rows = choose_rows(PIPELINE, config)
    for row in rows[: 1 + [row.name for row in rows].index("pair")]:
        states = plan_stage(request, row, load_stage(row.target, config), states)
    return states


def _rewrite(run: Path, state: PartState, share: int, folder: RunFolder, picture_px: int) -> None:
    made: list[Any] = list(iterate_inputs(run, join_parts([state])))
    pattern = next(record for record in made if isinstance(record, ImageTextPair))
    others: list[Record] = [record for record in made if not isinstance(record, ImageTextPair)]
    with PartWriter(run, state.spec, state.stamp) as writer:
        for page in iterate_inputs(run, state.spec.inputs):
            writer.add(locate(page), [*iterate_variants(pattern, share, folder.images, picture_px), *others])
            share, others = 0, []
        writer.commit(is_partial=False)

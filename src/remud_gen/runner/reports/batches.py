"""Batches under way, in words."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from remud_gen.llm.store_reading import WaitingBatch
from remud_gen.runner.account import read_spending
from remud_gen.runner.reports.wording import count_noun


def batch_lines(batches: Sequence[WaitingBatch]) -> list[str]:
    """What endpoints were handed and have not given back, a line each."""
    lines = []
    for batch in batches:
        size = f"{count_noun(batch.n_requests, 'request')}, {batch.n_bytes / 2**20:.1f} MiB"
        if batch.batch_id is None:
            lines.append(f"batch of {size} for {batch.model}: handing it over was cut short, the next command looks")
        else:
            ended = f", {batch.n_ended:,} done" if batch.n_ended else ""
            lines.append(f"batch {batch.batch_id} of {size} for {batch.model}: {batch.state}{ended}")
    return lines


def tell_collecting(run: Path, batches: Sequence[WaitingBatch]) -> list[str]:
    """What is to be done next where this run waits for replies; nothing where it does not."""
    n_late = read_spending(run).n_late if batches else 0
    if not n_late:
        return []
    told = f"{count_noun(n_late, 'request')} {'was' if n_late == 1 else 'were'} handed over in batches"
    return [f"{told}: `remud generate --batch` collects what has ended and makes what follows from it."]

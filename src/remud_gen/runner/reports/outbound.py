"""The ledger of what left this machine, for people and for scripts."""

from __future__ import annotations

import json
from collections import Counter, deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from remud_gen.errors import InputError
from remud_gen.llm.ledger import Outbound, read_ledger, sum_ledger


def outbound_lines(run: Path, n_lines: int = 0) -> Iterator[str]:
    """What a run sent, in sum; then the newest lines as they stand in the ledger.

    Raises:
        InputError: the folder is no run, or its ledger was damaged by hand.
    """
    total = _sum(run)
    if not total.n_requests:
        yield "nothing was sent: no request of this run left the machine"
        return
    yield f"{total.n_requests} requests sent or tried from {total.first} to {total.last}"
    yield f"  to        {_list(total.hosts)}"
    yield f"  for       {_list(total.purposes)}"
    yield f"  words     {total.n_chars:,} characters"
    yield f"  pictures  {total.n_images}, {total.n_masked_images} of them masked, {total.n_image_bytes:,} bytes"
    yield f"  masked    {_list(total.masked) or 'no words'}"
    yield f"  left in   {_list(total.found) or 'nothing that the rules know'}"
    if n_lines:
        yield from (json.dumps(entry, ensure_ascii=False) for entry in deque(read_ledger(run), maxlen=n_lines))


def outbound_json(run: Path) -> dict[str, Any]:
    """The same for scripts."""
    # Not asdict: it makes a Counter of a Counter's pairs.
    return {name: dict(value) if isinstance(value, Counter) else value for name, value in vars(_sum(run)).items()}


def describe_outbound(run: Path) -> str:
    """One line for `status`; empty where nothing was sent."""
    total = sum_ledger(run)
    if not total.n_requests:
        return ""
    pictures = f"{total.n_images} pictures, {total.n_masked_images} masked"
    hosts = ", ".join(sorted(total.hosts))
    return f"sent or tried: {total.n_requests} requests to {hosts} ({pictures}); `remud outbound` says more"


def _sum(run: Path) -> Outbound:
    if not (run / "run.json").is_file():
        raise InputError(f"{run} is not a run folder", "name one with --run")
    return sum_ledger(run)


def _list(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))

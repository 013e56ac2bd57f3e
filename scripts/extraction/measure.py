"""Choose pages, start readers, add up."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pymupdf

from scripts.scale.measure import PROJECT, measure
from tests.e2e.command import environment

Pages = list[tuple[str, int]]
TIMEOUT_S = 3600
STRETCH = 5  # a book is read page after page, and what its neighbours hold is not read twice


def spread_pages(given: Sequence[Path], count: int) -> Pages:
    """At most about `count` pages, in stretches of neighbours spread evenly over all pages of all files."""
    files = [path for one in given for path in ([one] if one.is_file() else sorted(one.glob("*.pdf")))]
    every: Pages = []
    for path in files:
        with pymupdf.open(path) as book:
            every += [(str(path.resolve()), number) for number in range(1, book.page_count + 1)]
    stretches = [every[k : k + STRETCH] for k in range(0, len(every), STRETCH)]
    if not every:
        return []
    wanted = min(len(stretches), max(1, round(count / STRETCH)))
    step = len(stretches) / wanted
    return [page for k in range(wanted) for page in stretches[int(k * step)]]


def measure_reader(reader: str, pages: Pages, scratch: Path, *, processes: int, n_hot: int) -> dict[str, Any]:
    """One reader on these pages, shared out among processes that work at the same time."""
    size = -(-len(pages) // processes)
    shares = [pages[k : k + size] for k in range(0, len(pages), size)]
    running = []
    for number, share in enumerate(shares):
        place = scratch / str(number)
        place.mkdir()
        job = {"reader": reader, "pages": share, "scratch": str(place), "n_hot": n_hot if number == 0 else 0}
        (place / "job.json").write_text(json.dumps(job), "utf-8")
        command = [sys.executable, "-m", "scripts.extraction.readers", str(place / "job.json")]
        env = environment(PYTHONPATH=f"{PROJECT / 'src'}:{PROJECT}", OMP_NUM_THREADS="1", ORT_DISABLE_TELEMETRY="1")
        running.append(
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env, cwd=PROJECT)
        )
    found = []
    for process in running:
        out, err = process.communicate(timeout=TIMEOUT_S)
        if process.returncode:
            raise RuntimeError(f"{reader} failed:\n{err[-2000:]}")
        found.append(json.loads(out.splitlines()[-1]))
    return {
        "reader": reader,
        "pages": len(pages),
        "processes": len(shares),
        "pages_per_s": sum(len(share) / one["wall_s"] for share, one in zip(shares, found, strict=True)),
        "cpu_s_per_page": sum(one["cpu_s"] for one in found) / len(pages),
        "peak_mb": max(one["peak_mb"] for one in found),
        "hot": found[0]["hot"],
    }


def measure_book(path: Path) -> dict[str, Any]:
    """`remud extract` on one book with one worker: seconds, and the worker's memory over time."""
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        arguments = ["extract", str(path.resolve()), "--run", f"{scratch}/run", "--json", "--quiet"]
        began = time.monotonic()
        found = measure("extract", [*arguments, "--set=runner.workers=1"])
        summary = found.summarise()
        pages = json.loads(found.stdout)["stages"]["extract"]["outputs"]
    return {
        "kind": "book",
        "pages": pages,
        "wall_s": time.monotonic() - began,
        "cpu_s": summary["cpu_s"] + summary["workers_cpu_s"],
        "worker_mb": summary["worker_mb"],
        "peak_mb": summary["workers_peak_mb"],
    }

#!/usr/bin/env python3
"""`remud generate` beside bare loops over the same requests: whole processes, timed from outside.

    scripts/bench_generate.py [--images 2000] [--texts 5000] [--rounds 1] [--json FILE]

A local server takes 200 ms for each request and serves 64 at a time, so 320 requests a second are the most. First the
books are made and read and every request is recorded; then each client runs as a process of its own that starts,
sends the same requests and ends: `remud generate` with validation, reply store and records, and the bare loops of
scripts/generation/loops.py. Ratios are of wall times of one call of this script; `load` is that of the machine
before each run, and above 1 the figures say little. Those of aiohttp need that package installed.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
SETTINGS = (
    "generate.items_per_pair=1",
    "generate.items_per_passage=1",
    "generate.concurrency=64",
    "pair.passage_max_chars=1500",
)
IDEAL_PER_S = 320.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=2000, help="requests with a picture of about 10 KB")
    parser.add_argument("--texts", type=int, default=5000, help="requests of about a thousand characters")
    parser.add_argument("--rounds", type=int, default=1, help="how often every client runs")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args()
    clients = ["remud", "openai", "httpx2"]
    if find_spec("aiohttp"):
        clients += ["openai-aiohttp"] if find_spec("httpx_aiohttp") else []
        clients.append("aiohttp")
    rows: list[dict[str, Any]] = []
    for kind, n_requests in (("images", options.images), ("texts", options.texts)):
        if n_requests:
            with tempfile.TemporaryDirectory(prefix="bench-generate-") as folder:
                rows += measure(kind, n_requests, clients, options.rounds, Path(folder))
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2), "utf-8")


def measure(kind: str, n_requests: int, clients: list[str], n_rounds: int, folder: Path) -> list[dict[str, Any]]:
    bodies = prepare(kind, n_requests, folder)
    n_bytes = sum(path.stat().st_size for path in bodies.glob("*.bin"))
    n_sent = sum(1 for _ in (bodies / "bodies.jsonl").open(encoding="utf-8"))
    pictures = f", pictures of {n_bytes / 1024 / max(1, n_sent):.1f} KB" if n_bytes else ""
    print(f"\n{kind}: {n_sent} requests{pictures}; at best {n_sent / IDEAL_PER_S:.2f} s")
    print(f"{'client':<16}{'wall s':>8}{'req/s':>8}{'CPU s':>8}{'peak MB':>9}{'load':>6}", flush=True)
    rows = []
    for _ in range(n_rounds):
        for client in clients:
            row = time_client(client, folder, bodies, n_sent) | {"kind": kind, "client": client, "requests": n_sent}
            rows.append(row)
            print(
                f"{client:<16}{row['wall_s']:>8.2f}{n_sent / row['wall_s']:>8.1f}{row['cpu_s']:>8.2f}"
                f"{row['peak_mb']:>9.0f}{row['load']:>6.1f}",
                flush=True,
            )
    best = {name: min(row["wall_s"] for row in rows if row["client"] == name) for name in clients}
    bare = min(seconds for name, seconds in best.items() if name.startswith("openai"))
    raw = min(seconds for name, seconds in best.items() if name in ("httpx2", "aiohttp"))
    print(
        f"remud / best bare openai loop: {best['remud'] / bare:.3f}   remud / best raw HTTP: {best['remud'] / raw:.3f}"
    )
    return rows


def prepare(kind: str, n_requests: int, folder: Path) -> Path:
    """Make the books, read them, and record what generate asks about them."""
    from scripts.generation.shelf import write_picture_book, write_text_books

    shelf, bodies = folder / "shelf", folder / "bodies"
    shelf.mkdir()
    bodies.mkdir()
    if kind == "images":
        write_picture_book(shelf / "book.pdf", n_requests)
    else:
        write_text_books(shelf, n_requests)
    extra = ("--set", "generate.items_per_passage=0") if kind == "images" else ()
    remud("pair", str(shelf), "--run", str(folder / "read"), *flags(), *extra)
    shutil.copytree(folder / "read", folder / "recorded")
    with serve("--latency", "0", "--places", "512", "--record", str(bodies)) as url:
        remud("generate", "--run", str(folder / "recorded"), "--model", "tiny", "--base-url", url)
    return bodies


def time_client(client: str, folder: Path, bodies: Path, n_requests: int) -> dict[str, float]:
    run, out = folder / f"run-{client}", folder / f"{client}.jsonl"
    shutil.rmtree(run, ignore_errors=True)
    if client == "remud":
        shutil.copytree(folder / "read", run)
    with serve() as url:
        command = (
            [sys.executable, "-m", "remud_gen", "generate", "--run", str(run), "--model", "tiny", "--base-url", url]
            if client == "remud"
            else [
                sys.executable, "-m", "scripts.generation.loops", client,
                "--url", url, "--bodies", str(bodies), "--out", str(out),
            ]
        )  # fmt: skip
        load = os.getloadavg()[0]
        found = time_process(command)
    if client == "remud":
        n_made = sum(
            1 for path in (run / "generate").glob("*.jsonl") if ".errors." not in path.name for _ in path.open()
        )
    else:
        n_made = sum(1 for _ in out.open(encoding="utf-8"))
    if n_made != n_requests:
        raise SystemExit(f"{client} made {n_made} of {n_requests}")
    return {**found, "load": load}


def time_process(command: list[str]) -> dict[str, float]:
    started = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    seen, peak_mb, cpu_s = psutil.Process(process.pid), 0.0, 0.0
    while process.poll() is None:
        try:
            peak_mb = max(peak_mb, seen.memory_info().rss / 2**20)
            times = seen.cpu_times()
            cpu_s = times.user + times.system
        except psutil.Error:
            break
        time.sleep(0.02)
    told = process.stderr.read() if process.stderr else ""
    process.wait()
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}: {told[-2000:]}")
    return {"wall_s": time.perf_counter() - started, "cpu_s": cpu_s, "peak_mb": peak_mb}


class serve:  # noqa: N801 - reads as a verb: with serve() as url
    """A server process for the time of a `with` block."""

    def __init__(self, *arguments: str) -> None:
        self._command = [sys.executable, "-m", "scripts.generation.server", *arguments]

    def __enter__(self) -> str:
        self._process = subprocess.Popen(self._command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        return self._process.stdout.readline().strip() if self._process.stdout else ""

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()


def flags() -> list[str]:
    return [word for setting in SETTINGS for word in ("--set", setting)]


def remud(*arguments: str) -> None:
    command = [sys.executable, "-m", "remud_gen", *arguments, "--quiet"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"remud {' '.join(arguments)} ended with {done.returncode}: {done.stderr[-2000:]}")


if __name__ == "__main__":
    main()

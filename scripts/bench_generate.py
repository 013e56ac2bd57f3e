#!/usr/bin/env python3
"""`remud generate` beside bare loops over the same requests: whole processes, timed from outside.

    scripts/bench_generate.py [--quick] [--images 2000] [--texts 5000] [--rounds 1] [--keep FOLDER] [--json FILE]

A local server takes 200 ms for each request and serves 64 at a time, so 320 requests a second are the most. First the
books are made and read and every request is recorded; then each client runs as a process of its own that starts,
sends the same requests (the server's digest of all bodies says so) and ends: `remud generate` with validation, reply
store, ledger and progress, and the bare loops of scripts/generation/loops.py. All are compiled to byte code before, as
whatever is installed is. Ratios are of wall times of one call of this script; `ready` lets the main thread wait for a
core, and where that is much, or `load` above 1, look at the processor times and repeat. aiohttp's loops need that
package: installed, or in the folder of --aiohttp (`pip install --target FOLDER aiohttp`).
"""

from __future__ import annotations

import argparse
import compileall
import json
import os
import shutil
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from scripts.generation.timing import Timing, run_quietly, serve, time_process  # noqa: E402

SETTINGS = (
    "generate.items_per_pair=1",
    "generate.items_per_passage=1",
    "generate.concurrency=64",
    "pair.passage_max_chars=1500",
)
IDEAL_PER_S = 320.0
RAW = ("httpx2", "aiohttp")
OVER_OPENAI = ("openai", "openai-aiohttp")
HEAD = f"{'client':<15}{'wall s':>8}{'start':>7}{'asking':>8}{'end':>6}{'req/s':>7}{'CPU s':>7}{'ms/req':>8}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=2000, help="requests with a picture of about 10 KB")
    parser.add_argument("--texts", type=int, default=5000, help="requests of about a thousand characters")
    parser.add_argument("--quick", action="store_true", help="200 and 500 of them")
    parser.add_argument("--rounds", type=int, default=1, help="how often every client runs")
    parser.add_argument("--clients", nargs="+", help="of: remud openai openai-aiohttp httpx2 aiohttp")
    parser.add_argument("--aiohttp", type=Path, help="a folder that holds aiohttp, for the loops that need it")
    parser.add_argument("--keep", type=Path, help="a folder that keeps the books and requests for the next call")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args()
    wanted = {"images": 200, "texts": 500} if options.quick else {"images": options.images, "texts": options.texts}
    clients = options.clients or choose_clients(options.aiohttp)
    rows: list[dict[str, Any]] = []
    for part in ("src/remud_gen", "scripts/generation"):
        compileall.compile_dir(ROOT / part, quiet=2)
    with tempfile.TemporaryDirectory(prefix="bench-generate-") as scratch:
        for kind, n_requests in wanted.items():
            if n_requests:
                folder = (options.keep or Path(scratch)) / f"{kind}-{n_requests}"
                rows += measure(kind, n_requests, clients, options.rounds, folder, options.aiohttp)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2), "utf-8")


def choose_clients(aiohttp: Path | None) -> list[str]:
    clients = ["remud", "openai", "httpx2"]
    return [*clients, "openai-aiohttp", "aiohttp"] if aiohttp or find_spec("aiohttp") else clients


def measure(
    kind: str, n_requests: int, clients: list[str], n_rounds: int, folder: Path, aiohttp: Path | None
) -> list[dict[str, Any]]:
    bodies = folder / "bodies"
    if not bodies.is_dir():
        prepare(kind, n_requests, folder)
    n_bytes = sum(path.stat().st_size for path in bodies.glob("*.bin"))
    n_sent = sum(1 for _ in (bodies / "bodies.jsonl").open(encoding="utf-8"))
    pictures = f", pictures of {n_bytes / 1024 / max(1, n_sent):.1f} KB" if n_bytes else ""
    print(f"\n{kind}: {n_sent} requests{pictures}; at best {n_sent / IDEAL_PER_S:.2f} s")
    if n_sent != n_requests:
        raise SystemExit(f"{n_sent} of {n_requests} were asked: the shelf is not what it should be")
    print(f"{HEAD}{'ready':>7}{'peak MB':>9}{'load':>6}{'server ms':>11}", flush=True)
    rows, digests = [], set()
    for turn in range(n_rounds):
        order = clients[turn % len(clients) :] + clients[: turn % len(clients)]
        for client in order:
            load = os.getloadavg()[0]
            found, seen = time_client(client, folder, n_sent, aiohttp)
            digests.add(seen["digest"])
            row = {"kind": kind, "client": client, "requests": n_sent, "load": load, **found.describe(seen)}
            rows.append(row)
            print(format_row(row), flush=True)
    if len(digests) > 1:
        raise SystemExit("the clients did not send the same requests")
    report_ratios(rows, n_sent / IDEAL_PER_S)
    return rows


def format_row(row: dict[str, Any]) -> str:
    return (
        f"{row['client']:<15}{row['wall_s']:>8.2f}{row['start_s']:>7.2f}{row['asking_s']:>8.2f}{row['end_s']:>6.2f}"
        f"{row['requests'] / row['wall_s']:>7.0f}{row['cpu_s']:>7.2f}{row['request_ms']:>8.2f}{row['ready_s']:>7.2f}"
        f"{row['peak_mb']:>9.0f}{row['load']:>6.1f}{row['server_ms']:>11.2f}"
    )


def report_ratios(rows: list[dict[str, Any]], ideal_s: float) -> None:
    best = {row["client"]: min(r["wall_s"] for r in rows if r["client"] == row["client"]) for row in rows}
    if "remud" not in best:
        return
    told = [f"ideal / remud: {ideal_s / best['remud']:.3f}"]
    for name, kin in (("best bare openai loop", OVER_OPENAI), ("best raw HTTP loop", RAW)):
        known = {client: best[client] for client in kin if client in best}
        if known:
            fastest = min(known, key=lambda client: known[client])
            told.append(f"remud / {name} ({fastest}): {best['remud'] / known[fastest]:.3f}")
    print("   ".join(told), flush=True)


def prepare(kind: str, n_requests: int, folder: Path) -> None:
    """Make the books, read them, and record what generate asks about them."""
    from scripts.generation.shelf import write_picture_books, write_text_books

    shutil.rmtree(folder, ignore_errors=True)
    shelf, read, recorded = folder / "shelf", folder / "read", folder / "recorded"
    shelf.mkdir(parents=True)
    (write_picture_books if kind == "images" else write_text_books)(shelf, n_requests)
    settings = [*SETTINGS, "runner.executor=serial"]
    settings += ["generate.items_per_passage=0"] if kind == "images" else []
    flags = [word for setting in settings for word in ("--set", setting)]
    run_quietly("-m", "scripts.generation.reading", "pair", str(shelf), "--run", str(read), "--quiet", *flags)
    shutil.copytree(read, recorded)
    half = folder / "half-written"
    half.mkdir()
    with serve("--latency", "0", "--places", "512", "--record", str(half)) as server:
        run_quietly("-m", "remud_gen", *ask(recorded, server.url), "--quiet")
    shutil.rmtree(recorded)
    half.rename(folder / "bodies")


def ask(run: Path, url: str) -> list[str]:
    return ["generate", "--run", str(run), "--model", "tiny", "--base-url", url]


def time_client(client: str, folder: Path, n_requests: int, aiohttp: Path | None) -> tuple[Timing, dict[str, Any]]:
    run, out = folder / "run", folder / "answers.jsonl"
    shutil.rmtree(run, ignore_errors=True)
    if client == "remud":
        shutil.copytree(folder / "read", run)
    with serve() as server:
        bodies = str(folder / "bodies")
        loop = ["scripts.generation.loops", client, "--url", server.url, "--bodies", bodies, "--out", str(out)]
        words = ["remud_gen", *ask(run, server.url)] if client == "remud" else loop
        environment = dict(os.environ)
        if aiohttp is not None and "aiohttp" in client:
            environment["PYTHONPATH"] = str(aiohttp)
        found = time_process([sys.executable, "-m", *words], environment)
    n_made = count_records(run) if client == "remud" else sum(1 for _ in out.open(encoding="utf-8"))
    if n_made != n_requests:
        raise SystemExit(f"{client} made {n_made} of {n_requests}")
    return found, server.seen


def count_records(run: Path) -> int:
    parts = [path for path in (run / "generate").glob("*.jsonl") if ".errors." not in path.name]
    return sum(1 for path in parts for _ in path.open(encoding="utf-8"))


if __name__ == "__main__":
    main()

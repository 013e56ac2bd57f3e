#!/usr/bin/env python3
"""How near a sampled dry run comes to the bill, on laws of reply lengths that the estimator was not written for.

First many simulated corpora through the estimator itself; then, with --live, one run of the whole command line for each
law against a server whose replies are as long as the law says: dry run with a sample, real run, and the server's bill.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.length_server import LengthServer  # noqa: E402
from tests.llm.length_laws import FURTHER, LAWS  # noqa: E402
from tests.llm.test_estimate import bill, estimate, make_corpus  # noqa: E402

HEADINGS = (
    f"{'law':<16}{'spread of bills':>16}{'bias':>8}{'median':>8}{'95 %':>8}{'within 15 %':>13}{'in its range':>14}"
)


def simulate(law: str, n_runs: int, n_inputs: int, n_sample: int) -> str:
    """One line of figures."""
    errors: list[float] = []
    n_covered = 0
    spread = 0.0
    for seed in range(n_runs):
        corpus = make_corpus(n_inputs, seed)
        amount, true = estimate(law, corpus, n_sample, seed)
        errors.append(amount.likely / true - 1)
        n_covered += amount.low <= true <= amount.high
        if seed == 0:
            bills = [bill(law, candidate) for candidate in corpus]
            spread = statistics.pstdev(bills) / statistics.mean(bills)
    sizes = sorted(map(abs, errors))
    within = sum(size <= 0.15 for size in sizes) / n_runs
    return (
        f"{law:<16}{spread:>16.2f}{statistics.mean(errors):>8.1%}{statistics.median(sizes):>8.1%}"
        f"{sizes[int(0.95 * n_runs)]:>8.1%}{within:>13.1%}{n_covered / n_runs:>14.1%}"
    )


def write_shelf(folder: Path, n_sections: int) -> None:
    draw = random.Random(1)
    folder.mkdir()
    for book in range(3):
        sections = []
        for number in range(n_sections // 3):
            n_more = int(draw.lognormvariate(1, 0.9))
            more = " ".join(f"Look {k}: the wall is {1 + k % 3} mm thick and holds {k + 2} ml." for k in range(n_more))
            sections.append(
                f"# Section {number} of book {book}\n\nThe cyst of case {number} lies in the lower pole of the left "
                f"kidney and measures {3 + number % 7}.{book} cm across, with a thin wall. {more}\n"
            )
        (folder / f"notes{book}.md").write_text("\n".join(sections), "utf-8")


def call(folder: Path, address: str, *more: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "remud_gen", "generate", "books", "--run", "run", "--config", "bench.yaml"]
    done = subprocess.run(
        [*command, "--base-url", address, "--quiet", "--json", *more],
        cwd=folder, capture_output=True, text=True, check=True, encoding="utf-8",
    )  # fmt: skip
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def run_live(law: str, n_sections: int, n_sample: int) -> str:
    with tempfile.TemporaryDirectory() as name, LengthServer(law) as server:
        folder = Path(name)
        write_shelf(folder / "books", n_sections)
        config = "generate: {model: tiny}\nbudget: {prices: {tiny: {input: 1, output: 10}}}\n"
        (folder / "bench.yaml").write_text(config, "utf-8")
        told = call(folder, server.base_url, "--dry-run", "--sample", str(n_sample))["forecast"]["generate"]
        n_asked = len(server.bill)
        call(folder, server.base_url)
        amount, true = told["bill_usd"], server.billed_usd
        return (
            f"{law:<16}{n_asked:>5} of {len(server.bill):>4} asked   told ${amount['likely']:.3f} "
            f"({amount['low']:.3f} to {amount['high']:.3f})   billed ${true:.3f}   "
            f"off by {amount['likely'] / true - 1:+.1%}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=400)
    parser.add_argument("--inputs", type=int, default=1000)
    parser.add_argument("--sample", type=int, default=50)
    parser.add_argument("--live", action="store_true")
    options = parser.parse_args()
    print(f"{options.runs} corpora of {options.inputs} inputs, {options.sample} of them asked")
    print(HEADINGS)
    for law in (*LAWS, *FURTHER):
        print(simulate(law, options.runs, options.inputs, options.sample), flush=True)
    if options.live:
        print("\nthe whole command line against a server with a bill")
        for law in LAWS:
            print(run_live(law, 400, options.sample), flush=True)


if __name__ == "__main__":
    main()

"""The scale bench, run small: what it writes must pass for the runner's own, and what it counts must be true."""

from __future__ import annotations

import json

import pytest

from scripts.bench_scale import count_records, format_table, main

N_PAIRS, N_DOCUMENTS, N_ITEMS = 7, 2, 3


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scale")
    phases = [f"--only={name}" for name in ("pair", "multiply", "generate", "status")]
    sizes = [f"--pairs={N_PAIRS}", f"--docs={N_DOCUMENTS}", f"--items={N_ITEMS}", f"--folder={folder}"]
    return main([*phases, *sizes]), folder


def test_multiplied_pairs_are_taken_for_fresh_ones(bench) -> None:
    _, folder = bench
    records = [
        json.loads(line)
        for path in sorted((folder / "run" / "pair").glob("*.jsonl"))
        if not path.name.endswith(".errors.jsonl")
        for line in path.read_text("utf-8").splitlines()
    ]
    pairs = [record for record in records if record["record"] == "pair"]
    # Had the runner found them stale, it would have made the shelf's own two pairs again.
    assert len(pairs) == N_PAIRS
    for name in ("id", "figure_id", "caption"):
        assert len({pair[name] for pair in pairs}) == N_PAIRS, name
    assert len({pair["image"]["sha256"] for pair in pairs}) == N_PAIRS


def test_every_pair_was_asked_about(bench) -> None:
    _, folder = bench
    counts = count_records(folder / "run")
    n_passages = counts["pair"] - N_PAIRS
    assert n_passages >= N_DOCUMENTS
    assert counts["generate"] == N_PAIRS * N_ITEMS + n_passages * 2
    errors = [path.read_text("utf-8") for path in (folder / "run" / "generate").glob("*.errors.jsonl")]
    assert errors and not any(errors)


def test_figures_are_those_of_the_command(bench) -> None:
    found, folder = bench
    rows = {row.label: row.summarise() for row in found.rows}
    assert set(rows) == {"pair", "generate", "status"}
    for row in rows.values():
        assert 0 < row["cpu_s"] <= row["wall_s"] * 2
        assert 20 < row["peak_mb"] < 1000
        assert max(row["driver_mb"]) <= row["peak_mb"] + 1
    assert rows["pair"]["workers_cpu_s"] > 0.1  # extraction runs in workers
    assert rows["status"]["workers_cpu_s"] == 0.0
    # Each is read to be looked through for names, to be counted in tokens, and to be sent.
    assert N_PAIRS <= rows["generate"]["opened"]["pictures"] <= 3 * N_PAIRS
    n_parts = len(list((folder / "run").glob("*/*.meta.json")))
    assert rows["status"]["opened"]["meta"] >= n_parts
    lines = format_table(list(rows.values()), count_records(folder / "run"))
    assert [line.split()[0] for line in lines[1:]] == ["pair", "generate", "status"]

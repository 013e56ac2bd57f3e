"""An endpoint that fails in every way at once: no record is lost or doubled, and every failure has a code."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from scripts.torture.bench import Bench
from tests.e2e.command import remud
from tests.model_server import ModelServer

KINDS = ("429", "500", "malformed", "truncated", "drop")
SHARE = 0.1  # of the attempts, each
N_SECTIONS = 400
KNOWN_CODES = {"JSON_INVALID", "CONTENT_FILTER", "REPLY_TRUNCATED", "EMPTY_REPLY"}


def fail_often(bench: Bench) -> list[str]:
    """A run against an endpoint that fails passingly, and one against an endpoint whose replies stay bad.

    Raises:
        AssertionError: with what was lost, doubled or has no code.
    """
    write_notes(bench.folder / "notes" / "notes.md")
    with ModelServer() as calm:
        expected, _, _ = make_records(bench, calm, "calm")
    with ModelServer(faults=dict.fromkeys(KINDS, SHARE), max_faults=3) as server:
        found, stage, errors = make_records(bench, server, "faults")
        outcomes = server.outcomes()
    assert set(KINDS) <= set(outcomes), f"not every fault came: {outcomes}"
    assert len(found) == len(set(found)), "records are doubled"
    assert set(found) == set(expected), f"{len(set(expected) - set(found))} of {len(expected)} records are lost"
    assert (stage["failed"], errors) == (0, []), f"{stage['failed']} failed: {errors[:3]}"

    steady = {"malformed": SHARE, "length": SHARE, "content_filter": SHARE, "empty": SHARE}
    with ModelServer(faults={"429": SHARE, "drop": SHARE}, steady=steady, is_mended_by_reask=False) as server:
        rest, bad, errors = make_records(bench, server, "steady", "--set", "runner.max_error_rate=1")
    codes = Counter(error["code"] for error in errors)
    assert bad["produced"] + bad["rejected"] + bad["failed"] == bad["inputs"] == stage["inputs"], f"{bad}"
    assert len(rest) == len(set(rest)), "records are doubled"
    assert set(rest) <= set(expected), "records came out of nowhere"
    assert bad["failed"], "nothing failed: nothing was tried"
    assert set(codes) <= KNOWN_CODES, f"failures without a code of their own: {codes}"
    told = ", ".join(f"{name} {outcomes[name]}" for name in ("ok", *KINDS))
    failed = ", ".join(f"{code} {count}" for code, count in sorted(codes.items()))
    return [
        f"{stage['inputs']} inputs, {SHARE:.0%} of the attempts each {', '.join(KINDS)}: {told}",
        f"  0 of {len(expected)} records lost, 0 doubled, 0 inputs failed",
        f"replies that stay bad: {bad['produced']} inputs produced, {bad['failed']} failed; error lines: {failed}",
    ]


def write_notes(path: Path) -> None:
    """A chapter of short passages, each with words of its own."""
    path.parent.mkdir(parents=True)
    sections = [
        f"## Sign {number}\n\nSign {number} of the kidney is an echogenic focus of {number % 30 + 3} mm in calyx "
        f"{number} with a clean posterior acoustic shadow, seen in {number % 70 + 20} % of the patients with stones.\n"
        for number in range(N_SECTIONS)
    ]
    path.write_text("# Renal ultrasound\n\n" + "\n".join(sections), "utf-8")


def make_records(
    bench: Bench, server: ModelServer, name: str, *more: str
) -> tuple[list[str], dict[str, Any], list[dict[str, str]]]:
    """Ids of the records, the stage's counts, and the error lines of one run."""
    run = bench.folder / name
    flags = ("--model", "tiny", "--base-url", server.base_url, "--set", "generate.max_attempts=8", *more)
    done = remud("generate", bench.folder / "notes", "--run", run, *flags, "--quiet", "--json")
    assert done.returncode == 0, f"{name}: exit code {done.returncode}\n{done.stderr[-2000:]}"
    lines = {kind: list[dict[str, Any]]() for kind in ("records", "errors")}
    for path in sorted((run / "generate").glob("*.jsonl")):
        kind = "errors" if path.name.endswith(".errors.jsonl") else "records"
        lines[kind] += [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    stage = json.loads(done.stdout)["stages"]["generate"]
    return [record["id"] for record in lines["records"]], stage, lines["errors"]

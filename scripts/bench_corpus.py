"""Measure the corpus filters: time, memory, and how many of the planted duplicates they find.

    python -m scripts.bench_corpus 10000 100000 500000

For each size a corpus is written (both languages, pictures with four records each, text-only records, with
duplicates, near duplicates, copied pictures, skewed keys and questions of an evaluation set planted), and the real
stage runs over it in a process of its own: records are read line by line, verdicts are written line by line. Then the
funnel counts the records with the verdicts laid over them, as every command does after the stage.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

from remud_gen.config import Config
from remud_gen.filters.funnel import count_funnel
from remud_gen.records import CorpusVerdict, Quadruplet
from remud_gen.rules.normalise import squash
from remud_gen.rules.record_texts import lay_over
from remud_gen.stages.corpus import CorpusFilterStage
from scripts.corpus.corpus import DUPLICATES, Truth, write_corpus

MAX_MB, MAX_S = 2048, 600


def read_records(path: Path) -> Iterator[Quadruplet]:
    """Records as the runner reads them: line by line."""
    with path.open("rb") as stream:
        for line in stream:
            yield Quadruplet.model_validate_json(line)


def run_stage(folder: Path, *, contaminated: bool) -> dict[str, float]:
    """The stage over a corpus, and the funnel; what it took."""
    config = {"filter": {"decontaminate": [str(folder / "evaluation.jsonl")]}} if contaminated else {}
    stage = CorpusFilterStage(Config.model_validate(config))
    marks = {"start": (time.monotonic(), time.process_time())}
    read = [0]

    def watch() -> Iterator[Quadruplet]:
        for record in read_records(folder / "records.jsonl"):
            read[0] += 1
            yield record
        marks["read"] = (time.monotonic(), time.process_time())

    with (folder / "overlay.jsonl").open("w", encoding="utf-8") as stream:
        for row in stage.process_all(watch()):
            stream.write(row.model_dump_json() + "\n")
    marks["judged"] = (time.monotonic(), time.process_time())
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    overlay = {row["id"]: row for row in map(json.loads, (folder / "overlay.jsonl").open("rb"))}
    laid = (
        lay_over(record, CorpusVerdict.model_validate(overlay[record.id])) if record.id in overlay else record
        for record in read_records(folder / "records.jsonl")
    )
    funnel = count_funnel(laid)
    marks["counted"] = (time.monotonic(), time.process_time())
    (folder / "funnel.json").write_text(json.dumps(funnel.to_json()), "utf-8")
    names = list(marks)
    took = {f"{new} s": marks[new][0] - marks[old][0] for old, new in pairwise(names)}
    return {
        "records": read[0], **took, "wall s": marks["judged"][0] - marks["start"][0],
        "cpu s": marks["judged"][1] - marks["start"][1], "peak MB": peak_mb,
    }  # fmt: skip


def score(folder: Path, truth: Truth) -> Iterator[str]:
    """Recall of every kind that was planted, precision of every code."""
    found: dict[str, set[str]] = {}
    groups: dict[str, set[str]] = {}
    pairs: list[tuple[str, str]] = []
    for row in map(json.loads, (folder / "overlay.jsonl").open("rb")):
        for verdict in row["verdicts"]:
            found.setdefault(verdict["code"], set()).add(row["id"])
            if verdict["code"] in ("DUP_EXACT", "DUP_NEAR"):
                pairs.append((row["id"], verdict["evidence"].removeprefix("of ")))
        for group in row.get("image_groups", ()):
            groups.setdefault(group, set()).add(row["id"])
    wanted = {identity for identity, kind in truth.planted.items() if kind in DUPLICATES}
    # Of two equal records the lower id stays: that may be the planted one as well as the one it was made of.
    duplicates = {loser if loser in wanted or winner not in wanted else winner for loser, winner in pairs}
    for kind, count in sorted(Counter(truth.planted.values()).items()):
        hits = sum(identity in duplicates for identity, other in truth.planted.items() if other == kind)
        yield f"  {kind:<10} {hits}/{count} found{'' if kind in DUPLICATES else ' (none should be)'}"
    yield f"  duplicates: precision {_share(len(duplicates & wanted), len(duplicates))}"
    copies = set(truth.pictures)
    grouped = found.get("IMG_DUP", set())
    yield f"  copied pictures: {len(copies & grouped)}/{len(copies)} records found, {len(groups)} groups"
    yield _score_evaluation(folder, found.get("CONTAM_TEXT", set()), set(truth.contaminated))
    funnel = json.loads((folder / "funnel.json").read_bytes())
    keys = {name: counts for name, counts in funnel["mix"].items() if name.startswith("key")}
    yield f"  keys: {dict(sorted(truth.keys.items()))} before, {keys.get('key of 4')} of kept records after"


def _score_evaluation(folder: Path, found: set[str], planted: set[str]) -> str:
    """Questions are put together from few words, so many are asked again by chance: those are right to be found."""
    questions = {squash(json.loads(line)["question"]) for line in (folder / "evaluation.jsonl").open("rb")}
    more, same = found - planted, 0
    with (folder / "records.jsonl").open("rb") as stream:
        for record in map(json.loads, stream):
            same += record["id"] in more and squash(record["question"]) in questions
    told = f"{len(more)} more, {same} of them with the same question"
    return f"  evaluation questions: {len(planted & found)}/{len(planted)} found, {told}"


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.4f} ({whole - part} of {whole} were not planted)" if whole else "-"


def measure(count: int, folder: Path) -> dict[str, Any]:
    """One size, in a process of its own."""
    command = [sys.executable, "-m", "scripts.bench_corpus", "--inside", str(folder)]
    return dict(json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)) | {"n": count}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sizes", type=int, nargs="*", default=[10_000, 100_000])
    parser.add_argument("--inside", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        print(json.dumps(run_stage(options.inside, contaminated=True)))
        return
    for size in options.sizes:
        with tempfile.TemporaryDirectory(prefix="remud-corpus-") as name:
            folder = Path(name)
            truth = write_corpus(folder, size)
            row = measure(size, folder)
            verdict = "within" if row["peak MB"] < MAX_MB and row["wall s"] < MAX_S else "ABOVE"
            figures = ", ".join(f"{key} {value:.1f}" for key, value in row.items() if key not in ("n", "records"))
            print(f"{row['records']:.0f} records: {figures}; {verdict} {MAX_MB} MB and {MAX_S} s")
            for line in score(folder, truth):
                print(line, flush=True)


if __name__ == "__main__":
    main()

"""Run `remud extract` on one shelf of damaged files and say everything that is wrong with what came of it."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scripts.fuzzing.flow import CANARY
from tests.e2e.command import environment

CONTAINED = ("WORKER_DIED", "TIMED_OUT", "TOO_MUCH_MEMORY", "OUT_OF_MEMORY")  # kept from the run, at a price
PART_TIMEOUT_S, MEMORY_MB, COMMAND_TIMEOUT_S = 60, 1200, 900
LIMITS = {
    "runner.part_timeout_s": PART_TIMEOUT_S,
    "runner.worker_memory_mb": MEMORY_MB,
    "runner.max_error_rate": 1.0,
    "extract.max_page_pixels": 4_000_000,
    "extract.pages_per_part": 4,
}


@dataclass
class Verdict:
    """What a shelf came to."""

    files: int = 0
    documents: int = 0  # files that differ
    outcomes: Counter[str] = field(default_factory=Counter)  # produced, rejected, failed, of files
    codes: Counter[str] = field(default_factory=Counter)  # of files and pages
    contained: list[str] = field(default_factory=list)
    defects: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def add(self, other: Verdict) -> None:
        """Add another shelf's."""
        self.files += other.files
        self.documents += other.documents
        self.outcomes += other.outcomes
        self.codes += other.codes
        self.contained += other.contained
        self.defects += other.defects
        self.seconds += other.seconds


def judge(place: Path, *, settings: Sequence[str] = ()) -> Verdict:
    """Read `place`/shelf into `place`/run; nothing else in `place` may change."""
    shelf, run = place / "shelf", place / "run"
    for name in ("home", "scratch", "here"):
        (place / name).mkdir()
    (place / "canary.txt").write_text(CANARY, "utf-8")
    before = dict(_list_bytes(place))
    flags = [f"--set={key}={value}" for key, value in LIMITS.items()] + [f"--set={one}" for one in settings]
    arguments = ["extract", str(shelf), "--run", str(run), "--json", "--quiet", *flags]
    verdict = Verdict(files=sum(path.is_file() for path in shelf.rglob("*")))
    began = time.monotonic()
    try:
        done = subprocess.run(
            [sys.executable, "-m", "remud_gen", *arguments],
            cwd=place / "here",
            env=_environment(place),
            capture_output=True, text=True, encoding="utf-8", timeout=COMMAND_TIMEOUT_S, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        verdict.defects.append(f"the command was not done within {COMMAND_TIMEOUT_S} s")
        return verdict
    verdict.seconds = time.monotonic() - began
    _judge_outcomes(run, shelf, verdict)
    _judge_command(done, verdict)
    after = {path: digest for path, digest in _list_bytes(place) if not path.startswith("run/")}
    changed = sorted({path for path, _ in before.items() ^ after.items()})
    verdict.defects += [f"outside the run folder changed: {path}" for path in changed]
    verdict.defects += [f"left over: {path.relative_to(run)}" for path in run.rglob(".tmp-*")]
    return verdict


def _environment(place: Path) -> dict[str, str]:
    """As a user has it: some libraries behave better where they believe to be tested."""
    kept = environment(HOME=str(place / "home"), TMPDIR=str(place / "scratch"))
    return {name: value for name, value in kept.items() if name not in ("CI", "ORT_DISABLE_TELEMETRY")}


def _judge_command(done: subprocess.CompletedProcess[str], verdict: Verdict) -> None:
    is_nothing_readable = done.returncode == 3 and verdict.outcomes["produced"] == 0
    if done.returncode != 0 and not is_nothing_readable:
        verdict.defects.append(f"exit code {done.returncode}: {done.stderr.strip()[-600:]}")
    if "Traceback" in done.stderr or "Traceback" in done.stdout:
        verdict.defects.append(f"a traceback: {done.stderr.strip()[-600:]}")
    if done.returncode == 0:
        stages: dict[str, Any] = json.loads(done.stdout)["stages"]
        for name, counts in stages.items():
            if counts["inputs"] != counts["produced"] + counts["rejected"] + counts["failed"]:
                verdict.defects.append(f"{name} does not reconcile: {counts}")
        if stages["documents"]["inputs"] != verdict.documents:
            verdict.defects.append(f"{stages['documents']['inputs']} documents of {verdict.documents} distinct files")


def _judge_outcomes(run: Path, shelf: Path, verdict: Verdict) -> None:
    copies: dict[str, list[str]] = {}  # identical files are one document, and one error line
    for path, digest in _list_bytes(shelf):
        if not path.endswith("/"):
            copies.setdefault(digest, []).append(path)
    ended: dict[str, str] = {}
    n_pages: dict[str, int] = {}  # of files that were read
    for path, record in _read_lines(run / "documents"):
        if path.endswith(".errors.jsonl"):
            ended[record["file"]] = record["outcome"]
            _judge_error(record, verdict)
        else:
            ended[record["file"]] = "produced"
            n_pages[record["file"]] = len(record["pages"] or ()) or record["page_count"]
    seen: dict[str, set[int | None]] = {}
    for path, record in _read_lines(run / "extract"):
        where = record if path.endswith(".errors.jsonl") else record["source"]
        seen.setdefault(where["file"], set()).add(where["page_number"])
        if path.endswith(".errors.jsonl"):
            _judge_error(record, verdict)
    for names in copies.values():
        found = [ended[name] for name in names if name in ended]
        verdict.outcomes.update(found[:1] * len(names))
        if not found:
            verdict.defects.append(f"{names[0]} ended as nothing")
    verdict.documents = len(copies)
    for name, count in n_pages.items():
        if len(seen.get(name, ())) != count:
            verdict.defects.append(f"{name}: {len(seen.get(name, ()))} of {count} pages are accounted for")
    for path in run.rglob("*"):
        if path.is_file() and CANARY.encode() in path.read_bytes() and path.suffix == ".jsonl":
            verdict.defects.append(f"{path.relative_to(run)} holds words of a file outside the shelf")


def _judge_error(record: dict[str, Any], verdict: Verdict) -> None:
    code, told = (
        record["code"],
        f"{record['file']} p{record['page_number']}: {record['code']}: {record['message'][:300]}",
    )
    verdict.codes[code] += 1
    if code == "UNEXPECTED":
        verdict.defects.append(told)
    elif code in CONTAINED:
        verdict.contained.append(told)
    if record["outcome"] == "failed" and not record["hint"]:
        verdict.defects.append(f"no hint: {told}")
    if not record["message"]:
        verdict.defects.append(f"no message: {told}")


def _read_lines(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for path in sorted(folder.glob("*.jsonl")):
        for line in path.read_text("utf-8").splitlines():
            yield path.name, json.loads(line)


def _list_bytes(place: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(place.rglob("*")):
        kind = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
        yield path.relative_to(place).as_posix() + ("" if path.is_file() else "/"), kind

"""What every scenario needs: a shelf, a model server, the commands of the chain, and an undisturbed run."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType

import pymupdf

from scripts.torture.comparison import Remains, read_remains
from scripts.torture.processes import Command
from tests.e2e.command import PROJECT, environment, make_book

STEPS = ("extract", "pair", "generate", "filter", "export")
SCAN = PROJECT / "data" / "sample" / "bedside_notes_scan.pdf"
FAULTS = ("429=0.06", "500=0.04", "drop=0.04", "truncated=0.03")  # tried again: nothing of them stays
STEADY = ("malformed=0.1", "content_filter=0.1")  # asked again with the error quoted; an error line
DRAWN = "filter.options={images: {severities: {IMG_NOT_US: info}}}"  # pictures of the shelf are no ultrasound
NAMES = ("kidney", "abdomen/肝脏", "thyroid", "abdomen/pancreas", "bladder", "neck/parotid", "uterus", "spleen")


@dataclass(frozen=True)
class Timing:
    """Seconds from a command's start to its stage's begin, and from there to its end."""

    begin_s: float
    work_s: float


class ModelServerProcess:
    """tests/model_server.py in a process of its own, with its log on disk."""

    def __init__(self, log: Path, *, latency_s: float) -> None:
        self.log = log
        flags = [f"--latency={latency_s}", "--jitter=0.8"]
        flags += [f"--fault={fault}" for fault in FAULTS] + [f"--steady={share}" for share in STEADY]
        self._process = subprocess.Popen(
            [sys.executable, str(PROJECT / "tests" / "model_server.py"), "--sign", "--log", str(log), *flags],
            stdout=subprocess.PIPE,
            text=True,
            env=environment(),
        )
        assert self._process.stdout is not None
        self.base_url = self._process.stdout.readline().strip()

    def read_log(self) -> list[dict[str, str]]:
        """One entry per request so far: id, outcome."""
        return [json.loads(line) for line in self.log.read_text("utf-8").splitlines()] if self.log.exists() else []

    def count_received(self) -> int:
        """Requests that came in, those without an answer yet included."""
        with urllib.request.urlopen(self.base_url.removesuffix("/v1") + "/log", timeout=10) as reply:
            return int(json.load(reply)["n_received"])

    def __enter__(self) -> ModelServerProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()


class Bench:
    """A shelf of small digital books and one scan, and the commands that turn it into exports."""

    def __init__(self, folder: Path, *, n_books: int, n_pages: int, n_scanned: int) -> None:
        self.folder, self.shelf = folder, folder / "shelf"
        self._n_servers = self._n_runs = 0
        for number, name in enumerate(NAMES[:n_books]):
            make_book(self.shelf / f"{name}.pdf", n_pages, seed=3 * number)
        if n_scanned:
            make_scan(self.shelf / SCAN.name, range(n_scanned))

    def serve(self, latency_s: float = 0.2) -> ModelServerProcess:
        """Start a model server; all of one bench answer alike."""
        self._n_servers += 1
        return ModelServerProcess(self.folder / f"requests-{self._n_servers}.jsonl", latency_s=latency_s)

    def new_run(self, *, after: str | None = None) -> Path:
        """A path for a run folder; with `after`, a copy of the undisturbed run as it was after that step."""
        self._n_runs += 1
        run = self.folder / f"run-{self._n_runs}"
        if after is not None:
            assert self.undisturbed
            shutil.copytree(self.folder / f"after-{after}", run)
        return run

    def arguments(
        self, step: str, run: Path, server: ModelServerProcess, *more: object, shelf: Path | None = None
    ) -> tuple[object, ...]:
        """The command line of one step of the chain, or of `run`, which is all of them."""
        own: tuple[object, ...] = ()
        if step in {"extract", "run"}:
            own = (shelf or self.shelf,)
        if step in {"export", "run"}:
            own = (*own, "--format", "llamafactory,raw")
        if step in {"generate", "run"}:
            own = (*own, "--model", "tiny", "--base-url", server.base_url, "--set", "generate.concurrency=4")
        parts = ("--set", "extract.pages_per_part=2", "--set", "runner.workers=2", "--set", DRAWN)
        return (step, *own, "--run", run, *parts, *more)

    def start(self, step: str, run: Path, server: ModelServerProcess, *more: object) -> Command:
        """Start one step of the chain."""
        return Command(*self.arguments(step, run, server, *more))

    @cached_property
    def undisturbed(self) -> Remains:
        """What a run leaves that nobody touches; it must have something of everything that is compared."""
        run, self.timings = self.folder / "undisturbed", {}
        with self.serve() as server:
            for step in STEPS:
                with self.start(step, run, server) as command:
                    assert command.wait_until_begun(), f"{step}: never seen\n{command.said}"
                    begin_s = command.age_s
                    command.succeed()
                    self.timings[step] = Timing(begin_s, command.age_s - begin_s)
                shutil.copytree(run, self.folder / f"after-{step}")
        remains = read_remains(run)
        assert any(data for name, data in remains.records.items() if name.endswith("errors.jsonl")), "no error line"
        assert len(remains.replies) > 4, "hardly a reply was stored"
        return remains


def make_scan(path: Path, pages: Iterable[int]) -> Path:
    """A book of pages of the scanned sample, counted from 0."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with pymupdf.open() as book, pymupdf.open(SCAN) as scan:
        for number in pages:
            book.insert_pdf(scan, from_page=number, to_page=number)
        path.write_bytes(book.tobytes(no_new_id=True))
    return path


def try_cases(cases: Iterable[tuple[str, Callable[[], str]]]) -> list[str]:
    """What each case says, in order.

    Raises:
        AssertionError: listing every case that failed; the others were tried all the same.
    """
    lines, problems = [], []
    for name, case in cases:
        try:
            lines.append(f"{name}: {case()}")
        except AssertionError as error:
            problems.append(f"{name}: {error}")
    assert not problems, "\n".join([*problems, *(f"ok: {line}" for line in lines)])
    return lines

"""A worker that crashes, is killed, hangs or grows costs the page it reads, and nothing else."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, partial
from io import BytesIO
from pathlib import Path

import psutil
import pymupdf
from PIL import Image, ImageDraw, ImageFont

from scripts.torture.bench import Bench, try_cases
from scripts.torture.comparison import Remains, compare, explain, read_remains
from scripts.torture.processes import find_tree, wait_until_gone
from scripts.torture.unruly import ALL, ENGINE, MAGIC, NOISE, describe_environment, install
from tests.e2e.command import leftovers, make_book, read_records, remud, start_remud

BOOKS = {"kidney.pdf": 5, "abdomen/肝脏.pdf": 2, "bladder.pdf": 2, "thyroid.pdf": 2, "spleen.pdf": 1}  # pages
PAGES_PER_PART = 2
ENDS_WITHIN_S = 300.0
LEAST_PATIENCE_S = 8.0  # part_timeout_s where a page hangs
ROOM_MB = 1300  # a worker that reads as it should needs less than half of it
BAD_BOOK, GOOD_BOOKS = "kidney.pdf", ("肝脏", "thyroid")  # where only one kind of fault is let loose
NO_LIMITS = ("--set", "runner.part_timeout_s=1800", "--set", "runner.worker_memory_mb=4096")

PageKey = tuple[str, int | None]


@dataclass(frozen=True)
class Fault:
    """Where it happens, and what the error line of that page must say."""

    word: str
    page: tuple[str, int]
    code: str
    message: str
    hint: str


FAULTS = (
    Fault("CALAMITY", ("kidney.pdf", 4), "WORKER_DIED", "signal 11", "a damaged file can crash a library"),
    Fault("DISASTER", ("bladder.pdf", 1), "WORKER_DIED", "signal 9", "the system may have run out of memory"),
    Fault("STANDSTILL", ("thyroid.pdf", 2), "TIMED_OUT", "not done within", "raise runner.part_timeout_s"),
    Fault("OVERFLOW", ("abdomen/肝脏.pdf", 1), "TOO_MUCH_MEMORY", f"of {ROOM_MB} MB", "raise runner.worker_memory_mb"),
)


def isolate_faults(bench: Bench) -> list[str]:
    """All cases.

    Raises:
        AssertionError: listing every case that failed; the others were tried all the same.
    """
    return try_cases(list_cases(bench))


def list_cases(bench: Bench) -> Iterator[tuple[str, Callable[[], str]]]:
    """Names and calls, so that tests can choose."""
    ward = open_ward(bench.folder / "isolation")
    yield "a segfault, kill -9 from outside, a hang and a worker that grows", partial(lose_pages, ward)
    yield "a page range in which three pages crash", partial(lose_range, ward)
    yield "a reader that crashes on a file", partial(lose_file, ward)
    yield "workers replaced after each part", partial(count_workers, ward)


class Ward:
    """Books of which one has a bad page, the package that suffers from it, and a run that nobody disturbed."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.shelf = folder, folder / "shelf"
        self._n_runs = 0
        self._package = install(folder / "package")
        for number, (name, n_pages) in enumerate(BOOKS.items()):
            make_book(self.shelf / name, n_pages, seed=3 * number)
        for fault in FAULTS:
            book, page = fault.page
            mark_page(self.shelf / book, page, fault.word)
        run = folder / "undisturbed"
        started = time.monotonic()
        self.pair(run, "")
        # However busy the machine is, no part that does not hang takes longer than all did together.
        self.patience_s = max(LEAST_PATIENCE_S, 1.5 * (time.monotonic() - started))
        self.undisturbed: Remains = read_remains(run)
        self.pages = read_pages(run)
        assert len(self.pages) == sum(BOOKS.values()), f"only {len(self.pages)} pages were read"
        met = set((self.notes(run) / "words").read_text("ascii").split())
        assert met == {fault.word for fault in FAULTS}, f"only {met} were recognised: nothing would be tried"

    def new_run(self) -> Path:
        """A path for a run folder."""
        self._n_runs += 1
        return self.folder / f"run-{self._n_runs}"

    def notes(self, run: Path) -> Path:
        """Where the package says which processes it runs in."""
        return self.folder / f"{run.name}-notes"

    def pair(
        self,
        run: Path,
        fault: str,
        *more: object,
        shelf: Path | None = None,
        watch: Callable[[subprocess.Popen[str]], None] = lambda process: None,
    ) -> str:
        """`remud pair` with a fault; what it said on stdout. It must end well and leave no process and no noise."""
        parts = (f"extract.ocr={ENGINE}", f"extract.pages_per_part={PAGES_PER_PART}", "runner.workers=2")
        settings = [word for setting in parts for word in ("--set", setting)]
        environment = describe_environment(self._package, self.notes(run), fault)
        process = start_remud("pair", shelf or self.shelf, "--run", run, *settings, *more, **environment)
        try:
            watch(process)
            stdout, stderr = process.communicate(timeout=ENDS_WITHIN_S)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"did not end within {ENDS_WITHIN_S:g} s") from None
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        assert process.returncode == 0, f"exit code {process.returncode}; stderr:\n{stderr}"
        assert "Traceback" not in stderr, f"a traceback:\n{stderr}"
        assert NOISE not in stdout + stderr, f"what a library printed came to the screen:\n{stdout}{stderr}"
        late = wait_until_gone(find_tree(process.pid), 2.0)
        assert not late, f"left running: {late}"
        return stdout


@cache
def open_ward(folder: Path) -> Ward:
    """The ward in this folder, made once per process."""
    return Ward(folder)


def lose_pages(ward: Ward) -> str:
    """Each fault costs its page by name; a second attempt without faults gives the bytes of the undisturbed run."""
    run = ward.new_run()
    limits = (f"runner.part_timeout_s={ward.patience_s:g}", f"runner.worker_memory_mb={ROOM_MB}")
    settings = [word for limit in limits for word in ("--set", limit)]
    stdout = ward.pair(run, ALL, *settings, watch=partial(_kill_waiting, ward.notes(run)))
    _check_last_line(stdout, len(FAULTS))
    lines = _check_losses(run, "extract", {fault.page: fault.code for fault in FAULTS})
    for fault in FAULTS:
        line = lines[fault.page]
        assert fault.message in line["message"], f"message: {line['message']}"
        assert line["hint"].startswith(fault.hint), f"hint: {line['hint']}"
    _check_pages(ward, run)
    _check_other_books(ward, run, ("spleen",))
    _check_counts(run, len(FAULTS))
    stdout = ward.pair(run, "", "--retry-errors", *NO_LIMITS)
    assert stdout.splitlines()[-1].startswith("Finished. "), stdout
    compare(run, ward.undisturbed, is_finished=False)
    told = "; ".join(f"{lines[fault.page]['code']} ({lines[fault.page]['message']})" for fault in FAULTS)
    n_read = len(ward.pages) - len(FAULTS)
    return f"one page each: {told}; {n_read} pages as ever; the retry gave the bytes of the undisturbed run"


def lose_range(ward: Ward) -> str:
    """Where page after page kills, the rest of that range is given up, and only that."""
    shelf, run = ward.folder / "three-bad", ward.new_run()
    shutil.copytree(ward.shelf, shelf)
    for number in (1, 2, 3):
        mark_page(shelf / BAD_BOOK, number, "CALAMITY")
    wide = ("--set", "extract.pages_per_part=4")
    stdout = ward.pair(run, "segfault", *wide, shelf=shelf)
    _check_last_line(stdout, 4)
    _check_losses(run, "extract", {(BAD_BOOK, number): "WORKER_DIED" for number in (1, 2, 3, 4)})
    found = read_pages(run)
    # The book is another one than in the undisturbed run, the others are the same.
    assert {page for page in found if page[0] == BAD_BOOK} == {(BAD_BOOK, 5)}, f"pages read: {sorted(found)}"
    _check_other_books(ward, run, GOOD_BOOKS)
    _check_counts(run, 4)
    ward.pair(run, "", "--retry-errors", *wide, shelf=shelf)
    fresh = ward.new_run()
    ward.pair(fresh, "", *wide, shelf=shelf)
    compare(run, read_remains(fresh), is_finished=False)
    return "pages 1 to 4 failed, page 5 and the other books as ever; the retry gave the bytes of an undisturbed run"


def lose_file(ward: Ward) -> str:
    """A crash while a file is looked at fails the file."""
    shelf, run = ward.folder / "bad-file", ward.new_run()
    shutil.copytree(ward.shelf, shelf)
    (shelf / "abdomen" / "scan.unruly").write_bytes(MAGIC)
    (shelf / BAD_BOOK).unlink()
    stdout = ward.pair(run, "segfault", shelf=shelf)
    _check_last_line(stdout, 1)
    _check_losses(run, "documents", {("abdomen/scan.unruly", None): "WORKER_DIED"})
    _check_other_books(ward, run, GOOD_BOOKS)
    _check_counts(run, 1)
    return "it failed with WORKER_DIED, the other books as ever"


def count_workers(ward: Ward) -> str:
    """`runner.parts_per_worker` decides how many processes read, and nothing else."""
    seen = {}
    for n_parts in (1, 100):
        run = ward.new_run()
        ward.pair(run, "", "--set", f"runner.parts_per_worker={n_parts}", "--set", "runner.workers=1")
        seen[n_parts] = set((ward.notes(run) / "pids").read_text("ascii").split())
        compare(run, ward.undisturbed, is_finished=False)
    n_all = sum(name.startswith("extract/") and name.endswith(".meta.json") for name in ward.undisturbed.names)
    assert len(seen[1]) == n_all, f"{len(seen[1])} processes read {n_all} parts"
    assert len(seen[100]) == 1, f"{len(seen[100])} processes where one was allowed to read all"
    return f"{n_all} processes for {n_all} parts, one where it may read all; the bytes are the same"


def mark_page(path: Path, number: int, word: str) -> None:
    """Burn a word into the picture of a page, counted from 1."""
    image = Image.new("RGB", (480, 360), (8, 8, 8))
    draw = ImageDraw.Draw(image)
    for k in range(5):
        draw.rectangle((30 + 85 * k, 150 + 7 * k, 90 + 85 * k, 300 - 5 * number), fill=(60 + 30 * k,) * 3)
    draw.text((60, 50), word, fill=(255, 255, 255), font=ImageFont.load_default(48))
    stream = BytesIO()
    image.save(stream, "PNG")
    with pymupdf.open(path) as book:
        page = book[number - 1]
        page.replace_image(page.get_images()[0][0], stream=stream.getvalue())
        data = book.tobytes(no_new_id=True)
    path.write_bytes(data)


def read_pages(run: Path) -> dict[tuple[str, int], bytes]:
    """The line of every page that was read, by book and page number."""
    return {
        (record["source"]["file"], record["source"]["page_number"]): line
        for path in sorted((run / "extract").glob("*.jsonl"))
        if not path.name.endswith(".errors.jsonl")
        for line in path.read_bytes().splitlines()
        for record in (json.loads(line),)
    }


def _kill_waiting(notes: Path, process: subprocess.Popen[str]) -> None:
    """Do what the system does when memory runs out: kill -9 of the worker that reads the bad page."""
    driver, note = psutil.Process(process.pid), notes / "waiting"
    for _ in range(int(ENDS_WITHIN_S / 0.05)):
        if process.poll() is not None:
            raise AssertionError(f"ended before the bad page was met: {process.communicate()[1]}")
        if note.exists() and note.read_text("ascii").endswith("\n"):
            break
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.05)
    pid = int(note.read_text("ascii"))
    workers = {child.pid: child for child in driver.children(recursive=True)}
    assert pid in workers, f"process {pid} is none of the driver's {sorted(workers)}"
    workers[pid].kill()


def _check_last_line(stdout: str, n_errors: int) -> None:
    wanted = f"Finished with {n_errors} error{'' if n_errors == 1 else 's'}:"
    assert stdout.splitlines()[-1].startswith(wanted), f"the last line is {stdout.splitlines()[-1]!r}"


def _check_losses(run: Path, stage: str, lost: Mapping[PageKey, str]) -> dict[PageKey, dict[str, str]]:
    """Error lines of exactly these inputs and no others, each with its code, a hint and its page."""
    lines = [
        (path.parent.name, json.loads(line))
        for path in sorted(run.glob("*/*.errors.jsonl"))
        for line in path.read_bytes().splitlines()
    ]
    found = {(line["file"], line["page_number"]): line for _, line in lines}
    assert {key: line["code"] for key, line in found.items()} == lost, f"error lines: {lines}"
    assert len(lines) == len(lost), f"more than one line per input: {lines}"
    for where, line in lines:
        assert (where, line["outcome"]) == (stage, "failed"), f"{where}: {line}"
        assert line["hint"], f"no hint: {line}"
    assert not leftovers(run), f"temporary files stayed: {leftovers(run)[:5]}"
    return found


def _check_pages(ward: Ward, run: Path) -> None:
    """All pages without a fault are those of the undisturbed run."""
    found, lost = read_pages(run), {fault.page for fault in FAULTS}
    expected = {page: line for page, line in ward.pages.items() if page not in lost}
    wrong = [page for page in sorted({*found, *expected}) if found.get(page) != expected.get(page)]
    assert not wrong, f"pages that differ from the undisturbed run: {wrong}"


def _check_other_books(ward: Ward, run: Path, names: tuple[str, ...]) -> None:
    """The files of these books are those of the undisturbed run."""

    def pick(records: Mapping[str, bytes]) -> dict[str, bytes]:
        return {name: data for name, data in records.items() if Path(name).name.split("-")[0] in names}

    expected = pick(ward.undisturbed.records)
    assert {name.partition("/")[0] for name in expected} == {"documents", "extract", "pair"}, sorted(expected)
    found = pick(read_remains(run).records)
    problems = explain("record files of other books", found, expected)
    assert not problems, "\n".join(problems)
    assert read_records(run, "pair"), "no pairs"


def _check_counts(run: Path, n_failed: int) -> None:
    """`remud status` adds up, from the files on disk alone."""
    done = remud("status", "--run", run, "--json")
    stages = json.loads(done.stdout)["stages"] if done.returncode == 0 else {}
    assert stages, f"status: exit code {done.returncode}: {done.stderr}"
    for name in ("documents", "extract", "pair"):
        counts = stages[name]
        ended = counts["produced"] + counts["rejected"] + counts["failed"]
        assert counts["planned"] == counts["inputs"] == ended, f"{name}: {counts}"
    assert sum(stages[name]["failed"] for name in ("documents", "extract", "pair")) == n_failed, stages
    assert not json.loads(done.stdout)["faults"], json.loads(done.stdout)["faults"]

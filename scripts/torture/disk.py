"""A disk that is full, read-only or not ours: a clear end, nothing half, and the same bytes once that is mended."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path

from scripts.torture.bench import STEPS, Bench, ModelServerProcess
from scripts.torture.comparison import compare, read_remains, read_signatures
from scripts.torture.processes import Command
from tests.e2e.command import environment, leftovers, remud

REFUSED = 3
PLENTY = 256 * 2**20  # bytes
BLOCK = 4096  # what a tmpfs gives out
STORE_RESERVE = 8 * 2**20  # bytes that the reply store wants free before it asks
STEPS_TO_FILL = ("extract", "pair", "generate", "filter", "export")
UNPRIVILEGED = ("setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all")  # root obeys modes then


class SmallDisk:
    """A file system in memory of a size that can be changed while it is used; needs the right to mount."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def resize(self, size: int) -> None:
        """Set the size, in bytes."""
        _call("mount", "-o", f"remount,size={max(size, BLOCK)}", str(self.path))  # 0 would mean no limit

    def leave_room(self, room: int) -> None:
        """Let so many bytes be free from now on; called while files grow, it tries again."""
        for _ in range(20):
            try:
                return self.resize(self.used + room)
            except OSError as error:
                last = error
        raise last

    def set_read_only(self, *, is_read_only: bool) -> None:
        """Refuse or allow writing."""
        _call("mount", "-o", f"remount,{'ro' if is_read_only else 'rw'}", str(self.path))

    @property
    def used(self) -> int:
        """Bytes taken."""
        stat = os.statvfs(self.path)
        return (stat.f_blocks - stat.f_bfree) * stat.f_frsize


@contextmanager
def mount_disk(path: Path) -> Iterator[SmallDisk]:
    """A disk with plenty of room, for as long as it is used."""
    path.mkdir(parents=True)
    _call("mount", "-t", "tmpfs", "-o", f"size={PLENTY}", "tmpfs", str(path))
    try:
        yield SmallDisk(path)
    finally:
        _call("umount", "-l", str(path))


@cache
def can_mount(folder: Path) -> bool:
    """Whether this process may mount."""
    try:
        with mount_disk(folder / "try-mount"):
            return True
    except OSError:
        return False


def _call(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(f"{' '.join(command)}: {done.stderr.strip()}")


def list_disk_cases(bench: Bench) -> Iterator[tuple[str, Callable[[], str]]]:
    """Names and calls, so that tests can choose."""
    needing_mount: list[tuple[str, Callable[[], str]]] = [
        *((f"full disk in {step}", partial(fill_disk, bench, step)) for step in STEPS_TO_FILL),
        ("disk filled by someone else in generate", partial(fill_while_asking, bench)),
        ("read-only disk", partial(refuse_writing, bench)),
    ]
    for name, case in needing_mount:
        yield name, partial(_only_where, can_mount, bench.folder, "mounting is not allowed here", case)
    for name, case in (
        ("run folder without the right to write", partial(lock_run_folder, bench)),
        ("a book without the right to read", partial(lock_book, bench)),
    ):
        yield name, partial(_only_where, _obeys_modes, bench.folder, "root cannot give up its rights here", case)


def _only_where(is_so: Callable[[Path], bool], folder: Path, reason: str, case: Callable[[], str]) -> str:
    return case() if is_so(folder) else f"skipped: {reason}"


def fill_disk(bench: Bench, step: str) -> str:
    """No room at the start, then room for half: clear ends; with room, the same command ends with the same bytes."""
    before = _before(step)
    room = _measure_output(bench, step) // 2
    if step == "generate":
        room += STORE_RESERVE
    with mount_disk(bench.folder / f"disk-{step}") as disk, bench.serve(0.05) as server:
        run = disk.path / "run"
        if before is not None:
            shutil.copytree(bench.folder / f"after-{before}", run)
        disk.leave_room(0)
        expect_refusal(bench.arguments(step, run, server), ("disk", "No space left"), "room")
        disk.leave_room(room)
        told = expect_refusal(bench.arguments(step, run, server), ("disk", "No space left"), "room")
        n_done = _check_whole(bench, run, step)
        stored, n_requests = read_signatures(run), len(server.read_log())
        disk.resize(PLENTY)
        _complete(bench, run, server, step)
        again = stored & {entry["id"] for entry in server.read_log()[n_requests:]}
        assert not again, f"{len(again)} of {len(stored)} stored replies were asked for again"
    kept = f"{len(stored)} replies stored, none asked for again; " if step == "generate" else ""
    return f"{told!r}; {n_done} files were finished, each whole; {kept}with room it ended with the same bytes"


def fill_while_asking(bench: Bench) -> str:
    """The disk becomes full to the last byte while requests are in flight."""
    with mount_disk(bench.folder / "disk-asking") as disk, bench.serve(0.3) as server:
        run = disk.path / "run"
        shutil.copytree(bench.folder / "after-pair", run)
        with bench.start("generate", run, server) as command:
            assert command.wait_until(lambda: len(server.read_log()) >= 4), command.said
            disk.leave_room(0)
            assert command.finish(60) == REFUSED, f"exit code {command.process.returncode}:\n{command.said}"
            _check_words(command.said, ("disk", "No space left"), "room")
        _check_whole(bench, run, "generate")
        stored, n_requests = read_signatures(run), len(server.read_log())
        disk.resize(PLENTY)
        _complete(bench, run, server, "generate")
        again = stored & {entry["id"] for entry in server.read_log()[n_requests:]}
        assert not again, f"{len(again)} of {len(stored)} stored replies were asked for again"
    return f"{len(stored)} replies were stored and not asked for again; with room it ended with the same bytes"


def refuse_writing(bench: Bench) -> str:
    """Whatever writes says so at once; what only reads works."""
    with mount_disk(bench.folder / "disk-read-only") as disk, bench.serve(0.05) as server:
        run = disk.path / "run"
        shutil.copytree(bench.folder / "after-generate", run)
        disk.set_read_only(is_read_only=True)
        for step in STEPS:
            expect_refusal(bench.arguments(step, run, server), ("Read-only",), "--run")
        expect_refusal(bench.arguments("extract", disk.path / "new", server), ("Read-only",), "--run")
        for command in ("status", "clean"):
            done = remud(command, "--run", run)
            assert done.returncode == 0, f"{command}: exit code {done.returncode}:\n{done.stderr}"
        disk.set_read_only(is_read_only=False)
        _complete(bench, run, server, "filter")
    return "every stage refuses with what to do; status and clean work; writable again, the bytes are the same"


def lock_run_folder(bench: Bench) -> str:
    """The same without the right to write."""
    run = bench.new_run(after="generate")
    parent = bench.folder / "locked"
    parent.mkdir()
    with bench.serve(0.05) as server:
        with _modes([parent, run, *(path for path in run.rglob("*") if path.is_dir())], 0o555):
            for target in (run, parent / "new"):
                expect_refusal(
                    bench.arguments("extract", target, server),
                    ("Permission denied",),
                    ("permissions", "--run"),
                    UNPRIVILEGED,
                )
            done = _remud_as(UNPRIVILEGED, ("status", "--run", run))
            assert done.returncode == 0, f"status: exit code {done.returncode}:\n{done.stderr}"
        assert not any(parent.iterdir()), "something was written"
        _complete(bench, run, server, "filter")
    return "refused with what to do; status reads; with the right, the bytes are the same"


def lock_book(bench: Bench) -> str:
    """One book that may not be read fails; the others are made; with the right, a retry gives the same bytes."""
    shelf, run = copy_shelf(bench), bench.new_run()
    with bench.serve(0.05) as server:
        arguments = bench.arguments("run", run, server, shelf=shelf)
        with _modes([shelf / "kidney.pdf"], 0):
            done = _remud_as(UNPRIVILEGED, arguments)
        assert done.returncode == 0, f"exit code {done.returncode}:\n{done.stderr}"
        assert "Finished with" in done.stdout.splitlines()[-1], done.stdout
        lines = b"".join(path.read_bytes() for path in (run / "documents").glob("*.errors.jsonl"))
        assert lines.count(b"\n") == 1 and b'"file": "kidney.pdf"' in lines, f"error lines: {lines!r}"
        with Command(*arguments, "--retry-errors") as command:
            command.succeed()
    found, expected = read_remains(run), bench.undisturbed
    wrong = [name for name, data in expected.records.items() if found.records.get(name) != data]
    assert not wrong, f"files that differ: {wrong[:5]}"
    assert found.exports == expected.exports, "the exports differ"
    return "it failed alone; with the right, the bytes are the same"


def copy_shelf(bench: Bench) -> Path:
    """Another shelf with the same books, to be ill-treated."""
    number = 1
    while (shelf := bench.folder / f"shelf-{number}").exists():
        number += 1
    shutil.copytree(bench.shelf, shelf)
    return shelf


@contextmanager
def _modes(paths: Sequence[Path], mode: int) -> Iterator[None]:
    old = {path: path.stat().st_mode for path in paths}
    try:
        for path in reversed(paths):
            path.chmod(mode)
        yield
    finally:
        for path, before in old.items():
            path.chmod(before)


def _remud_as(prefix: Sequence[str], arguments: Sequence[object]) -> subprocess.CompletedProcess[str]:
    prefix = prefix if os.geteuid() == 0 else ()
    return subprocess.run(
        [*prefix, sys.executable, "-m", "remud_gen", *(str(argument) for argument in arguments)],
        capture_output=True, text=True, encoding="utf-8", env=environment(), timeout=300, check=False,
    )  # fmt: skip


@cache
def _obeys_modes(folder: Path) -> bool:
    """Whether there is a way to run as someone whom modes of files concern."""
    if os.geteuid() != 0:
        return True
    probe = folder / "probe"
    probe.touch()
    probe.chmod(0)
    command = [*UNPRIVILEGED, sys.executable, "-c", f"open({str(probe)!r})"]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 1
    except FileNotFoundError:
        return False


def _before(step: str) -> str | None:
    number = STEPS.index(step)
    return STEPS[number - 1] if number else None


def _measure_output(bench: Bench, step: str) -> int:
    """Bytes on the disk that a step adds."""
    assert bench.undisturbed

    def measure(name: str) -> int:
        files = (path for path in (bench.folder / f"after-{name}").rglob("*") if path.is_file())
        return sum(-(-path.stat().st_size // BLOCK) * BLOCK for path in files)

    before = _before(step)
    return measure(step) - (measure(before) if before else 0)


def expect_refusal(
    arguments: Sequence[object],
    words: Sequence[str],
    advice: str | tuple[str, ...],
    prefix: Sequence[str] = (),
    *,
    code: int = REFUSED,
) -> str:
    """Run a command that must end with a message, and give its first line."""
    done = _remud_as(prefix, arguments)
    assert done.returncode == code, f"{arguments[0]}: exit code {done.returncode}:\n{done.stdout}{done.stderr}"
    _check_words(done.stderr, words, advice)
    return next(line for line in done.stderr.splitlines() if line.startswith("error: ")).removeprefix("error: ")


def _check_words(said: str, words: Sequence[str], advice: str | tuple[str, ...]) -> None:
    assert "Traceback" not in said, f"a traceback instead of a message:\n{said}"
    message = said[said.index("error: ") :] if "error: " in said else ""
    assert any(word in message for word in words), f"none of {words} is said:\n{said}"
    advice = (advice,) if isinstance(advice, str) else advice
    assert any(word in message for word in advice), f"it does not say what to do ({advice!r}):\n{said}"


def _check_whole(bench: Bench, run: Path, step: str) -> int:
    """Whatever is there is as in the undisturbed run; how many files of the step that is."""
    assert not leftovers(run), f"temporary files stayed: {leftovers(run)[:5]}"
    found, expected = read_remains(run), bench.undisturbed
    for name, data in {**found.images, **found.exports}.items():
        assert data == {**expected.images, **expected.exports}.get(name), f"{name} is not as in the undisturbed run"
    finished = [name for name in found.names if name.startswith(f"{step}/") and name.endswith(".meta.json")]
    for name in finished:
        for end in (".jsonl", ".errors.jsonl"):
            part = name.replace(".meta.json", end)
            assert found.records.get(part) == expected.records[part], f"{part} is not as in the undisturbed run"
    return len(finished)


def _complete(bench: Bench, run: Path, server: ModelServerProcess, step: str) -> None:
    """End a step by its own command, then the chain, and compare."""
    for last in dict.fromkeys((step, "run")):
        with bench.start(last, run, server) as command:
            command.succeed()
    compare(run, bench.undisturbed)

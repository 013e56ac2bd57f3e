"""Where exports are published: written aside, moved into place whole, and put right again after a kill.

DIR/<format>/                          the export
DIR/.remud-export-<random>/new/<format>    being written
DIR/.remud-export-<random>/old/<format>    the export it replaces, from the first rename of a swap to its end
DIR/.remud-export.lock                     held by the command that publishes here

An export is moved to `old` only when the new one is complete and flushed, so a scratch folder with both `old` and `new`
and an empty place between them is a swap that was cut short: the new one still has to be moved in.
"""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath

from filelock import FileLock, Timeout

from remud_gen.errors import InputError, RecordError
from remud_gen.exporters.card import CHECKSUMS, MANIFEST, read_manifest

PREFIX = ".remud-export"
SCRATCH = f"{PREFIX}-"
LOCK = f"{PREFIX}.lock"
PICTURES = "images"


class Place:
    """A folder that this process alone publishes to, with a scratch folder inside: renames need one file system."""

    def __init__(self, target: Path) -> None:
        self._target = target
        self._scratch = target / f"{SCRATCH}{uuid.uuid4().hex}"
        self.new = self._scratch / "new"
        self._old = self._scratch / "old"
        for folder in (self.new, self._old):
            folder.mkdir(parents=True)

    def flush(self) -> None:
        """Bring all that was written to the disk. A picture linked from the run was flushed when it was stored."""
        for folder, _, names in os.walk(self.new, topdown=False):
            for name in names:
                path = Path(folder, name)
                if path.stat().st_nlink == 1:
                    _flush(path, os.O_RDWR)
            flush_folder(Path(folder))

    def swap(self, name: str) -> None:
        """Move the new export of a format into place; one that lies there is removed after that, never before."""
        place, new, old = self._target / name, self.new / name, self._old / name
        if not os.path.lexists(place):
            new.replace(place)
        else:
            place.replace(old)
            try:
                new.replace(place)
            except OSError:
                old.replace(place)
                raise
        flush_folder(self._target)


@contextmanager
def open_place(target: Path) -> Iterator[Place]:
    """Take a folder for publishing; what a killed command left there is put right first.

    Raises:
        InputError: another command is publishing there.
        OSError: the folder cannot be made or written to; it is then left as it was.
    """
    was_there = target.exists()
    target.mkdir(parents=True, exist_ok=True)
    try:
        with _hold(target):
            settle(target)
            try:
                yield Place(target)
            finally:
                settle(target)
    finally:
        if not was_there:
            with suppress(OSError):
                target.rmdir()  # succeeds only where nothing was published


def recover(target: Path) -> None:
    """Put right what a killed export left in a folder; not now if another command holds it or it cannot be written."""
    if find_leftovers(target):
        with suppress(InputError, OSError), _hold(target):
            settle(target)


def find_leftovers(target: Path) -> list[Path]:
    """Scratch folders in a place; whose, only the lock can tell."""
    try:
        with os.scandir(target) as entries:
            found = [entry for entry in entries if entry.name.startswith(SCRATCH)]
            return sorted(Path(entry) for entry in found if entry.is_dir(follow_symlinks=False))
    except OSError:
        return []  # no such folder, hence no leftovers


def settle(target: Path) -> None:
    """Finish swaps that were cut short and remove all scratch folders; only for the holder of the lock.

    What else lies in an export that is replaced, such as `saves/` of a training, is not ours and moves along.
    """
    for scratch in find_leftovers(target):
        aside = scratch / "old"
        for old in sorted(aside.iterdir()) if aside.is_dir() else ():
            place, new = target / old.name, scratch / "new" / old.name
            if new.is_dir() and not os.path.lexists(place):
                new.replace(place)
            if place.is_dir():
                _carry_over(old, place)
        if aside.is_dir():
            aside.replace(scratch / "done")  # half-deleted by a kill, it must not be looked through again
        flush_folder(target)
        shutil.rmtree(scratch, ignore_errors=True)


def _carry_over(old: Path, place: Path) -> None:
    try:
        own = {MANIFEST, CHECKSUMS, PICTURES, *(PurePosixPath(file).parts[0] for file in read_manifest(old).files)}
    except RecordError:
        own = set()  # nobody can tell any more: better a file too many than one lost
    for entry in sorted(old.iterdir()):
        if entry.name not in own and not os.path.lexists(place / entry.name):
            entry.replace(place / entry.name)


@contextmanager
def _hold(target: Path) -> Iterator[None]:
    lock = FileLock(target / LOCK, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise InputError(
            f"another remud command is exporting to {target}", "wait for it to end, or name another folder with --out"
        ) from None
    try:
        yield
    finally:
        with suppress(OSError):
            Path(target / LOCK).unlink()  # while it is held: whoever waits for it notices and makes another
        lock.release()


def flush_folder(folder: Path) -> None:
    """Make renames in a folder survive a power cut, where the system can."""
    with suppress(OSError):
        _flush(folder, os.O_RDONLY)


def _flush(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

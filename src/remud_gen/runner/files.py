"""Atomic files: a reader sees the whole new file or the old one, whatever dies in between."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from remud_gen.errors import InputError

TEMPORARY = ".tmp-"
FOLDERS_OF_THEIR_OWN = {"export"}  # cleared by whoever publishes there


@contextmanager
def open_atomically(path: Path, scratch: Path | None = None) -> Iterator[BinaryIO]:
    """Open a temporary file in `scratch` (default: beside `path`, in any case on the same file system); on success
    flush it to disk and move it into place, on failure remove it.

    Raises:
        InputError: when the disk is full or the folder may not be written to.
    """
    temporary = (scratch or path.parent) / f"{TEMPORARY}{uuid.uuid4().hex}"
    try:
        temporary.parent.mkdir(parents=True, exist_ok=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
        flush_folder(path.parent)
    except OSError as error:
        raise InputError(
            f"cannot write {path.name} in {path.parent}: {error.strerror or error}",
            "make room or fix the permissions, then run the same command to go on",
        ) from None
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def write_atomically(path: Path, data: bytes, scratch: Path | None = None) -> None:
    """Write a whole file or nothing."""
    with open_atomically(path, scratch) as stream:
        stream.write(data)


def flush_folder(folder: Path) -> None:
    """Make renames in a folder survive a power cut, where the system can."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def remove_leftovers(folder: Path) -> int:
    """Delete temporary files that a killed run left; call only while holding the run's lock.

    Looks into the folder and the folders right below it: nothing writes temporary files deeper, and the pictures of a
    large run are too many to be listed at every start.
    """
    places = [folder, *(Path(entry) for entry in os.scandir(folder) if entry.is_dir(follow_symlinks=False))]
    leftovers = [
        Path(entry)
        for place in places
        if place.name not in FOLDERS_OF_THEIR_OWN
        for entry in os.scandir(place)
        if entry.name.startswith(TEMPORARY)
    ]
    for path in leftovers:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    return len(leftovers)

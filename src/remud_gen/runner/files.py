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


@contextmanager
def open_atomically(path: Path) -> Iterator[BinaryIO]:
    """Open a temporary file beside `path`; on success fsync it and move it into place, on failure remove it.

    Raises:
        InputError: when the disk is full or the folder may not be written to.
    """
    temporary = path.with_name(f"{TEMPORARY}{uuid.uuid4().hex}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    except OSError as error:
        raise InputError(
            f"cannot write {path.name} in {path.parent}: {error.strerror or error}",
            "make room or fix the permissions, then run the same command to go on",
        ) from None
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def write_atomically(path: Path, data: bytes) -> None:
    """Write a whole file or nothing."""
    with open_atomically(path) as stream:
        stream.write(data)


def remove_leftovers(folder: Path) -> int:
    """Delete temporary files that a killed run left; call only while holding the run's lock."""
    leftovers = list(folder.rglob(f"{TEMPORARY}*"))
    for path in leftovers:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)  # an export that was never published
        else:
            path.unlink(missing_ok=True)
    return len(leftovers)

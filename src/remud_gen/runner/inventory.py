"""Folders and files given by the user -> the distinct files of the shelf, each hashed once."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from remud_gen.errors import InputError
from remud_gen.records import make_id
from remud_gen.runner.files import write_atomically
from remud_gen.stages.base import InputFile

CACHE = "inputs.json"


def take_inventory(roots: Sequence[Path], run: Path, *, is_writable: bool) -> list[InputFile]:
    """Every distinct file below the roots, in the order of their paths; identical copies become one entry.

    Raises:
        InputError: when a root does not exist or nothing lies below the roots.
    """
    cache = _read_cache(run)
    found: dict[str, list[tuple[str, Path]]] = {}
    known: dict[str, list[object]] = {}
    stamps: dict[str, tuple[int, int]] = {}
    for file, path in _walk(roots, run):
        sha256, stamp = _hash_cached(path, cache, known)
        found.setdefault(sha256, []).append((file, path))
        if stamp is not None:
            stamps.setdefault(sha256, stamp)
    if not found:
        listed = ", ".join(str(root) for root in roots)
        raise InputError(f"no files in {listed}", "name a folder with PDFs or page images")
    if is_writable and known != cache:
        write_atomically(run / CACHE, json.dumps(known, ensure_ascii=False).encode("utf-8"))
    files = []
    for sha256, ((file, path), *copies) in found.items():
        names = tuple(name for name, _ in copies)
        files.append(InputFile(make_id("document", sha256), path, file, names, sha256, stamps.get(sha256)))
    return sorted(files, key=lambda entry: entry.file)


def _walk(roots: Sequence[Path], run: Path) -> list[tuple[str, Path]]:
    seen: dict[str, Path] = {}
    for root in roots:
        if not root.exists():
            raise InputError(f"{root} does not exist", "check the spelling, or name another folder or file")
        for path in [root] if root.is_file() else _list_files(root, run.resolve()):
            below = path.name if root.is_file() else path.relative_to(root).as_posix()
            # A name in a foreign encoding must still be printable and storable.
            below = os.fsencode(below).decode("utf-8", "backslashreplace")
            if path.resolve() not in {place.resolve() for place in (seen.get(below),) if place is not None}:
                seen[_find_free_name(below, path, seen)] = path
    return sorted(seen.items())


def _find_free_name(below: str, path: Path, taken: dict[str, Path]) -> str:
    """Two folders may hold a file of the same name: the folders above it, then a number, tell them apart."""
    name = below
    above = list(path.resolve().parts[1 : -len(Path(below).parts)])
    while name in taken and above:
        folder = os.fsencode(above.pop()).decode("utf-8", "backslashreplace")
        name = f"{folder}/{name}"
    number = 2
    while name in taken:
        name, number = f"{number}/{below}", number + 1
    return name


def _list_files(root: Path, run: Path) -> Iterator[Path]:
    for folder, subfolders, names in os.walk(root):
        here = Path(folder)
        subfolders[:] = sorted(
            name
            for name in subfolders
            if not name.startswith(".") and (here / name).resolve() != run and not _is_own(here / name)
        )
        yield from (here / name for name in sorted(names) if not name.startswith(".") and (here / name).is_file())


def _is_own(folder: Path) -> bool:
    """Another run, or an export: what remud has made is no book."""
    for name, mark in (("run.json", "schema_version"), ("MANIFEST.json", "made_by")):
        try:
            data = json.loads((folder / name).read_bytes())
        except (OSError, ValueError):
            continue
        if isinstance(data, dict) and mark in data and "schema_version" in data:
            return True
    return False


def _hash_cached(
    path: Path, cache: dict[str, list[object]], known: dict[str, list[object]]
) -> tuple[str, tuple[int, int] | None]:
    """A file's hash, and its size and time before it was read: a file that changes meanwhile is noticed later."""
    key = os.fsencode(path.resolve()).decode("utf-8", "backslashreplace")
    try:
        stat = path.stat()
        stamp = (stat.st_size, stat.st_mtime_ns)
        old = cache.get(key)
        if isinstance(old, list) and old[:2] == list(stamp) and len(old) == 3:
            sha256 = str(old[2])
        else:
            with path.open("rb") as stream:
                sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        # Kept as an input of its own, so that the document stage names it as failed.
        return hashlib.sha256(b"unreadable\x1f" + os.fsencode(path.name)).hexdigest(), None
    known[key] = [*stamp, sha256]
    return sha256, stamp


def _read_cache(run: Path) -> dict[str, list[object]]:
    try:
        data = json.loads((run / CACHE).read_bytes())
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}

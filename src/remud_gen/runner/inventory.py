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
    for file, path in _walk(roots, run):
        sha256 = _hash_cached(path, cache, known)
        found.setdefault(sha256, []).append((file, path))
    if not found:
        listed = ", ".join(str(root) for root in roots)
        raise InputError(f"no files in {listed}", "name a folder with PDFs or page images")
    if is_writable and known != cache:
        write_atomically(run / CACHE, json.dumps(known, ensure_ascii=False).encode("utf-8"))
    files = [
        InputFile(make_id("document", sha256), places[0][1], places[0][0], tuple(f for f, _ in places[1:]), sha256)
        for sha256, places in found.items()
    ]
    return sorted(files, key=lambda entry: entry.file)


def _walk(roots: Sequence[Path], run: Path) -> list[tuple[str, Path]]:
    seen: dict[str, Path] = {}
    for root in roots:
        if not root.exists():
            raise InputError(f"{root} does not exist", "check the spelling, or name another folder or file")
        for path in [root] if root.is_file() else _list_files(root, run.resolve()):
            file = path.name if root.is_file() else path.relative_to(root).as_posix()
            if file in seen and seen[file] != path:
                # Two folders may hold a file of the same name: the folder's own name tells them apart.
                file = f"{root.resolve().name}/{file}"
            seen.setdefault(file, path)
    return sorted(seen.items())


def _list_files(root: Path, run: Path) -> Iterator[Path]:
    for folder, subfolders, names in os.walk(root):
        here = Path(folder)
        subfolders[:] = sorted(
            name for name in subfolders if not name.startswith(".") and (here / name).resolve() != run
        )
        yield from (here / name for name in sorted(names) if not name.startswith(".") and (here / name).is_file())


def _hash_cached(path: Path, cache: dict[str, list[object]], known: dict[str, list[object]]) -> str:
    key = str(path.resolve())
    try:
        stat = path.stat()
        stamp: list[object] = [stat.st_size, stat.st_mtime_ns]
        old = cache.get(key)
        if old is not None and old[:2] == stamp:
            sha256 = str(old[2])
        else:
            with path.open("rb") as stream:
                sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        # Kept as an input of its own, so that the document stage names it as failed.
        return hashlib.sha256(f"unreadable\x1f{path.name}".encode()).hexdigest()
    known[key] = [*stamp, sha256]
    return sha256


def _read_cache(run: Path) -> dict[str, list[object]]:
    try:
        data = json.loads((run / CACHE).read_bytes())
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}

"""Folders and files given by the user -> the distinct files of the shelf, each hashed once."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from remud_gen import registry
from remud_gen.errors import InputError
from remud_gen.protocols import Companions, LabelledReader
from remud_gen.records import make_id
from remud_gen.runner.basis import shorten_digest
from remud_gen.runner.files import write_atomically
from remud_gen.stages.base import InputFile

CACHE = "inputs.json"
HOLDS_ITS_WORDS = ".pdf"  # nothing around it is looked for: a shelf of books alone loads no reader to find that out


def take_inventory(roots: Sequence[Path], run: Path, *, is_writable: bool) -> list[InputFile]:
    """Every distinct file below the roots, in the order of their paths; identical copies become one entry.

    Raises:
        InputError: when a root does not exist or nothing lies below the roots.
    """
    hashes = _Hashes(_read_cache(run))
    found: dict[str, list[_Entry]] = {}
    for entry in _walk(roots, run):
        found.setdefault(hashes.take(entry.path)[0], []).append(entry)
    if not found:
        raise refuse_empty_shelf(roots, "name a folder with PDFs or page images")
    around = _find_companions([entry for entries in found.values() for entry in entries])
    users = _find_users(around)
    files = []
    for sha256, entries in found.items():
        # A picture of a document that lies elsewhere by itself, too, is a document with the words of that place.
        free = [entry for entry in entries if entry.path.resolve() not in users]
        first, *copies = [*free, *(entry for entry in entries if entry not in free)]
        labels = tuple((entry.path, around[entry.path]) for entry in free if entry.path in around)
        digest = _digest_labels(labels, hashes)
        if not free:
            labels = tuple((entry.path, Companions(users[entry.path.resolve()])) for entry in entries)
            digest = _digest_users(labels)
        one = InputFile(
            make_id("document", sha256), first.path, first.file, tuple(copy.file for copy in copies), sha256,
            hashes.take(first.path)[1], labels, digest, not free,
        )  # fmt: skip
        files.append(one)
    if is_writable and hashes.known != hashes.cache:
        write_atomically(run / CACHE, json.dumps(hashes.known, ensure_ascii=False).encode("utf-8"))
    return sorted(files, key=lambda entry: entry.file)


def refuse_missing_root(root: Path, hint: str = "check the spelling, or name another folder or file") -> InputError:
    """The error for a folder or file that is not there."""
    return InputError(f"{root} does not exist", hint)


def refuse_empty_shelf(roots: Sequence[Path], hint: str) -> InputError:
    """The error for folders that hold no file."""
    return InputError(f"no files in {', '.join(str(root) for root in roots)}", hint)


@dataclass(frozen=True, slots=True)
class _Entry:
    file: str
    path: Path
    root: Path  # folder that was named on the command line


def _find_companions(entries: Sequence[_Entry]) -> dict[Path, Companions]:
    """For each file that has any: what lies around it and gives it words."""
    asked = [entry for entry in entries if entry.path.suffix.lower() != HOLDS_ITS_WORDS]
    loaded = [registry.load("readers", name)() for name in registry.table("readers")] if asked else []
    readers = [reader for reader in loaded if isinstance(reader, LabelledReader)]
    around: dict[Path, Companions] = {}
    for entry in asked:
        found = (reader.companions(entry.path, entry.root) for reader in readers)
        companions = next((one for one in found if one.files or one.folder), None)
        if companions is not None:
            around[entry.path] = companions
    return around


def _find_users(around: Mapping[Path, Companions]) -> dict[Path, tuple[Path, ...]]:
    """Each companion with the files that take it along, in the order of the shelf."""
    users: dict[Path, list[Path]] = {}
    places = {file: file.resolve() for companions in around.values() for file in companions.files}
    for path, companions in around.items():
        for file in companions.files:
            users.setdefault(places[file], []).append(path)
    return {file: tuple(paths) for file, paths in users.items()}


def _digest_users(labels: Sequence[tuple[Path, Companions]]) -> str:
    """One digest over the names of all that take a companion along: a label file may name what is not there."""
    return shorten_digest(*(_relate(user, path.parent) for path, companions in labels for user in companions.files))


def _digest_labels(labels: Sequence[tuple[Path, Companions]], hashes: _Hashes) -> str | None:
    """One digest over the content and the names of all companions; a copy of a picture elsewhere has its own."""
    if not labels:
        return None
    told = []
    for path, companions in labels:
        # The picture's own name, too: under another one other rows speak of it.
        told += [f"{file.name}\x1f{hashes.take(file)[0]}\x1f{_relate(path, file.parent)}" for file in companions.files]
        told.append(f"folder {companions.folder}")
    return shorten_digest(*told)


def _relate(path: Path, folder: Path) -> str:
    """A path as seen from a folder, the same on every machine; pictures of a web page lie in folders below it."""
    return Path(os.path.relpath(path, folder)).as_posix()


def _walk(roots: Sequence[Path], run: Path) -> list[_Entry]:
    seen: dict[str, Path] = {}
    below_root: dict[Path, Path] = {}
    for root in roots:
        if not root.exists():
            raise refuse_missing_root(root)
        for path in [root] if root.is_file() else walk_files(root, run.resolve()):
            below = path.name if root.is_file() else path.relative_to(root).as_posix()
            # A name in a foreign encoding must still be printable and storable.
            below = os.fsencode(below).decode("utf-8", "backslashreplace")
            if path.resolve() not in {place.resolve() for place in (seen.get(below),) if place is not None}:
                seen[_find_free_name(below, path, seen)] = path
                below_root[path] = root.parent if root.is_file() else root
    return [_Entry(file, path, below_root[path]) for file, path in sorted(seen.items())]


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


def walk_files(root: Path, run: Path) -> Iterator[Path]:
    """Every file below a folder that may be a document; `run` resolved."""
    for folder, subfolders, names in os.walk(root):
        here = Path(folder)
        subfolders[:] = sorted(
            name
            for name in subfolders
            if not name.startswith(".") and (here / name).resolve() != run and not _is_own(here / name)
        )
        for path in (here / name for name in sorted(names) if not name.startswith(".")):
            if path.is_file() or (path.is_symlink() and not path.exists()):
                yield path  # a link to nothing fails by name in the document stage


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


class _Hashes:
    """Hashes of files, each read once as long as its size and time stay."""

    def __init__(self, cache: dict[str, list[object]]) -> None:
        self.cache = cache
        self.known: dict[str, list[object]] = {}
        self._taken: dict[Path, tuple[str, tuple[int, int] | None]] = {}

    def take(self, path: Path) -> tuple[str, tuple[int, int] | None]:
        """A file's hash, and its size and time before it was read: a file that changes meanwhile is noticed later."""
        if path not in self._taken:
            self._taken[path] = self._hash(path)
        return self._taken[path]

    def _hash(self, path: Path) -> tuple[str, tuple[int, int] | None]:
        key = os.fsencode(path.resolve()).decode("utf-8", "backslashreplace")
        try:
            stat = path.stat()
            stamp = (stat.st_size, stat.st_mtime_ns)
            old = self.cache.get(key)
            if isinstance(old, list) and old[:2] == list(stamp) and len(old) == 3:
                sha256 = str(old[2])
            else:
                with path.open("rb") as stream:
                    sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
        except OSError:
            # Kept as an input of its own, so that the document stage names it as failed.
            return hashlib.sha256(b"unreadable\x1f" + os.fsencode(path.name)).hexdigest(), None
        self.known[key] = [*stamp, sha256]
        return sha256, stamp


def _read_cache(run: Path) -> dict[str, list[object]]:
    try:
        data = json.loads((run / CACHE).read_bytes())
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}


def read_known_hashes(run: Path) -> dict[str, str]:
    """The last inventory that was kept: resolved path -> SHA-256 of each file that could be read."""
    return {path: str(entry[2]) for path, entry in _read_cache(run).items() if isinstance(entry, list) and entry[2:]}

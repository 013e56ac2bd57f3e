"""Files that no run needs any more: measured, named and, where that is asked for, removed."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from remud_gen.errors import InputError
from remud_gen.rules.late import compile_late
from remud_gen.runner.basis import FOLDER as BASES
from remud_gen.runner.cleaning.orphans import StageFiles, list_names
from remud_gen.runner.files import FOLDERS_OF_THEIR_OWN, TEMPORARY, flush_folder
from remud_gen.runner.parts import part_paths, read_meta
from remud_gen.runner.place import find_leftovers

SHOWN = 5
IMAGES = "images"
NAMED_PICTURE = compile_late(rb"images/[0-9a-f]{2}/([0-9a-f]{64})\.(?:png|jpg)")
PICTURE_FILE = compile_late(r"([0-9a-f]{64})\.(?:png|jpg)")
LONGEST_PATH = 128  # bytes: more than the path of a picture takes in a record
READ_BYTES = 16 * 2**20


@dataclass
class Finding:
    """One kind of what is not needed: how many, what the disk gets back, and the first names."""

    count: int = 0
    size_bytes: int = 0
    names: list[str] = field(default_factory=list)

    def add(self, name: str, size_bytes: int) -> None:
        """Count one more."""
        self.count += 1
        self.size_bytes += size_bytes
        if len(self.names) < SHOWN:
            self.names.append(name)


class Sweeper:
    """Goes through a run folder kind by kind; removes what it finds only if `is_applied`."""

    def __init__(self, run: Path, *, is_applied: bool) -> None:
        self._run, self._is_applied = run, is_applied
        self.findings: dict[str, Finding] = {}
        self.kept: list[str] = []

    def note(self, kind: str, name: str, size_bytes: int) -> None:
        """Count what somebody else removes."""
        self.findings.setdefault(kind, Finding()).add(name, size_bytes)

    def sweep_parts(self, stages: Sequence[StageFiles]) -> None:
        """Parts that are not needed, then files of parts that have no sidecar."""
        for stage in stages:
            self.kept += stage.kept
            for kind, keys in (("gone_parts", stage.gone), ("replaced_parts", stage.replaced)):
                for key in keys:
                    paths = part_paths(self._run, stage.stage, key).all
                    self._take(kind, f"{stage.stage}/{key}", [str(path) for path in paths])
            for name in stage.strays:
                self._take("stray_files", f"{stage.stage}/{name}", [f"{self._run}/{stage.stage}/{name}"])
            if self._is_applied:
                # Should the power fail, no part may come back without the pictures that are removed next.
                flush_folder(self._run / stage.stage)

    def sweep_bases(self, stages: Sequence[StageFiles]) -> None:
        """Bases that no sidecar of a part that stays names."""
        used = set()
        for stage in stages:
            for key in stage.staying:
                meta = read_meta(part_paths(self._run, stage.stage, key).meta)
                if meta is not None:
                    used.add(f"{stage.stage}-{meta.basis}.json")
        ours = re.compile(f"(?:{'|'.join(re.escape(stage.stage) for stage in stages)})-[0-9a-f]{{16}}\\.json")
        for name in list_names(self._run / BASES):
            if ours.fullmatch(name) and name not in used:
                self._take("bases", f"{BASES}/{name}", [f"{self._run}/{BASES}/{name}"])

    def sweep_pictures(self, stages: Sequence[StageFiles]) -> None:
        """Pictures that no record of a part that stays names."""
        folder = self._run / IMAGES
        if folder.is_symlink():
            self.kept.append(f"pictures kept: {folder} is a link, and other runs may keep theirs there, too")
            return
        try:
            used = {
                bytes.fromhex(sha.decode("ascii"))
                for stage in stages
                for key in stage.staying
                for sha in _find_pictures(f"{self._run}/{stage.stage}/{key}.jsonl")
            }
        except OSError as error:
            self.kept.append(f"pictures kept: {error.filename} cannot be read: {error.strerror}")
            return
        for below in list_names(folder):
            if not re.fullmatch("[0-9a-f]{2}", below):
                continue
            for name in list_names(folder / below):
                found = PICTURE_FILE.fullmatch(name)
                if found is not None and bytes.fromhex(found[1]) not in used:
                    self._take("pictures", f"{IMAGES}/{below}/{name}", [f"{folder}/{below}/{name}"])
            if self._is_applied:
                with suppress(OSError):
                    (folder / below).rmdir()  # succeeds only where nothing is left

    def _take(self, kind: str, name: str, paths: Sequence[str]) -> None:
        """Count one thing, which lies in one or more files, and remove them in their order."""
        sizes = []
        for path in paths:
            try:
                sizes.append(_measure(path))
                if self._is_applied:
                    Path(path).unlink()
            except FileNotFoundError:
                continue
            except OSError as error:
                raise InputError(
                    f"cannot remove {path}: {error.strerror}", "fix the permissions, then run the same command again"
                ) from None
        self.note(kind, name, sum(sizes))


def list_temporaries(run: Path) -> Iterator[tuple[str, int]]:
    """What killed commands left half-written, as name and bytes: in the places where remud writes such files."""
    for folder in (run, *(run / name for name in list_names(run) if name not in FOLDERS_OF_THEIR_OWN)):
        if folder.is_dir() and (folder == run or not folder.is_symlink()):
            for name in list_names(folder):
                if name.startswith(TEMPORARY):
                    yield str((folder / name).relative_to(run)), _measure_all(folder / name)


def list_half_exports(run: Path) -> Iterator[tuple[str, int]]:
    """Exports that were cut short, as name and bytes; what still belongs into its place counts nothing."""
    for scratch in find_leftovers(run / "export"):
        new = scratch / "new"
        going = [new / name for name in list_names(new) if os.path.lexists(run / "export" / name)]
        is_all = not any(list_names(scratch / "old"))  # before any swap, everything in it goes
        yield str(scratch.relative_to(run)), sum(map(_measure_all, [scratch] if is_all else going))


def _find_pictures(records: str) -> Iterable[bytes]:
    """Hashes of all pictures that a record file names; read piecewise, as such files may be large."""
    found: set[bytes] = set()
    try:
        with Path(records).open("rb") as stream:
            tail = b""
            while data := stream.read(READ_BYTES):
                found.update(NAMED_PICTURE.findall(tail + data))
                tail = (tail + data)[-LONGEST_PATH:]
    except FileNotFoundError:
        pass  # a damaged part: it is made anew, its pictures, too
    return found


def _measure(path: str) -> int:
    """What removing a file gives back: nothing where another name still holds it, as exports hold pictures."""
    status = os.lstat(path)
    return status.st_size if stat.S_ISREG(status.st_mode) and status.st_nlink == 1 else 0


def _measure_all(path: Path) -> int:
    if path.is_symlink() or not path.is_dir():
        return _measure(str(path))
    return sum(_measure(f"{folder}/{name}") for folder, _, names in os.walk(path) for name in names)

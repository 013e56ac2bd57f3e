"""The files of a shelf that is not there, as the run folder remembers them: the parts that they had when last seen."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from remud_gen.rules.licences import TABLE_NAMES
from remud_gen.runner.basis import shorten_digest
from remud_gen.runner.folder import RunFolder
from remud_gen.runner.inventory import read_known_hashes
from remud_gen.runner.parts import PartMeta, PartSpec, list_parts, make_slug, part_paths, read_meta
from remud_gen.runner.reading import Inputs
from remud_gen.runner.rename import NAME

CONTENT = "file content"


def recall_files(run: Path, stage: str) -> list[PartSpec]:
    """One part for each file of the last inventory: as it lies on disk, or to be made where there is none."""
    known = read_known_hashes(run)
    paths: dict[str, list[str]] = {}
    for path, sha256 in known.items():
        paths.setdefault(shorten_digest(sha256), []).append(path)
    kept: dict[str, PartMeta] = {}
    for key in list_parts(run, stage):
        meta = read_meta(part_paths(run, stage, key).meta)
        if meta is None or not _was_there(meta, paths, known):
            continue
        content = meta.inputs.get(CONTENT, "")
        rival = kept.get(content)
        if rival is None or _rank(meta, paths.get(content, [])) > _rank(rival, paths.get(content, [])):
            kept[content] = meta
    specs = [PartSpec(stage, meta.key, Inputs(1, meta.inputs), meta.document) for meta in kept.values()]
    specs += _list_unmade(RunFolder(run), stage, known, kept)
    return sorted(specs, key=lambda spec: spec.document)


def remembers_licences(run: Path, stage: str) -> bool:
    """Whether a table of licences lay among the files."""
    return any(PurePosixPath(spec.document).name in TABLE_NAMES for spec in recall_files(run, stage))


def _was_there(meta: PartMeta, paths: Mapping[str, list[str]], known: Mapping[str, str]) -> bool:
    """Whether a part is of a file of the last inventory; one that could not be read then has no hash."""
    if not known or meta.inputs.get(CONTENT) in paths:
        return True
    name = PurePosixPath(meta.document).name
    unread = shorten_digest(hashlib.sha256(b"unreadable\x1f" + os.fsencode(name)).hexdigest())
    return meta.inputs.get(CONTENT) == unread and not any(PurePosixPath(path).name == name for path in known)


def _rank(meta: PartMeta, paths: list[str]) -> tuple[bool, int]:
    """A book that was renamed has parts of several names: that of the last inventory counts, else the newest."""
    return any(f"/{path}".endswith(f"/{meta.document}") for path in paths), meta.mtime_ns


def _list_unmade(
    folder: RunFolder, stage: str, known: Mapping[str, str], kept: Mapping[str, PartMeta]
) -> Iterator[PartSpec]:
    """Files that were hashed, and stopped before: what lies beside a named file was hashed for its words alone."""
    roots, seen = folder.recall_roots(), set(kept)
    for path, sha256 in sorted(known.items()):
        root = next((root for root in roots if Path(path) == root or root in Path(path).parents), None)
        content = shorten_digest(sha256)
        if root is None or content in seen:
            continue
        seen.add(content)
        file = Path(path).relative_to(root).as_posix() if Path(path) != root else root.name
        digests = {CONTENT: content, NAME: shorten_digest(file)}
        yield PartSpec(stage, make_slug(file, sha256), Inputs(1, digests), file)

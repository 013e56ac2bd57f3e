"""A raw export -> imported parts of a run, record by record, with its pictures; nothing in it names a path here."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from PIL import Image

from remud_gen.errors import InputError, RecordError
from remud_gen.exporters.card import MANIFEST, read_manifest
from remud_gen.exporters.pictures import UNREADABLE
from remud_gen.exporters.provenance import PROVENANCE
from remud_gen.exporters.raw import POINTERS, encode_record, parse_record
from remud_gen.exporters.rows import read_rows
from remud_gen.exporters.splits import SPLIT_NAMES
from remud_gen.records import ImageRef, Quadruplet
from remud_gen.rules.digests import DigestTable, digest_text
from remud_gen.rules.late import compile_late
from remud_gen.runner.files import write_atomically
from remud_gen.runner.folder import RunFolder
from remud_gen.runner.imported import (
    STAGE,
    list_imported,
    make_part,
    name_import,
    read_ledger,
    write_ledger,
)
from remud_gen.runner.importing.left_out import LeftOut
from remud_gen.runner.parts import list_parts, part_paths
from remud_gen.runner.writer import PartWriter

RECORDS_PER_PART = 1000
PICTURE = compile_late(r"images/([0-9a-f]{2})/(\1[0-9a-f]{62})\.(?:png|jpg)")
_ID = compile_late(rb'\{"record":"quadruplet","schema_version":\d+,"id":("(?:[^"\\]|\\.)*")')


@dataclass(slots=True)
class RawImport:
    """What came of one raw export."""

    name: str
    imported: int = 0
    parts: int = 0
    pictures: int = 0  # that the run did not have
    withheld: int = 0  # records whose pictures may not be passed on, and are not in the export
    is_known: bool = False  # was imported before, and is whole
    left_out: LeftOut = field(default_factory=LeftOut)


def find_raw(path: Path) -> Path | None:
    """The raw export that a folder is, or that lies in it beside other formats; None where there is none."""
    for folder in (path, path / "raw"):
        if (folder / MANIFEST).is_file():
            try:
                manifest = read_manifest(folder)
            except RecordError as error:
                raise InputError(error.message, "export it again with --format raw") from None
            if manifest.format == "raw":
                return folder
    return None


def import_raw(folder: RunFolder, source: Path) -> RawImport:
    """Bring the records and pictures of a raw export into a run that is held for writing.

    The same export again changes nothing; one that was cut short is finished.

    Raises:
        InputError: it holds no record that can be taken, or cannot be read.
    """
    try:
        return _import(folder, source)
    except OSError as error:
        raise InputError(f"{source} cannot be read: {error.strerror or error}") from None


def _import(folder: RunFolder, source: Path) -> RawImport:
    run = folder.path
    files = [path for split in SPLIT_NAMES if (path := source / f"{split}.jsonl").is_file()]
    if not files:
        raise InputError(f"{source} holds no {SPLIT_NAMES[0]}.jsonl", "name a folder that --format raw made")
    sha256 = _hash_files(files)
    done = RawImport(name_import(sha256))
    states = [state for state in list_imported(run) if state.spec.document == done.name]
    ledger = read_ledger(run, done.name)
    is_whole = ledger is not None and not ledger.get("lacking_pictures")
    if ledger is not None and is_whole and states and all(state.state == "fresh" for state in states):
        done.is_known, done.imported, done.parts = True, int(ledger["records"]), len(states)
        return done
    shelf = _PictureShelf(run, source)
    known = _list_known(run, done.name)
    batch: list[Quadruplet] = []
    for record in _take(files, known, shelf, done):
        batch.append(record)
        if len(batch) == RECORDS_PER_PART:
            _write(run, done, sha256, batch)
            batch = []
    if batch:
        _write(run, done, sha256, batch)
    done.pictures = shelf.n_new
    if done.imported:
        n_lacking = sum(count for code, count in done.left_out.codes.items() if code.startswith("IMAGE_"))
        write_ledger(run, done.name, sha256, done.parts, done.imported, n_lacking)
    return done


def _take(files: Sequence[Path], known: DigestTable, shelf: _PictureShelf, done: RawImport) -> Iterator[Quadruplet]:
    for place, line in _read_lines(files):
        try:
            record = parse_record(line, place)
            place = record.id
            encode_record(record)  # a number that JSON cannot hold would damage the part
            _check_new(record, known)
            done.withheld += shelf.bring(record)
        except RecordError as error:
            done.left_out.add(place, error.code, error.message)
            continue
        yield record


def _read_lines(files: Sequence[Path]) -> Iterator[tuple[str, bytes]]:
    """(place, line) of all files, in the order that the records had before they were split, as far as that is told."""
    with ExitStack() as stack:
        streams = {path.stem: enumerate(stack.enter_context(path.open("rb")), 1) for path in files}
        for split in _read_order(files[0].parent / PROVENANCE):
            for number, line in islice(streams.get(split, iter(())), 1):
                yield f"{split}.jsonl line {number}", line
        for split, rest in streams.items():
            for number, line in rest:
                yield f"{split}.jsonl line {number}", line


def _read_order(path: Path) -> Iterator[str]:
    """The split of each record in turn; nothing from where on it cannot be told."""
    try:
        for row in read_rows(path):
            yield str(row["split"])
    except (OSError, KeyError, RecordError):
        return


def _check_new(record: Quadruplet, known: DigestTable) -> None:
    n_before = len(known)
    known.setdefault(digest_text(record.id))
    if len(known) == n_before:
        raise RecordError("ALREADY_THERE", "the run has a record with this id, which stays")


def _write(run: Path, done: RawImport, sha256: str, records: Sequence[Quadruplet]) -> None:
    done.parts += 1
    spec, stamp = make_part(done.name, sha256, done.parts)
    with PartWriter(run, spec, stamp) as writer:
        for record in records:
            writer.add_overlay(record)
        writer.commit(is_partial=False)
    done.imported += len(records)


class _PictureShelf:
    """Copies pictures into a run, each once, and only under the name that their bytes give them."""

    def __init__(self, run: Path, source: Path) -> None:
        self._run, self._source = run, source
        self._there, self._withheld = DigestTable(), DigestTable()
        self.n_new = 0
        pointers = source / f"{POINTERS}.jsonl"
        for row in read_rows(pointers) if pointers.is_file() else ():
            self._withheld.setdefault(digest_text(str(row.get("id"))))

    def bring(self, record: Quadruplet) -> bool:
        """Make all pictures of a record be in the run; whether some are not in the export, which says so itself.

        Raises:
            RecordError: IMAGE_PATH, IMAGE_MISSING, IMAGE_CHANGED or IMAGE_UNREADABLE.
        """
        is_lacking = False
        for ref in record.images:
            key = digest_text(ref.path, ref.sha256)
            if key in self._there:
                continue
            try:
                self._bring_one(ref)
            except RecordError as error:
                if error.code != "IMAGE_MISSING" or digest_text(record.id) not in self._withheld:
                    raise
                is_lacking = True
                continue
            self._there.setdefault(key)
        return is_lacking

    def _bring_one(self, ref: ImageRef) -> None:
        found = PICTURE.fullmatch(ref.path)
        if found is None or found[2] != ref.sha256:
            raise RecordError("IMAGE_PATH", f"{ref.path[:80]!r} is not the name of its picture")
        if _read_picture(self._run / ref.path, ref.sha256) is not None:
            return
        data = _read_picture(self._source / ref.path, ref.sha256)
        if data is None:
            is_there = (self._source / ref.path).is_file()
            code = "IMAGE_CHANGED" if is_there else "IMAGE_MISSING"
            raise RecordError(code, f"{ref.path} {'holds other bytes' if is_there else 'is not in the export'}")
        _check_picture(data, ref)
        write_atomically(self._run / ref.path, data, scratch=self._run / "images")
        self.n_new += 1


def _read_picture(path: Path, sha256: str) -> bytes | None:
    """The bytes of a picture; None where they are absent or not those that its name says."""
    try:
        if not path.is_file():  # a pipe or a device would never end
            return None
        with path.open("rb") as stream:  # hashed piece by piece: a forged file may be larger than memory
            if hashlib.file_digest(stream, "sha256").hexdigest() != sha256:
                return None
        data = path.read_bytes()
    except OSError:
        return None
    return data if hashlib.sha256(data).hexdigest() == sha256 else None


def _check_picture(data: bytes, ref: ImageRef) -> None:
    """Raise RecordError IMAGE_UNREADABLE unless the head of a file is that of the picture that a record names."""
    try:
        with Image.open(io.BytesIO(data), formats=("PNG", "JPEG")) as image:
            size = image.size
    except UNREADABLE:
        raise RecordError("IMAGE_UNREADABLE", f"{ref.path} is no PNG or JPEG") from None
    if size != (ref.width_px, ref.height_px):
        told = f"{size[0]} x {size[1]} pixels, not {ref.width_px} x {ref.height_px}"
        raise RecordError("IMAGE_UNREADABLE", f"{ref.path} has {told}")


def _hash_files(files: Sequence[Path]) -> str:
    sha = hashlib.sha256()
    for path in files:
        with path.open("rb") as stream:
            sha.update(f"{path.name} {hashlib.file_digest(stream, 'sha256').hexdigest()}\n".encode("ascii"))
    return sha.hexdigest()


def _list_known(run: Path, own: str) -> DigestTable:
    """Ids of the records that a run has, other than those of this import."""
    known = DigestTable()
    for stage in ("filter", STAGE):
        for key in list_parts(run, stage):
            if stage == STAGE and key.startswith(f"{own}-"):
                continue
            with part_paths(run, stage, key).records.open("rb") as stream:
                for line in stream:
                    if found := _ID.match(line):
                        known.setdefault(digest_text(json.loads(found[1])))
    return known

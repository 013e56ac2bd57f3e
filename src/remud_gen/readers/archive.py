"""Zip containers (DOCX, EPUB) opened without trust: counts, sizes and ratios are bounded, names are no paths."""

from __future__ import annotations

import posixpath
import struct
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from urllib.parse import unquote

from remud_gen.errors import RecordError

MAX_MEMBERS = 20_000
MAX_DIRECTORY_BYTES = 8_000_000
MAX_MEMBER_BYTES = 200_000_000
MAX_TOTAL_BYTES = 1_500_000_000
MAX_RATIO = 250  # of more than a megabyte; text shrinks to a twentieth at best
RATIO_FLOOR_BYTES = 4_000_000
_END = b"PK\x05\x06"
HINT = "open it in the program that made it; if that works, save it again and add the copy"


class Archive:
    """An open zip file; a context manager."""

    def __init__(self, path: Path) -> None:
        check_directory(path)
        try:
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, struct.error) as error:
            raise RecordError("DAMAGED_FILE", f"the container cannot be opened: {error}", HINT) from None
        try:
            self._members = _index(self._zip)
        except RecordError:
            self._zip.close()
            raise

    @property
    def names(self) -> frozenset[str]:
        """All files in it."""
        return frozenset(self._members)

    def read(self, name: str) -> bytes:
        """The bytes of a member.

        Raises:
            RecordError: MEMBER_MISSING, PASSWORD_PROTECTED or DAMAGED_FILE.
        """
        info = self._members.get(name)
        if info is None:
            raise RecordError("MEMBER_MISSING", f"the container does not hold {name!r}", HINT)
        if info.flag_bits & 1:
            raise RecordError("PASSWORD_PROTECTED", "the file is encrypted", "save a copy without a password")
        try:
            with self._zip.open(info) as stream:
                return stream.read(info.file_size + 1)
        except (zipfile.BadZipFile, OSError, EOFError, ValueError, NotImplementedError, zlib.error) as error:
            raise RecordError("DAMAGED_FILE", f"{name!r} cannot be unpacked: {error}", HINT) from None

    def resolve(self, base: str, link: str) -> str:
        """The member that a link inside another member means; it cannot leave the container.

        Raises:
            RecordError: PICTURE_REMOTE, PICTURE_OUTSIDE or PICTURE_MISSING.
        """
        path = unquote(link.split("#", 1)[0].split("?", 1)[0])
        if "://" in path or path.startswith(("//", "http:", "https:", "file:")):
            raise RecordError("PICTURE_REMOTE", "a picture lies on the network and is never fetched")
        wanted = posixpath.normpath(posixpath.join(posixpath.dirname(base), path))
        if wanted.startswith(("..", "/")):
            raise RecordError("PICTURE_OUTSIDE", f"a picture is named outside of the document: {path[:100]!r}")
        if wanted not in self._members:
            raise RecordError("PICTURE_MISSING", f"the picture {path[:100]!r} is not in the document", HINT)
        return wanted

    def close(self) -> None:
        """Close the file."""
        self._zip.close()

    def __enter__(self) -> Archive:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def check_directory(path: Path) -> None:
    """Refuse a container whose list of members alone would fill the memory.

    Raises:
        RecordError: DAMAGED_FILE or ARCHIVE_BOMB.
    """
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - 66_000))
        tail = file.read()
    at = tail.rfind(_END)
    if at < 0 or len(tail) - at < 22:
        raise RecordError("DAMAGED_FILE", "the container is cut off", "copy it again from its source")
    members, directory = struct.unpack_from("<HI", tail, at + 10)
    if members > MAX_MEMBERS or directory > MAX_DIRECTORY_BYTES:
        raise RecordError("ARCHIVE_BOMB", "the container lists too many files", "it is no ordinary document: remove it")


def list_names(path: Path) -> frozenset[str]:
    """Names in a zip file, for telling what it is; none where it cannot be read."""
    try:
        check_directory(path)
        with zipfile.ZipFile(path) as archive:
            return frozenset(archive.namelist())
    except (RecordError, zipfile.BadZipFile, OSError, ValueError, NotImplementedError, struct.error):
        return frozenset()


def _index(archive: zipfile.ZipFile) -> Mapping[str, zipfile.ZipInfo]:
    members = {info.filename: info for info in archive.infolist() if not info.filename.endswith("/")}
    members.pop("", None)  # a member without a name is none
    total = sum(info.file_size for info in members.values())
    for info in members.values():
        is_dense = info.file_size > RATIO_FLOOR_BYTES and info.file_size > MAX_RATIO * max(1, info.compress_size)
        if info.file_size > MAX_MEMBER_BYTES or is_dense:
            told = f"{info.filename[:100]!r} would unpack to {info.file_size:,} bytes"
            raise RecordError("ARCHIVE_BOMB", told, "it is no ordinary document: remove it")
    if len(members) > MAX_MEMBERS or total > MAX_TOTAL_BYTES:
        told = f"the container would unpack to {total:,} bytes in {len(members):,} files"
        raise RecordError("ARCHIVE_BOMB", told, "it is no ordinary document: remove it")
    return members

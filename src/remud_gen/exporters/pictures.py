"""Pictures beside an export's data: checked once, linked where possible, turned to RGB where a trainer needs it."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from PIL import Image

from remud_gen.errors import RecordError
from remud_gen.protocols import ImageStore, PackedPicture
from remud_gen.records import ImageRef, Quadruplet
from remud_gen.rules.digests import DigestTable, digest_text

# What Pillow raises on broken, truncated or hostile image files.
UNREADABLE = (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError)
RESTORE_HINT = "run `remud extract --verify` to restore it"
_SUFFIXES = {"JPEG": ".jpg", "PNG": ".png"}
_ENDINGS = ("", ".jpg", ".png", "-rgb.jpg", "-rgb.png")  # behind the SHA-256; the empty one stands for the stored path


@dataclass(frozen=True, slots=True)
class Inspection:
    """What one full decode of a stored picture found."""

    suffix: str | None  # None: neither JPEG nor PNG
    is_rgb: bool


Inspections = dict[int, Inspection]  # by the digest of path in the store and SHA-256
# One of each is kept, however many pictures there are.
_FOUND = {
    (suffix, is_rgb): Inspection(suffix, is_rgb) for suffix in (*_SUFFIXES.values(), None) for is_rgb in (False, True)
}


@dataclass(frozen=True, slots=True)
class _Plan:
    source: Path
    ending: str
    data: bytes | None = None  # None: the stored file as it is


class PictureFolder:
    """Places pictures below one export's folder. `inspections` may be shared by the folders of several formats."""

    def __init__(
        self,
        folder: Path,
        store: ImageStore,
        inspections: Inspections | None = None,
        may_show: Callable[[Quadruplet], bool] = lambda record: True,
        *,
        links: bool = True,
    ) -> None:
        """`links`: a picture is a hard link to the run's own where the file system allows it, else a copy."""
        self._folder = folder
        self._store = store
        self._may_show = may_show
        self._links = links
        self._inspections: Inspections = {} if inspections is None else inspections
        self._placed = DigestTable()  # path in the store, SHA-256 and whether as RGB -> how it is named
        self._made: set[Path] = set()
        self._owners = DigestTable()  # path in the folder -> the beginning of its SHA-256

    @property
    def paths(self) -> Container[str]:
        """All pictures placed so far; each was decoded completely."""
        return _Paths(self._owners)

    def place(self, refs: Sequence[ImageRef], *, as_rgb: bool = True) -> tuple[str, ...]:
        """Put a record's pictures into the folder and return their paths, in order.

        As RGB they are named by the SHA-256 of the stored picture, `-rgb` added where they had to be converted;
        otherwise the stored bytes keep the path that the record gives.

        Raises:
            RecordError: IMAGE_MISSING, IMAGE_CHANGED, IMAGE_UNREADABLE or IMAGE_PATH; then none was placed.
        """
        keys = [digest_text(ref.path, ref.sha256, "rgb" if as_rgb else "") for ref in refs]
        endings = [self._placed.get(key) for key in keys]
        missing = {ref: key for ref, key, ending in zip(refs, keys, endings, strict=True) if ending is None}
        plans = {ref: self._plan(ref, as_rgb) for ref in missing}
        for ref, plan in plans.items():
            path = _name(ref, plan.ending)
            self._put(plan, path)
            self._owners.setdefault(digest_text(path), _abridge(ref.sha256))
            self._placed.setdefault(missing[ref], _ENDINGS.index(plan.ending))
        return tuple(
            _name(ref, plans[ref].ending if ending is None else _ENDINGS[ending])
            for ref, ending in zip(refs, endings, strict=True)
        )

    def pack(self, refs: Sequence[ImageRef]) -> tuple[PackedPicture, ...]:
        """A record's pictures as RGB JPEG or PNG, in order, for formats that hold pictures in their data files.

        Raises:
            RecordError: IMAGE_MISSING, IMAGE_CHANGED or IMAGE_UNREADABLE.
        """
        packed = []
        for ref in refs:
            plan = self._plan(ref, as_rgb=True)
            try:
                data = plan.source.read_bytes() if plan.data is None else plan.data
            except OSError as error:
                raise RecordError("IMAGE_UNREADABLE", f"{ref.path}: {error}", RESTORE_HINT) from None
            packed.append(PackedPicture(f"{ref.sha256}{plan.ending}", data))
        return tuple(packed)

    def find_sha256(self, path: str) -> str | None:
        """The SHA-256 of a placed picture that is the stored file as it is and named by it; None: read the file."""
        name = PurePosixPath(path).stem
        owner = self._owners.get(digest_text(path))
        return name if len(name) == 64 and owner is not None and owner == _abridge(name) else None

    def may_show(self, record: Quadruplet) -> bool:
        """Whether the pictures of a record may be passed on."""
        return self._may_show(record)

    def _plan(self, ref: ImageRef, as_rgb: bool) -> _Plan:
        source = self._store.path(ref)
        key = digest_text(ref.path, ref.sha256)
        inspection = self._inspections.get(key)
        if inspection is None:
            inspection = self._inspections[key] = inspect_picture(source, ref)
        if not as_rgb:
            path = check_relative(ref.path)
            if self._owners.get(digest_text(path)) not in (None, _abridge(ref.sha256)):
                raise RecordError("IMAGE_PATH", f"two pictures share the path {path}")
            return _Plan(source, "")
        if inspection.suffix is not None and inspection.is_rgb:
            return _Plan(source, inspection.suffix)
        data, suffix = convert_to_rgb(source, inspection.suffix)
        return _Plan(source, f"-rgb{suffix}", data)

    def _put(self, plan: _Plan, path: str) -> None:
        target = self._folder / path
        if target.parent not in self._made:
            target.parent.mkdir(parents=True, exist_ok=True)
            self._made.add(target.parent)
        if target.exists():
            return
        if plan.data is not None:
            target.write_bytes(plan.data)
            return
        try:
            if self._links:
                os.link(plan.source, target)
                return
        except OSError:  # another file system, or one without hard links
            pass
        shutil.copyfile(plan.source, target)


def inspect_picture(source: Path, ref: ImageRef) -> Inspection:
    """Decode a stored picture completely and compare its bytes with the hash in the record."""
    try:
        data = source.read_bytes()
        if hashlib.sha256(data).hexdigest() != ref.sha256:
            raise RecordError("IMAGE_CHANGED", f"{ref.path} is not what the record names", RESTORE_HINT)
        with Image.open(io.BytesIO(data)) as image:
            image.load()
            return _FOUND[_SUFFIXES.get(image.format or ""), image.mode == "RGB"]
    except UNREADABLE as error:
        raise RecordError("IMAGE_UNREADABLE", f"{ref.path}: {error}", RESTORE_HINT) from None


def convert_to_rgb(source: Path, suffix: str | None) -> tuple[bytes, str]:
    """Re-encode as RGB: JPEG stays JPEG, anything else becomes PNG."""
    buffer = io.BytesIO()
    with Image.open(source) as image:
        if suffix == ".jpg":
            image.convert("RGB").save(buffer, "JPEG", quality=95, subsampling=0)
            return buffer.getvalue(), ".jpg"
        image.convert("RGB").save(buffer, "PNG")
        return buffer.getvalue(), ".png"


def check_relative(path: str) -> str:
    """The path itself if it is relative, POSIX and stays below the folder it is relative to.

    Raises:
        RecordError: IMAGE_PATH otherwise.
    """
    parts = PurePosixPath(path).parts
    is_plain = "/".join(parts) == path and "\\" not in path and ":" not in path and path.isprintable()
    if not parts or not is_plain or ".." in parts or path.startswith(("/", "~")):
        raise RecordError("IMAGE_PATH", f"{path!r} is not a relative path inside the export")
    return path


def _name(ref: ImageRef, ending: str) -> str:
    return f"images/{ref.sha256[:2]}/{ref.sha256}{ending}" if ending else ref.path


def _abridge(sha256: str) -> int:
    return digest_text(sha256) % 2**32


@dataclass(frozen=True, slots=True)
class _Paths:
    """A set of paths of which only digests are kept."""

    digests: DigestTable

    def __contains__(self, path: object) -> bool:
        return isinstance(path, str) and digest_text(path) in self.digests

    def __len__(self) -> int:
        return len(self.digests)

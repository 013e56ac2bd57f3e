"""Pictures beside an export's data: checked once, linked where possible, turned to RGB where a trainer needs it."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from PIL import Image

from remud_gen.errors import RecordError
from remud_gen.protocols import ImageStore
from remud_gen.records import ImageRef

# What Pillow raises on broken, truncated or hostile image files.
UNREADABLE = (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError)
_SUFFIXES = {"JPEG": ".jpg", "PNG": ".png"}


@dataclass(frozen=True, slots=True)
class Inspection:
    """What one full decode of a stored picture found."""

    suffix: str | None  # None: neither JPEG nor PNG
    is_rgb: bool


Inspections = dict[tuple[str, str], Inspection]  # by path in the store and SHA-256


@dataclass(frozen=True, slots=True)
class _Plan:
    source: Path
    path: str
    data: bytes | None  # None: the stored file as it is


class PictureFolder:
    """Places pictures below one export's folder. `inspections` may be shared by the folders of several formats."""

    def __init__(self, folder: Path, store: ImageStore, inspections: Inspections | None = None) -> None:
        self._folder = folder
        self._store = store
        self._inspections: Inspections = {} if inspections is None else inspections
        self._placed: dict[tuple[str, str, bool], str] = {}
        self._owners: dict[str, str] = {}

    @property
    def paths(self) -> frozenset[str]:
        """All pictures placed so far; each was decoded completely."""
        return frozenset(self._owners)

    def place(self, refs: Sequence[ImageRef], *, as_rgb: bool = True) -> tuple[str, ...]:
        """Put a record's pictures into the folder and return their paths, in order.

        As RGB they are named by the SHA-256 of the stored picture, `-rgb` added where they had to be converted;
        otherwise the stored bytes keep the path that the record gives.

        Raises:
            RecordError: IMAGE_MISSING, IMAGE_CHANGED, IMAGE_UNREADABLE or IMAGE_PATH; then none was placed.
        """
        plans = {ref: self._plan(ref, as_rgb) for ref in refs if (ref.path, ref.sha256, as_rgb) not in self._placed}
        for ref, plan in plans.items():
            self._put(plan)
            self._owners[plan.path] = ref.sha256
            self._placed[ref.path, ref.sha256, as_rgb] = plan.path
        return tuple(self._placed[ref.path, ref.sha256, as_rgb] for ref in refs)

    def _plan(self, ref: ImageRef, as_rgb: bool) -> _Plan:
        source = self._store.path(ref)
        inspection = self._inspections.get((ref.path, ref.sha256))
        if inspection is None:
            inspection = self._inspections[ref.path, ref.sha256] = inspect_picture(source, ref)
        if not as_rgb:
            path = check_relative(ref.path)
            if self._owners.get(path, ref.sha256) != ref.sha256:
                raise RecordError("IMAGE_PATH", f"two pictures share the path {path}")
            return _Plan(source, path, None)
        if inspection.suffix is not None and inspection.is_rgb:
            return _Plan(source, _name(ref.sha256, inspection.suffix), None)
        data, suffix = convert_to_rgb(source, inspection.suffix)
        return _Plan(source, _name(ref.sha256, f"-rgb{suffix}"), data)

    def _put(self, plan: _Plan) -> None:
        target = self._folder / plan.path
        if target.exists():
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        if plan.data is not None:
            target.write_bytes(plan.data)
            return
        try:
            os.link(plan.source, target)
        except OSError:  # another file system, or one without hard links
            shutil.copyfile(plan.source, target)


def inspect_picture(source: Path, ref: ImageRef) -> Inspection:
    """Decode a stored picture completely and compare its bytes with the hash in the record."""
    try:
        data = source.read_bytes()
        if hashlib.sha256(data).hexdigest() != ref.sha256:
            raise RecordError(
                "IMAGE_CHANGED", f"{ref.path} is not what the record names", "run `remud extract` to restore it"
            )
        with Image.open(io.BytesIO(data)) as image:
            image.load()
            return Inspection(_SUFFIXES.get(image.format or ""), image.mode == "RGB")
    except UNREADABLE as error:
        raise RecordError("IMAGE_UNREADABLE", f"{ref.path}: {error}", "run `remud extract` to restore it") from None


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


def _name(sha256: str, suffix: str) -> str:
    return f"images/{sha256[:2]}/{sha256}{suffix}"

"""The run's pictures: files named by the hash of their bytes, so that the same picture is stored once."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from remud_gen.errors import RecordError
from remud_gen.records import ImageRef
from remud_gen.runner.files import write_atomically
from remud_gen.runner.reading import read_bytes_of

if TYPE_CHECKING:
    from PIL.Image import Image

JPEG_QUALITY = 95


class ContentImageStore:
    """Pictures below RUN/images/<aa>/<sha256>.png|jpg."""

    def __init__(self, run_folder: Path) -> None:
        self._root = run_folder

    def save(
        self,
        image: Image,
        *,
        phash: str | None = None,
        derived_from: str | None = None,
        is_photographic: bool = True,
    ) -> ImageRef:
        """Write a picture once: JPEG if photographic, else PNG; always RGB or grey, without metadata."""
        if image.mode not in ("RGB", "L"):
            image = image.convert("RGB")
        buffer = io.BytesIO()
        if is_photographic:
            image.save(buffer, "JPEG", quality=JPEG_QUALITY, subsampling=0)
        else:
            image.save(buffer, "PNG", optimize=False)
        data = buffer.getvalue()
        sha256 = hashlib.sha256(data).hexdigest()
        path = f"images/{sha256[:2]}/{sha256}.{'jpg' if is_photographic else 'png'}"
        # A picture that is there is compared: only so does making a part anew mend one that was damaged.
        if read_bytes_of(self._root / path) != data:
            write_atomically(self._root / path, data, scratch=self._root / "images")
        return ImageRef(
            path=path,
            sha256=sha256,
            width_px=image.width,
            height_px=image.height,
            phash=phash,
            derived_from=derived_from,
        )

    def path(self, ref: ImageRef) -> Path:
        """The file of a picture.

        Raises:
            RecordError: IMAGE_MISSING when the file is gone or the record names a path outside the store.
        """
        relative = PurePosixPath(ref.path)
        if relative.is_absolute() or ".." in relative.parts or relative.parts[:1] != ("images",):
            raise RecordError("IMAGE_MISSING", f"{ref.path!r} is not a path of the image store")
        path = self._root / relative
        if not path.is_file():
            raise RecordError("IMAGE_MISSING", f"{ref.path} is gone", "run `remud extract --verify` to restore it")
        return path

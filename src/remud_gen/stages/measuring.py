"""Measure each distinct picture of a run once per worker, for the filters that judge pixels."""

from __future__ import annotations

from PIL import Image, UnidentifiedImageError

from remud_gen.errors import RecordError
from remud_gen.filter_protocols import PictureFacts
from remud_gen.protocols import ImageStore
from remud_gen.records import ImageRef
from remud_gen.rules.picture_facts import measure_picture

MOST_KNOWN = 4096  # records of one picture follow each other, so that even a few would do


class StoreMeasurer:
    """Reads pictures of the run's store; remembers the facts by content, so that copies are measured once."""

    def __init__(self, images: ImageStore) -> None:
        self._images = images
        self._known: dict[str, PictureFacts] = {}

    def measure(self, ref: ImageRef) -> PictureFacts:
        """The facts about a stored picture.

        Raises:
            RecordError: IMAGE_MISSING or IMAGE_UNREADABLE, which fails the record rather than passing it unseen.
        """
        known = self._known.get(ref.sha256)
        if known is None:
            if len(self._known) >= MOST_KNOWN:
                del self._known[next(iter(self._known))]
            known = self._known[ref.sha256] = self._read(ref)
        return known

    def _read(self, ref: ImageRef) -> PictureFacts:
        path = self._images.path(ref)
        try:
            with Image.open(path) as image:
                return measure_picture(image)
        except (OSError, UnidentifiedImageError, Image.DecompressionBombError, ValueError) as error:
            hint = "run `remud extract --verify` to restore it"
            raise RecordError("IMAGE_UNREADABLE", f"{ref.path} cannot be read as a picture: {error}", hint) from None

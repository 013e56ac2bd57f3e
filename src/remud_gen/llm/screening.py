"""Pictures before they are sent: what is written into them, which of it names somebody, and a copy without that."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TypeVar

from PIL import Image, UnidentifiedImageError

from remud_gen.config import Config
from remud_gen.errors import RecordError
from remud_gen.protocols import ImageStore, LanguageOcrEngine, OcrEngine
from remud_gen.records import BBox, ImageRef, TextLine
from remud_gen.registry import load

MOST_KNOWN = 2048  # pictures remembered: more than are in flight, and less than a shelf holds
READ_SIDE_PX = 1800  # what is too small to be read at this size is too small for a model, too
Key = TypeVar("Key")
Value = TypeVar("Value")
FAULTS = (OSError, UnidentifiedImageError, Image.DecompressionBombError, ValueError)


class PictureReader:
    """Reads pictures of which nobody has kept the words, one at a time beside the event loop; remembers the latest.

    `load` makes the OCR engine on first use: most runs never need it.
    """

    def __init__(self, images: ImageStore, load: Callable[[], OcrEngine]) -> None:
        self._images, self._load = images, load
        self._engine: OcrEngine | None = None
        self._known: dict[str, tuple[TextLine, ...]] = {}
        self._turn = asyncio.Lock()

    async def read(self, ref: ImageRef) -> tuple[TextLine, ...]:
        """The lines of a picture in its own pixels.

        Raises:
            RecordError: IMAGE_MISSING or IMAGE_UNREADABLE.
        """
        async with self._turn:
            known = self._known.get(ref.sha256)
            if known is None:
                known = await asyncio.to_thread(self._read, ref)
                remember(self._known, ref.sha256, known)
            return known

    def _read(self, ref: ImageRef) -> tuple[TextLine, ...]:
        self._engine = self._engine or self._load()
        image = open_picture(self._images, ref)
        shrink = min(1.0, READ_SIDE_PX / max(image.size))
        seen = image if shrink == 1 else image.resize([max(1, round(side * shrink)) for side in image.size])
        across, down = image.width / seen.width, image.height / seen.height
        return tuple(_scale(line, across, down) for line in self._engine.read(seen))


def remember(known: dict[Key, Value], key: Key, value: Value) -> None:
    """Keep one more in memory, in place of the oldest where there are enough."""
    if len(known) >= MOST_KNOWN:
        del known[next(iter(known))]
    known[key] = value


def make_reader(config: Config, images: ImageStore) -> PictureReader:
    """One that reads with the engine that the configuration names."""

    def load_engine() -> OcrEngine:
        engine: OcrEngine = load("ocr", config.extract.ocr)()
        if isinstance(engine, LanguageOcrEngine):
            engine.languages = config.extract.ocr_languages
        return engine

    return PictureReader(images, load_engine)


def open_picture(images: ImageStore, ref: ImageRef) -> Image.Image:
    """A stored picture, decoded.

    Raises:
        RecordError: IMAGE_MISSING or IMAGE_UNREADABLE.
    """
    path = images.path(ref)
    try:
        with Image.open(path) as image:
            return image.copy() if image.mode in ("RGB", "L") else image.convert("RGB")
    except FAULTS as error:
        hint = "run `remud extract --verify` to make it again"
        raise RecordError("IMAGE_UNREADABLE", f"{path.name} cannot be read as a picture: {error}", hint) from None


def paint_picture(images: ImageStore, ref: ImageRef, boxes: Sequence[BBox]) -> ImageRef:
    """A stored copy of a picture with boxes (in its pixels) painted over; the same boxes give the same file."""
    from remud_gen.rules.images import hash_perceptually  # with numpy: few runs paint anything over
    from remud_gen.rules.masking import paint_over

    painted = paint_over(open_picture(images, ref), boxes)
    return images.save(
        painted,
        phash=hash_perceptually(painted),
        derived_from=ref.derived_from or ref.sha256,
        is_photographic=ref.path.endswith(".jpg"),
    )


def is_hidden(images: ImageStore, ref: ImageRef, boxes: Sequence[BBox]) -> bool:
    """Whether every box of a stored picture is painted over."""
    from remud_gen.rules.masking import is_painted

    picture = open_picture(images, ref)
    return all(is_painted(picture, box) for box in boxes)


def _scale(line: TextLine, across: float, down: float) -> TextLine:
    x0, y0, x1, y1 = line.bbox
    return line.model_copy(update={"bbox": (x0 * across, y0 * down, x1 * across, y1 * down)})

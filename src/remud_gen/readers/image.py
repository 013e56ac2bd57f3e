"""Page images and loose pictures: JPEG, PNG, TIFF (also with many pages), BMP, WebP and GIF."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, ClassVar

from remud_gen.errors import RecordError
from remud_gen.protocols import Companions, DocumentInfo, GivenText, PictureBox
from remud_gen.readers.labels import Words, collect_words, find_companions, list_missing
from remud_gen.records import BBox, PictureRegion, TextLine
from remud_gen.rules.identifiers import list_identifiers
from remud_gen.rules.normalise import unify

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "TIFF": "image/tiff",
    "BMP": "image/bmp",
    "WEBP": "image/webp",
    "GIF": "image/gif",
}
MAX_PIXELS = 250_000_000
# Phones save these; Pillow reads them only with packages of doubtful licence, a browser or the phone converts them.
FOREIGN = {b"heic": "HEIC", b"heix": "HEIC", b"hevc": "HEIC", b"mif1": "HEIC", b"msf1": "HEIC", b"avif": "AVIF"}
PAPER_LIGHT, PAPER_SHARE = 200, 0.35  # a picture with more light than this may be a page of print
HINT = "open it in an image viewer; if that works, save a copy there and add the copy"


class ImageReader:
    """One image file; every frame of a multi-page TIFF is a page."""

    name: ClassVar[str] = "image"

    @staticmethod
    def sniff(head: bytes, path: Path) -> str | None:
        """The media type by the magic number."""
        if head[:3] == b"\xff\xd8\xff":
            return "image/jpeg"
        if head[:8] == b"\x89PNG\r\n\x1a\n":
            return "image/png"
        if head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
            return "image/tiff"
        if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
            return "image/webp"
        if head[:6] in (b"GIF87a", b"GIF89a"):
            return "image/gif"
        if head[4:8] == b"ftyp" and head[8:12] in FOREIGN:
            return f"image/{FOREIGN[head[8:12]].lower()}"
        is_bitmap = (
            head[:2] == b"BM"
            and head[6:10] == b"\0\0\0\0"
            and head[14:18] in (b"\x28\0\0\0", b"\x0c\0\0\0", b"\x6c\0\0\0", b"\x7c\0\0\0")
        )
        return "image/bmp" if is_bitmap else None

    def probe(self, path: Path) -> DocumentInfo:
        """Frame count; only a TIFF's frames are pages, an animation is its first frame."""
        with self.open(path) as document:
            return document.info

    def open(self, path: Path) -> ImageDocument:
        """Open for reading frames."""
        return ImageDocument(path)

    def companions(self, path: Path, root: Path) -> Companions:
        """Label files beside or above the picture, and the class its folder names."""
        return find_companions(path, root)

    def list_missing(self, table: Path, files: Sequence[Path]) -> Sequence[str]:
        """Pictures that a label file names and that are not there."""
        return list_missing(table, files)


class ImageDocument:
    """An open image file."""

    def __init__(self, path: Path) -> None:
        from PIL import Image as PillowImage

        if path.stat().st_size == 0:
            raise RecordError("EMPTY_FILE", "the file has no bytes", "copy it again from its source")
        with path.open("rb") as file:
            head = file.read(12)
        if head[4:8] == b"ftyp" and head[8:12] in FOREIGN:
            kind = FOREIGN[head[8:12]]
            raise RecordError("UNREADABLE_FORMAT", f"a {kind} picture", "convert it to PNG or JPEG and add that")
        with _wrap_errors("DAMAGED_FILE", "the image"):
            self._image = PillowImage.open(path, formats=list(FORMATS))
        self._words = Words()

    @property
    def info(self) -> DocumentInfo:
        """Media type and number of frames."""
        kind = self._image.format or ""
        with _wrap_errors("DAMAGED_FILE", "the image"):
            count = int(getattr(self._image, "n_frames", 1)) if kind == "TIFF" else 1
        return DocumentInfo(FORMATS.get(kind, "application/octet-stream"), count)

    def take_words(self, places: Sequence[tuple[Path, Companions]]) -> None:
        """Take what lies around the picture and its copies for its words."""
        self._words = collect_words(places)

    def page(self, number: int) -> ImagePage:
        """The 1-based frame, turned upright as its EXIF orientation says.

        Raises:
            RecordError: NO_SUCH_PAGE, DAMAGED_PAGE or PAGE_TOO_LARGE.
        """
        from PIL import ImageOps

        with _wrap_errors("DAMAGED_PAGE", f"page {number}"):
            if not 1 <= number <= int(getattr(self._image, "n_frames", 1)):
                raise RecordError("NO_SUCH_PAGE", f"there is no page {number}")
            self._image.seek(number - 1)
            if self._image.width * self._image.height > MAX_PIXELS:
                raise RecordError(
                    "PAGE_TOO_LARGE",
                    f"page {number} is {self._image.width} x {self._image.height} pixels",
                    f"shrink it below {MAX_PIXELS:,} pixels",
                )
            upright = ImageOps.exif_transpose(self._image) or self._image
            is_turned = upright.size != self._image.size or (self._image.getexif().get(0x0112, 1) != 1)
            flags = []
            if self._image.format != "TIFF" and int(getattr(self._image, "n_frames", 1)) > 1:
                flags.append("first_frame")  # of an animation
            pixels = _flatten(upright)
        words = self._words
        # A folder's name says less than a row: a page of print in it stays a page.
        if not words.texts or ("words_from_folder" in words.flags and _is_paper(pixels)):
            flags += words.flags if not words.texts else ()
            return ImagePage(pixels, number, is_turned=is_turned, flags=flags)
        return LabelledImagePage(pixels, number, words, is_turned=is_turned, flags=(*flags, *words.flags))

    def __enter__(self) -> ImageDocument:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._image.close()


class ImagePage:
    """One frame; its unit is the pixel, and 72 dpi means 1:1."""

    kind = "image"
    unit = "px"
    native_dpi = 72.0
    to_original = None

    def __init__(self, image: Image, number: int, *, is_turned: bool = False, flags: Sequence[str] = ()) -> None:
        self._image = image
        self.number = number
        self.width, self.height = float(image.width), float(image.height)
        self.flags: tuple[str, ...] = (*(("rotated",) if is_turned else ()), *flags)

    def text_lines(self) -> list[TextLine]:
        """None: words are pixels here."""
        return []

    def hidden_text_lines(self) -> list[TextLine]:
        """None: an image has no text layer."""
        return []

    def picture_boxes(self) -> list[PictureBox]:
        """None: the file does not say where its pictures are."""
        return []

    def measure_dpi(self, bbox: BBox) -> float:
        """Always 1:1."""
        return 72.0

    def render(self, dpi: float, clip: BBox | None = None) -> Image:
        """The frame or a box of it, scaled by dpi / 72."""
        from PIL import Image as PillowImage

        box = clip or (0.0, 0.0, self.width, self.height)
        pixels = (
            max(0, round(box[0])),
            max(0, round(box[1])),
            min(self._image.width, round(box[2])),
            min(self._image.height, round(box[3])),
        )
        part = self._image.crop(pixels) if clip else self._image
        scale = dpi / 72
        if abs(scale - 1) < 1e-6:
            return part
        wanted = (max(1, round(part.width * scale)), max(1, round(part.height * scale)))
        return part.resize(wanted, PillowImage.Resampling.BOX if scale < 1 else PillowImage.Resampling.BICUBIC)


class LabelledImagePage(ImagePage):
    """A picture with words beside it: all of it is the figure that the words speak of."""

    regions: Sequence[PictureRegion] = ()
    locator: str | None = None

    def __init__(
        self, image: Image, number: int, words: Words, *, is_turned: bool = False, flags: Sequence[str] = ()
    ) -> None:
        super().__init__(image, number, is_turned=is_turned, flags=flags)
        self._texts = words.texts

    def given_texts(self) -> Sequence[GivenText]:
        """The words of its labels."""
        return self._texts

    def is_private(self, text: str) -> bool:
        """Whether burned-in words have the shape of an identifier."""
        return bool(list_identifiers(unify(text)))

    def picture_boxes(self) -> list[PictureBox]:
        """The whole picture."""
        doubts = tuple(flag for flag in self.flags if flag != "rotated")
        return [PictureBox((0.0, 0.0, self.width, self.height), "labelled", 1.0, flags=doubts)]


def _is_paper(image: Image) -> bool:
    small = image.convert("L")
    small.thumbnail((128, 128))
    return sum(small.histogram()[PAPER_LIGHT:]) > PAPER_SHARE * small.width * small.height


def _flatten(image: Image) -> Image:
    """RGB on white paper; 16-bit greys are scaled, not clipped."""
    from PIL import Image as PillowImage

    if image.mode.startswith("I") or image.mode == "F":
        import numpy as np

        levels = np.asarray(image, dtype=np.float64)
        low, high = float(levels.min()), float(levels.max())
        scaled = (levels - low) * (255.0 / max(high - low, 1.0))
        return PillowImage.fromarray(scaled.astype(np.uint8)).convert("RGB")
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        layered = image.convert("RGBA")
        paper = PillowImage.new("RGBA", layered.size, "white")
        return PillowImage.alpha_composite(paper, layered).convert("RGB")
    return image.convert("RGB")


@contextmanager
def _wrap_errors(code: str, what: str) -> Iterator[None]:
    from PIL import Image as PillowImage

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", PillowImage.DecompressionBombWarning)
            PillowImage.MAX_IMAGE_PIXELS = MAX_PIXELS
            yield
    except (PillowImage.DecompressionBombWarning, PillowImage.DecompressionBombError) as error:
        raise RecordError(
            "PAGE_TOO_LARGE", f"{what} is too large: {error}", f"shrink it below {MAX_PIXELS:,} pixels"
        ) from None
    except (
        OSError,
        SyntaxError,
        ValueError,
        EOFError,
        KeyError,
        IndexError,
        TypeError,
        OverflowError,
        MemoryError,
    ) as error:
        raise RecordError(code, f"{what} cannot be read: {str(error)[:200]}", HINT) from None

"""A picture of a document without pages, seen as a page of print: words in it are read and blank margins go."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from remud_gen.errors import RecordError
from remud_gen.protocols import PageView, PictureBox
from remud_gen.records import BBox, TextLine

if TYPE_CHECKING:
    from PIL.Image import Image

LEAST_SIDE_PX = 24  # smaller pictures are bullets and tracking dots
FORMATS = ("JPEG", "PNG", "TIFF", "BMP", "WEBP", "GIF", "JPEG2000")
PX_DPI = 72.0


class PicturePage:
    """Its unit is the pixel, and 72 dpi means 1:1."""

    kind: Literal["digital", "scan", "image"] = "digital"
    unit: Literal["pt", "px"] = "px"
    native_dpi = PX_DPI
    to_original: tuple[tuple[float, float, float], ...] | None = None
    flags: tuple[str, ...] = ()
    number = 1

    def __init__(self, image: Image) -> None:
        self._image = image
        self.width, self.height = float(image.width), float(image.height)

    def text_lines(self) -> list[TextLine]:
        """None: its words are pixels."""
        return []

    def hidden_text_lines(self) -> list[TextLine]:
        """None: a picture has no text layer."""
        return []

    def picture_boxes(self) -> list[PictureBox]:
        """None: it is one."""
        return []

    def measure_dpi(self, bbox: BBox) -> float:
        """Always 1:1."""
        return PX_DPI

    def render(self, dpi: float, clip: BBox | None = None) -> Image:
        """The picture or a box of it, scaled by dpi / 72."""
        x0, y0, x1, y1 = clip or (0.0, 0.0, self.width, self.height)
        whole = (max(0, round(x0)), max(0, round(y0)), round(min(x1, self.width)), round(min(y1, self.height)))
        part = self._image.crop(whole) if clip else self._image
        scale = dpi / PX_DPI
        size = (max(1, round(part.width * scale)), max(1, round(part.height * scale)))
        return part if size == part.size else part.resize(size)


def load_picture(read: Callable[[], bytes], max_pixels: int) -> PageView:
    """The pixels of a picture, upright and on white.

    Raises:
        RecordError: PICTURE_NOT_RASTER, PICTURE_TOO_SMALL, PICTURE_TOO_LARGE or PICTURE_UNREADABLE.
    """
    import PIL
    from PIL import Image as PillowImage
    from PIL import ImageOps

    data = read()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", PillowImage.DecompressionBombWarning)
            with PillowImage.open(io.BytesIO(data), formats=FORMATS) as image:
                _check_size(image, max_pixels)
                return PicturePage(_flatten(ImageOps.exif_transpose(image) or image))
    except PIL.UnidentifiedImageError:
        raise _explain(data) from None
    except (PillowImage.DecompressionBombWarning, PillowImage.DecompressionBombError):
        raise RecordError("PICTURE_TOO_LARGE", "a picture is too large to be unpacked", "shrink it") from None
    except (OSError, SyntaxError, ValueError, EOFError, KeyError, IndexError, TypeError, OverflowError) as error:
        told = f"a picture cannot be read: {str(error)[:200]}"
        raise RecordError("PICTURE_UNREADABLE", told, "replace the picture in the document") from None


def _check_size(image: Image, max_pixels: int) -> None:
    if min(image.size) < LEAST_SIDE_PX:
        raise RecordError("PICTURE_TOO_SMALL", f"a picture of {image.width} x {image.height} pixels is no figure")
    if image.width * image.height > max_pixels:
        told = f"a picture is {image.width} x {image.height} pixels"
        raise RecordError("PICTURE_TOO_LARGE", told, f"shrink it below extract.max_page_pixels ({max_pixels:,})")


def _explain(data: bytes) -> RecordError:
    drawings = {
        "an SVG drawing": b"<svg" in data[:2000].lower(),
        "an EMF drawing": data[40:44] == b" EMF",
        "a WMF drawing": data[:4] == b"\xd7\xcd\xc6\x9a",
    }
    for name, is_it in drawings.items():
        if is_it:
            return RecordError("PICTURE_NOT_RASTER", f"{name} is not read, only pictures made of pixels")
    return RecordError("PICTURE_UNREADABLE", "a picture is of no known format", "replace the picture in the document")


def _flatten(image: Image) -> Image:
    from PIL import Image as PillowImage

    if image.mode.startswith("I") or image.mode == "F":
        import numpy as np

        levels = np.asarray(image, dtype=np.float64)
        low, high = float(levels.min()), float(levels.max())
        return PillowImage.fromarray(((levels - low) * (255.0 / max(high - low, 1.0))).astype(np.uint8)).convert("RGB")
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        layered = image.convert("RGBA")
        paper = PillowImage.new("RGBA", layered.size, "white")
        return PillowImage.alpha_composite(paper, layered).convert("RGB")
    return image.convert("RGB")
